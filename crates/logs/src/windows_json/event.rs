//! The event's XML turned into JSON: `{"Event": {"System": …, "EventData": …}}`.

use super::{local, number, push, push_keywords, push_level, push_number, time};
use hangtu_record::{Fields, Time};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

pub(super) fn fill(out: &mut Fields, event: &Object) -> Option<Time> {
    let system = event.get("System")?.as_object()?;
    let at = time(attribute(system, "TimeCreated", "SystemTime"), 0)?;
    let text = |out: &mut Fields, name: &str, value: Option<&Value>| {
        if let Some(text) = value.and_then(Value::as_str) {
            out.push(name, text);
        }
    };
    text(out, "Provider_Name", attribute(system, "Provider", "Name"));
    for name in ["EventID", "Version", "Task", "Opcode", "EventRecordID"] {
        if let Some(value) = system.get(name) {
            push_number(out, name, value);
        }
    }
    if let Some(value) = system.get("Level") {
        push_level(out, value);
    }
    if let Some(value) = system.get("Keywords") {
        push_keywords(out, value);
    }
    for name in ["Channel", "Computer"] {
        text(out, name, system.get(name));
    }
    for key in ["ProcessID", "ThreadID"] {
        if let Some(n) = attribute(system, "Execution", key).and_then(number) {
            out.push(&format!("Execution_{key}"), n);
        }
    }
    text(out, "UserID", attribute(system, "Security", "UserID"));
    if let Some(id) = attribute(system, "Correlation", "ActivityID").and_then(Value::as_str) {
        push_guid(out, "Correlation_ActivityID", id);
    }
    for (section, value) in event.iter().filter(|(k, _)| *k != "System" && !is_attributes(k)) {
        match (section.as_str(), value) {
            ("EventData", Value::Object(data)) => event_data(out, data),
            ("RenderingInfo", Value::Object(info)) => {
                if let Some(message) = info.get("Message") {
                    push(out, "message", message);
                }
            }
            (_, Value::Object(data)) => user_data(out, data),
            _ => {}
        }
    }
    Some(at)
}

fn is_attributes(key: &str) -> bool {
    key == "#attributes" || key.ends_with("_attributes") || key.starts_with("@xmlns")
}

/// An attribute, wherever the tool put it: `{"#attributes": {…}}`, `NAME_attributes`, `@key`, `key`.
fn attribute<'a>(parent: &'a Object, element: &str, key: &str) -> Option<&'a Value> {
    let own = parent.get(element).and_then(Value::as_object);
    let inner = own.and_then(|o| {
        let attributes = o.get("#attributes").and_then(Value::as_object);
        attributes
            .and_then(|a| a.get(key))
            .or_else(|| o.get(&format!("@{key}")))
            .or_else(|| o.get(key))
    });
    inner.or_else(|| parent.get(&format!("{element}_attributes"))?.get(key))
}

pub(super) fn event_data(out: &mut Fields, data: &Object) {
    for (key, value) in data {
        match (key.as_str(), value) {
            (key, _) if is_attributes(key) || key.starts_with('@') => {}
            ("Data", Value::Array(list)) => list.iter().for_each(|item| one_data(out, item)),
            ("Data", item) => one_data(out, item),
            (key, Value::String(text)) if is_guid(key, text) => push_guid(out, key, text),
            (key, value) => push(out, local(key), value),
        }
    }
}

/// A `Data` element: named (`@Name`), or a value.
fn one_data(out: &mut Fields, item: &Value) {
    let object = item.as_object();
    let name = object.and_then(|o| {
        let attributes = o.get("#attributes").and_then(|a| a.get("Name"));
        o.get("@Name").or(attributes).and_then(Value::as_str)
    });
    match (name, object) {
        (Some(name), Some(object)) => push(out, name, object.get("#text").unwrap_or(&Value::Null)),
        _ => push(out, "Data", item),
    }
}

pub(super) fn user_data(out: &mut Fields, data: &Object) {
    for (key, value) in data {
        let Value::Object(inner) = value else {
            if !is_attributes(key) {
                push(out, local(key), value);
            }
            continue;
        };
        if key == "#attributes" {
            continue;
        }
        if let Some(element) = key.strip_suffix("_attributes") {
            attributes(out, element, inner);
            continue;
        }
        if let Some(Value::Object(own)) = inner.get("#attributes") {
            attributes(out, local(key), own);
        }
        match inner.get("#text") {
            Some(text) => push(out, local(key), text),
            None => user_data(out, inner),
        }
    }
}

fn attributes(out: &mut Fields, element: &str, own: &Object) {
    for (key, value) in own.iter().filter(|(k, _)| !k.starts_with("xmlns")) {
        push(out, &format!("{element}_{}", local(key)), value);
    }
}

/// evtx_dump leaves the braces of a GUID away.
fn is_guid(name: &str, text: &str) -> bool {
    let digits = |(at, b): (usize, u8)| match at {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    name.to_ascii_lowercase().ends_with("guid")
        && text.len() == 36
        && text.bytes().enumerate().all(digits)
}

fn push_guid(out: &mut Fields, name: &str, text: &str) {
    let bare = text.trim_matches(['{', '}']);
    out.push_with(name, |out| out.extend(["{", bare, "}"]));
}
