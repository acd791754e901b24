//! The filing of the catalogue with the local regulator (Measures, Art. 12).

use super::KEEP;
use crate::{
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, prose},
    route::{Doc, Routes},
};
use axum::response::Response;
use hangtu_catalog::key;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Records the filing of the data catalogue with the regulator");
    r.post("/data/filing", KEEP, doc.body::<Typed>(), save);
}

/// The filing as it stands.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Filing {
    pub(super) number: String,
    /// `2026-03-02`; empty while the catalogue is not filed.
    pub(super) date: String,
    pub(super) authority: String,
}

impl Filing {
    /// The end of its day, after which a change of the catalogue is not part of it.
    pub(super) fn ended(&self) -> Option<i64> {
        self.date.parse::<Date>().ok().map(clock::end_of)
    }
}

pub(super) async fn read(c: &mut AnyConnection, organisation: &str) -> Result<Filing, Error> {
    let row: Option<Filing> =
        sqlx::query_as("SELECT number, date, authority FROM data_filing WHERE organisation = $1")
            .bind(organisation)
            .fetch_optional(c)
            .await?;
    Ok(row.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Typed {
    number: String,
    /// `2026-03-02`.
    date: String,
    authority: String,
}

async fn save(ctx: Ctx, Input(typed): Input<Typed>) -> Result<Response, Error> {
    let number = prose("number", &typed.number, 100)?;
    let authority = prose("authority", &typed.authority, 200)?;
    let date = typed.date.trim();
    if number.is_empty() != date.is_empty() {
        return Err(Error::invalid("number", key::REGISTER_FILING_HALF));
    }
    let date = if date.is_empty() {
        String::new()
    } else {
        let day: Date = date.parse().map_err(|_| Error::invalid("date", key::AUDIT_BAD_DAY))?;
        if day > clock::day(clock::now()) {
            return Err(Error::invalid("date", key::REGISTER_FILING_FUTURE));
        }
        day.to_string()
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    sqlx::query(
        "INSERT INTO data_filing (organisation, number, date, authority, changed, person_name) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organisation) DO UPDATE SET \
         number = excluded.number, date = excluded.date, authority = excluded.authority, \
         changed = excluded.changed, person_name = excluded.person_name",
    )
    .bind(organisation)
    .bind(&number)
    .bind(&date)
    .bind(&authority)
    .bind(clock::now())
    .bind(person)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "number": number, "date": date, "authority": authority });
    change.note("data.filing", "data", detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/data", key::REGISTER_SAVED))
}
