//! The resources `about`, `agents` and `activities` (part three, 2.4, 2.5 and 2.8).

use super::Refusal;
use crate::exchange::xapi::{Version, agent_key, is_iri};
use serde_json::{Map, Value, json};

/// The `about` resource.
pub fn about() -> Value {
    json!({"version": [Version::V1.name(), Version::V2.name()]})
}

/// The `agents` resource: the Person that an agent is, each of its members a list. `others` are
/// further agents that the caller knows to be the same person.
pub fn person(agent: &Value, others: &[Value]) -> Result<Value, Refusal> {
    if agent_key(agent)?.is_none() {
        return Err(Refusal::bad("agent: has no identifier"));
    }
    let mut out = Map::new();
    out.insert("objectType".into(), "Person".into());
    for one in std::iter::once(agent).chain(others) {
        for name in ["name", "mbox", "mbox_sha1sum", "openid", "account"] {
            let Some(value) = one.get(name) else { continue };
            let list = out.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list
                && !list.contains(value)
            {
                list.push(value.clone());
            }
        }
    }
    Ok(Value::Object(out))
}

/// The `activities` resource: an activity with the definition that the store has seen of it, if any.
pub fn activity(id: &str, definition: Option<&Value>) -> Result<Value, Refusal> {
    if !is_iri(id) {
        return Err(Refusal::bad("activityId: no IRI"));
    }
    let mut out = json!({"objectType": "Activity", "id": id});
    if let Some(definition) = definition {
        out["definition"] = definition.clone();
    }
    Ok(out)
}
