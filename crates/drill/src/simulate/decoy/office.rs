//! Office documents and engineering projects: XML and binary parts in a ZIP archive.

use super::{data, image, zip::Zip};
use crate::simulate::draw::Draw;
use std::fmt::Write;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES: &str = "http://schemas.openxmlformats.org/package/2006/content-types";

fn types(part: &str, kind: &str) -> String {
    format!(
        "{HEAD}<Types xmlns=\"{TYPES}\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"png\" ContentType=\"image/png\"/><Override PartName=\"{part}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}.main+xml\"/>"
    )
}

fn relation(id: u8, kind: &str, target: &str) -> String {
    format!("<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
}

fn relations(inner: &str) -> String {
    format!("{HEAD}<Relationships xmlns=\"{RELATIONS}\">{inner}</Relationships>")
}

/// A picture that fills what text, which packs well, leaves of the wished size.
fn filler(draw: &mut Draw, wish: usize, text: usize) -> Option<Vec<u8>> {
    (wish > text + 2000).then(|| image::png(draw, wish - text))
}

pub(super) fn docx(draw: &mut Draw, title: &str, wish: usize) -> Vec<u8> {
    let mut body = format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", data::escape(title));
    for at in 1..=(wish / 900).clamp(3, 60) {
        let _ = write!(
            body,
            "<w:p><w:r><w:t xml:space=\"preserve\">{at}. 工序 {} 设定温度 {:.1} ℃，压力 {:.2} MPa，保持 {} min；超限时通知当班工程师。Step {} setpoint {:.2}.</w:t></w:r></w:p>",
            draw.range(1, 40),
            draw.value(20, 900),
            draw.value(0, 12),
            draw.range(1, 240),
            draw.word() % 100_000,
            draw.value(0, 999)
        );
    }
    let mut zip = Zip::default();
    let kind = "wordprocessingml.document";
    zip.part("[Content_Types].xml", (types("/word/document.xml", kind) + "</Types>").as_bytes());
    let main = relation(1, "officeDocument", "word/document.xml");
    zip.part("_rels/.rels", relations(&main).as_bytes());
    let document = format!(
        "{HEAD}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}<w:sectPr/></w:body></w:document>"
    );
    zip.part("word/document.xml", document.as_bytes());
    if let Some(picture) = filler(draw, wish, document.len() / 4 + 1200) {
        let inner = relation(1, "image", "media/image1.png");
        zip.part("word/_rels/document.xml.rels", relations(&inner).as_bytes());
        zip.part("word/media/image1.png", &picture);
    }
    zip.finish()
}

pub(super) fn xlsx(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let mut rows = String::new();
    for row in 1..=(wish / 55).clamp(5, 20_000) {
        let _ = write!(
            rows,
            "<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c><c r=\"B{row}\" t=\"inlineStr\"><is><t>TAG_{:05}</t></is></c><c r=\"C{row}\"><v>{}</v></c><c r=\"D{row}\"><v>{:.4}</v></c><c r=\"E{row}\"><v>{}</v></c></row>",
            draw.word() % 100_000,
            draw.word() % 1_000_000_000,
            draw.value(0, 9999) / 7.0,
            draw.word() % 1_000_000_000
        );
    }
    let sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut zip = Zip::default();
    let content = types("/xl/workbook.xml", "spreadsheetml.sheet")
        + "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>";
    zip.part("[Content_Types].xml", content.as_bytes());
    let main = relation(1, "officeDocument", "xl/workbook.xml");
    zip.part("_rels/.rels", relations(&main).as_bytes());
    let book = format!(
        "{HEAD}<workbook xmlns=\"{sheet}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"排产\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    zip.part("xl/workbook.xml", book.as_bytes());
    let inner = relation(1, "worksheet", "worksheets/sheet1.xml");
    zip.part("xl/_rels/workbook.xml.rels", relations(&inner).as_bytes());
    let cells =
        format!("{HEAD}<worksheet xmlns=\"{sheet}\"><sheetData>{rows}</sheetData></worksheet>");
    zip.part("xl/worksheets/sheet1.xml", cells.as_bytes());
    zip.finish()
}

/// An engineering project: what a programming tool archives.
pub(super) fn project(draw: &mut Draw, title: &str, wish: usize) -> Vec<u8> {
    let mut zip = Zip::default();
    let name = data::escape(title);
    let about = format!(
        "{HEAD}<Project name=\"{name}\" version=\"17.0\"><Device type=\"CPU 1516-3 PN/DP\" order=\"6ES7 516-3AN02-0AB0\" ip=\"192.168.{}.{}\"/></Project>",
        draw.range(0, 20),
        draw.range(2, 250)
    );
    zip.part("Project.xml", about.as_bytes());
    zip.part("Program/OB1.scl", &data::scl(draw, 3000));
    zip.part("Program/Recipes.xml", &data::recipe_xml(draw, title, 2000));
    zip.part("Screens/Main.bmp", &image::bmp(draw, 6000));
    // The compiled program, which does not pack.
    let left = wish.saturating_sub(8000).max(512);
    zip.part("System/PEData.plf", &draw.bytes(left));
    zip.finish()
}
