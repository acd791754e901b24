//! Tables of texts out of CSV (UTF-8, UTF-16, GB 18030) and workbooks (XLSX).

use crate::exchange::{Limits, Package, PackageError};
use calamine::{DataRef, Reader, Xlsx};
use std::io::Cursor;

/// Columns that are looked at.
pub(super) const MAX_COLUMNS: usize = 64;
/// Longest text in a cell, in characters.
const MAX_CELL: usize = 4000;

/// A table of texts. Rows are numbered as the file does, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Number and cells of each row that has any.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// Why a file is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Neither CSV nor a workbook.
    #[error("it is neither CSV nor an XLSX workbook")]
    Form,
    /// The workbook as an archive.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// More rows than the limit.
    #[error("it has more than {0} rows")]
    TooMany(u32),
    /// A cell is too long.
    #[error("row {0}: a cell is longer than {MAX_CELL} characters")]
    TooLong(u32),
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
}

/// Reads the first sheet of a workbook, or CSV. `rows` bounds the rows, the header included.
pub fn read_table(bytes: &[u8], limits: Limits, rows: u32) -> Result<Table, TableError> {
    let table = if bytes.starts_with(b"PK") {
        workbook(bytes, limits, rows)?
    } else {
        if bytes.len() as u64 > limits.bytes {
            return Err(PackageError::TooLarge(limits.bytes).into());
        }
        csv(bytes, rows)?
    };
    if table.rows.is_empty() { Err(TableError::Empty) } else { Ok(table) }
}

fn cell(text: &str, row: u32) -> Result<String, TableError> {
    let text = text.trim();
    if text.chars().count() > MAX_CELL {
        return Err(TableError::TooLong(row));
    }
    Ok(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

fn csv(bytes: &[u8], most: u32) -> Result<Table, TableError> {
    // A workbook of the old kind, a picture, a program: not text.
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(TableError::Form);
    }
    let marked = encoding_rs::Encoding::for_bom(bytes).map(|(e, _)| e);
    let encoding = match marked {
        Some(encoding) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => encoding_rs::UTF_8,
        // What a Chinese spreadsheet writes when asked for CSV.
        None => encoding_rs::GB18030,
    };
    let (text, _, damaged) = encoding.decode(bytes);
    if damaged || text.contains('\0') {
        return Err(TableError::Form);
    }
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|d| head.matches(char::from(*d)).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    let (mut row, mut from) = (1u32, 0usize);
    for record in reader.records() {
        let record = record.map_err(|_| TableError::Form)?;
        // The reader's position stands before the empty lines that it skips.
        let mut at = record.position().map_or(0, csv::Position::byte) as usize;
        let bytes = text.as_bytes();
        while bytes.get(at).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            at += 1;
        }
        row += text.get(from..at).unwrap_or_default().matches('\n').count() as u32;
        from = at;
        if table.rows.len() as u64 >= u64::from(most) {
            return Err(TableError::TooMany(most));
        }
        let cells = record.iter().take(MAX_COLUMNS).map(|text| cell(text, row));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if cells.iter().any(|c| !c.is_empty()) {
            table.rows.push((row, cells));
        }
    }
    Ok(table)
}

fn workbook(bytes: &[u8], limits: Limits, most: u32) -> Result<Table, TableError> {
    // Unpacked once under the limits: what the archive says of its sizes is not believed.
    let mut package = Package::open(bytes, limits)?;
    let names: Vec<String> = package.names().map(str::to_owned).collect();
    for name in &names {
        package.read(name)?;
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| TableError::Form)?;
    let sheet = book.sheet_names().first().cloned().ok_or(TableError::Empty)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| TableError::Form)?;
    let mut table = Table::default();
    // Cell by cell: a sheet may claim more cells than there is memory.
    while let Some(found) = cells.next_cell().map_err(|_| TableError::Form)? {
        let (at, column) = found.get_position();
        let text = text(found.get_value());
        if column as usize >= MAX_COLUMNS || text.trim().is_empty() {
            continue;
        }
        let row = at.saturating_add(1);
        let text = cell(&text, row)?;
        if table.rows.last().is_none_or(|(last, _)| *last != row) {
            if table.rows.len() as u64 >= u64::from(most) {
                return Err(TableError::TooMany(most));
            }
            table.rows.push((row, Vec::new()));
        }
        if let Some((_, cells)) = table.rows.last_mut() {
            if cells.len() <= column as usize {
                cells.resize(column as usize + 1, String::new());
            }
            cells[column as usize] = text;
        }
    }
    Ok(table)
}

/// A cell as people see it: a staff number is no fraction.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => n.to_string(),
        DataRef::Bool(b) => b.to_string(),
        DataRef::DateTime(_) | DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
