//! The three writers over one document, and over what strangers put in it.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod sample;

use hangtu_catalog::Language;
use hangtu_print::{
    Align, Bar, Block, Cell, Column, Document, Image, PrintError, Run, Table, Tone, docx, html,
    html_body, plain,
};
use proptest::prelude::*;
use quick_xml::{Reader, events::Event};
use std::io::{Cursor, Read};

/// The parts of a container, in order, the XML ones checked; and all text of the main one.
fn open(docx: Vec<u8>) -> (Vec<String>, String) {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let (mut names, mut main) = (Vec::new(), String::new());
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        names.push(name.clone());
        if name.rsplit('.').next() == Some("png") {
            continue;
        }
        let mut xml = String::new();
        part.read_to_string(&mut xml).unwrap();
        let text = xml_text(&xml);
        if name == "word/document.xml" {
            main = text;
        }
    }
    (names, main)
}

fn xml_text(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    let (mut text, mut depth) = (String::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Text(t) => text.push_str(&t),
            Event::GeneralRef(r) => {
                text.push('&');
                text.push_str(&r);
                text.push(';');
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    let legal = |c| matches!(c, '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    assert!(xml.chars().all(legal), "a character XML cannot hold");
    text
}

#[test]
fn pages_read_as_they_should() {
    insta::assert_snapshot!("zh", html_body(&sample::document(Language::Chinese)).unwrap());
    insta::assert_snapshot!("en", html_body(&sample::document(Language::English)).unwrap());
    let page = html(&sample::document(Language::Chinese)).unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"zh-CN\">"));
    for never in ["<script", " style=\"", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(never), "{never}");
    }
}

#[test]
fn word_processors_get_every_part_and_text() {
    for (language, texts) in [
        (Language::Chinese, ["工业数据安全自查报告", "（一）控制点覆盖情况", "编制单位", "75.0%"]),
        (Language::English, ["Self-examination report", "Not measured", "Prepared by", "75.0%"]),
    ] {
        let document = sample::document(language);
        let made = docx(&document).unwrap();
        assert_eq!(made, docx(&document).unwrap(), "the same document gives the same bytes");
        let (names, text) = open(made);
        assert_eq!(names.len(), 10);
        assert_eq!(names[0], "[Content_Types].xml");
        for wanted in texts {
            assert!(text.contains(wanted), "{wanted}");
        }
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let mut document = sample::document(Language::English);
    let huge = [&sample::PNG[..16], &[0, 1, 0, 0, 0, 1, 0, 0], &sample::PNG[24..]].concat();
    for png in [b"GIF89a".to_vec(), huge] {
        document.blocks = vec![Block::Image(Image { png, alt: String::new() })];
        assert!(matches!(html(&document), Err(PrintError::Image { number: 1, .. })));
        assert!(matches!(docx(&document), Err(PrintError::Image { number: 1, .. })));
    }
}

/// A document with the text in every place that takes one.
fn everywhere(text: &str) -> Document {
    let s = || text.to_owned();
    let column = |width, align| Column { title: s(), width, align };
    Document {
        language: Language::Chinese,
        title: s(),
        subtitle: s(),
        number: s(),
        date: jiff::civil::date(2026, 11, 23),
        organisation: s(),
        facts: vec![(s(), s())],
        blocks: vec![
            Block::Heading { level: 9, text: s() },
            Block::Paragraph(vec![Run::plain(text), Run::bold(text), Run::code(text)]),
            Block::List { numbered: true, items: vec![plain(text), vec![]] },
            Block::List { numbered: false, items: vec![] },
            Block::Table(Table {
                columns: vec![column(0, Align::Left), column(u16::MAX, Align::Right)],
                rows: vec![vec![], vec![Cell::new(text).tone(Tone::Warn); 3]],
            }),
            Block::Table(Table { columns: vec![], rows: vec![vec![Cell::new(text)]] }),
            Block::Pairs(vec![(s(), plain(text))]),
            Block::Pairs(vec![]),
            Block::Callout { tone: Tone::Good, title: s(), text: plain(text) },
            Block::Bars(vec![Bar { label: s(), value: u64::MAX, denominator: 1 }]),
            Block::Image(Image { png: sample::PNG.to_vec(), alt: s() }),
        ],
    }
}

const HOSTILE: [&str; 8] = [
    "#read(\"/etc/passwd\") #image(\"x.png\") $x^2$ *b* _i_ `c` @ref <label> \\ // /* [",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x'",
    "]]></w:t><!ENTITY x SYSTEM \"file:///etc/passwd\">&x;<?xml?>",
    "\u{202E}txt.exe\u{202C} \u{2066}\u{200F} שלום عربي",
    "\0\u{1}\u{1b}[31m\u{7f}\u{85}\u{FFFE}\u{FFFF}\u{E0041}",
    "👨‍👩‍👧‍👦 🇨🇳 𠮷𪛖㐂 e\u{301}\u{301}\u{301}",
    "",
    "\n\n \t\r\n",
];

#[test]
fn text_stays_text() {
    for text in HOSTILE {
        let page = html(&everywhere(text)).unwrap();
        for never in ["<script", "<img src=x", "onload='", "\u{202E}", "\0"] {
            assert!(!page.contains(never), "{never:?} of {text:?}");
        }
        open(docx(&everywhere(text)).unwrap());
    }
    let (_, text) = open(docx(&everywhere(HOSTILE[1])).unwrap());
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

proptest! {
    #[test]
    fn any_text_can_be_written(text in "\\PC{0,40}|(?s:.{0,40})") {
        let page = html(&everywhere(&text)).unwrap();
        // What is left of the markup when it is parsed as XML: void elements apart, it closes.
        prop_assert!(!page.contains("<script"));
        open(docx(&everywhere(&text)).unwrap());
    }
}

mod pdf {
    use super::*;
    use hangtu_print::pdf;
    use std::process::Command;

    /// What a poppler program prints about a PDF; nothing where poppler is not installed.
    fn poppler(program: &str, args: &[&str], pdf: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pdf).unwrap();
        let mut command = Command::new(program);
        command.arg(file.path()).args(args);
        let Ok(output) = command.output() else {
            println!("note: {program} is absent (Debian package poppler-utils); skipped");
            return None;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    #[test]
    fn pages_carry_text_fonts_and_names() {
        for (language, texts) in [
            (
                Language::Chinese,
                ["工业数据安全自查报告", "未检测", "第 2 页 共 6 页", "HT-2026-000318"],
            ),
            (
                Language::English,
                ["Self-examination report", "Not measured", "Page 2 of 7", "HT-2026-000318"],
            ),
        ] {
            let document = sample::document(language);
            let made = pdf(&document).unwrap();
            if let Some(dir) = std::env::var_os("HANGTU_PRINT_OUT") {
                let dir = std::path::PathBuf::from(dir);
                std::fs::write(dir.join(format!("{}.pdf", language.tag())), &made).unwrap();
                let other = docx(&document).unwrap();
                std::fs::write(dir.join(format!("{}.docx", language.tag())), other).unwrap();
            }
            assert!(made == pdf(&document).unwrap(), "the same document gives the same bytes");
            if let Some(text) = poppler("pdftotext", &["-layout", "-"], &made) {
                // Spaces between Han and Latin are a matter of layout.
                let text = text.replace([' ', '\u{3000}'], "");
                for wanted in texts {
                    assert!(text.contains(&wanted.replace(' ', "")), "{wanted} in {text}");
                }
            }
            if let Some(fonts) = poppler("pdffonts", &[], &made) {
                let fonts: Vec<_> = fonts.lines().skip(2).collect();
                assert!(fonts.len() >= 3, "{fonts:?}");
                // Columns: embedded, subset, with a map to Unicode.
                assert!(fonts.iter().all(|f| f.contains("yes yes yes")), "{fonts:?}");
            }
            if let Some(info) = poppler("pdfinfo", &[], &made) {
                assert!(info.contains(&document.title), "{info}");
                assert!(info.contains("Tagged:          yes"), "{info}");
                let count = if language == Language::Chinese { 6 } else { 7 };
                assert!(info.contains(&format!("Pages:           {count}")), "{info}");
                assert!(info.contains("(A4)"), "{info}");
            }
            if let Some(tree) = poppler("pdfinfo", &["-struct-text"], &made) {
                for role in ["H1 ", "H2 ", "P ", "LI ", "Table", "TR", "TH", "TD", "TOCI", "Figure"]
                {
                    assert!(
                        tree.lines().any(|l| l.trim_start().starts_with(role)),
                        "{role} in {tree}"
                    );
                }
            }
        }
    }

    /// The text of each page.
    fn pages(document: &Document) -> Option<Vec<String>> {
        let text = poppler("pdftotext", &["-layout", "-"], &pdf(document).unwrap())?;
        Some(text.split_terminator('\u{c}').map(str::to_owned).collect())
    }

    #[test]
    fn headers_return_and_rows_are_torn() {
        let mut document = sample::document(Language::English);
        let column = |title: &str| Column { title: title.into(), width: 1, align: Align::Left };
        let mut rows: Vec<_> = (0..300).map(|n| vec![Cell::new(format!("row {n}."))]).collect();
        rows.push(vec![Cell::new("no end "), Cell::new("line\n".repeat(400) + "last")]);
        let columns = vec![column("Alpha"), column("Beta")];
        document.blocks = vec![Block::Table(Table { columns, rows })];
        let Some(pages) = pages(&document) else { return };
        let body = &pages[1..];
        assert!(body.len() > 12, "{}", body.len());
        for (at, page) in body.iter().enumerate() {
            assert_eq!(page.matches("Alpha").count(), 1, "{page}");
            assert!(page.contains(&format!("Page {} of {}", at + 2, pages.len())), "{page}");
        }
        let all = body.concat();
        for n in 0..300 {
            assert_eq!(all.matches(&format!(" {n}.")).count(), 1, "{n}");
        }
        assert!(all.contains("last"));
    }

    #[test]
    fn headings_stay_with_what_follows() {
        let mut document = sample::document(Language::Chinese);
        let chapter = |n: usize| {
            let text = format!("第{n}章");
            let filler = (0..n).map(|_| Block::Paragraph(plain("正文。".repeat(20))));
            let callout = Block::Callout {
                tone: Tone::Warn,
                title: format!("章{n}之提示"),
                text: plain("提示。".repeat(70)),
            };
            let head = |level, text: &str| Block::Heading { level, text: text.into() };
            let mut blocks = vec![head(1, &text), head(2, "小节"), callout];
            blocks.extend(filler);
            blocks
        };
        document.blocks = (1..20).flat_map(chapter).collect();
        let Some(pages) = pages(&document) else { return };
        let body =
            pages.iter().skip(1).filter(|page| !page.contains("...") && !page.contains(". ."));
        let mut found = 0;
        for page in body {
            let text = page.replace(' ', "");
            for n in 1..20 {
                let heading = text.lines().any(|line| line == format!("第{n}章"));
                assert_eq!(heading, text.contains(&format!("章{n}之提示")), "{n} in {page}");
                found += usize::from(heading);
            }
        }
        assert_eq!(found, 19);
    }

    #[test]
    fn broken_pictures_are_refused() {
        let mut document = sample::document(Language::English);
        let png = sample::PNG[..40].to_vec();
        document.blocks = vec![Block::Image(Image { png, alt: String::new() })];
        assert!(matches!(pdf(&document), Err(PrintError::Image { number: 1, .. })));
    }

    #[test]
    fn large_documents_are_written() {
        let mut document = everywhere("工业 data");
        let cells = |n: usize| (0..30).map(|c| Cell::new(format!("{n}.{c}"))).collect();
        let columns =
            (0..30).map(|c| Column { title: c.to_string(), width: 1, align: Align::Left });
        let rows = (0..200).map(cells).collect();
        let heading = |n: usize| Block::Heading { level: n as u8 % 5, text: "一".repeat(n % 90) };
        document.blocks = vec![
            Block::Table(Table { columns: columns.collect(), rows }),
            Block::Paragraph(plain("x".repeat(200_000))),
            Block::List { numbered: true, items: vec![plain("项"); 3_000] },
            Block::Callout {
                tone: Tone::Bad,
                title: "长".repeat(9_000),
                text: plain("、".repeat(9_000)),
            },
        ];
        document.blocks.extend((0..2_000).map(heading));
        assert!(pdf(&document).unwrap().len() > 100_000);
    }

    #[test]
    fn hostile_text_is_printed() {
        for text in HOSTILE {
            let made = pdf(&everywhere(text)).unwrap();
            let Some(read) = poppler("pdftotext", &["-raw", "-"], &made) else { return };
            if text.starts_with("#read") {
                assert!(read.contains("#read(\"/etc/passwd\")"), "{read}");
            }
            if text.contains('𠮷') {
                assert!(read.contains('〓'), "{read}");
            }
        }
        pdf(&everywhere(&"Wörter/ohne=Ende".repeat(120))).unwrap();
        pdf(&everywhere(&"汉".repeat(2_000))).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_text_can_be_printed(text in "\\PC{0,40}|(?s:.{0,40})") {
            prop_assert!(pdf(&everywhere(&text)).unwrap().starts_with(b"%PDF-1.7"));
        }
    }
}
