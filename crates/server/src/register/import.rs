//! A table taken in: whole, or not at all, with what every row does.

use super::{
    KEEP,
    asset::{self, Asset},
    edit, table,
};
use crate::{
    ctx::Ctx,
    error::Error,
    files::Files,
    route::{Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key, key::Key, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// Rows of a report that are shown besides refused ones.
const SHOWN: usize = 500;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new(
        "Takes a table (XLSX or CSV) into the data catalogue, whole or not at all; with dry=yes it is only checked",
    );
    let doc = doc.takes("application/octet-stream").returns::<Report>();
    r.post("/data/import", KEEP, doc, upload);
}

/// What a row does.
#[derive(Serialize, JsonSchema)]
struct Outcome {
    /// Its number in the file.
    row: usize,
    name: String,
    /// `add`, `change`, `same` or `refused`.
    outcome: &'static str,
    /// Why it is refused.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

/// What a table does.
#[derive(Default, Serialize, JsonSchema)]
struct Report {
    add: usize,
    change: usize,
    same: usize,
    refused: usize,
    /// Whether it was taken in.
    done: bool,
    /// Refused rows first.
    rows: Vec<Outcome>,
}

#[derive(Template)]
#[template(path = "register/import.html")]
struct ImportPage<'a> {
    page: Page,
    report: Option<&'a Report>,
}

pub(super) async fn page(ctx: Ctx) -> Result<Response, Error> {
    ctx.show(key::REGISTER_IMPORT, &(), |page| ImportPage { page, report: None })
}

/// What is wrong with a row, with the field's heading before it.
fn told(error: Error) -> Result<Bilingual, Error> {
    let Error::Invalid(field, why) = error else { return Err(error) };
    let heading = table::COLUMNS.iter().find(|(name, _)| *name == field).map(|(_, k)| *k);
    let heading = Bilingual::message(heading.unwrap_or(key::REGISTER_NAME), &[]);
    let say = |field: &str, why: &str| {
        Bilingual::message(
            key::REGISTER_IMPORT_FIELD,
            &[("field", field.into()), ("why", why.into())],
        )
    };
    Ok(Bilingual::new(say(&heading.zh, &why.zh).zh, say(&heading.en, &why.en).en))
}

async fn upload(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let file = sent.files.into_iter().next().ok_or_else(|| missing(key::SERVER_FIELD_EMPTY))?;
    let dry = sent.fields.get("dry").is_some_and(|dry| dry == "yes");
    let bytes = file.bytes.clone();
    let typed = tokio::task::spawn_blocking(move || table::read(&bytes));
    let typed = typed.await.map_err(Error::internal)??;
    if typed.is_empty() {
        return Err(missing(key::REGISTER_IMPORT_EMPTY));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut last = asset::hold(&mut change).await?;
    let organisation = change.organisation().to_owned();
    let known: HashMap<String, Asset> = asset::all(&mut change, &organisation)
        .await?
        .into_iter()
        .map(|a| (a.name.clone(), a))
        .collect();
    let mut report = Report::default();
    let (mut taken, mut seen): (Vec<Asset>, HashMap<String, usize>) = Default::default();
    for (row, typed) in typed {
        let name = typed.name.trim().chars().take(200).collect::<String>();
        let twice = seen.insert(name.clone(), row).filter(|_| !name.is_empty());
        let checked = match twice {
            Some(first) => Err(Bilingual::message(
                key::REGISTER_IMPORT_TWICE,
                &[("row", (first as u64).into())],
            )),
            None => match typed.check() {
                Ok(asset) => Ok(asset),
                Err(e) => Err(told(e)?),
            },
        };
        let (outcome, count, why) = match checked {
            Err(why) => ("refused", &mut report.refused, Some(why)),
            Ok(asset) => {
                let old = known.get(&asset.name);
                let same = old.is_some_and(|old| asset.differs(old).is_empty());
                if same {
                    ("same", &mut report.same, None)
                } else {
                    taken.push(asset);
                    if old.is_some() {
                        ("change", &mut report.change, None)
                    } else {
                        ("add", &mut report.add, None)
                    }
                }
            }
        };
        *count += 1;
        if report.rows.len() < SHOWN || why.is_some() {
            report.rows.push(Outcome { row, name, outcome, why });
        }
    }
    report.rows.sort_by_key(|r| r.outcome != "refused");
    let detail = json!({ "sha256": sha256(&file.bytes), "add": report.add,
        "change": report.change, "same": report.same, "refused": report.refused });
    if dry || report.refused > 0 {
        change.note("data.try-import", "data", detail);
        change.commit().await?;
        return show(&ctx, &report);
    }
    edit::room(&mut change, report.add).await?;
    for asset in taken {
        match known.get(&asset.name) {
            Some(old) => drop(asset::alter(&mut change, old, &asset).await?),
            None => {
                last += 1;
                asset::add(&mut change, last, &asset).await?;
            }
        }
    }
    change.note("data.import", "data", detail);
    change.commit().await?;
    report.done = true;
    show(&ctx, &report)
}

fn missing(key: Key) -> Error {
    Error::invalid("file", key)
}

fn show(ctx: &Ctx, report: &Report) -> Result<Response, Error> {
    ctx.show(key::REGISTER_IMPORT_REPORT, report, |page| ImportPage { page, report: Some(report) })
}
