//! Windows events as XML: `wevtutil qe /f:xml`, exports of the Event Viewer.

use crate::{
    Sink,
    format::Format,
    lines::{self, Charset, Entries, Split},
    stamp, windows,
};
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::{Fields, Time};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use std::io;

/// Windows events as XML.
pub(crate) const XML: Format = Format { name: "windows-xml", recognise, read };

const END: &[u8] = b"</Event>";
/// Elements within elements; an event needs six.
const MAX_DEPTH: usize = 64;

/// Entries end with an event's end tag.
struct Events;

impl Split for Events {
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let from = from.saturating_sub(END.len() - 1);
        memchr::memmem::find(&bytes[from..], END).map(|at| from + at + END.len())
    }
}

fn recognise(head: &[u8], _name: &str) -> bool {
    let head = lines::head(head);
    let start = head.trim_start();
    start.starts_with('<') && last_start(&head).is_some() && head.contains("<System")
}

/// Where the last `<Event>` or `<Event xmlns=…>` begins.
fn last_start(text: &str) -> Option<usize> {
    let starts = text.rmatch_indices("<Event");
    let mut starts = starts.filter(|(at, tag)| {
        text[at + tag.len()..].starts_with(|c: char| c == '>' || c.is_whitespace())
    });
    starts.next().map(|(at, _)| at)
}

fn read(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut entries = Entries::new(source, Events, Charset::Auto);
    let mut number = 0;
    while let Some(entry) = entries.next(sink) {
        // An event without an end stands in front of the next one.
        let Some(start) = last_start(&entry.text) else {
            if entry.whole {
                sink.damage(entry.offset, DamageKind::BadEntry);
            }
            continue;
        };
        number += 1;
        let offset = entry.offset_of(start);
        if last_start(&entry.text[..start]).is_some() {
            sink.damage(entry.offset, DamageKind::BadEntry);
        }
        sink.event.push("log.format", "windows-xml");
        let time = fill(&mut sink.event, &entry.text[start..]).filter(|_| entry.whole);
        if let Some(time) = time {
            windows::finish(&mut sink.event);
            sink.emit(time, number, offset)?;
        } else {
            sink.event.clear();
            let whole = entry.whole;
            sink.damage(offset, if whole { DamageKind::BadEntry } else { DamageKind::Truncated });
        }
    }
    Ok(())
}

/// The part of an event an element stands in.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    None,
    System,
    Data,
    /// `UserData` and whatever else has elements of its own.
    Free,
    Rendering,
}

/// Pushes the native fields; the event's time.
fn fill(event: &mut Fields, xml: &str) -> Option<Time> {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = false;
    let mut open: Vec<String> = Vec::new();
    let (mut part, mut time) = (Part::None, None);
    let (mut name, mut text, mut leaf) = (String::new(), String::new(), false);
    // What stands before broken markup is kept.
    while let Ok(found) = reader.read_event() {
        let empty = matches!(found, Event::Empty(_));
        match found {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let element = tag.local_name().into_inner().to_owned();
                if open.len() == 1 {
                    part = match element.as_str() {
                        "System" => Part::System,
                        "EventData" => Part::Data,
                        "RenderingInfo" => Part::Rendering,
                        _ => Part::Free,
                    };
                }
                name.clone_from(&element);
                if open.len() >= 2 {
                    attributes(event, part, &element, &tag, &mut name, &mut time);
                }
                text.clear();
                leaf = true;
                open.push(element);
                if empty {
                    close(event, part, &mut open, &name, &text);
                    leaf = false;
                }
                if open.len() > MAX_DEPTH {
                    break;
                }
            }
            Event::End(_) => {
                if leaf {
                    close(event, part, &mut open, &name, &text);
                } else {
                    open.pop();
                }
                leaf = false;
                if open.is_empty() {
                    break;
                }
            }
            Event::Text(t) => text.push_str(&t),
            Event::CData(t) => text.push_str(&t),
            Event::GeneralRef(r) => match r.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                Ok(None) => text.push_str(match &*r {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => "\u{fffd}",
                }),
                Err(_) => {}
            },
            _ => {}
        }
    }
    time
}

fn attributes(
    event: &mut Fields,
    part: Part,
    element: &str,
    tag: &BytesStart<'_>,
    name: &mut String,
    time: &mut Option<Time>,
) {
    for attribute in tag.attributes().with_checks(false).flatten() {
        let key = attribute.key.local_name().into_inner();
        let namespace = attribute.key.0.starts_with("xmlns");
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else { continue };
        match (part, element, key) {
            (Part::System, "TimeCreated", "SystemTime") => {
                *time = stamp::iso(&value, 0).map(|(time, _)| time);
            }
            (Part::System, "Provider", "Name") => event.push("Provider_Name", &*value),
            (Part::System, "Execution", "ProcessID" | "ThreadID") => {
                number(event, &format!("Execution_{key}"), &value);
            }
            (Part::System, "Security", "UserID") => event.push("UserID", &*value),
            (Part::System, "Correlation", "ActivityID") => {
                event.push("Correlation_ActivityID", &*value);
            }
            (Part::Data, "Data", "Name") => *name = value.into_owned(),
            (Part::Free, ..) if !namespace => {
                event.push(&format!("{element}_{key}"), &*value);
            }
            _ => {}
        }
    }
}

/// Pushes what an element without elements held.
fn close(event: &mut Fields, part: Part, open: &mut Vec<String>, name: &str, text: &str) {
    let Some(element) = open.pop() else { return };
    match (part, element.as_str()) {
        _ if open.len() < 2 => {}
        (Part::System, "EventID" | "EventRecordID" | "Level" | "Task" | "Opcode" | "Version") => {
            number(event, &element, text);
        }
        (Part::System, "Channel" | "Computer" | "Keywords") => event.push(&element, text),
        (Part::Rendering, "Message") => event.push("message", text),
        (Part::Data | Part::Free, _) => event.push(name, text),
        _ => {}
    }
}

/// Pushes a whole number; what is none stays text.
fn number(event: &mut Fields, name: &str, text: &str) {
    match text.trim().parse::<i64>() {
        Ok(n) => event.push(name, n),
        Err(_) => event.push(name, text),
    }
}
