//! The template, and the report of a list that could not be taken whole.

use super::{Column, Enrolments, RowError, Why, check::titles};
use hangtu_catalog::{Arg, Language, key, text};
use rust_xlsxwriter::{Workbook, XlsxError};

/// The title of a column in one language.
fn title(column: Column, language: Language) -> &'static str {
    let all = titles(column);
    match language {
        Language::Chinese => all[0],
        Language::English => all[1],
    }
}

/// An empty list with its header, to be filled in.
pub fn write_template(language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, n) in Column::ALL.into_iter().zip(0u16..) {
        sheet.write_string(0, n, title(column, language))?;
        sheet.set_column_width(n, 18)?;
    }
    book.save_to_buffer()
}

/// The column of an error and what is wrong there, in words.
pub fn describe(error: &RowError, language: Language) -> (&'static str, String) {
    (title(error.column, language), said(error, language))
}

/// What is wrong with a row, in words.
pub(super) fn said(error: &RowError, language: Language) -> String {
    let t = |k, args: &[(&str, Arg<'_>)]| text(language, k, args);
    match &error.why {
        Why::Missing => t(key::ENROL_MISSING, &[]),
        Why::NoColumn => t(key::ENROL_NO_COLUMN, &[]),
        Why::TooLong => t(key::ENROL_TOO_LONG, &[]),
        Why::Address => t(key::ENROL_ADDRESS, &[]),
        Why::Role(name) => t(key::ENROL_ROLE, &[("name", Arg::Text(name))]),
        Why::Course(name) => t(key::ENROL_COURSE, &[("name", Arg::Text(name))]),
        Why::Twice(row) => t(key::ENROL_TWICE, &[("row", Arg::Text(&row.to_string()))]),
    }
}

/// The report: a row for each error, with row, column and what is wrong. Texts are written as
/// texts, never as formulas.
pub fn write_report(all: &Enrolments, language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (head, n) in [key::ENROL_ROW, key::ENROL_COLUMN, key::ENROL_WHY].into_iter().zip(0u16..) {
        sheet.write_string(0, n, text(language, head, &[]))?;
    }
    sheet.set_column_width(2, 60)?;
    for (error, n) in all.errors.iter().zip(1u32..) {
        sheet.write_number(n, 0, error.row)?;
        sheet.write_string(n, 1, title(error.column, language))?;
        sheet.write_string(n, 2, said(error, language))?;
    }
    book.save_to_buffer()
}
