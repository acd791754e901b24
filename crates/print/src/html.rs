//! HTML: one page without scripts, or its body for a server's own frame.
//!
//! There is no `style` attribute, so the fragment holds under a policy of `style-src 'self'` when
//! [`STYLE`] is served as a file. Pictures are `data:` addresses.

use crate::{
    Align, Bar, Block, Cell, Document, Emphasis, Image, PrintError, Run, Table, Tone, image,
    markup::Markup,
};
use hangtu_catalog::key;

/// The style sheet of [`html_body`].
pub const STYLE: &str = include_str!("print.css");

/// The document as one page that needs nothing else.
pub fn html(document: &Document) -> Result<String, PrintError> {
    let body = html_body(document)?;
    let mut m = Markup::default();
    m.raw("<!doctype html>\n<html lang=\"").text(document.language.tag());
    m.raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    m.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    m.text(&document.title).raw("</title>\n<style>\n").raw(STYLE);
    m.raw("</style>\n</head>\n<body class=\"doc-page\">\n");
    let mut page = m.finish();
    page.push_str(&body);
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// The document as an `<article>`, for a page that serves [`STYLE`].
pub fn html_body(document: &Document) -> Result<String, PrintError> {
    image::sizes(document)?;
    let mut m = Markup::default();
    m.raw("<article class=\"doc\" lang=\"").text(document.language.tag());
    m.raw("\">\n<header class=\"doc-cover\">\n<h1>").lines(&document.title, "<br>");
    m.raw("</h1>\n");
    if !document.subtitle.is_empty() {
        m.raw("<p class=\"doc-subtitle\">").lines(&document.subtitle, "<br>").raw("</p>\n");
    }
    m.raw("<dl class=\"doc-facts\">\n");
    for (name, value) in document.cover() {
        m.raw("<div><dt>").text(&name).raw("</dt><dd>").lines(&value, "<br>");
        m.raw("</dd></div>\n");
    }
    m.raw("</dl>\n</header>\n");
    for block in &document.blocks {
        write(&mut m, document, block);
    }
    m.raw("</article>\n");
    Ok(m.finish())
}

fn write(m: &mut Markup, document: &Document, block: &Block) {
    match block {
        Block::Heading { level, text } => {
            // The title is the page's first-level heading.
            let (open, close) = match level {
                0 | 1 => ("<h2>", "</h2>\n"),
                2 => ("<h3>", "</h3>\n"),
                3 => ("<h4>", "</h4>\n"),
                _ => ("<h5>", "</h5>\n"),
            };
            m.raw(open).lines(text, "<br>").raw(close);
        }
        Block::Paragraph(of) => {
            m.raw("<p class=\"doc-text\">");
            runs(m, of);
            m.raw("</p>\n");
        }
        Block::List { numbered, items } => {
            m.raw(if *numbered { "<ol>\n" } else { "<ul>\n" });
            for item in items {
                m.raw("<li>");
                runs(m, item);
                m.raw("</li>\n");
            }
            m.raw(if *numbered { "</ol>\n" } else { "</ul>\n" });
        }
        Block::Table(of) => table(m, of),
        Block::Pairs(pairs) => {
            m.raw("<dl class=\"doc-pairs\">\n");
            for (name, value) in pairs {
                m.raw("<div><dt>").lines(name, "<br>").raw("</dt><dd>");
                runs(m, value);
                m.raw("</dd></div>\n");
            }
            m.raw("</dl>\n");
        }
        Block::Callout { tone, title, text } => {
            m.raw("<aside class=\"doc-callout doc-").raw(tone.name()).raw("\">");
            if !title.is_empty() {
                m.raw("<p class=\"doc-callout-title\">").lines(title, "<br>").raw("</p>");
            }
            m.raw("<p>");
            runs(m, text);
            m.raw("</p></aside>\n");
        }
        Block::Bars(of) => bars(m, document, of),
        Block::Image(Image { png, alt }) => {
            m.raw("<p class=\"doc-image\"><img alt=\"").text(alt);
            m.raw("\" src=\"data:image/png;base64,").base64(png).raw("\"></p>\n");
        }
        Block::PageBreak => {
            m.raw("<hr class=\"doc-break\">\n");
        }
    }
}

fn runs(m: &mut Markup, runs: &[Run]) {
    for run in runs {
        let (open, close) = match run.emphasis {
            Emphasis::Plain => ("", ""),
            Emphasis::Bold => ("<strong>", "</strong>"),
            Emphasis::Code => ("<code>", "</code>"),
        };
        m.raw(open).lines(&run.text, "<br>").raw(close);
    }
}

fn table(m: &mut Markup, table: &Table) {
    if table.columns.is_empty() {
        return;
    }
    m.raw("<div class=\"doc-scroll\" tabindex=\"0\"><table class=\"doc-table\">\n<colgroup>");
    for width in table.widths(100) {
        // Presentational, because a policy without inline styles leaves no other way.
        m.raw("<col width=\"").number(width).raw("%\">");
    }
    m.raw("</colgroup>\n<thead><tr>");
    for column in &table.columns {
        m.raw("<th scope=\"col\"").raw(align(column.align)).raw(">");
        m.lines(&column.title, "<br>").raw("</th>");
    }
    m.raw("</tr></thead>\n<tbody>\n");
    for row in table.cells() {
        m.raw("<tr>");
        for (column, cell) in row {
            m.raw("<td").raw(align(column.align)).raw(">");
            if let Some(Cell { text, tone }) = cell {
                if *tone == Tone::Neutral {
                    m.lines(text, "<br>");
                } else {
                    m.raw("<span class=\"doc-tone doc-").raw(tone.name()).raw("\">");
                    m.lines(text, "<br>").raw("</span>");
                }
            }
            m.raw("</td>");
        }
        m.raw("</tr>\n");
    }
    m.raw("</tbody>\n</table></div>\n");
}

const fn align(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Centre => " class=\"doc-centre\"",
        Align::Right => " class=\"doc-right\"",
    }
}

fn bars(m: &mut Markup, document: &Document, bars: &[Bar]) {
    m.raw("<table class=\"doc-table doc-bars\">\n<thead><tr><th scope=\"col\" colspan=\"2\">");
    m.text(&document.word(key::PRINT_ITEM)).raw("</th><th scope=\"col\" class=\"doc-right\">");
    m.text(&document.word(key::PRINT_COUNT)).raw("</th><th scope=\"col\" class=\"doc-right\">");
    m.text(&document.word(key::PRINT_SHARE)).raw("</th></tr></thead>\n<tbody>\n");
    for bar in bars {
        m.raw("<tr><th scope=\"row\">").lines(&bar.label, "<br>");
        m.raw("</th><td class=\"doc-bar\"><svg viewBox=\"0 0 1000 60\" ");
        m.raw("preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        m.raw("<rect class=\"doc-bar-all\" width=\"1000\" height=\"60\"/>");
        m.raw("<rect class=\"doc-bar-part\" height=\"60\" width=\"");
        m.number(bar.permille().unwrap_or(0)).raw("\"/></svg></td><td class=\"doc-right\">");
        m.text(&bar.count()).raw("</td><td class=\"doc-right\">").text(&bar.share());
        m.raw("</td></tr>\n");
    }
    m.raw("</tbody>\n</table>\n");
}
