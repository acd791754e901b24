//! A record as one line that a person can read, and its fields as JSON.

use hangtu_record::{Field, FieldName as F, Kind, Record, Value};
use serde_json::{
    Map, Value as Json,
    value::{RawValue, to_raw_value},
};
use std::fmt::Write;

/// `modbus write Write Single Register unit 1 holding-register @40 = 500 → error Illegal Data Address`.
pub(crate) fn line(record: &dyn Record) -> String {
    let mut out = String::new();
    let get = |name: F| record.first(&Field::from(name)).map(|v| v.to_string());
    let put = |out: &mut String, before: &str, name: F| {
        if let Some(text) = get(name) {
            let _ = write!(out, "{before}{text}");
        }
    };
    put(&mut out, "", F::NetworkProtocol);
    match record.kind() {
        Kind::Operation => {
            put(&mut out, " ", F::OperationVerb);
            put(&mut out, " · ", F::OperationFunction);
            if get(F::OperationFunction).is_none() {
                put(&mut out, " · code ", F::OperationCode);
            }
            put(&mut out, " · unit ", F::OperationUnit);
            put(&mut out, " · ", F::OperationObject);
            put(&mut out, " @", F::OperationAddress);
            put(&mut out, " ×", F::OperationCount);
            put(&mut out, " = ", F::OperationValue);
            put(&mut out, " → ", F::OperationOutcome);
            put(&mut out, " ", F::OperationErrorName);
        }
        Kind::File => {
            put(&mut out, " ", F::EventAction);
            put(&mut out, " ", F::FileShare);
            put(&mut out, " ", F::FilePath);
            put(&mut out, " → ", F::FileTargetPath);
            put(&mut out, " · bytes ", F::FileSize);
            put(&mut out, " · entropy ", F::FileEntropy);
            put(&mut out, " · user ", F::UserName);
        }
        Kind::Event => return event(record),
        Kind::Setting => return setting(record),
        _ => {
            put(&mut out, "/", F::NetworkTransport);
            put(&mut out, " ", F::SessionState);
            put(&mut out, " · bytes ", F::SourceBytes);
            put(&mut out, " ↔ ", F::DestinationBytes);
            for name in [
                F::DnsQuestionName,
                F::TlsServerName,
                F::UrlDomain,
                F::UserName,
                F::Command,
                F::ProtocolVersion,
            ] {
                put(&mut out, " · ", name);
            }
        }
    }
    let side = |ip: F, mac: F, port: F| {
        let host = get(ip).or_else(|| get(mac)).unwrap_or_default();
        get(port).map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    };
    let _ = write!(
        out,
        " [{} → {}]",
        side(F::SourceIp, F::SourceMac, F::SourcePort),
        side(F::DestinationIp, F::DestinationMac, F::DestinationPort)
    );
    out.trim().to_owned()
}

/// Longest line of an event; its fields hold the rest.
const LINE: usize = 300;

/// `Security 4625 · failure · user eve · C:\\Windows\\…\\x.exe -k [10.1.2.9 → HMI-01]`.
fn event(record: &dyn Record) -> String {
    let get = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| record.first(&Field::new(name)));
        values.find_map(|value| match value.to_string() {
            text if text.is_empty() || text == "-" => None,
            text => Some(text),
        })
    };
    let mut out = get(&["Channel", "program", "log.format"]).unwrap_or_default();
    let number = get(&["EventID", "type"]).map(|n| format!(" {n}")).unwrap_or_default();
    out.push_str(&number);
    for (label, names) in [
        ("", &["event.action"][..]),
        ("", &["event.outcome"]),
        ("user ", &["user.name"]),
        ("", &["CommandLine", "ScriptBlockText", "process.command_line"]),
        (
            "",
            &["TargetObject", "TargetFilename", "ServiceName", "TaskName", "PipeName", "QueryName"],
        ),
        ("", &["ImagePath", "ImageLoaded", "TargetImage", "Details", "ObjectName"]),
        ("", &["Image", "process.executable", "process.name"]),
        ("", &["message", "MESSAGE", "Data"]),
    ] {
        if let Some(text) = get(names)
            && !out.contains(&text)
            && out.len() < LINE
        {
            let _ = write!(out, " · {label}{}", text.trim());
        }
    }
    if let Some((at, _)) = out.char_indices().nth(LINE) {
        out.truncate(at);
        out.push('…');
    }
    let host = get(&["host.hostname"]).unwrap_or_default();
    match get(&["source.ip"]) {
        Some(from) => {
            let _ = write!(out, " [{from} → {host}]");
        }
        None if host.is_empty() => {}
        None => {
            let _ = write!(out, " [{host}]");
        }
    }
    out.replace(['\n', '\r', '\t'], " ")
}

/// `log-retention · log.days 30 · log.gap_hours 2 [HMI-01]`.
fn setting(record: &dyn Record) -> String {
    let (mut out, mut host) = (String::new(), String::new());
    record.each(&mut |name, value| match name {
        "setting.name" => out.insert_str(0, &value.to_string()),
        "host.hostname" => host = value.to_string(),
        _ if name.starts_with("log.") => {
            let _ = write!(out, " · {name} {value}");
        }
        _ => {}
    });
    format!("{out} [{host}]")
}

/// The record's fields; a name with several values becomes a list.
pub(crate) fn fields(record: &dyn Record) -> Box<RawValue> {
    let mut out = Map::new();
    record.each(&mut |name, value| {
        let value = json(value);
        match out.get_mut(name) {
            None => {
                out.insert(name.to_owned(), value);
            }
            Some(Json::Array(list)) => list.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
        }
    });
    to_raw_value(&out).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn json(value: Value<'_>) -> Json {
    match value {
        Value::Int(n) => n.into(),
        Value::Float(n) => n.into(),
        Value::Bool(b) => b.into(),
        Value::Null => Json::Null,
        other => other.to_string().into(),
    }
}
