//! A workbook for people who count in spreadsheets: one sheet a table, in one language.
//!
//! Text is written as text cells, never as formulas, and marked so that it stays text when edited.

use hangtu_catalog::{Arg, Language, key, text};
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use super::{
    markup::visible,
    texts::{self, label},
    times,
};
use crate::model::{Examination, Finding};

/// The workbook could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the workbook: {0}")]
pub struct WorkbookError(#[from] XlsxError);

/// Rows of a sheet, by the format, less the heading and the sentence on the cut.
const MAX_ROWS: usize = 1_048_576 - 2;
/// Characters of a cell, by the format (it counts UTF-16 units).
const MAX_CELL: usize = 32_767;

enum Cell {
    Text(String),
    Number(u64),
    /// RFC 3339; empty is an empty cell.
    Time(String),
}

struct Sheet<'a> {
    name: key::Key,
    /// Heading and width in characters.
    columns: Vec<(key::Key, u32)>,
    rows: Box<dyn Iterator<Item = Vec<Cell>> + 'a>,
}

/// The examination as a workbook in `language`.
pub fn xlsx(examination: &Examination, language: Language) -> Result<Vec<u8>, WorkbookError> {
    let mut workbook = Workbook::new();
    let mut properties = DocProperties::new()
        .set_title(label(language, key::REPORT_TITLE))
        .set_author(format!("Hangtu {}", examination.run.version));
    // A workbook otherwise says when it was written, and no two would be the same.
    let examined = times::local(&examination.run.examined_at).and_then(excel);
    if let Some(time) = examined.or_else(|| ExcelDateTime::from_ymd(2000, 1, 1).ok()) {
        properties = properties.set_creation_datetime(&time);
    }
    workbook.set_properties(&properties);
    let formats = Formats::new();
    for sheet in [
        findings(examination, language),
        assets(examination, language),
        conversations(examination, language),
        coverage(examination, language),
        inputs(examination),
    ] {
        write(workbook.add_worksheet(), sheet, language, &formats)?;
    }
    Ok(workbook.save_to_buffer()?)
}

struct Formats {
    heading: Format,
    text: Format,
    /// Text that a spreadsheet would take for a formula were it typed.
    quoted: Format,
    number: Format,
    time: Format,
}

impl Formats {
    fn new() -> Self {
        let cell = || Format::new().set_align(FormatAlign::Top);
        Self {
            heading: cell().set_bold().set_background_color("#E4E9EF").set_text_wrap(),
            text: cell().set_text_wrap(),
            quoted: cell().set_text_wrap().set_quote_prefix(),
            number: cell().set_num_format("#,##0"),
            time: cell().set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

fn excel(time: DateTime) -> Option<ExcelDateTime> {
    let seconds = f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9;
    ExcelDateTime::from_ymd(u16::try_from(time.year()).ok()?, time.month() as u8, time.day() as u8)
        .and_then(|date| date.and_hms(time.hour() as u16, time.minute() as u8, seconds))
        .ok()
}

fn write(
    sheet: &mut Worksheet,
    content: Sheet<'_>,
    language: Language,
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name(label(language, content.name))?;
    for (column, (name, width)) in (0u16..).zip(&content.columns) {
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(0, column, label(language, *name), &formats.heading)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let mut row = 0;
    for cells in content.rows {
        row += 1;
        if row as usize > MAX_ROWS {
            let cut = label(language, key::REPORT_SHEET_CUT);
            sheet.write_string_with_format(row, 0, cut, &formats.text)?;
            break;
        }
        for (column, cell) in (0u16..).zip(cells) {
            match cell {
                Cell::Number(number) => {
                    sheet.write_number_with_format(row, column, number as f64, &formats.number)?;
                }
                Cell::Time(time) => match times::local(&time).and_then(excel) {
                    Some(time) => {
                        sheet.write_datetime_with_format(row, column, &time, &formats.time)?;
                    }
                    None => write_text(sheet, row, column, &time, formats)?,
                },
                Cell::Text(text) => write_text(sheet, row, column, &text, formats)?,
            }
        }
    }
    let last = u16::try_from(content.columns.len().saturating_sub(1)).unwrap_or(0);
    sheet.autofilter(0, 0, row.min(MAX_ROWS as u32), last)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let mut cell = String::with_capacity(text.len());
    let mut units = 0;
    for c in text.chars() {
        let picture = visible(c);
        let width = picture.as_ref().map_or(c.len_utf16(), |p| p.encode_utf16().count());
        if units + width > MAX_CELL - 1 {
            cell.push('…');
            break;
        }
        units += width;
        match picture {
            Some(picture) => cell.push_str(&picture),
            None => cell.push(c),
        }
    }
    if cell.is_empty() {
        return Ok(());
    }
    let formula = cell.starts_with(['=', '+', '-', '@', '\t']);
    let format = if formula { &formats.quoted } else { &formats.text };
    sheet.write_string_with_format(row, column, cell, format)?;
    Ok(())
}

fn findings(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_FINDINGS,
        columns: vec![
            (key::REPORT_LEVEL, 10),
            (key::REPORT_SCENARIO, 18),
            (key::REPORT_FINDING, 36),
            (key::REPORT_SUBJECT, 18),
            (key::REPORT_PEER, 18),
            (key::REPORT_CLASS, 14),
            (key::REPORT_COUNT, 9),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
            (key::REPORT_WHY, 48),
            (key::REPORT_UNAPPROVED, 36),
            (key::REPORT_ADVICE, 48),
            (key::REPORT_FALSE_POSITIVES, 36),
            (key::REPORT_EVIDENCE, 48),
            (key::REPORT_CONTROLS, 14),
            (key::REPORT_TECHNIQUES, 14),
            (key::REPORT_RISK, 16),
            (key::REPORT_STATUS, 12),
            (key::REPORT_RULE, 24),
            (key::REPORT_FINGERPRINT, 22),
        ],
        rows: Box::new(examination.findings.iter().map(move |f| finding_row(f, language))),
    }
}

fn finding_row(finding: &Finding, language: Language) -> Vec<Cell> {
    let own = |text: &str| Cell::Text(text.to_owned());
    let optional = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|e| {
            let number = text(language, key::REPORT_PACKET, &[("number", Arg::Number(e.number))]);
            format!("{}\n{} {number}, {}", e.text, e.file, times::precise(&e.time))
        })
        .collect();
    let status = finding.status.map(texts::status);
    vec![
        own(texts::level(finding.level).get(language)),
        own(texts::scenario(finding.scenario).get(language)),
        own(finding.title.get(language)),
        own(&finding.subject),
        optional(&finding.peer),
        optional(&finding.class),
        Cell::Number(finding.count),
        Cell::Time(finding.first.clone()),
        Cell::Time(finding.last.clone()),
        own(finding.description.get(language)),
        own(finding.unapproved.as_ref().map_or("", |unapproved| unapproved.text.get(language))),
        own(finding.advice.get(language)),
        own(finding.false_positives.get(language)),
        Cell::Text(evidence.join("\n")),
        Cell::Text(finding.controls.join(", ")),
        Cell::Text(finding.techniques.join(", ")),
        own(texts::risk(finding).get(language)),
        own(status.as_ref().map_or("", |status| status.get(language))),
        own(&finding.rule),
        own(&finding.fingerprint),
    ]
}

fn assets(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_ASSETS,
        columns: vec![
            (key::REPORT_ADDRESS, 18),
            (key::REPORT_NAMES, 22),
            (key::REPORT_ROLES, 26),
            (key::REPORT_ZONE, 18),
            (key::REPORT_IDENTITY, 36),
            (key::REPORT_OS, 18),
            (key::REPORT_INTERFACE, 22),
            (key::REPORT_MACS, 20),
            (key::REPORT_SERVES, 22),
            (key::REPORT_USES, 22),
            (key::REPORT_BYTES_SENT, 14),
            (key::REPORT_BYTES_RECEIVED, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
        ],
        rows: Box::new(examination.assets.iter().map(move |asset| {
            let facts = |facts: &[crate::model::Fact]| {
                Cell::Text(facts.iter().map(|f| f.value.as_str()).collect::<Vec<_>>().join(", "))
            };
            let identity: Vec<String> = texts::identity(asset)
                .into_iter()
                .map(|(name, value)| format!("{} {value}", name.get(language)))
                .collect();
            vec![
                Cell::Text(asset.id.clone()),
                facts(&asset.names),
                Cell::Text(texts::roles(asset).get(language).to_owned()),
                Cell::Text(asset.zone.clone()),
                Cell::Text(identity.join("\n")),
                facts(&asset.os),
                Cell::Text(asset.interface_vendor.clone().unwrap_or_default()),
                Cell::Text(asset.macs.join(", ")),
                Cell::Text(asset.serves.join(", ")),
                Cell::Text(asset.uses.join(", ")),
                Cell::Number(asset.bytes_sent),
                Cell::Number(asset.bytes_received),
                Cell::Time(asset.first.clone()),
                Cell::Time(asset.last.clone()),
            ]
        })),
    }
}

fn conversations(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_CONVERSATIONS,
        columns: vec![
            (key::REPORT_SOURCE, 18),
            (key::REPORT_DESTINATION, 18),
            (key::REPORT_PROTOCOL, 16),
            (key::REPORT_VERBS, 36),
            (key::REPORT_SESSIONS, 11),
            (key::REPORT_BYTES, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
        ],
        rows: Box::new(examination.conversations.iter().map(move |conversation| {
            vec![
                Cell::Text(conversation.source.clone()),
                Cell::Text(conversation.destination.clone()),
                Cell::Text(conversation.protocol.clone()),
                Cell::Text(texts::verbs(conversation).get(language).to_owned()),
                Cell::Number(conversation.sessions),
                Cell::Number(conversation.bytes),
                Cell::Time(conversation.first.clone()),
                Cell::Time(conversation.last.clone()),
            ]
        })),
    }
}

fn coverage(examination: &Examination, language: Language) -> Sheet<'_> {
    let coverage = &examination.coverage;
    let row =
        move |section: key::Key, item: String, status: String, number: Option<u64>, why: String| {
            let number = number.map_or(Cell::Text(String::new()), Cell::Number);
            vec![
                Cell::Text(label(language, section)),
                Cell::Text(item),
                Cell::Text(status),
                number,
                Cell::Text(why),
            ]
        };
    let mut rows = vec![row(
        key::REPORT_COMPLETE,
        String::new(),
        label(language, if coverage.complete { key::REPORT_YES } else { key::REPORT_NO }),
        None,
        String::new(),
    )];
    for (name, time) in [(key::REPORT_FIRST, &coverage.first), (key::REPORT_LAST, &coverage.last)] {
        let time = time.as_deref().map(times::shown).unwrap_or_default();
        rows.push(row(key::REPORT_SPAN, label(language, name), time, None, String::new()));
    }
    rows.push(row(
        key::REPORT_PACKETS,
        String::new(),
        String::new(),
        Some(coverage.packets),
        String::new(),
    ));
    for check in &coverage.checks {
        rows.push(row(
            key::REPORT_CHECK,
            format!("{} {}", check.id, check.title.get(language)),
            texts::check(check.status).get(language).to_owned(),
            Some(check.findings as u64),
            check.reason.as_ref().map(|reason| reason.get(language).to_owned()).unwrap_or_default(),
        ));
    }
    for (kind, count) in &coverage.records {
        let kind = texts::named("report-kind-", kind).get(language).to_owned();
        rows.push(row(key::REPORT_RECORDS, kind, String::new(), Some(*count), String::new()));
    }
    for protocol in &coverage.protocols {
        for (name, number) in [
            (key::REPORT_SESSIONS, protocol.sessions),
            (key::REPORT_OPERATIONS, protocol.operations),
            (key::REPORT_UNREADABLE, protocol.unreadable),
        ] {
            let what = label(language, name);
            rows.push(row(
                key::REPORT_PROTOCOL,
                protocol.name.clone(),
                what,
                Some(number),
                String::new(),
            ));
        }
    }
    for (name, dropped) in &coverage.limits {
        let name = texts::named("limit-", name).get(language).to_owned();
        rows.push(row(key::REPORT_LIMIT, name, String::new(), Some(*dropped), String::new()));
    }
    for input in &examination.run.inputs {
        for problem in &input.problems {
            let what = problem.what.get(language).to_owned();
            let offset =
                text(language, key::REPORT_BYTE, &[("offset", Arg::Number(problem.offset))]);
            rows.push(row(key::REPORT_DAMAGE, input.path.clone(), offset, None, what));
        }
    }
    Sheet {
        name: key::REPORT_SHEET_COVERAGE,
        columns: vec![
            (key::REPORT_SECTION, 20),
            (key::REPORT_ITEM, 44),
            (key::REPORT_VALUE, 24),
            (key::REPORT_NUMBER, 14),
            (key::REPORT_REASON, 56),
        ],
        rows: Box::new(rows.into_iter()),
    }
}

fn inputs(examination: &Examination) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_INPUTS,
        columns: vec![
            (key::REPORT_FILE, 44),
            (key::REPORT_FORMAT, 14),
            (key::REPORT_BYTES, 16),
            (key::REPORT_PACKETS, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
            (key::REPORT_SHA256, 68),
        ],
        rows: Box::new(examination.run.inputs.iter().map(|input| {
            vec![
                Cell::Text(input.path.clone()),
                Cell::Text(input.format.clone()),
                Cell::Number(input.bytes),
                Cell::Number(input.packets),
                Cell::Time(input.first.clone().unwrap_or_default()),
                Cell::Time(input.last.clone().unwrap_or_default()),
                Cell::Text(input.sha256.clone()),
            ]
        })),
    }
}
