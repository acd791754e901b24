//! Records as JSON lines: the contract of `hangtu records` (`docs/records.md`).
//!
//! Written by hand because millions of records go through here: what repeats from one record to
//! the next (the second of the time, the name of the file, who asked whom what) is formatted once.

use crate::{
    FieldName, Mac, Record, Time, Value,
    again::{Asked, Ended, Ends, Slots},
};
use std::{io::Write, net::IpAddr};

/// Writes records as JSON objects, one a line.
#[derive(Debug, Default)]
pub struct JsonWriter {
    second: Option<i64>,
    stamp: String,
    file: String,
    /// What ends a line of a record from `file`.
    end: Vec<u8>,
    pub(crate) asked: Slots<Asked>,
    pub(crate) ended: Slots<Ended>,
    pub(crate) ends: Slots<Ends>,
}

impl JsonWriter {
    /// A writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one record and a line feed. `file` is the evidence the record came from.
    pub fn line(&mut self, out: &mut Vec<u8>, record: &dyn Record, file: &str) {
        if self.file != file || self.end.is_empty() {
            file.clone_into(&mut self.file);
            self.end.clear();
            self.end.extend_from_slice(FieldName::EvidenceFile.key().as_bytes());
            string(&mut self.end, file);
            self.end.extend_from_slice(b"}\n");
        }
        let start = out.len();
        record.json(self, out);
        out.extend_from_slice(&self.end);
        // Each field begins with a comma; the first one's place is that of the brace.
        out[start] = b'{';
    }

    /// Appends a field of one value.
    #[inline(always)]
    pub(crate) fn field(&mut self, out: &mut Vec<u8>, name: FieldName, value: Value<'_>) {
        out.extend_from_slice(name.key().as_bytes());
        self.value(out, value);
    }

    /// Appends a field of one value or, as a list, of several.
    pub(crate) fn list(
        &mut self,
        out: &mut Vec<u8>,
        name: FieldName,
        values: &mut dyn Iterator<Item = Value<'_>>,
    ) {
        out.extend_from_slice(name.key().as_bytes());
        self.values(out, values);
    }

    /// The fields of a free-form record: its names may be any text, and come again anywhere.
    pub(crate) fn gather(&mut self, out: &mut Vec<u8>, fields: &[(&str, Value<'_>)]) {
        for (i, (name, _)) in fields.iter().enumerate() {
            if fields[..i].iter().any(|(n, _)| n == name) {
                continue;
            }
            out.push(b',');
            string(out, name);
            out.push(b':');
            let all = fields[i..].iter().filter(|(n, _)| n == name);
            self.values(out, &mut all.map(|(_, value)| *value));
        }
    }

    fn values(&mut self, out: &mut Vec<u8>, values: &mut dyn Iterator<Item = Value<'_>>) {
        let start = out.len();
        for (i, value) in values.enumerate() {
            match i {
                0 => {}
                1 => {
                    out.insert(start, b'[');
                    out.push(b',');
                }
                _ => out.push(b','),
            }
            self.value(out, value);
        }
        if out.get(start) == Some(&b'[') {
            out.push(b']');
        }
    }

    #[inline(always)]
    fn value(&mut self, out: &mut Vec<u8>, value: Value<'_>) {
        match value {
            Value::Str(s) => string(out, s),
            Value::Int(n) => match u8::try_from(n) {
                Ok(n) => append(out, &OCTETS[usize::from(n)].0, OCTETS[usize::from(n)].1.into()),
                Err(_) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
            },
            Value::Float(n) if n.is_finite() => {
                let _ = write!(out, "{n}");
            }
            Value::Bool(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
            Value::Ip(ip) => address(out, ip),
            Value::Mac(mac) => link_address(out, mac),
            Value::Time(time) => self.time(out, time),
            Value::Float(_) | Value::Null => out.extend_from_slice(b"null"),
        }
    }

    fn time(&mut self, out: &mut Vec<u8>, time: Time) {
        let (second, nanos) = (time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000));
        if self.second != Some(second) {
            self.stamp = Time::new(second, 0).to_rfc3339();
            self.stamp.pop();
            self.stamp.insert(0, '"');
            self.second = Some(second);
        }
        // As long as it is in every year of four digits.
        match self.stamp.as_bytes().as_array::<20>() {
            Some(stamp) => out.extend_from_slice(stamp),
            None => out.extend_from_slice(self.stamp.as_bytes()),
        }
        // The one in front keeps the zeroes behind it.
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(1_000_000_000 + nanos as u32).as_bytes();
        let mut text = [b'.'; 12];
        text[1..10].copy_from_slice(&digits[1..10]);
        let end = if nanos == 0 {
            0
        } else {
            text[..10].iter().rposition(|d| *d != b'0').unwrap_or(0) + 1
        };
        text[end..end + 2].copy_from_slice(b"Z\"");
        append(out, &text, end + 2);
    }
}

/// Appends so many of these bytes: all of them and then fewer, as a copy of fixed length needs no call.
#[inline(always)]
fn append<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N], count: usize) {
    let end = out.len() + count;
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// An octet in decimals, and how many.
const OCTETS: [([u8; 3], u8); 256] = {
    let mut octets = [([0; 3], 0); 256];
    let mut n = 0;
    while n < 256 {
        let (a, b, c) = (b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8);
        octets[n] = match n {
            0..10 => ([c, 0, 0], 1),
            10..100 => ([b, c, 0], 2),
            _ => ([a, b, c], 3),
        };
        n += 1;
    }
    octets
};

fn address(out: &mut Vec<u8>, ip: IpAddr) {
    let IpAddr::V4(ip) = ip else {
        let _ = write!(out, "\"{ip}\"");
        return;
    };
    let mut text = [b'"'; 20];
    let mut at = 1;
    for octet in ip.octets() {
        let (digits, count) = OCTETS[usize::from(octet)];
        text[at..at + 3].copy_from_slice(&digits);
        at += usize::from(count);
        text[at] = b'.';
        at += 1;
    }
    text[at - 1] = b'"';
    append(out, &text, at);
}

fn link_address(out: &mut Vec<u8>, mac: Mac) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = *b"\"00:00:00:00:00:00\"";
    for (b, place) in mac.0.into_iter().zip(text[1..].chunks_mut(3)) {
        place[0] = HEX[usize::from(b >> 4)];
        place[1] = HEX[usize::from(b & 15)];
    }
    out.extend_from_slice(&text);
}

/// Whether text stands in JSON as it is. Eight bytes at a time: nearly all of it does.
fn plain(text: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    // The high bit of each byte of `x` that is zero, and perhaps of bytes above such a one.
    let zeros = |x: u64| x.wrapping_sub(ONES) & !x & (ONES << 7);
    let plain = |eight: &[u8; 8]| {
        let x = u64::from_le_bytes(*eight);
        let low = x.wrapping_sub(ONES * 0x20) & !x & (ONES << 7);
        let one = |b: u64| zeros(x ^ (ONES * b));
        low | one(u64::from(b'"')) | one(u64::from(b'\\')) | one(0x7f) == 0
    };
    // The last eight may have been seen in part.
    match text.last_chunk() {
        Some(last) => text.as_chunks().0.iter().all(plain) && plain(last),
        None => text.iter().all(|b| *b >= 0x20 && *b != b'"' && *b != b'\\' && *b != 0x7f),
    }
}

fn string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    if plain(s.as_bytes()) {
        out.extend_from_slice(s.as_bytes());
    } else {
        escaped(out, s);
    }
    out.push(b'"');
}

#[inline(never)]
fn escaped(out: &mut Vec<u8>, s: &str) {
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

#[cfg(test)]
mod tests {
    use super::JsonWriter;
    use crate::{
        Endpoint, Field, FieldName, Fields, FileAction, FileVerb, Kind, Mac, Operation, Origin,
        Outcome, Record, Seen, Session, Time, Transport, Value, Verb,
    };

    fn line(record: &dyn Record) -> String {
        let mut out = b"before\n".to_vec();
        JsonWriter::new().line(&mut out, record, "a\".pcap");
        String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned()
    }

    #[test]
    fn lists_escapes_and_times() {
        let mut record =
            Fields::new(Kind::Event, Time(1_700_000_000_120_000_000), Origin::default());
        record.push("dns.question.name", "a\"b\\\u{1}");
        record.push("dns.question.name", "中");
        record.push("n", Value::Int(-40));
        record.push("ip", Value::Ip([10, 0, 99, 255].into()));
        record.push("mac", Value::Mac(Mac([0, 0x1b, 2, 3, 4, 0xff])));
        assert_eq!(
            line(&record),
            concat!(
                r#"{"@timestamp":"2023-11-14T22:13:20.12Z","record.kind":"event","#,
                r#""dns.question.name":["a\"b\\\u0001","中"],"n":-40,"ip":"10.0.99.255","#,
                r#""mac":"00:1b:02:03:04:ff","evidence.number":0,"evidence.offset":0,"#,
                r#""evidence.file":"a\".pcap"}"#,
                "\n"
            )
        );
    }

    /// Each byte that JSON does not take as it is, at each place of what is looked at together.
    #[test]
    fn text_comes_back_as_it_was() {
        for special in (0..0x20_u8).chain([b'"', b'\\', 0x7f, b'a']) {
            for at in 0..20 {
                let mut text = "一 plain text, long enough".to_owned();
                text.insert(text.char_indices().nth(at).unwrap().0, char::from(special));
                let mut record = Fields::new(Kind::Event, Time(0), Origin::default());
                record.push("t", text.as_str());
                let back: serde_json::Value = serde_json::from_str(&line(&record)).unwrap();
                assert_eq!(back["t"], text);
            }
        }
    }

    /// A record that says no more of itself than that it has these fields.
    struct Plain<'a>(&'a dyn Record);

    impl Record for Plain<'_> {
        fn kind(&self) -> Kind {
            self.0.kind()
        }
        fn time(&self) -> Time {
            self.0.time()
        }
        fn origin(&self) -> Origin {
            self.0.origin()
        }
        fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
            self.0.values(field, f);
        }
        fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
            self.0.each(f);
        }
    }

    #[test]
    fn typed_records_write_what_they_hand_on() {
        let end =
            |ip: [u8; 4], port| Endpoint { ip: Some(ip.into()), port, mac: Some(Mac([7; 6])) };
        let (source, destination) = (end([10, 1, 2, 3], 40_000), end([192, 168, 100, 9], 502));
        let (time, origin) =
            (Time(1_700_000_000_000_000_001), Origin { number: 7, ..Origin::default() });
        let mut operation = Operation {
            time,
            origin,
            source,
            destination,
            vlan: Some(5),
            protocol: "modbus",
            verb: Verb::Write,
            code: 16,
            function: "Write Multiple Registers",
            unit: Some(1),
            object: "holding-register".into(),
            address: Some(100),
            count: Some(2),
            value: "1 \"2\"".into(),
            outcome: Outcome::Error,
            error: Some(2),
            error_name: "Illegal Data Address",
            seen: Seen::Both,
            delay: Some(-3),
        };
        let mut session = Session {
            start: time,
            end: Time(time.0 + 1),
            origin,
            source,
            destination,
            vlan: None,
            transport: Transport::Udp,
            protocol: "dns",
            source_bytes: 1,
            destination_bytes: u64::from(u32::MAX),
            source_packets: 3,
            destination_packets: 4,
            state: "",
            lost: 0,
            facts: Vec::new(),
        };
        let mut action = FileAction {
            time,
            origin,
            source: Endpoint { ip: Some("fe80::1".parse().unwrap()), port: 0, mac: None },
            destination,
            protocol: "smb",
            verb: FileVerb::Rename,
            share: "图纸".into(),
            path: "a\\b.dwg".into(),
            target: "a\\b.locked".into(),
            size: Some(9),
            entropy: Some(7.5),
            status: 0,
            user: "u".into(),
        };
        // One writer, so that what it kept of earlier ones is there when it must not be used, and when it may.
        let mut writer = JsonWriter::new();
        let mut same = |record: &dyn Record| {
            for _ in 0..2 {
                let mut out = Vec::new();
                writer.line(&mut out, record, "a\".pcap");
                assert_eq!(String::from_utf8(out).unwrap(), line(&Plain(record)));
            }
            serde_json::from_str::<serde_json::Value>(&line(record)).unwrap()
        };
        same(&operation);
        let differ: [fn(&mut Operation); 16] = [
            |o| o.outcome = Outcome::Success,
            |o| o.error = None,
            |o| o.error_name = "",
            |o| o.seen = Seen::Request,
            |o| o.protocol = "s7comm",
            |o| o.verb = Verb::Read,
            |o| o.code = 17,
            |o| o.function = "",
            |o| o.source.ip = None,
            |o| o.source.port = 0,
            |o| o.source.mac = Some(Mac([8; 6])),
            |o| o.destination.ip = Some("fe80::2".parse().unwrap()),
            |o| o.destination.port = 503,
            |o| o.destination.mac = None,
            |o| o.vlan = Some(6),
            |o| (o.source, o.destination) = (o.destination, o.source),
        ];
        for change in differ {
            let mut other = operation.clone();
            change(&mut other);
            assert_ne!(same(&other), same(&operation));
        }
        (operation.vlan, operation.unit, operation.delay) = (None, None, None);
        operation.value = "".into();
        assert_eq!(same(&operation).get("operation.value"), None);
        same(&action);
        (action.size, action.path) = (None, "".into());
        let written = same(&action);
        for name in ["file.size", "file.path", "file.name"] {
            assert_eq!(written.get(name), None);
        }
        same(&session);
        for name in ["a.example", "b.example"] {
            session.facts.push((FieldName::DnsQuestionName, Value::Str(name).into()));
            session.facts.push((FieldName::DnsResponseCode, Value::Str("NOERROR").into()));
        }
        session.facts.remove(3);
        let written = same(&session);
        assert_eq!(written["dns.question.name"], serde_json::json!(["a.example", "b.example"]));
        assert_eq!(written["dns.response_code"], "NOERROR");
    }
}
