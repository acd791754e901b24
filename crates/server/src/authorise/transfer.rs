//! The authorisations file of the command line, in and out.

use super::{
    book::{self, Entry},
    register::Register,
};
use crate::{
    ctx::Ctx,
    db::{Actor, Change},
    error::Error,
    input::Input,
    ui::Page,
};
use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Arg, Bilingual, key, sha256};
use hangtu_examine::authorise::File;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Rows that are refused before reading stops.
const REFUSED: usize = 20;
/// Rows of a report that are shown.
const SHOWN: usize = 500;

/// A file as text.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Upload {
    /// The file's text, at most 1 MiB.
    text: String,
    /// `no` to take it in; anything else only says what would happen.
    #[serde(default)]
    dry: String,
}

/// What a file's row becomes.
#[derive(Debug, Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the API's words")]
pub(crate) struct Outcome {
    register: Register,
    reference: String,
    /// `add`, `change`, `same` or `refused`.
    outcome: &'static str,
    /// Why it is refused, in the parser's words.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

/// What a file becomes.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Report {
    pub(crate) add: usize,
    pub(crate) change: usize,
    pub(crate) same: usize,
    pub(crate) refused: usize,
    /// Whether it was taken in.
    pub(crate) done: bool,
    pub(crate) rows: Vec<Outcome>,
}

#[derive(Template)]
#[template(path = "authorise/import.html")]
struct ImportPage<'a> {
    page: Page,
    text: &'a str,
    report: Option<&'a Report>,
}

/// The form.
pub(super) async fn page(ctx: Ctx) -> Result<Response, Error> {
    ctx.show(key::AUTHORISE_IMPORT, &(), |page| ImportPage { page, text: "", report: None })
}

/// `POST /authorisations/import`
pub(super) async fn upload(ctx: Ctx, Input(form): Input<Upload>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if form.dry == "no" {
        let report = import(&mut change, &form.text, None).await?;
        change.commit().await?;
        let next = "/authorisations?state=waiting";
        return Ok(ctx.done(&report, next, key::AUTHORISE_IMPORTED));
    }
    let (report, _) = read(&mut change, &form.text).await?;
    let detail = json!({ "sha256": sha256(form.text.as_bytes()), "rows": report.rows.len() });
    change.note("authorisation.try-import", "authorisations", detail);
    change.commit().await?;
    ctx.show(key::AUTHORISE_IMPORT, &report, |page| ImportPage {
        page,
        text: &form.text,
        report: Some(&report),
    })
}

/// `GET /authorisations/export`
pub(super) async fn export(ctx: Ctx) -> Result<Response, Error> {
    let text = match super::file(&ctx.app, ctx.organisation()?).await? {
        Some(file) => file.text,
        None => "version: 1\n".to_owned(),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"authorisations.yaml\""),
    ];
    Ok((headers, text).into_response())
}

/// A row of a file, and the row of the store that it changes.
type Read = (Register, Entry, Option<book::Row>);

/// Reads a file against what there is.
async fn read(change: &mut Change, text: &str) -> Result<(Report, Vec<Read>), Error> {
    let file =
        File::read(book::NAME, text).map_err(|e| Error::Invalid("text", book::refused(&e.why)))?;
    let offset = file.utc_offset.clone();
    let mut lists = serde_json::to_value(&file).map_err(Error::internal)?;
    let mut entries: Vec<(Register, Entry)> = Vec::new();
    for register in Register::ALL {
        if let Value::Array(list) = lists[register.word()].take() {
            let list = list.into_iter().filter_map(|v| match v {
                Value::Object(entry) => Some((register, entry)),
                _ => None,
            });
            entries.extend(list);
        }
    }
    let organisation = change.organisation().to_owned();
    let (rows, mut book) = book::open(change, &organisation).await?;
    book = book.with_waiting(&rows)?;
    if let Some(offset) = offset {
        set_offset(change, &mut book, &offset).await?;
    }
    book.parse().map_err(|e| Error::Invalid("text", book::refused(&e.why)))?;
    let reference = |register: Register, entry: &Entry| {
        entry.get(register.reference()).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // Nothing is named before it is defined: the first row that a prefix fails by is the bad one.
    let mut refused: HashMap<usize, Bilingual> = HashMap::new();
    let mut seen: HashMap<(Register, String), usize> = HashMap::new();
    for (at, (register, entry)) in entries.iter().enumerate() {
        let name = reference(*register, entry);
        if seen.insert((*register, name.clone()), at).is_some() {
            let args = [("at", Arg::Text(&name))];
            refused.insert(at, Bilingual::message(key::AUTHORISATIONS_TWICE, &args));
        }
    }
    while refused.len() < REFUSED {
        let fails = |length: usize| {
            let mut book = book.clone();
            for (at, (register, entry)) in entries[..length].iter().enumerate() {
                if !refused.contains_key(&at) {
                    book.put(*register, entry.clone());
                }
            }
            book.parse().err().map(|e| e.why)
        };
        if fails(entries.len()).is_none() {
            break;
        }
        let (mut low, mut high) = (0, entries.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if fails(middle).is_some() { high = middle } else { low = middle }
        }
        let why = fails(high).unwrap_or_default();
        refused.insert(high - 1, why);
    }
    let known: HashMap<(&str, &str), &book::Row> =
        rows.iter().map(|r| ((r.register.as_str(), r.reference.as_str()), r)).collect();
    let (mut report, mut taken) = (Report::default(), Vec::new());
    for (at, (register, entry)) in entries.into_iter().enumerate() {
        let name = reference(register, &entry);
        let row = known.get(&(register.word(), name.as_str())).copied();
        let why = refused.remove(&at);
        let same = |r: &book::Row| {
            r.revoked == 0 && r.waiting().or_else(|| r.approved()).as_ref() == Some(&entry)
        };
        let (outcome, count) = match row {
            _ if why.is_some() => ("refused", &mut report.refused),
            Some(row) if same(row) => ("same", &mut report.same),
            Some(_) => ("change", &mut report.change),
            None => ("add", &mut report.add),
        };
        *count += 1;
        if report.rows.len() < SHOWN || outcome == "refused" {
            report.rows.push(Outcome { register, reference: name, outcome, why });
        }
        if matches!(outcome, "add" | "change") {
            taken.push((register, entry, row.cloned()));
        }
    }
    report.rows.sort_by_key(|r| r.outcome != "refused");
    Ok((report, taken))
}

/// Local time of the file: it says what hours mean.
async fn set_offset(change: &mut Change, book: &mut book::Book, offset: &str) -> Result<(), Error> {
    book.set_offset(offset);
    book.parse().map_err(|e| Error::Invalid("text", book::refused(&e.why)))?;
    let organisation = change.organisation().to_owned();
    if book::offset(change, &organisation).await?.as_deref() == Some(offset) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO setting (organisation, name, value) VALUES ($1, 'authorise-utc-offset', $2) \
         ON CONFLICT (organisation, name) DO UPDATE SET value = excluded.value",
    )
    .bind(organisation)
    .bind(json!(offset).to_string())
    .execute(&mut **change)
    .await?;
    change.note("authorisation.offset", "authorisations", json!({ "utc_offset": offset }));
    Ok(())
}

/// Takes a file in, whole or not at all. Its entries wait for a second person, unless `approved_by`
/// says who approved them (a demonstration, whose file was approved on paper).
pub(crate) async fn import(
    change: &mut Change,
    text: &str,
    approved_by: Option<&Actor>,
) -> Result<Report, Error> {
    let (mut report, taken) = read(change, text).await?;
    if let Some(why) = report.rows.iter().find_map(|r| r.why.as_ref()) {
        return Err(Error::Invalid("text", book::refused(why)));
    }
    for (register, entry, row) in taken {
        let id = book::propose(change, register, row.as_ref(), &entry).await?;
        if let Some(by) = approved_by {
            book::approve(change, &id, register, &entry, (&by.id, &by.name)).await?;
        }
    }
    let detail = json!({
        "sha256": sha256(text.as_bytes()),
        "add": report.add,
        "change": report.change,
        "same": report.same,
    });
    change.note("authorisation.import", "authorisations", detail);
    report.done = true;
    Ok(report)
}
