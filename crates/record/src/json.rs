//! Records as JSON lines: the contract of `hangtu records` (`docs/records.md`).
//!
//! Written by hand because millions of records go through here: what repeats from one record to
//! the next (the second of the time) is formatted once.

use crate::{Kind, Record, Time, Value};
use std::{io::Write, net::IpAddr};

/// Writes records as JSON objects, one a line.
#[derive(Debug, Default)]
pub struct JsonWriter {
    second: Option<i64>,
    stamp: String,
}

impl JsonWriter {
    /// A writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one record and a line feed. `file` is the evidence the record came from.
    pub fn line(&mut self, out: &mut Vec<u8>, record: &dyn Record, file: &str) {
        out.push(b'{');
        if !matches!(record.kind(), Kind::Operation | Kind::Session | Kind::File) {
            self.gathered(out, record);
            out.extend_from_slice(b"\"evidence.file\":");
            string(out, file);
            out.extend_from_slice(b"}\n");
            return;
        }
        let mut open: Option<&str> = None;
        let mut list = false;
        record.each(&mut |name, value| {
            // A name that comes again right behind itself makes a list.
            if open == Some(name) {
                if !list {
                    // The first value stands alone so far; find where it begins.
                    let at = last_value(out, name);
                    out.insert(at, b'[');
                    list = true;
                }
                out.push(b',');
                self.value(out, value);
                return;
            }
            if list {
                out.push(b']');
                list = false;
            }
            if open.is_some() {
                out.push(b',');
            }
            open = Some(name);
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            self.value(out, value);
        });
        if list {
            out.push(b']');
        }
        if open.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"evidence.file\":");
        string(out, file);
        out.extend_from_slice(b"}\n");
    }

    /// The fields of a free-form record: its names may be any text, and come again anywhere.
    fn gathered(&mut self, out: &mut Vec<u8>, record: &dyn Record) {
        let mut fields = Vec::new();
        record.each(&mut |name, value| fields.push((name, value)));
        for (i, (name, value)) in fields.iter().enumerate() {
            if fields[..i].iter().any(|(n, _)| n == name) {
                continue;
            }
            string(out, name);
            out.push(b':');
            let mut more = fields[i + 1..].iter().filter(|(n, _)| n == name).peekable();
            let list = more.peek().is_some();
            if list {
                out.push(b'[');
            }
            self.value(out, *value);
            for (_, value) in more {
                out.push(b',');
                self.value(out, *value);
            }
            out.extend_from_slice(if list { b"]," } else { b"," });
        }
    }

    fn value(&mut self, out: &mut Vec<u8>, value: Value<'_>) {
        match value {
            Value::Str(s) => string(out, s),
            Value::Int(n) => integer(out, n),
            Value::Float(n) if n.is_finite() => {
                let _ = write!(out, "{n}");
            }
            Value::Bool(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
            Value::Ip(IpAddr::V4(ip)) => {
                out.push(b'"');
                for (i, octet) in ip.octets().into_iter().enumerate() {
                    if i > 0 {
                        out.push(b'.');
                    }
                    integer(out, i64::from(octet));
                }
                out.push(b'"');
            }
            Value::Ip(ip) => {
                let _ = write!(out, "\"{ip}\"");
            }
            Value::Mac(mac) => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push(b'"');
                for (i, b) in mac.0.into_iter().enumerate() {
                    if i > 0 {
                        out.push(b':');
                    }
                    out.push(HEX[usize::from(b >> 4)]);
                    out.push(HEX[usize::from(b & 15)]);
                }
                out.push(b'"');
            }
            Value::Time(time) => self.time(out, time),
            Value::Float(_) | Value::Null => out.extend_from_slice(b"null"),
        }
    }

    fn time(&mut self, out: &mut Vec<u8>, time: Time) {
        let (second, nanos) = (time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000));
        if self.second != Some(second) {
            self.stamp = Time::new(second, 0).to_rfc3339();
            self.stamp.truncate(self.stamp.len().saturating_sub(1));
            self.second = Some(second);
        }
        out.push(b'"');
        out.extend_from_slice(self.stamp.as_bytes());
        if nanos != 0 {
            let mut digits = *b".000000000";
            let mut rest = nanos;
            for digit in digits[1..].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            let end = digits.iter().rposition(|d| *d != b'0').unwrap_or(0);
            out.extend_from_slice(&digits[..=end]);
        }
        out.extend_from_slice(b"Z\"");
    }
}

/// Where the value behind the last `"name":` begins.
fn last_value(out: &[u8], name: &str) -> usize {
    let key = format!("\"{name}\":");
    let at = out.windows(key.len()).rposition(|w| w == key.as_bytes()).unwrap_or(0);
    at + key.len()
}

fn integer(out: &mut Vec<u8>, n: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = n.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

fn string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    if s.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\' && b != 0x7f) {
        out.extend_from_slice(s.as_bytes());
    } else {
        for c in s.chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                c if c.is_control() => {
                    let _ = write!(out, "\\u{:04x}", c as u32);
                }
                c => {
                    let mut buffer = [0; 4];
                    out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                }
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::JsonWriter;
    use crate::{Fields, Kind, Mac, Origin, Time, Value};

    #[test]
    fn lists_escapes_and_times() {
        let mut record =
            Fields::new(Kind::Event, Time(1_700_000_000_120_000_000), Origin::default());
        record.push("dns.question.name", "a\"b\\\u{1}");
        record.push("dns.question.name", "中");
        record.push("n", Value::Int(-40));
        record.push("ip", Value::Ip([10, 0, 0, 255].into()));
        record.push("mac", Value::Mac(Mac([0, 0x1b, 2, 3, 4, 0xff])));
        let mut out = Vec::new();
        JsonWriter::new().line(&mut out, &record, "a.pcap");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"@timestamp":"2023-11-14T22:13:20.12Z","record.kind":"event","#,
                r#""dns.question.name":["a\"b\\\u0001","中"],"n":-40,"ip":"10.0.0.255","#,
                r#""mac":"00:1b:02:03:04:ff","evidence.number":0,"evidence.offset":0,"#,
                r#""evidence.file":"a.pcap"}"#,
                "\n"
            )
        );
    }
}
