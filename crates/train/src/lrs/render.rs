//! How statements are written: as they came, by ids only, or in one language.

use super::Format;
use serde_json::{Map, Value};

pub(super) fn statement(json: &Map<String, Value>, format: Format, languages: &str) -> Value {
    let mut out = json.clone();
    match format {
        Format::Exact => {}
        Format::Ids => ids(&mut out),
        Format::Canonical => canonical(&mut out, &Wish::parse(languages)),
    }
    Value::Object(out)
}

fn keep(map: &mut Map<String, Value>, names: &[&str]) {
    map.retain(|name, _| names.contains(&name.as_str()));
}

fn ids(statement: &mut Map<String, Value>) {
    for name in ["actor", "authority"] {
        if let Some(Value::Object(one)) = statement.get_mut(name) {
            agent(one);
        }
    }
    if let Some(Value::Object(verb)) = statement.get_mut("verb") {
        keep(verb, &["id"]);
    }
    if let Some(Value::Object(object)) = statement.get_mut("object") {
        match object.get("objectType").and_then(Value::as_str) {
            None | Some("Activity") => keep(object, &["id"]),
            Some("Agent" | "Group") => agent(object),
            Some("SubStatement") => ids(object),
            _ => {}
        }
    }
    let Some(Value::Object(context)) = statement.get_mut("context") else { return };
    for name in ["instructor", "team"] {
        if let Some(Value::Object(one)) = context.get_mut(name) {
            agent(one);
        }
    }
    if let Some(Value::Object(lists)) = context.get_mut("contextActivities") {
        for list in lists.values_mut() {
            match list {
                Value::Array(all) => {
                    all.iter_mut().filter_map(Value::as_object_mut).for_each(|a| keep(a, &["id"]));
                }
                Value::Object(one) => keep(one, &["id"]),
                _ => {}
            }
        }
    }
}

/// What tells an agent apart; of an anonymous group, its members.
fn agent(agent: &mut Map<String, Value>) {
    let identifiers = ["mbox", "mbox_sha1sum", "openid", "account"];
    if identifiers.iter().any(|name| agent.contains_key(*name)) {
        keep(agent, &["objectType", "mbox", "mbox_sha1sum", "openid", "account"]);
    } else {
        keep(agent, &["objectType", "member"]);
        if let Some(Value::Array(members)) = agent.get_mut("member") {
            members.iter_mut().filter_map(Value::as_object_mut).for_each(self::agent);
        }
    }
}

/// An `Accept-Language` (RFC 9110, 12.5.4): tags, the best liked first.
struct Wish(Vec<String>);

impl Wish {
    fn parse(header: &str) -> Self {
        let mut all: Vec<(f32, String)> = header
            .split(',')
            .take(32)
            .filter_map(|part| {
                let mut pieces = part.split(';');
                let tag = pieces.next()?.trim().to_ascii_lowercase();
                let weight = pieces
                    .find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse().ok()))
                    .unwrap_or(1.0);
                (!tag.is_empty() && weight > 0.0).then_some((weight, tag))
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(all.into_iter().map(|(_, tag)| tag).collect())
    }

    /// Leaves one language of a map: the best liked that is there, else the first.
    fn choose(&self, words: &mut Map<String, Value>) {
        let base = |t: &str| t.split('-').next().unwrap_or_default().to_owned();
        let lower = |t: &String| t.to_ascii_lowercase();
        let liked = self.0.iter().find_map(|tag| {
            let exact = words.keys().find(|k| lower(k) == *tag);
            exact.or_else(|| words.keys().find(|k| base(&lower(k)) == base(tag))).cloned()
        });
        if let Some(chosen) = liked.or_else(|| words.keys().next().cloned()) {
            words.retain(|tag, _| *tag == chosen);
        }
    }
}

fn canonical(statement: &mut Map<String, Value>, wish: &Wish) {
    if let Some(Value::Object(display)) =
        statement.get_mut("verb").and_then(|v| v.get_mut("display"))
    {
        wish.choose(display);
    }
    if let Some(Value::Object(object)) = statement.get_mut("object") {
        if object.get("objectType").and_then(Value::as_str) == Some("SubStatement") {
            canonical(object, wish);
        } else {
            definition(object, wish);
        }
    }
    let lists = statement.get_mut("context").and_then(|c| c.get_mut("contextActivities"));
    if let Some(Value::Object(lists)) = lists {
        for list in lists.values_mut() {
            match list {
                Value::Array(all) => all
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|a| definition(a, wish)),
                Value::Object(one) => definition(one, wish),
                _ => {}
            }
        }
    }
}

fn definition(activity: &mut Map<String, Value>, wish: &Wish) {
    let Some(Value::Object(definition)) = activity.get_mut("definition") else { return };
    for name in ["name", "description"] {
        if let Some(Value::Object(words)) = definition.get_mut(name) {
            wish.choose(words);
        }
    }
    for name in ["choices", "scale", "source", "target", "steps"] {
        if let Some(Value::Array(all)) = definition.get_mut(name) {
            for one in all {
                if let Some(Value::Object(words)) = one.get_mut("description") {
                    wish.choose(words);
                }
            }
        }
    }
}
