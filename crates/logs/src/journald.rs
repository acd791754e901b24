//! The systemd journal: `journalctl -o json` (and its kin) and `-o export`.

use crate::{
    Sink,
    format::Format,
    json,
    lines::{self, Charset, Entries, MAX_ENTRY, Split},
    syslog::{FACILITIES, SEVERITIES, known},
};
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::{Fields, Time};
use serde_json::{Map, Value};
use std::io;

/// `journalctl -o json`, `json-pretty`, `json-seq`, `json-sse`.
pub(crate) const JSON: Format = Format { name: "journald", recognise: is_json, read: read_json };
/// `journalctl -o export` (systemd's Journal Export Format).
pub(crate) const EXPORT: Format =
    Format { name: "journald", recognise: is_export, read: read_export };

/// The field every entry has: microseconds since 1970.
const TIME: &str = "__REALTIME_TIMESTAMP";

fn is_json(head: &[u8], _name: &str) -> bool {
    let head = lines::head(head);
    head.contains("\"__REALTIME_TIMESTAMP\"") && head.contains('{')
}

fn is_export(head: &[u8], _name: &str) -> bool {
    let begins = head.starts_with(b"__CURSOR=") || head.starts_with(b"__REALTIME_TIMESTAMP=");
    begins || memchr::memmem::find(head, b"\n\n__CURSOR=").is_some()
}

fn read_json(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    json::read(source, sink, |event, object, _| from_json(event, &object))
}

fn from_json(event: &mut Fields, object: &Map<String, Value>) -> Option<Time> {
    event.push("log.format", "journald");
    for (name, value) in object {
        match value {
            // Several values, unless they are the bytes of one.
            Value::Array(list) if !list.iter().all(Value::is_u64) || list.is_empty() => {
                for value in list {
                    push_json(event, name, value);
                }
            }
            value => push_json(event, name, value),
        }
    }
    finish(event)
}

fn push_json(event: &mut Fields, name: &str, value: &Value) {
    match value {
        Value::String(text) => event.push(name, text.as_str()),
        Value::Number(number) => event.push(name, number.to_string().as_str()),
        Value::Array(bytes) => {
            let bytes: Vec<u8> =
                bytes.iter().filter_map(|b| u8::try_from(b.as_u64()?).ok()).collect();
            event.push(name, &*lines::decode(&bytes, Charset::Auto));
        }
        // A value that is too long for the export is null.
        _ => {}
    }
}

/// Entries are blocks of `NAME=value` lines, and of `NAME`, eight bytes of length and that many
/// bytes of value, up to an empty line.
#[derive(Default)]
struct Blocks {
    /// Up to where lines of the entry were looked at.
    at: usize,
    /// Bytes there were when the entry was looked at last.
    seen: usize,
    /// The lengths make no sense any more: looking for an empty line.
    lost: bool,
}

impl Split for Blocks {
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        self.lost |= from != self.seen;
        let mut end = None;
        let mut from = from.saturating_sub(1);
        if !self.lost {
            end = self.walk(bytes);
            from = self.at.min(bytes.len());
        }
        if self.lost {
            end = memchr::memmem::find(&bytes[from..], b"\n\n").map(|at| from + at + 2);
        }
        if end.is_some() {
            *self = Self::default();
        } else {
            self.seen = bytes.len();
        }
        end
    }
}

impl Blocks {
    fn walk(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let rest = bytes.get(self.at..)?;
            let (line, used) = next_line(rest)?;
            match line {
                Item::Empty if self.at == 0 => {}
                Item::Empty => return Some(self.at + used),
                Item::Long if used > MAX_ENTRY => {
                    self.lost = true;
                    return None;
                }
                Item::Long | Item::Field(..) => {}
            }
            self.at += used;
        }
    }
}

enum Item<'a> {
    Empty,
    /// The value is not all there.
    Long,
    Field(&'a [u8], &'a [u8]),
}

/// What stands in front, and how many bytes it takes (may be more than there are).
fn next_line(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
    let end = memchr::memchr(b'\n', bytes)?;
    let line = &bytes[..end];
    if line.is_empty() {
        return Some((Item::Empty, 1));
    }
    if let Some(equals) = memchr::memchr(b'=', line) {
        return Some((Item::Field(&line[..equals], &line[equals + 1..]), end + 1));
    }
    let length = bytes.get(end + 1..end + 9)?.try_into().ok()?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    let used = length.saturating_add(end + 10);
    match bytes.get(end + 9..used.saturating_sub(1)) {
        Some(value) => Some((Item::Field(line, value), used)),
        None => Some((Item::Long, used)),
    }
}

fn read_export(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut entries = Entries::new(source, Blocks::default(), Charset::Auto);
    while let Some(entry) = entries.next_raw(sink) {
        let mut rest = entry.bytes;
        if rest.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        sink.event.push("log.format", "journald");
        let mut part = false;
        while let Some((item, used)) = next_line(rest) {
            match item {
                Item::Empty => {}
                Item::Field(name, value) => {
                    let name = String::from_utf8_lossy(name);
                    sink.event.push(&name, &*lines::decode(value, Charset::Auto));
                }
                Item::Long => part = true,
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        part |= !rest.is_empty();
        let cut = !entry.whole && part;
        let time = finish(&mut sink.event).filter(|_| !cut);
        if let Some(time) = time {
            sink.emit(time, entry.number, entry.offset)?;
            if part {
                sink.damage(entry.offset, DamageKind::BadEntry);
            }
        } else {
            sink.event.clear();
            sink.damage(
                entry.offset,
                if cut { DamageKind::Truncated } else { DamageKind::BadEntry },
            );
        }
    }
    Ok(())
}

/// Adds the common names; the time of the entry.
fn finish(event: &mut Fields) -> Option<Time> {
    let micros: i64 = event.text(TIME)?.parse().ok()?;
    let own = |event: &Fields, name: &str| event.text(name).map(str::to_owned);
    let number = |event: &Fields, name: &str| event.text(name)?.parse::<i64>().ok();
    let message = own(event, "MESSAGE").unwrap_or_default();
    let program = own(event, "SYSLOG_IDENTIFIER").or_else(|| own(event, "_COMM"));
    let program = program.unwrap_or_default();
    if !message.is_empty() {
        event.push("message", message.as_str());
    }
    if !program.is_empty() {
        event.push("program", program.as_str());
    }
    for (alias, name) in [
        ("host.hostname", "_HOSTNAME"),
        ("process.name", "_COMM"),
        ("process.executable", "_EXE"),
        ("service.unit", "_SYSTEMD_UNIT"),
    ] {
        if let Some(value) = own(event, name) {
            event.push(alias, value.as_str());
        }
    }
    if let Some(pid) = number(event, "_PID").or_else(|| number(event, "SYSLOG_PID")) {
        event.push("process.pid", pid);
    }
    for (alias, name, names) in [
        ("severity", "PRIORITY", &SEVERITIES[..]),
        ("facility", "SYSLOG_FACILITY", &FACILITIES[..]),
    ] {
        let place = number(event, name).and_then(|n| usize::try_from(n).ok());
        if let Some(text) = place.and_then(|n| names.get(n)) {
            event.push(alias, *text);
        }
    }
    known(&program, &message, event);
    Some(Time(micros.checked_mul(1000)?))
}
