//! Lines of cells out of a file: CSV in UTF-8 or GB 18030 as a stream, XLSX cell by cell.

use super::table::TableError;
use calamine::{DataRef, Reader, Xlsx};
use encoding_rs::{CoderResult, Decoder, GB18030};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
};

/// Bytes of a workbook when it is unpacked.
const UNPACKED: u64 = 1 << 30;
/// Bytes of its shared texts, which stand in memory altogether.
const SHARED: u64 = 128 << 20;
/// Columns that are looked at.
pub(super) const COLUMNS: usize = 64;

/// What is done with each line.
type Row<'a> = &'a mut dyn FnMut(u32, &[String]) -> Result<bool, TableError>;

/// Reads CSV as a stream.
pub(super) fn csv(file: File, row: Row<'_>) -> Result<(), TableError> {
    let bad = |e: &dyn std::fmt::Display| TableError::Unreadable(e.to_string());
    let text = Text::new(file).map_err(|e| bad(&e))?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(text.delimiter)
        .from_reader(BufReader::with_capacity(1 << 16, text));
    let mut record = csv::StringRecord::new();
    let mut cells = Vec::new();
    while reader.read_record(&mut record).map_err(|e| bad(&e))? {
        let line = record.position().map_or(0, |p| p.line().min(u64::from(u32::MAX)) as u32);
        cells.clear();
        cells.extend(record.iter().take(COLUMNS).map(str::to_owned));
        if !row(line, &cells)? {
            break;
        }
    }
    Ok(())
}

/// UTF-8, with its mark or without, or GB 18030: what a Chinese spreadsheet writes as CSV.
struct Text {
    file: File,
    /// Decodes what is not UTF-8.
    decoder: Option<Decoder>,
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
    over: bool,
    delimiter: u8,
}

impl Text {
    fn new(mut file: File) -> io::Result<Self> {
        let mut start = Vec::new();
        file.by_ref().take(1 << 16).read_to_end(&mut start)?;
        if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) || start.contains(&0) {
            return Err(io::Error::other("neither CSV nor XLSX"));
        }
        let utf8 = match std::str::from_utf8(&start) {
            Ok(_) => true,
            // Cut in the middle of a character.
            Err(e) => e.error_len().is_none() && start.len() - e.valid_up_to() < 4,
        };
        let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
        // One line of a file, counted three times at most.
        #[allow(clippy::naive_bytecount, reason = "no crate for this alone")]
        let count = |d: u8| line.iter().filter(|b| **b == d).count();
        let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|d| count(*d)).unwrap_or(b',');
        let mark = if start.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        file.seek(io::SeekFrom::Start(mark))?;
        Ok(Self {
            file,
            decoder: (!utf8).then(|| GB18030.new_decoder()),
            bytes: vec![0; 1 << 16],
            begin: 0,
            end: 0,
            over: false,
            delimiter,
        })
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.file.read(out) };
        // A character needs room; the buffer above asks for much more.
        if out.len() < 16 {
            return Err(io::Error::other("too little room"));
        }
        loop {
            if self.begin == self.end && !self.over {
                self.begin = 0;
                self.end = self.file.read(&mut self.bytes)?;
                self.over = self.end == 0;
            }
            let (result, read, written, _) =
                decoder.decode_to_utf8(&self.bytes[self.begin..self.end], out, self.over);
            self.begin += read;
            if written > 0 || (self.over && result == CoderResult::InputEmpty) {
                return Ok(written);
            }
        }
    }
}

/// Reads the first sheet of a workbook, cell by cell.
pub(super) fn workbook(mut file: File, row: Row<'_>) -> Result<(), TableError> {
    let bad = |e: &dyn std::fmt::Display| TableError::Unreadable(e.to_string());
    unpacked(&mut file)?;
    file.rewind().map_err(|e| bad(&e))?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(|e| bad(&e))?;
    let name = book.sheet_names().first().cloned().ok_or_else(|| bad(&"no sheet"))?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(|e| bad(&e))?;
    // Cell by cell: a sheet may claim more cells than there is memory.
    let (mut line, mut cells) = (0, Vec::new());
    while let Some(found) = reader.next_cell().map_err(|e| bad(&e))? {
        let (at, column) = found.get_position();
        let at = at.saturating_add(1);
        if at != line {
            if line > 0 && !row(line, &cells)? {
                return Ok(());
            }
            line = at;
            cells.clear();
        }
        let column = column as usize;
        if column < COLUMNS {
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text(found.get_value());
        }
    }
    if line > 0 {
        row(line, &cells)?;
    }
    Ok(())
}

/// Unpacks everything once, into nothing: what an archive says of its sizes is not believed.
fn unpacked(file: &mut File) -> Result<(), TableError> {
    let bad = |e: &dyn std::fmt::Display| TableError::Unreadable(e.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| bad(&e))?;
    let mut left = UNPACKED;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|e| bad(&e))?;
        let shared = entry.name().is_ok_and(|name| name.ends_with("sharedStrings.xml"));
        let most = if shared { SHARED.min(left) } else { left };
        let n = io::copy(&mut entry.take(most + 1), &mut io::sink()).map_err(|e| bad(&e))?;
        if n > most {
            return Err(bad(&"too large when unpacked"));
        }
        left -= n;
    }
    Ok(())
}

/// A cell as people see it: a code of digits is no fraction.
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
