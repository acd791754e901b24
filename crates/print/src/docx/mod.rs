//! DOCX (ECMA-376), written part by part into its container.
//!
//! Fonts are named, not embedded: SimSun and SimHei, which every Chinese office suite has or
//! replaces, and Times New Roman and Arial for Latin text.

mod body;

use crate::{Document, Image, PrintError, image, markup::Markup};
use std::io::{Cursor, Write};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/><Override PartName="/word/header.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/><Override PartName="/word/footer.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"#;

const ROOT_LINKS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"#;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// The document as a file for word processors.
pub fn docx(document: &Document) -> Result<Vec<u8>, PrintError> {
    let images = image::sizes(document)?;
    let (body, lists) = body::write(document, &images);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, bytes: &[u8]| -> Result<(), PrintError> {
        // A fixed time, so that the same document gives the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        zip.start_file(name, options)?;
        Ok(zip.write_all(bytes)?)
    };
    part("[Content_Types].xml", TYPES.as_bytes())?;
    part("_rels/.rels", ROOT_LINKS.as_bytes())?;
    part("docProps/core.xml", properties(document).as_bytes())?;
    part("word/document.xml", body.as_bytes())?;
    part("word/_rels/document.xml.rels", links(&images).as_bytes())?;
    part("word/styles.xml", styles(document).as_bytes())?;
    part("word/numbering.xml", numbering(&lists).as_bytes())?;
    part("word/header.xml", header(document).as_bytes())?;
    part("word/footer.xml", footer(document).as_bytes())?;
    for (at, (image, _, _)) in images.iter().enumerate() {
        part(&format!("word/media/image{}.png", at + 1), &image.png)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn properties(document: &Document) -> String {
    let mut m = Markup::default();
    m.raw(HEAD).raw(
        r#"<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">"#,
    );
    m.raw("<dc:title>").text(&document.title).raw("</dc:title><dc:creator>");
    m.text(&document.organisation).raw("</dc:creator><dc:identifier>");
    m.text(&document.number).raw("</dc:identifier><dc:language>");
    m.text(document.language.tag()).raw("</dc:language>");
    m.raw(r#"<dcterms:created xsi:type="dcterms:W3CDTF">"#).text(&document.date.to_string());
    m.raw("T00:00:00Z</dcterms:created></cp:coreProperties>");
    m.finish()
}

fn links(images: &[(&Image, u32, u32)]) -> String {
    let mut m = Markup::default();
    m.raw(HEAD).raw(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header.xml"/><Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer.xml"/>"#,
    );
    for at in 1..=images.len() as u64 {
        m.raw("<Relationship Id=\"image").number(at);
        m.raw("\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" Target=\"media/image");
        m.number(at).raw(".png\"/>");
    }
    m.raw("</Relationships>");
    m.finish()
}

fn styles(document: &Document) -> String {
    let mut m = Markup::default();
    m.raw(HEAD).raw(include_str!("styles-head.xml"));
    m.text(document.language.tag()).raw(include_str!("styles.xml"));
    m.finish()
}

/// Number 1 is for bullets; each numbered list has its own, to begin at 1 again.
fn numbering(lists: &std::ops::Range<u64>) -> String {
    let mut m = Markup::default();
    m.raw(HEAD).raw(
        r#"<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="640" w:hanging="320"/></w:pPr></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="640" w:hanging="400"/></w:pPr></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>"#,
    );
    for list in lists.clone() {
        m.raw("<w:num w:numId=\"").number(list);
        m.raw("\"><w:abstractNumId w:val=\"1\"/><w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"1\"/></w:lvlOverride></w:num>");
    }
    m.raw("</w:numbering>");
    m.finish()
}

fn header(document: &Document) -> String {
    let mut m = Markup::default();
    m.raw(HEAD).raw(r#"<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:t xml:space="preserve">"#);
    m.text(&document.title)
        .raw(r#"</w:t></w:r><w:r><w:tab/></w:r><w:r><w:t xml:space="preserve">"#);
    m.text(&document.number).raw("</w:t></w:r></w:p></w:hdr>");
    m.finish()
}

fn footer(document: &Document) -> String {
    let [before, between, after] = document.page_of();
    let mut m = Markup::default();
    m.raw(HEAD).raw(r#"<w:ftr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">"#);
    m.text(&before).raw(r#"</w:t></w:r><w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve">"#);
    m.text(&between).raw(r#"</w:t></w:r><w:fldSimple w:instr=" NUMPAGES "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve">"#);
    m.text(&after).raw("</w:t></w:r></w:p></w:ftr>");
    m.finish()
}
