# 文书：PDF、DOCX、HTML 的封面、页脚与图表。

print-number = 编号
print-organisation = 编制单位
print-date = 日期
print-page = 第 { $page } 页　共 { $pages } 页
print-contents = 目　录
print-item = 项目
print-count = 数量
print-share = 占比
