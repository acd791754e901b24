//! Whether two statements say the same: differences in what a store sets, in descriptions, in
//! defaults spelt out and in the order of sets do not count.

use super::form::timestamp;
use serde_json::{Map, Value};

/// Whether both say the same.
pub(super) fn same(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let (mut a, mut b) = (normal(a), normal(b));
    // Where one has no timestamp, the store gave the other its own.
    if !(a.contains_key("timestamp") && b.contains_key("timestamp")) {
        a.remove("timestamp");
        b.remove("timestamp");
    }
    Value::Object(a) == Value::Object(b)
}

fn normal(statement: &Map<String, Value>) -> Map<String, Value> {
    let mut out = statement.clone();
    for name in ["stored", "authority", "version"] {
        out.remove(name);
    }
    body(&mut out);
    out
}

fn body(statement: &mut Map<String, Value>) {
    if let Some(Value::String(id)) = statement.get_mut("id") {
        id.make_ascii_lowercase();
    }
    if let Some(Value::String(text)) = statement.get_mut("timestamp")
        && let Some(at) = timestamp(text, false)
    {
        *text = at.to_string();
    }
    if let Some(Value::String(text)) =
        statement.get_mut("result").and_then(|r| r.get_mut("duration"))
    {
        *text = hundredths(text);
    }
    if let Some(Value::Object(verb)) = statement.get_mut("verb") {
        verb.remove("display");
    }
    if let Some(Value::Object(actor)) = statement.get_mut("actor") {
        agent(actor);
    }
    if let Some(Value::Object(object)) = statement.get_mut("object") {
        match object.get("objectType").and_then(Value::as_str) {
            None | Some("Activity") => activity(object),
            Some("Agent" | "Group") => agent(object),
            Some("SubStatement") => body(object),
            _ => {
                if let Some(Value::String(id)) = object.get_mut("id") {
                    id.make_ascii_lowercase();
                }
            }
        }
    }
    let Some(Value::Object(context)) = statement.get_mut("context") else { return };
    if let Some(Value::String(id)) = context.get_mut("registration") {
        id.make_ascii_lowercase();
    }
    for name in ["instructor", "team"] {
        if let Some(Value::Object(one)) = context.get_mut(name) {
            agent(one);
        }
    }
    if let Some(Value::Object(lists)) = context.get_mut("contextActivities") {
        for list in lists.values_mut() {
            if !list.is_array() {
                *list = Value::Array(vec![list.take()]);
            }
            if let Value::Array(all) = list {
                all.iter_mut().filter_map(Value::as_object_mut).for_each(activity);
                sort(all);
            }
        }
    }
}

fn activity(activity: &mut Map<String, Value>) {
    activity.remove("definition");
    activity.remove("objectType");
}

fn agent(agent: &mut Map<String, Value>) {
    if agent.get("objectType").and_then(Value::as_str) == Some("Agent") {
        agent.remove("objectType");
    }
    if let Some(Value::Array(members)) = agent.get_mut("member") {
        for member in members.iter_mut().filter_map(Value::as_object_mut) {
            member.remove("objectType");
        }
        sort(members);
    }
}

fn sort(all: &mut [Value]) {
    all.sort_by_cached_key(Value::to_string);
}

/// A duration without what is finer than 0.01 s (part two, 4.6: it does not count in comparisons).
fn hundredths(duration: &str) -> String {
    let Some((whole, rest)) = duration.split_once(['.', ',']) else { return duration.to_owned() };
    let Some(fraction) = rest.strip_suffix('S') else { return duration.to_owned() };
    let fine: String = fraction.chars().take(2).collect();
    match fine.trim_end_matches('0') {
        "" => format!("{whole}S"),
        fine => format!("{whole}.{fine}S"),
    }
}
