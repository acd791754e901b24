//! Reads inputs as a mapping file says.

use crate::{
    Sink,
    lines::{Entries, Line, Split},
    map::{Column, Form, LogMap},
};
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::Fields;
use std::{collections::HashSet, io, net::IpAddr};

/// Rows that may stand before the header.
const MAX_TITLES: u32 = 50;

impl LogMap {
    /// `csv`, `kv` or `lines`.
    pub(crate) fn format(&self) -> &'static str {
        match self.form {
            Form::Csv => "csv",
            Form::Kv => "kv",
            Form::Lines => "lines",
        }
    }

    /// Reads an input to its end.
    pub(crate) fn read(&self, source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
        match self.form {
            Form::Csv => self.read_csv(source, sink),
            Form::Kv | Form::Lines => self.read_lines(source, sink),
        }
    }

    fn read_csv(&self, source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
        let rows = Rows { delimiter: self.delimiter, quote: self.quote, ..Rows::default() };
        let mut entries = Entries::new(source, rows, self.charset);
        let mut names = self.columns.clone();
        let mut titles = 0;
        while let Some(entry) = entries.next(sink) {
            if entry.text.trim().is_empty() {
                continue;
            }
            let cells = row(self, &entry.text);
            let header = !self.header.is_empty()
                && self.header.iter().all(|name| cells.iter().any(|cell| cell == name));
            if header {
                names = cells;
                continue;
            }
            if names.is_empty() {
                titles += 1;
                if titles > MAX_TITLES {
                    sink.damage(entry.offset, DamageKind::BadEntry);
                }
                continue;
            }
            let pairs = names.iter().zip(&cells).map(|(n, c)| (n.as_str(), c.as_str()));
            let (number, offset) = (entry.number, entry.offset);
            self.emit(pairs.collect(), None, number, offset, sink)?;
        }
        Ok(())
    }

    fn read_lines(&self, source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
        let mut entries = Entries::new(source, Line, self.charset);
        while let Some(entry) = entries.next(sink) {
            let line = entry.text.trim();
            if line.is_empty() {
                continue;
            }
            // The priority of syslog says nothing here.
            let bare = line.strip_prefix('<').and_then(|l| l.split_once('>'));
            let line = match bare {
                Some((n, rest)) if n.parse::<u8>().is_ok() => rest,
                _ => line,
            };
            let (mut found, mut rest) = (Vec::new(), line);
            if let Some(front) = &self.front {
                let Some(captures) = front.captures(line) else {
                    sink.damage(entry.offset, DamageKind::BadEntry);
                    continue;
                };
                for name in front.capture_names().flatten() {
                    if let Some(group) = captures.name(name) {
                        found.push((name, group.as_str().trim()));
                    }
                }
                rest = &line[captures.get(0).map_or(0, |m| m.end())..];
            }
            if self.form == Form::Kv {
                self.pairs(rest, &mut found);
            }
            self.emit(found, Some(line), entry.number, entry.offset, sink)?;
        }
        Ok(())
    }

    /// The pairs of a line. A value may stand in quotes.
    fn pairs<'a>(&self, text: &'a str, out: &mut Vec<(&'a str, &'a str)>) {
        let gap = |c: char| self.between.contains(&c) || c.is_whitespace();
        let quote = char::from(self.quote);
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(gap);
            let Some(equals) = rest.find(self.pair) else { return };
            // What has no value is in front of the key.
            let key = rest[..equals].rsplit(|c| self.between.contains(&c)).next();
            let key = key.unwrap_or_default().trim();
            let value = &rest[equals + self.pair.len_utf8()..];
            let (value, behind) = if let Some(inside) = value.trim_start().strip_prefix(quote) {
                let mut escaped = false;
                let end = inside.find(|c| {
                    let closes = c == quote && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                });
                end.map_or((inside, ""), |e| (&inside[..e], &inside[e + quote.len_utf8()..]))
            } else {
                let end = value.find(|c| self.between.contains(&c)).unwrap_or(value.len());
                (value[..end].trim(), &value[end..])
            };
            // H3C numbers its keys: `SrcIPAddr(1003)=…`.
            let bare = key.strip_suffix(')').and_then(|k| k.rsplit_once('('));
            let numbered = |(_, n): &(&str, &str)| n.bytes().all(|b| b.is_ascii_digit());
            let key = bare.filter(numbered).map_or(key, |(key, _)| key);
            if !key.is_empty() {
                out.push((key, value));
            }
            rest = behind;
        }
    }

    fn emit(
        &self,
        found: Vec<(&str, &str)>,
        line: Option<&str>,
        number: u64,
        offset: u64,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let mut time = String::new();
        for name in &self.time_columns {
            let value = found.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
            if !value.is_empty() {
                time.extend([" ", value]);
            }
        }
        let Some(time) = self.time(&time, sink.settings.utc_offset) else {
            sink.damage(offset, DamageKind::BadEntry);
            return Ok(());
        };
        let event = &mut sink.event;
        event.push("log.format", self.format());
        event.push("log.map", self.name.as_str());
        if let Some(line) = line {
            event.push("message", line);
        }
        let mut pushed: HashSet<&str> = HashSet::new();
        for (name, value) in found {
            match self.fields.get(name) {
                _ if value.is_empty() => {}
                Some(Column { to, values }) => {
                    let value = values.get(value).map_or(value, String::as_str);
                    for name in to {
                        if push(event, name, value) {
                            pushed.insert(name.as_str());
                        }
                    }
                }
                None if self.keep_others && !self.time_columns.iter().any(|c| c == name) => {
                    event.push(name, value);
                }
                None => {}
            }
        }
        for (name, value) in &self.fixed {
            if !pushed.contains(name.as_str()) {
                push(event, name, value);
            }
        }
        sink.emit(time, number, offset)
    }
}

/// Pushes a value: addresses and ports as such, where the name says so.
fn push(event: &mut Fields, name: &str, value: &str) -> bool {
    let value = value.trim();
    if matches!(value, "" | "-" | "N/A" | "(null)") {
        return false;
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if last == "ip" {
        // What is no address has no place in an address field.
        let Ok(ip) = value.parse::<IpAddr>() else { return false };
        event.push(name, ip);
    } else if let Ok(n) = value.parse::<i64>()
        && matches!(last, "port" | "pid" | "bytes")
    {
        event.push(name, n);
    } else {
        event.push(name, value);
    }
    true
}

/// The cells of a row, without blanks around them.
pub(crate) fn row(map: &LogMap, text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(map.delimiter)
        .quote(map.quote)
        .buffer_capacity(text.len().clamp(64, 1 << 16))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(|cell| cell.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Entries are rows: a line end within quotes does not end one.
#[derive(Default)]
struct Rows {
    delimiter: u8,
    quote: u8,
    quoted: bool,
    /// Something of the cell was seen.
    within: bool,
}

impl Split for Rows {
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            match *byte {
                b if b == self.quote && (self.quoted || !self.within) => {
                    self.quoted = !self.quoted;
                    // Two quotes are one, so the cell may be open again.
                    self.within = false;
                }
                _ if self.quoted => {}
                b'\n' => {
                    self.within = false;
                    return Some(at + 1);
                }
                b if b == self.delimiter => self.within = false,
                b' ' => {}
                _ => self.within = true,
            }
        }
        None
    }
}
