//! Tools that name the parts of an event themselves.

use super::{
    event::{event_data, user_data},
    number, properties, push, push_keywords, push_level, push_number, time,
};
use hangtu_record::{Fields, Time};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Objects within objects that are followed.
const MAX_DEPTH: u32 = 8;

/// Calls `each` with every leaf and its dotted name.
fn leaves<'a>(prefix: &str, object: &'a Object, depth: u32, each: &mut dyn FnMut(&str, &'a Value)) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) if depth < MAX_DEPTH => leaves(&name, inner, depth + 1, each),
            value => each(&name, value),
        }
    }
}

/// Winlogbeat, nested or with dotted names, also of version 6 and before.
pub(super) fn winlogbeat(out: &mut Fields, object: &Object) -> Option<Time> {
    let (mut at, mut created, mut channel) = (None, None, false);
    leaves("", object, 0, &mut |name, value| {
        let name = name.strip_prefix("winlog.").unwrap_or(name);
        match name {
            "@timestamp" => at = time(Some(value), 0),
            "time_created" => created = time(Some(value), 0),
            "channel" | "log_name" => {
                channel = true;
                push(out, "Channel", value);
            }
            "provider_name" | "source_name" => push(out, "Provider_Name", value),
            "event_id" => push_number(out, "EventID", value),
            "record_id" | "record_number" => push_number(out, "EventRecordID", value),
            "computer_name" => push(out, "Computer", value),
            "version" => push_number(out, "Version", value),
            "task" if number(value).is_some() => push_number(out, "Task", value),
            "opcode" if number(value).is_some() => push_number(out, "Opcode", value),
            "level" | "log.level" => push_level(out, value),
            "keywords" => push_keywords(out, value),
            "process.pid" | "process_id" => push_number(out, "Execution_ProcessID", value),
            "process.thread.id" | "thread_id" => push_number(out, "Execution_ThreadID", value),
            "user.identifier" => push(out, "UserID", value),
            "activity_id" => push(out, "Correlation_ActivityID", value),
            "message" => push(out, "message", value),
            _ => {
                if let Some(field) = name.strip_prefix("event_data.") {
                    // Values without a name come as param1, param2, …
                    let nameless = field
                        .strip_prefix("param")
                        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
                    push(out, if nameless { "Data" } else { field }, value);
                } else if let Some(field) = name.strip_prefix("user_data.")
                    && field != "xml_name"
                {
                    push(out, field.rsplit('.').next().unwrap_or(field), value);
                }
            }
        }
    });
    created.or(at).filter(|_| channel)
}

/// EvtxECmd: the data is XML turned into JSON, as text in `Payload`.
pub(super) fn evtxecmd(out: &mut Fields, object: &Object) -> Option<Time> {
    let at = time(object.get("TimeCreated"), 0)?;
    for (key, value) in object {
        match key.as_str() {
            "EventId" | "EventID" => push_number(out, "EventID", value),
            "EventRecordId" => push_number(out, "EventRecordID", value),
            "Level" => push_level(out, value),
            "Provider" => push(out, "Provider_Name", value),
            "Channel" | "Computer" => push(out, key, value),
            "ProcessId" => push_number(out, "Execution_ProcessID", value),
            "ThreadId" => push_number(out, "Execution_ThreadID", value),
            "UserId" => push(out, "UserID", value),
            "Keywords" => push_keywords(out, value),
            _ => {}
        }
    }
    let payload = object.get("Payload").and_then(Value::as_str).unwrap_or_default();
    if let Ok(Value::Object(payload)) = serde_json::from_str(payload) {
        for (section, value) in &payload {
            match (section.as_str(), value) {
                ("EventData", Value::Object(data)) => event_data(out, data),
                (_, Value::Object(data)) => user_data(out, data),
                _ => {}
            }
        }
    }
    Some(at)
}

/// `Get-WinEvent | ConvertTo-Json`: the values of the event have no names.
pub(super) fn powershell(out: &mut Fields, object: &Object) -> Option<Time> {
    let created = object.get("TimeCreated");
    let inner = created.and_then(|t| t.get("value").or_else(|| t.get("DateTime")));
    let at = time(inner.or(created), 0)?;
    for (key, value) in object {
        match key.as_str() {
            "Id" => push_number(out, "EventID", value),
            "RecordId" => push_number(out, "EventRecordID", value),
            "Level" | "Task" | "Opcode" | "Version" => push_number(out, key, value),
            "ProviderName" => push(out, "Provider_Name", value),
            "LogName" => push(out, "Channel", value),
            "MachineName" => push(out, "Computer", value),
            "ProcessId" => push_number(out, "Execution_ProcessID", value),
            "ThreadId" => push_number(out, "Execution_ThreadID", value),
            "UserId" => push(out, "UserID", value.get("Value").unwrap_or(value)),
            "Keywords" => push_keywords(out, value),
            "Message" => push(out, "message", value),
            "Properties" => {
                if let Some(values) = value.as_array() {
                    properties::push_all(out, object, values);
                }
            }
            _ => {}
        }
    }
    Some(at)
}

/// NXLog's im_msvistalog: one flat object; what is not of the system is event data.
pub(super) fn nxlog(out: &mut Fields, object: &Object, utc_offset: i32) -> Option<Time> {
    let at = ["EventTime", "TimeCreated", "EventReceivedTime", "@timestamp"]
        .iter()
        .find_map(|name| time(object.get(*name), utc_offset))?;
    // Newer versions say Execution…, so that ProcessID is free for the event's own.
    let newer = object.contains_key("ExecutionProcessID");
    for (key, value) in object {
        match key.as_str() {
            "EventTime" | "EventReceivedTime" | "SourceModuleName" | "SourceModuleType"
            | "ProviderGuid" | "Severity" | "SeverityValue" | "Category" | "AccountType"
            | "OpcodeDisplayName" | "TaskDisplayName" => {}
            "EventID" | "Version" => push_number(out, key, value),
            "Task" | "TaskValue" => push_number(out, "Task", value),
            "Opcode" | "OpcodeValue" => push_number(out, "Opcode", value),
            "LevelValue" => push_number(out, "Level", value),
            "EventType" if !object.contains_key("LevelValue") && is_level(value) => {
                push_level(out, value);
            }
            "EventType" if is_level(value) => {}
            "Keywords" => push_keywords(out, value),
            "RecordNumber" | "RecordID" => push_number(out, "EventRecordID", value),
            "SourceName" => push(out, "Provider_Name", value),
            "Hostname" | "Computer" => push(out, "Computer", value),
            "ActivityID" => push(out, "Correlation_ActivityID", value),
            "Message" => push(out, "message", value),
            "ExecutionProcessID" => push_number(out, "Execution_ProcessID", value),
            "ExecutionThreadID" => push_number(out, "Execution_ThreadID", value),
            "ProcessID" | "ThreadID" if !newer => {
                push_number(out, &format!("Execution_{key}"), value);
            }
            key => push(out, key, value),
        }
    }
    Some(at)
}

fn is_level(value: &Value) -> bool {
    matches!(
        value.as_str(),
        Some(
            "INFO"
                | "WARNING"
                | "ERROR"
                | "CRITICAL"
                | "VERBOSE"
                | "AUDIT_SUCCESS"
                | "AUDIT_FAILURE"
        )
    )
}
