//! hangtu's records of a capture.

use super::{Aspect, NAMED, PROTOCOLS, PerProtocol, objects_read, outcome, range, shown};
use anyhow::{Result, bail};
use serde_json::Value;
use std::{path::Path, process::Command};

/// Our records of a capture; `None` when it is none.
pub(super) fn of(binary: &Path, capture: &Path) -> Result<Option<PerProtocol>> {
    let output = Command::new(binary).arg("records").arg(capture).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0 | 3) => {}
        // Refused clearly: not a capture.
        Some(2) => return Ok(None),
        _ => bail!("{}: hangtu ended with {:?}: {stderr}", capture.display(), output.status),
    }
    let mut out = PerProtocol::new();
    for line in output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        note(&mut out, &serde_json::from_slice(line)?);
    }
    Ok(Some(out))
}

fn text<'r>(record: &'r Value, name: &str) -> &'r str {
    record[name].as_str().unwrap_or_default()
}

pub(super) fn note(out: &mut PerProtocol, record: &Value) {
    if text(record, "record.kind") != "operation" {
        return;
    }
    let protocol = text(record, "network.protocol");
    let Some(protocol) = PROTOCOLS.into_iter().find(|p| *p == protocol) else { return };
    let told = out.entry(protocol).or_default();
    let (source, destination) = (text(record, "source.ip"), text(record, "destination.ip"));
    let code = record["operation.code"].as_u64().unwrap_or(0);
    if text(record, "operation.seen") != "response" {
        told.add(Aspect::Requests, source, destination, format!("{code:#x}"));
        if let Some(address) = address(protocol, code, record) {
            told.add(Aspect::Addresses, source, destination, format!("{code:#x} {address}"));
        }
    }
    if let Some(error) = error(protocol, code, record) {
        // Responses of these carry no code of the request.
        let code = if matches!(protocol, "dnp3" | "s7comm") { 0 } else { code };
        told.add(Aspect::Outcomes, source, destination, outcome(code, error));
    }
}

/// What a request addresses, as far as tshark tells it too.
fn address(protocol: &str, code: u64, record: &Value) -> Option<String> {
    let number = |name: &str| record[name].as_u64();
    let object = text(record, "operation.object");
    let unit = shown(number("operation.unit"));
    let (address, count) = (number("operation.address"), number("operation.count"));
    Some(match protocol {
        // tshark tells no ranges in file records, device identification and UMAS.
        "modbus" if matches!(code, 20 | 21 | 43 | 90) => format!("{unit} {}", range(None, None)),
        "modbus" | "iec104" => format!("{unit} {}", range(address, count)),
        "s7comm" => match code {
            // Without how many more items there are, and which were refused.
            4 | 5 => {
                let items = object.split("(refused").next().unwrap_or_default();
                let items = items.split(" +").next().unwrap_or_default().trim_end();
                format!("{items} +{}", shown(count))
            }
            // Program invocations and system status lists.
            0x28 | 0x7401 if !object.is_empty() => format!("{object} {}", shown(address)),
            _ => return None,
        },
        "cip" => object.to_owned(),
        "dnp3" if objects_read(code) => {
            // Behind the objects may stand how many more there are, and a file's name.
            let header = |word: &&str| {
                word.strip_prefix('g')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            let named = if code == 130 { 1 } else { NAMED };
            let words = object.split([' ', ',']).filter(|word| !word.is_empty());
            let objects: Vec<_> = words.take_while(header).take(named).collect();
            format!("{unit} {} {}", objects.join(" "), range(address, count))
        }
        "dnp3" => unit,
        _ => return None,
    })
}

/// The error a request was answered with, or 0; `None` where no answer is known.
fn error(protocol: &str, code: u64, record: &Value) -> Option<u64> {
    let error = record["operation.error"].as_u64();
    let success = match text(record, "operation.outcome") {
        "success" => true,
        "error" | "partial" => false,
        _ => return None,
    };
    // A refusal without a number is none that tshark could tell.
    let error = error.unwrap_or(if success { 0 } else { u64::MAX });
    match protocol {
        // An Unconnected Send that was forwarded is answered by the message inside it.
        "cip"
            if success
                && code == 0x52
                && text(record, "operation.object").starts_with("class 0x06") =>
        {
            None
        }
        // Without the extended status.
        "cip" => Some(error & 0xffff),
        // tshark does not read what authentication responses carry.
        "dnp3" if matches!(code, 32 | 131) => None,
        _ => Some(error),
    }
}
