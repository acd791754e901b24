//! Filling in an entry: the form, what is wrong with it, what it would change, and sending it to
//! the person who approves.

use super::{
    book::{self, Book, Entry, Row},
    preview::{self, Preview},
    register::{Field, Register, Shape, VERBS, ZONE_KINDS},
};
use crate::{
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, Input, line},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use hangtu_examine::authorise::AuthorisationError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One value or several: forms and programs send either.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Values {
    One(String),
    Several(Vec<String>),
}

impl Values {
    fn text(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Several(list) => list.join("\n"),
        }
    }
}

/// An entry as it is filled in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct Form {
    /// The list it belongs to.
    pub(super) register: Register,
    /// The row to change; empty for a new one.
    #[serde(default)]
    pub(super) row: String,
    /// Whether to check it and say what it would change.
    #[serde(default)]
    check: String,
    /// The fields of the entry, as the authorisations file has them.
    #[serde(flatten)]
    fields: BTreeMap<String, Values>,
}

impl Form {
    fn value(&self, name: &str) -> String {
        self.fields.get(name).map(Values::text).unwrap_or_default()
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(['\n', ',', '，', '、', ';', '；'])
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// A moment as browsers give it is of local time.
fn moment(name: &'static str, text: &str, offset: &str) -> Result<String, Error> {
    let text = text.trim();
    if clock::parse(text).is_some() {
        return Ok(text.to_owned());
    }
    let full =
        if text.len() == 16 { format!("{text}:00{offset}") } else { format!("{text}{offset}") };
    clock::parse(&full).map(|_| full).ok_or_else(|| Error::invalid(name, key::AUTHORISE_TIME_BAD))
}

fn value(field: &Field, text: &str, offset: &str) -> Result<Option<Value>, Error> {
    if text.trim().is_empty() {
        return if field.required {
            Err(Error::invalid(field.name, key::SERVER_FIELD_EMPTY))
        } else {
            Ok(None)
        };
    }
    Ok(Some(match field.shape {
        Shape::Line | Shape::ZoneKind => line(field.name, text, 200)?.into(),
        Shape::Moment => moment(field.name, text, offset)?.into(),
        Shape::List | Shape::Verbs => {
            let list = list(text);
            if list.len() > 200 {
                return Err(Error::TooLarge);
            }
            let checked: Result<Vec<String>, Error> =
                list.iter().map(|t| line(field.name, t, 200)).collect();
            checked?.into()
        }
    }))
}

/// The entry a form makes.
fn entry(form: &Form, offset: Option<&str>) -> Result<Entry, Error> {
    let mut out = Entry::new();
    for field in form.register.fields() {
        if let Some(value) = value(field, &form.value(field.name), offset.unwrap_or("+08:00"))? {
            out.insert(field.name.into(), value);
        }
    }
    Ok(out)
}

/// The row a form means, and no other that has its name.
fn known<'r>(rows: &'r [Row], form: &Form, entry: &Entry) -> Result<Option<&'r Row>, Error> {
    let name = form.register.reference();
    let reference = entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let named =
        rows.iter().find(|r| r.register == form.register.word() && r.reference == reference);
    if form.row.is_empty() {
        // A name may be taken up again after it was refused or withdrawn.
        return match named {
            Some(row) if row.proposal.is_empty() && (row.entry.is_empty() || row.revoked == 1) => {
                Ok(Some(row))
            }
            Some(_) => Err(Error::invalid(name, key::AUTHORISE_TAKEN)),
            None => Ok(None),
        };
    }
    let row = rows.iter().find(|r| r.id == form.row).ok_or(Error::NotFound)?;
    if row.register != form.register.word() || row.reference != reference {
        return Err(Error::invalid(name, key::AUTHORISE_NAME_FIXED));
    }
    if row.closed_at > 0 {
        return Err(Error::conflict(key::AUTHORISE_CLOSED_ALREADY));
    }
    Ok(Some(row))
}

/// The book with the entry in it: beside what is approved, or else beside what waits too.
fn check(rows: &[Row], book: &Book, form: &Form, entry: &Entry) -> Result<Book, Error> {
    let mut with = book.clone();
    with.put(form.register, entry.clone());
    if let Err(e) = with.parse() {
        let mut all = book.clone().with_waiting(rows)?;
        all.put(form.register, entry.clone());
        if all.parse().is_err() {
            return Err(Error::Invalid(field(form.register, &e), book::refused(&e.why)));
        }
        return Ok(all);
    }
    Ok(with)
}

/// The field the parser complains of, where the form has it.
fn field(register: Register, error: &AuthorisationError) -> &'static str {
    let known = register.fields().iter().find(|f| f.name == error.field);
    known.map_or("", |f| f.name)
}

/// A draft and what is to be said of it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Draft {
    register: Register,
    /// The row it changes; empty for a new one.
    row: String,
    /// The entry as it would stand in the authorisations file.
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    entry: Option<Entry>,
    /// What is wrong with it.
    #[serde(skip)]
    problem: Option<Bilingual>,
    /// The field that is wrong.
    wrong: Option<&'static str>,
    /// What it would change.
    preview: Option<Preview>,
}

/// A field as the form shows it.
struct Shown {
    field: &'static Field,
    value: String,
    /// A hint's key, by the words of its name.
    hint: &'static str,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "authorise/draft.html")]
struct DraftPage<'a> {
    page: Page,
    draft: &'a Draft,
    fields: Vec<Shown>,
    preview: Option<&'a Preview>,
}

impl DraftPage<'_> {
    fn chosen(shown: &Shown, word: &str) -> bool {
        list(&shown.value).iter().any(|v| v == word)
    }
}

fn hint(field: &Field) -> &'static str {
    match (field.name, field.shape) {
        ("networks" | "addresses", _) => "networks",
        ("sources" | "targets" | "destinations", _) => "places",
        ("id" | "hours" | "protocols" | "person" | "people" | "accounts" | "stations", _) => {
            field.name
        }
        ("valid_until", _) => "until",
        (_, Shape::Moment) => "moment",
        (_, Shape::Verbs) => "verbs",
        _ => "",
    }
}

/// `GET /authorisations/draft`
pub(super) async fn page(ctx: Ctx, Asked(mut form): Asked<Form>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let (rows, book) = book::open(&mut *ctx.app.db.read().await?, &organisation).await?;
    let offset = book::offset(&mut *ctx.app.db.read().await?, &organisation).await?;
    let row = rows.iter().find(|r| r.id == form.row);
    if !form.row.is_empty() {
        let row = row.ok_or(Error::NotFound)?;
        form.register = row.register()?;
        if form.check.is_empty() {
            // To begin with, it says what it says now.
            let now = row.waiting().or_else(|| row.approved()).unwrap_or_default();
            for (name, value) in now {
                let value = match value {
                    Value::Array(list) => Values::Several(
                        list.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
                    ),
                    other => Values::One(other.as_str().unwrap_or_default().to_owned()),
                };
                form.fields.insert(name, value);
            }
        }
    }
    let mut draft = Draft {
        register: form.register,
        row: form.row.clone(),
        entry: None,
        problem: None,
        wrong: None,
        preview: None,
    };
    if !form.check.is_empty() {
        let tried = entry(&form, offset.as_deref()).and_then(|entry| {
            known(&rows, &form, &entry)?;
            let with = check(&rows, &book, &form, &entry)?;
            Ok((entry, with))
        });
        match tried {
            Ok((entry, with)) => {
                draft.preview = Some(preview::of(&ctx.app, &organisation, &book, &with).await?);
                draft.entry = Some(entry);
            }
            Err(Error::Invalid(field, text)) if !ctx.data => {
                draft.wrong = Some(field);
                draft.problem = Some(text);
            }
            Err(e) => return Err(e),
        }
    }
    let shown = |field: &'static Field| Shown {
        field,
        value: form.value(field.name),
        hint: hint(field),
        wrong: draft.wrong == Some(field.name),
    };
    let fields = form.register.fields().iter().map(shown).collect();
    let title = if form.row.is_empty() { key::AUTHORISE_NEW } else { key::AUTHORISE_EDIT };
    ctx.show(title, &draft, |page| DraftPage {
        page,
        draft: &draft,
        fields,
        preview: draft.preview.as_ref(),
    })
}

/// `POST /authorisations`
pub(super) async fn save(ctx: Ctx, Input(form): Input<Form>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (rows, book) = book::open(&mut change, &organisation).await?;
    let offset = book::offset(&mut change, &organisation).await?;
    let entry = entry(&form, offset.as_deref())?;
    let row = known(&rows, &form, &entry)?;
    check(&rows, &book, &form, &entry)?;
    let id = book::propose(&mut change, form.register, row, &entry).await?;
    change.commit().await?;
    let next = format!("/authorisations/{id}");
    Ok(ctx.done(&json!({ "id": id }), &next, key::AUTHORISE_PROPOSED))
}
