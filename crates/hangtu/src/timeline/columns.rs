//! Rows as named columns: CSV (RFC 4180) and JSON lines. The names are a promise (docs/timeline.md).

use super::{Format, Page};
use hangtu_examine::timeline::{FirstSeen, Logon, Place, Process, Row};
use hangtu_record::Time;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) const EVENTS: [&str; 14] = [
    "time",
    "local_time",
    "kind",
    "host",
    "who",
    "whom",
    "source",
    "action",
    "text",
    "file",
    "number",
    "offset",
    "rules",
    "rule_titles",
];
pub(super) const LOGONS: [&str; 12] = [
    "account",
    "host",
    "from",
    "how",
    "outcome",
    "count",
    "first",
    "last",
    "local_first",
    "local_last",
    "rules",
    "rule_titles",
];
pub(super) const PROCESSES: [&str; 13] = [
    "host",
    "depth",
    "start",
    "local_start",
    "end",
    "pid",
    "image",
    "command",
    "user",
    "file",
    "number",
    "rules",
    "rule_titles",
];
pub(super) const FIRST: [&str; 10] = [
    "time",
    "local_time",
    "what",
    "host",
    "name",
    "text",
    "file",
    "number",
    "rules",
    "rule_titles",
];

/// Rules by id, and their titles in the user's language.
fn marks(page: &Page<'_>, rules: &[u32]) -> [Value; 2] {
    let infos = || rules.iter().filter_map(|rule| page.rules.infos.get(*rule as usize));
    let ids: Vec<&str> = infos().map(|info| info.id.as_str()).collect();
    let titles: Vec<&str> = infos().map(|info| info.title.get(page.language)).collect();
    [json!(ids), json!(titles)]
}

fn times(page: &Page<'_>, time: Option<Time>) -> [Value; 2] {
    [json!(time.map(Time::to_rfc3339)), json!(time.map(|t| page.local(t)))]
}

fn place(place: Option<&Place>) -> [Value; 2] {
    [json!(place.map(|p| &*p.file)), json!(place.map(|p| p.number))]
}

pub(super) fn event(page: &Page<'_>, row: &Row) -> Vec<Value> {
    let [time, local] = times(page, Some(row.time));
    let [file, number] = place(Some(&row.place));
    let [ids, titles] = marks(page, &row.rules);
    let texts = [&row.kind, &row.host, &row.who, &row.whom, &row.source, &row.action, &row.text];
    let mut out = vec![time, local];
    out.extend(texts.map(|text| json!(text)));
    out.extend([file, number, json!(row.place.offset), ids, titles]);
    out
}

pub(super) fn logon(page: &Page<'_>, row: &Logon) -> Vec<Value> {
    let [first, local_first] = times(page, Some(row.first));
    let [last, local_last] = times(page, Some(row.last));
    let [ids, titles] = marks(page, &row.rules);
    let texts = [&*row.account, &*row.host, &*row.from, &*row.how, row.outcome];
    let mut out: Vec<Value> = texts.map(|text| json!(text)).into();
    out.extend([json!(row.count), first, last, local_first, local_last, ids, titles]);
    out
}

pub(super) fn process(page: &Page<'_>, row: &Process) -> Vec<Value> {
    let [start, local] = times(page, row.start);
    let [end, _] = times(page, row.end);
    let [file, number] = place(row.place.as_ref());
    let [ids, titles] = marks(page, &row.rules);
    let (image, command, user) = (json!(row.image), json!(row.command), json!(row.user));
    let what = [json!(row.host), json!(row.depth), start, local, end, json!(row.pid)];
    [&what[..], &[image, command, user, file, number, ids, titles]].concat()
}

pub(super) fn first(page: &Page<'_>, row: &FirstSeen) -> Vec<Value> {
    let [time, local] = times(page, Some(row.time));
    let [file, number] = place(Some(&row.place));
    let [ids, titles] = marks(page, &row.rules);
    let what = [json!(row.what.name()), json!(row.host), json!(row.name), json!(row.text)];
    [&[time, local], &what[..], &[file, number, ids, titles]].concat()
}

/// Writes rows under their names.
pub(super) struct Table {
    names: &'static [&'static str],
    format: Format,
}

impl Table {
    pub(super) fn new(names: &'static [&'static str], format: Format) -> Self {
        Self { names, format }
    }

    /// The header, where the format has one.
    pub(super) fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.format != Format::Csv {
            return Ok(());
        }
        write!(out, "{}\r\n", self.names.join(","))
    }

    pub(super) fn row(&mut self, out: &mut impl Write, cells: Vec<Value>) -> io::Result<()> {
        if self.format == Format::Csv {
            let cells: Vec<String> = cells.iter().map(cell).collect();
            return write!(out, "{}\r\n", cells.join(","));
        }
        let said = |value: &Value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => true,
        };
        let named = self.names.iter().map(|name| (*name).to_owned()).zip(cells);
        let object: Map<String, Value> = named.filter(|(_, value)| said(value)).collect();
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")
    }
}

/// A cell as RFC 4180 has it. A spreadsheet runs what begins like a formula, so that is made text
/// by an apostrophe before it.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    };
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\r', '\n', ';', '\t']) || text != text.trim() {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}
