//! Windows events as JSON: evtx_dump (and what Hayabusa reads), Winlogbeat, NXLog, EvtxECmd,
//! `Get-WinEvent | ConvertTo-Json`. All come out under the names of the event log itself.

mod event;
mod flat;
mod properties;

use crate::{Sink, format::Format, json, lines, stamp, windows};
use hangtu_evidence::Source;
use hangtu_record::{Fields, Time};
use serde_json::{Map, Value};
use std::{fmt::Write, io};

/// Windows events as JSON.
pub(crate) const JSON: Format = Format { name: "windows-json", recognise, read };

fn recognise(head: &[u8], _name: &str) -> bool {
    let head = lines::head(head);
    let start = head.trim_start();
    let has = |key: &str| head.contains(key);
    start.starts_with(['{', '['])
        && (has("\"Event\"") && has("\"System\"")
            || has("\"winlog\"")
            || has("\"winlog.")
            || has("\"event_data\"")
            || (has("\"EventID\"") || has("\"EventId\"")) && has("\"Channel\"")
            || has("\"EventID\"") && has("\"SourceName\"")
            || has("\"LogName\"") && has("\"ProviderName\""))
}

fn read(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    json::read(source, sink, |event, object, utc_offset| {
        event.push("log.format", "windows-json");
        let time = fill(event, &object, utc_offset)?;
        windows::finish(event);
        Some(time)
    })
}

fn fill(out: &mut Fields, object: &Map<String, Value>, utc_offset: i32) -> Option<Time> {
    let object = object.get("_source").and_then(Value::as_object).unwrap_or(object);
    let has = |key: &str| object.contains_key(key);
    if let Some(Value::Object(inner)) = object.get("Event") {
        event::fill(out, inner)
    } else if has("winlog") || object.keys().any(|k| k.starts_with("winlog.")) || has("event_data")
    {
        flat::winlogbeat(out, object)
    } else if has("Payload") {
        flat::evtxecmd(out, object)
    } else if has("LogName") && has("ProviderName") {
        flat::powershell(out, object)
    } else if has("EventID") {
        flat::nxlog(out, object, utc_offset)
    } else {
        None
    }
}

/// Pushes a value as the event's XML would show it.
fn push(out: &mut Fields, name: &str, value: &Value) {
    match value {
        Value::Null => out.push(name, ""),
        Value::Bool(yes) => out.push(name, if *yes { "true" } else { "false" }),
        Value::Number(n) => out.push_with(name, |text| {
            let _ = write!(text, "{n}");
        }),
        Value::String(text) => out.push(name, text.as_str()),
        Value::Array(list) => list.iter().for_each(|value| push(out, name, value)),
        Value::Object(object) => match object.get("#text") {
            Some(value) => push(out, name, value),
            None => object.iter().for_each(|(key, value)| push(out, local(key), value)),
        },
    }
}

/// Pushes a number of the event's `System` part.
fn push_number(out: &mut Fields, name: &str, value: &Value) {
    if let Some(n) = number(value) {
        out.push(name, n);
    }
}

/// A whole number, also as text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(object) => number(object.get("#text").or(object.get("Value"))?),
        value => value.as_i64(),
    }
}

/// `Keywords`: hex digits as in XML, whatever the tool made of them.
fn push_keywords(out: &mut Fields, value: &Value) {
    let text = match value {
        Value::Array(list) => return list.iter().for_each(|value| push_keywords(out, value)),
        Value::Number(n) => {
            let bits = n.as_i64().map(|n| n as u64).or(n.as_u64()).unwrap_or_default();
            return out.push_with("Keywords", |text| {
                let _ = write!(text, "0x{bits:016x}");
            });
        }
        Value::String(text) => text.as_str(),
        _ => return,
    };
    let hex = match text.to_ascii_lowercase().replace('_', " ").as_str() {
        "audit success" => "0x8020000000000000",
        "audit failure" => "0x8010000000000000",
        _ => text,
    };
    match hex.parse::<i64>() {
        Ok(n) => push_keywords(out, &Value::from(n)),
        Err(_) => out.push("Keywords", hex),
    }
}

/// `Level` from its number or its English name.
fn push_level(out: &mut Fields, value: &Value) {
    let named = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["log", "crit", "err", "warn", "info", "verb"].iter().position(|n| text.starts_with(n))
    };
    match value.as_str().and_then(named) {
        Some(n) => out.push("Level", n as i64),
        None => push_number(out, "Level", value),
    }
}

/// A time: ISO 8601, in UTC unless it says otherwise, or `/Date(milliseconds)/`.
fn time(value: Option<&Value>, utc_offset: i32) -> Option<Time> {
    let text = value?.as_str()?;
    if let Some(rest) = text.strip_prefix("/Date(") {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        return Some(Time(rest[..end].parse::<i64>().ok()?.checked_mul(1_000_000)?));
    }
    let offset = if text.ends_with("UTC") { 0 } else { utc_offset };
    stamp::iso(text, offset).map(|(time, _)| time)
}

/// A name without its namespace.
fn local(key: &str) -> &str {
    key.rsplit(':').next().unwrap_or(key)
}
