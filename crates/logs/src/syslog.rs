//! Syslog: RFC 3164 and RFC 5424 lines, rsyslog files with ISO times, and Windows servicing logs
//! (CBS.log), which look alike.

mod header;
mod program;

use crate::{
    Settings, Sink,
    format::Format,
    lines::{self, Charset, Entries, Line},
};
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::{Fields, Time};
use header::{Calendar, Header};
pub(crate) use program::known;
use std::io;

/// Lines of syslog.
pub(crate) const SYSLOG: Format = Format { name: "syslog", recognise, read };

/// Names of facilities by number (RFC 5424, section 6.2.1).
pub(crate) const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
/// Names of severities by number.
pub(crate) const SEVERITIES: [&str; 8] =
    ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

fn recognise(head: &[u8], _name: &str) -> bool {
    let head = lines::head(head);
    let lines = head.lines().map(|l| l.trim_matches('\0')).filter(|l| !l.trim().is_empty());
    let (mut good, mut all) = (0, 0);
    for line in lines.take(50) {
        all += 1;
        let mut calendar = Calendar::new(&Settings::default());
        let line = frame(line).map_or(line, |(one, _)| one);
        good += u32::from(Header::parse(line, &mut calendar, 0).is_some());
    }
    // Messages of several lines have lines without a header.
    good > 0 && good * 2 >= all
}

fn read(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut entries = Entries::new(source, Line, Charset::Auto);
    let mut calendar = Calendar::new(sink.settings);
    let mut last: Option<Time> = None;
    while let Some(entry) = entries.next(sink) {
        let mut rest = &*entry.text;
        while !rest.trim().is_empty() {
            let offset = entry.offset_of(entry.text.len() - rest.len());
            // Octet counting (RFC 6587) may put several messages into what looks like a line.
            let (one, behind) = frame(rest).unwrap_or((rest, ""));
            match Header::parse(one, &mut calendar, sink.settings.utc_offset) {
                Some(header) => {
                    fill(&mut sink.event, &header);
                    last = Some(header.time);
                    sink.emit(header.time, entry.number, offset)?;
                }
                // A line that goes on with the message before it.
                None if one.starts_with([' ', '\t']) && last.is_some() => {
                    sink.event.push("log.format", "syslog");
                    sink.event.push("message", one);
                    sink.emit(last.unwrap_or_default(), entry.number, offset)?;
                }
                None => sink.damage(offset, DamageKind::BadEntry),
            }
            rest = behind;
        }
    }
    Ok(())
}

/// `LENGTH <PRI>…`: the message of that length, and what follows.
fn frame(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let message = text.get(digits..)?.strip_prefix(' ')?;
    if digits == 0 || !message.starts_with('<') {
        return None;
    }
    let length = text[..digits].parse::<usize>().ok()?.min(message.len());
    let length = (length..=message.len()).find(|at| message.is_char_boundary(*at))?;
    Some(message.split_at(length)).filter(|(one, _)| !one.is_empty())
}

fn fill(event: &mut Fields, header: &Header<'_>) {
    event.push("log.format", "syslog");
    event.push("message", header.message);
    if !header.program.is_empty() {
        event.push("program", header.program);
        // `su(pam_unix)` of old systems.
        let name = header.program.split('(').next().unwrap_or_default();
        event.push("process.name", name);
    }
    if let Some(pid) = header.pid {
        event.push("process.pid", pid);
    }
    if !header.host.is_empty() {
        event.push("host.hostname", header.host);
    }
    if let Some(priority) = header.priority {
        event.push("facility", FACILITIES[usize::from(priority / 8) % 24]);
        event.push("severity", SEVERITIES[usize::from(priority % 8)]);
    }
    if !header.severity.is_empty() {
        event.push("severity", &*header.severity.to_ascii_lowercase());
    }
    if !header.message_id.is_empty() {
        event.push("syslog.msgid", header.message_id);
    }
    header::structured(header.data, &mut |id, name, value| {
        event.push_with(&format!("syslog.{id}.{name}"), |out| out.push_str(&value));
    });
    known(header.program, header.message, event);
}
