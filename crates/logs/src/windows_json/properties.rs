//! Names for the values of `Get-WinEvent | ConvertTo-Json`: they come without, in the order of the
//! event's template.

use super::{number, push, time};
use crate::stamp;
use hangtu_record::Fields;
use serde_json::{Map, Value};
use std::{collections::HashMap, fmt::Write, sync::OnceLock};

const TABLE: &str = include_str!("templates.txt");

/// The templates of an event: a provider and a number.
type Templates = HashMap<(&'static str, i64), Vec<Template>>;

struct Template {
    /// `None` is any version.
    version: Option<i64>,
    names: Vec<Name>,
}

#[derive(Clone, Copy)]
struct Name {
    text: &'static str,
    form: Form,
}

/// What JSON writes in another way than XML.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    Hex,
    Guid,
    Moment,
}

/// Pushes the values under the names of the event's template, or as `Data` where none or more than
/// one fits: a wrong name is worse than none.
pub(super) fn push_all(out: &mut Fields, event: &Map<String, Value>, values: &[Value]) {
    let names = names(event, values);
    for (i, property) in values.iter().enumerate() {
        // An identity (SID) and a pointer are objects themselves.
        let value = inner(inner(property));
        match names {
            Some(names) => push_named(out, names[i], value),
            None => push(out, "Data", value),
        }
    }
}

fn inner(value: &Value) -> &Value {
    value.get("Value").or_else(|| value.get("value")).unwrap_or(value)
}

/// As many names as there are values.
fn names<'a>(event: &'a Map<String, Value>, values: &[Value]) -> Option<&'a [Name]> {
    // Below its `-Depth` ConvertTo-Json writes the name of a type for what stands there.
    if !values.iter().all(|property| property.get("Value").is_some()) {
        return None;
    }
    let provider = event.get("ProviderName")?.as_str()?;
    let id = number(event.get("Id")?)?;
    let version = event.get("Version").and_then(number);
    let mut fit = templates().get(&(provider, id))?.iter().filter(|template| {
        let versions = template.version.zip(version);
        template.names.len() == values.len() && versions.is_none_or(|(a, b)| a == b)
    });
    match (fit.next(), fit.next()) {
        (Some(template), None) => Some(&template.names),
        _ => None,
    }
}

fn push_named(out: &mut Fields, name: Name, value: &Value) {
    let is_byte = |value: &Value| value.as_u64().is_some_and(|n| n < 256);
    match (name.form, value) {
        (_, Value::Array(bytes)) if bytes.iter().all(is_byte) => out.push_with(name.text, |text| {
            for byte in bytes.iter().filter_map(Value::as_u64) {
                let _ = write!(text, "{byte:02X}");
            }
        }),
        (Form::Hex, Value::Number(n)) if !n.is_f64() => {
            // 32 bits come as a number with a sign.
            let bits = match n.as_i64() {
                Some(n) => i32::try_from(n).map_or(n as u64, |n| u64::from(n as u32)),
                None => n.as_u64().unwrap_or_default(),
            };
            out.push_with(name.text, |text| {
                let _ = write!(text, "{bits:#x}");
            });
        }
        (Form::Guid, Value::String(guid)) if guid.len() == 36 => out.push_with(name.text, |text| {
            let start = text.len();
            text.extend(["{", guid.as_str(), "}"]);
            text[start..].make_ascii_uppercase();
        }),
        (Form::Moment, value) => match time(Some(value), 0) {
            Some(at) => out.push_with(name.text, |text| {
                let whole = at.0 % 1_000_000 == 0;
                let form = if whole { "%Y-%m-%d %H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S%.7f" };
                let _ = write!(text, "{}", stamp::local(at, 0).strftime(form));
            }),
            None => push(out, name.text, value),
        },
        (_, value) => push(out, name.text, value),
    }
}

fn templates() -> &'static Templates {
    static TEMPLATES: OnceLock<Templates> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let mut out = Templates::new();
        let (mut provider, mut subject, mut before) = ("", Vec::new(), Vec::new());
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                provider = name;
            }
            let Some((head, list)) = line.split_once(": ") else { continue };
            let mut names = Vec::new();
            for word in list.split(", ") {
                match word {
                    "..." => names.extend_from_slice(&before),
                    "$subject" => names.extend_from_slice(&subject),
                    word => names.push(Name::of(word)),
                }
            }
            let Some((ids, version)) = head.rsplit_once(" v") else {
                subject = names;
                continue;
            };
            for id in ids.split(' ').filter_map(|id| id.parse().ok()) {
                let template = Template { version: version.parse().ok(), names: names.clone() };
                out.entry((provider, id)).or_default().push(template);
            }
            before = names;
        }
        out
    })
}

impl Name {
    fn of(word: &'static str) -> Self {
        let marks = [('#', Form::Hex), ('@', Form::Guid), ('!', Form::Moment)];
        let marked = marks
            .into_iter()
            .find_map(|(mark, form)| word.strip_suffix(mark).map(|text| Self { text, form }));
        marked.unwrap_or(Self { text: word, form: Form::Plain })
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, templates};

    #[test]
    fn every_line_of_the_table_is_read_and_never_two_templates_fit() {
        let events = TABLE.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        let written: usize =
            events.map(|line| line.split(" v").next().unwrap().split(' ').count()).sum();
        assert_eq!(templates().values().map(Vec::len).sum::<usize>(), written);
        for (event, list) in templates() {
            assert!(!event.0.is_empty());
            for (i, one) in list.iter().enumerate() {
                let bad = |text: &str| text.is_empty() || text.contains(['#', '@', '!', '$', '.']);
                assert!(!one.names.iter().any(|name| bad(name.text)), "{event:?}");
                let same = |other: &super::Template| {
                    let versions = one.version.zip(other.version);
                    one.names.len() == other.names.len() && versions.is_none_or(|(a, b)| a == b)
                };
                assert!(!list[..i].iter().any(same), "{event:?} {:?}", one.version);
            }
        }
    }
}
