# Documents: cover, footer and charts of PDF, DOCX and HTML.

print-number = Number
print-organisation = Prepared by
print-date = Date
print-page = Page { $page } of { $pages }
print-contents = Contents
print-item = Item
print-count = Count
print-share = Share
