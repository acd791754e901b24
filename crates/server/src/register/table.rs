//! The catalogue as a table file: its columns, and reading one (XLSX, or CSV).

use super::asset::{Asset, Typed};
use crate::error::Error;
use calamine::{Data, Reader, Xlsx};
use hangtu_catalog::{Bilingual, key, key::Key};
use std::io::Cursor;

/// Rows of a table that is taken in.
pub(super) const ROWS: usize = 5_000;
/// Bytes of a file that is taken in.
const BYTES: usize = 4 << 20;
/// Bytes that a workbook's parts may unpack to.
const UNPACKED: u64 = 128 << 20;

/// A column: its name for programs, its heading for people.
pub(super) const COLUMNS: [(&str, Key); 16] = [
    ("name", key::REGISTER_NAME),
    ("category", key::REGISTER_CATEGORY),
    ("subcategory", key::REGISTER_SUBCATEGORY),
    ("level", key::REGISTER_LEVEL),
    ("reason", key::REGISTER_REASON),
    ("source", key::REGISTER_SOURCE),
    ("owner", key::REGISTER_OWNER),
    ("department", key::REGISTER_DEPARTMENT),
    ("entries", key::REGISTER_ENTRIES),
    ("bytes", key::REGISTER_BYTES),
    ("carrier", key::REGISTER_CARRIER),
    ("purpose", key::REGISTER_PURPOSE),
    ("scope", key::REGISTER_SCOPE),
    ("sharing", key::REGISTER_SHARING),
    ("cross_border", key::REGISTER_CROSS_BORDER),
    ("measures", key::REGISTER_MEASURES),
];

/// Columns without which a table is not read.
const NEEDED: [&str; 4] = ["name", "category", "owner", "carrier"];

fn field<'t>(typed: &'t mut Typed, name: &str) -> Option<&'t mut String> {
    Some(match name {
        "name" => &mut typed.name,
        "category" => &mut typed.category,
        "subcategory" => &mut typed.subcategory,
        "level" => &mut typed.level,
        "reason" => &mut typed.reason,
        "source" => &mut typed.source,
        "owner" => &mut typed.owner,
        "department" => &mut typed.department,
        "entries" => &mut typed.entries,
        "bytes" => &mut typed.bytes,
        "carrier" => &mut typed.carrier,
        "purpose" => &mut typed.purpose,
        "scope" => &mut typed.scope,
        "sharing" => &mut typed.sharing,
        "cross_border" => &mut typed.cross_border,
        "measures" => &mut typed.measures,
        _ => return None,
    })
}

/// The cells of an asset, in the order of [`COLUMNS`]; words in the reader's language.
pub(super) fn cells(asset: &Asset, word: impl Fn(&str, &str) -> String) -> [String; 16] {
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let level = if asset.level.is_empty() { "ungraded" } else { &asset.level };
    [
        asset.name.clone(),
        word("register-category", &asset.category),
        asset.subcategory.clone(),
        word("register-level", level),
        asset.reason.clone(),
        asset.source.clone(),
        asset.owner.clone(),
        asset.department.clone(),
        number(asset.entries),
        number(asset.bytes),
        asset.carrier.clone(),
        asset.purpose.clone(),
        asset.scope.clone(),
        asset.sharing.clone(),
        word("register", if asset.cross_border == 1 { "yes" } else { "no" }),
        asset.measures.clone(),
    ]
}

fn wrong(key: Key) -> Error {
    Error::invalid("file", key)
}

/// The rows of a file as they are written, with their numbers in it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(usize, Typed)>, Error> {
    if bytes.len() > BYTES {
        return Err(Error::TooLarge);
    }
    let mut rows =
        if bytes.starts_with(b"PK") { workbook(bytes)? } else { csv(bytes)? }.into_iter();
    let (_, head) = rows.next().ok_or_else(|| wrong(key::REGISTER_IMPORT_EMPTY))?;
    let named = |cell: &String| {
        let cell = cell.trim();
        let is = |(name, heading): &&(&str, Key)| {
            let said = Bilingual::message(*heading, &[]);
            cell.eq_ignore_ascii_case(name)
                || cell == &*said.zh
                || cell.eq_ignore_ascii_case(&said.en)
        };
        COLUMNS.iter().find(is).map(|(name, _)| *name)
    };
    let names: Vec<Option<&str>> = head.iter().map(named).collect();
    for needed in NEEDED {
        if !names.contains(&Some(needed)) {
            let heading = COLUMNS.iter().find(|(n, _)| *n == needed).map(|(_, k)| *k);
            let heading = heading.map(|k| Bilingual::message(k, &[])).unwrap_or_default();
            let said = |name: &str| {
                Bilingual::message(key::REGISTER_IMPORT_COLUMN, &[("name", name.into())])
            };
            let text = Bilingual::new(said(&heading.zh).zh, said(&heading.en).en);
            return Err(Error::Invalid("file", text));
        }
    }
    let typed = |(row, cells): (usize, Vec<String>)| {
        let mut typed = Typed::default();
        for (name, cell) in names.iter().zip(cells) {
            if let Some(to) = name.and_then(|name| field(&mut typed, name)) {
                *to = cell;
            }
        }
        (row, typed)
    };
    Ok(rows.map(typed).collect())
}

/// Rows with anything in them, the heading among them.
type Rows = Vec<(usize, Vec<String>)>;

fn full(rows: &Rows) -> Result<(), Error> {
    if rows.len() > ROWS + 1 {
        let n = [("n", (ROWS as u64).into())];
        return Err(Error::Invalid("file", Bilingual::message(key::REGISTER_IMPORT_MANY, &n)));
    }
    Ok(())
}

fn csv(bytes: &[u8]) -> Result<Rows, Error> {
    let bad = || wrong(key::REGISTER_IMPORT_FORM);
    let plain = std::str::from_utf8(bytes).is_ok();
    // What a Chinese spreadsheet program writes when asked for CSV.
    let encoding = if plain { encoding_rs::UTF_8 } else { encoding_rs::GB18030 };
    let (text, _, damaged) = encoding.decode(bytes);
    if damaged || text.contains('\0') {
        return Err(bad());
    }
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record.map_err(|_| bad())?;
        let row = record.position().map_or(0, |p| p.line() as usize);
        // A quote was set before what looks like a formula when it was written (`export`).
        let plain = |c: &str| match c.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
            _ => c.to_owned(),
        };
        let cells: Vec<String> = record.iter().map(plain).collect();
        if cells.iter().any(|c| !c.trim().is_empty()) {
            rows.push((row, cells));
            full(&rows)?;
        }
    }
    Ok(rows)
}

fn workbook(bytes: &[u8]) -> Result<Rows, Error> {
    let bad = || wrong(key::REGISTER_IMPORT_FORM);
    unpacked(bytes).ok_or_else(bad)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| bad())?;
    let sheet = book.worksheet_range_at(0).ok_or_else(bad)?.map_err(|_| bad())?;
    let first = sheet.start().map_or(0, |(row, _)| row as usize);
    let text = |cell: &Data| match cell {
        Data::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}"),
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    };
    let mut rows = Rows::new();
    for (at, row) in sheet.rows().enumerate() {
        let cells: Vec<String> = row.iter().take(64).map(text).collect();
        if cells.iter().any(|c| !c.trim().is_empty()) {
            rows.push((first + at + 1, cells));
            full(&rows)?;
        }
    }
    Ok(rows)
}

/// What the archive says that it unpacks to, before anything is unpacked: the central directory's
/// sizes (APPNOTE 4.3.12), which calamine's reader is held to.
fn unpacked(bytes: &[u8]) -> Option<()> {
    let mut total = 0_u64;
    for (at, _) in bytes.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02") {
        let size = bytes.get(at + 24..at + 28)?;
        total += u64::from(u32::from_le_bytes(size.try_into().ok()?));
    }
    (total <= UNPACKED).then_some(())
}
