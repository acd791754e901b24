//! `word/document.xml`.

use crate::{
    Align, Bar, Block, Document, Emphasis, Image, Run, Table, Tone, document::plain, markup::Markup,
};
use hangtu_catalog::{Language, key};
use std::ops::Range;

/// The text area of an A4 page with margins of 25 mm, in twentieths of a point.
const TEXT_WIDTH: u32 = 9070;

const OPEN: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>"#;

const CLOSE: &str = r#"<w:sectPr><w:headerReference w:type="default" r:id="rId3"/><w:footerReference w:type="default" r:id="rId4"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1701" w:right="1418" w:bottom="1474" w:left="1418" w:header="907" w:footer="794" w:gutter="0"/><w:titlePg/></w:sectPr></w:body></w:document>"#;

const PAGE_BREAK: &str = r#"<w:p><w:r><w:br w:type="page"/></w:r></w:p>"#;

/// The part, and the numbers of the numbered lists in it.
pub(super) fn write(document: &Document, images: &[(&Image, u32, u32)]) -> (String, Range<u64>) {
    let mut m = Markup::default();
    m.raw(OPEN);
    paragraph(&mut m, "Title", &plain(&*document.title));
    paragraph(&mut m, "Subtitle", &plain(&*document.subtitle));
    let cover: Vec<_> = document.cover().into_iter().map(|(n, v)| (n, plain(v))).collect();
    pairs(&mut m, &cover, TEXT_WIDTH * 4 / 5);
    m.raw(PAGE_BREAK);
    let (mut next_list, mut next_image) = (2, 0);
    for block in &document.blocks {
        match block {
            Block::Heading { level, text } => {
                let style = match level {
                    0 | 1 => "Heading1",
                    2 => "Heading2",
                    3 => "Heading3",
                    _ => "Heading4",
                };
                paragraph(&mut m, style, &plain(&**text));
            }
            Block::Paragraph(runs) => {
                let zh = document.language == Language::Chinese;
                paragraph(&mut m, if zh { "BodyTextIndent" } else { "BodyText" }, runs);
            }
            Block::List { numbered, items } => {
                let number = if *numbered { next_list } else { 1 };
                next_list += u64::from(*numbered);
                for item in items {
                    open(&mut m, "ListParagraph");
                    m.raw("<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"").number(number);
                    m.raw("\"/></w:numPr></w:pPr>");
                    runs(&mut m, item);
                    m.raw("</w:p>");
                }
            }
            Block::Table(of) => table(&mut m, of),
            Block::Pairs(of) => pairs(&mut m, of, TEXT_WIDTH),
            Block::Callout { tone, title, text } => callout(&mut m, *tone, title, text),
            Block::Bars(of) => bars(&mut m, document, of),
            Block::Image(image) => {
                let (_, width, height) = images[next_image];
                next_image += 1;
                picture(&mut m, next_image as u64, &image.alt, width, height);
            }
            Block::PageBreak => {
                m.raw(PAGE_BREAK);
            }
        }
    }
    m.raw(CLOSE);
    (m.finish(), 2..next_list)
}

fn open(m: &mut Markup, style: &'static str) {
    m.raw("<w:p><w:pPr><w:pStyle w:val=\"").raw(style).raw("\"/>");
}

fn paragraph(m: &mut Markup, style: &'static str, of: &[Run]) {
    open(m, style);
    m.raw("</w:pPr>");
    runs(m, of);
    m.raw("</w:p>");
}

fn runs(m: &mut Markup, runs: &[Run]) {
    for run in runs {
        let look = match run.emphasis {
            Emphasis::Plain => "",
            Emphasis::Bold => "<w:b/>",
            Emphasis::Code => {
                "<w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\" w:eastAsia=\"SimSun\"/><w:sz w:val=\"18\"/>"
            }
        };
        text(m, look, &run.text);
    }
}

fn text(m: &mut Markup, look: &'static str, text: &str) {
    m.raw("<w:r><w:rPr>").raw(look).raw("</w:rPr><w:t xml:space=\"preserve\">");
    m.lines(text, "</w:t><w:br/><w:t xml:space=\"preserve\">").raw("</w:t></w:r>");
}

fn table(m: &mut Markup, table: &Table) {
    if table.columns.is_empty() {
        return;
    }
    let widths = table.widths(TEXT_WIDTH);
    open_table(m, &widths);
    let header = table.columns.iter().map(|c| (&*c.title, c.align));
    header_row(m, header, &widths);
    for row in table.cells() {
        m.raw("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        for ((column, cell), width) in row.into_iter().zip(&widths) {
            let (words, tone) = cell.map_or(("", Tone::Neutral), |c| (&*c.text, c.tone));
            let (fill, ink) = colours(tone);
            open_cell(m, *width, fill, column.align);
            text(m, ink, words);
            m.raw("</w:p></w:tc>");
        }
        m.raw("</w:tr>");
    }
    close_table(m);
}

/// Names and values.
fn pairs(m: &mut Markup, pairs: &[(String, Vec<Run>)], whole: u32) {
    if pairs.is_empty() {
        return;
    }
    let widths = [whole * 3 / 10, whole * 7 / 10];
    open_table(m, &widths);
    for (name, value) in pairs {
        m.raw("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        open_cell(m, widths[0], SHADE, Align::Left);
        text(m, "<w:b/>", name);
        m.raw("</w:p></w:tc>");
        open_cell(m, widths[1], "", Align::Left);
        runs(m, value);
        m.raw("</w:p></w:tc></w:tr>");
    }
    close_table(m);
}

/// A bar is drawn with block characters: they print in every font and survive every editor.
fn bars(m: &mut Markup, document: &Document, bars: &[Bar]) {
    const STEPS: usize = 20;
    if bars.is_empty() {
        return;
    }
    let widths = [3000, 3270, 1700, 1100];
    open_table(m, &widths);
    let words = [key::PRINT_ITEM, key::PRINT_COUNT, key::PRINT_SHARE].map(|key| document.word(key));
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Right];
    let titles = [&*words[0], "", &words[1], &words[2]];
    header_row(m, titles.into_iter().zip(aligns), &widths);
    for bar in bars {
        let full = (bar.permille().unwrap_or(0) as usize * STEPS).div_ceil(1000);
        let drawn = ["█".repeat(full), "░".repeat(STEPS - full)].concat();
        m.raw("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        let texts = [&*bar.label, &drawn, &bar.count(), &bar.share()];
        for (at, words) in texts.into_iter().enumerate() {
            open_cell(m, widths[at], "", aligns[at]);
            let look = "<w:color w:val=\"1F4E79\"/><w:sz w:val=\"13\"/>";
            text(m, if at == 1 { look } else { "" }, words);
            m.raw("</w:p></w:tc>");
        }
        m.raw("</w:tr>");
    }
    close_table(m);
}

fn header_row<'a>(m: &mut Markup, titles: impl Iterator<Item = (&'a str, Align)>, widths: &[u32]) {
    m.raw("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    for ((title, align), width) in titles.zip(widths) {
        open_cell(m, *width, "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"1F4E79\"/>", align);
        text(m, "<w:b/><w:color w:val=\"FFFFFF\"/>", title);
        m.raw("</w:p></w:tc>");
    }
    m.raw("</w:tr>");
}

fn open_table(m: &mut Markup, widths: &[u32]) {
    m.raw("<w:tbl><w:tblPr><w:tblW w:w=\"").number(widths.iter().sum::<u32>());
    m.raw(r#"" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders><w:top w:val="single" w:sz="6" w:space="0" w:color="1F4E79"/><w:bottom w:val="single" w:sz="4" w:space="0" w:color="C5CDD6"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="C5CDD6"/></w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>"#);
    for width in widths {
        m.raw("<w:gridCol w:w=\"").number(*width).raw("\"/>");
    }
    m.raw("</w:tblGrid>");
}

/// Two tables in a row would become one without a paragraph between them.
fn close_table(m: &mut Markup) {
    m.raw("</w:tbl><w:p><w:pPr><w:pStyle w:val=\"Cell\"/></w:pPr></w:p>");
}

fn open_cell(m: &mut Markup, width: u32, fill: &'static str, align: Align) {
    m.raw("<w:tc><w:tcPr><w:tcW w:w=\"").number(width).raw("\" w:type=\"dxa\"/>").raw(fill);
    m.raw("</w:tcPr>");
    open(m, "Cell");
    m.raw(match align {
        Align::Left => "",
        Align::Centre => "<w:jc w:val=\"center\"/>",
        Align::Right => "<w:jc w:val=\"right\"/>",
    });
    m.raw("</w:pPr>");
}

const SHADE: &str = "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"F2F5F8\"/>";

/// The shading of a cell and the colour of its text.
const fn colours(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Neutral => ("", ""),
        Tone::Good => (
            "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"E8F3EC\"/>",
            "<w:color w:val=\"1D5C34\"/>",
        ),
        Tone::Warn => (
            "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"FCF1DC\"/>",
            "<w:color w:val=\"7A4B00\"/>",
        ),
        Tone::Bad => (
            "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"FBE6E4\"/>",
            "<w:color w:val=\"8F1D1D\"/>",
        ),
    }
}

fn callout(m: &mut Markup, tone: Tone, title: &str, words: &[Run]) {
    let edge = match tone {
        Tone::Neutral => "1F4E79",
        Tone::Good => "2F855A",
        Tone::Warn => "B7791F",
        Tone::Bad => "B83232",
    };
    let fill = if tone == Tone::Neutral { SHADE } else { colours(tone).0 };
    open(m, "BodyText");
    m.raw("<w:keepLines/><w:pBdr><w:left w:val=\"single\" w:sz=\"24\" w:space=\"8\" w:color=\"");
    m.raw(edge).raw("\"/></w:pBdr>").raw(fill).raw("<w:ind w:left=\"200\"/></w:pPr>");
    if !title.is_empty() {
        text(m, "<w:b/>", title);
        m.raw("<w:r><w:br/></w:r>");
    }
    runs(m, words);
    m.raw("</w:p>");
}

fn picture(m: &mut Markup, number: u64, alt: &str, width: u32, height: u32) {
    // English metric units: 9525 to a pixel of 1/96 inch, 635 to a twentieth of a point.
    let (widest, highest) = (u64::from(TEXT_WIDTH) * 635, 200 * 36_000);
    let (w, h) = (u64::from(width) * 9525, u64::from(height) * 9525);
    let (w, h) = if w > widest { (widest, h * widest / w) } else { (w, h) };
    let (w, h) = if h > highest { (w * highest / h, highest) } else { (w, h) };
    let (w, h) = (w.max(1), h.max(1));
    open(m, "BodyText");
    m.raw("<w:jc w:val=\"center\"/></w:pPr><w:r><w:drawing><wp:inline><wp:extent cx=\"").number(w);
    m.raw("\" cy=\"").number(h).raw("\"/><wp:docPr id=\"").number(number).raw("\" name=\"image");
    m.number(number).raw("\" descr=\"").text(alt);
    m.raw(r#""/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id=""#);
    m.number(number).raw("\" name=\"image").number(number);
    m.raw("\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed=\"image").number(number);
    m.raw("\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"");
    m.number(w).raw("\" cy=\"").number(h);
    m.raw(r#""/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#);
}
