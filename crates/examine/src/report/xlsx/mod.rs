//! A workbook for people who count in spreadsheets: one sheet a table, in one language.
//!
//! Text is written as text cells, never as formulas, and marked so that it stays text when edited.

mod sheets;

use hangtu_catalog::{Language, key};
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use super::{markup::visible, texts::label, times};
use crate::model::Examination;

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
    let sheets = [
        Some(sheets::findings(examination, language)),
        sheets::comparison(examination, language),
        Some(sheets::assets(examination, language)),
        Some(sheets::conversations(examination, language)),
        Some(sheets::coverage(examination, language)),
        Some(sheets::inputs(examination)),
    ];
    for sheet in sheets.into_iter().flatten() {
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
