//! A data asset: how it is written down, checked and stored.

use crate::{
    auth::new_id,
    clock,
    db::Change,
    error::Error,
    input::{line, prose},
};
use hangtu_catalog::{Bilingual, DataCategory, DataLevel, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::{AnyConnection, FromRow};

/// Assets of one organisation: a catalogue is read by people.
pub(super) const MOST: i64 = 20_000;

/// A data asset as the store keeps it (the fields of Measures, Art. 12).
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize, JsonSchema)]
pub(super) struct Asset {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) name: String,
    /// `rnd`, `production`, `management`, `om` or `service`.
    pub(super) category: String,
    pub(super) subcategory: String,
    /// `general`, `important`, `core`; empty while it is not graded.
    pub(super) level: String,
    pub(super) reason: String,
    pub(super) source: String,
    pub(super) owner: String,
    pub(super) department: String,
    pub(super) entries: Option<i64>,
    pub(super) bytes: Option<i64>,
    pub(super) carrier: String,
    pub(super) purpose: String,
    pub(super) scope: String,
    pub(super) sharing: String,
    /// 1 when it leaves the country.
    pub(super) cross_border: i64,
    pub(super) measures: String,
    /// When it was changed last, microseconds since 1970.
    pub(super) changed: i64,
    pub(super) person_name: String,
}

pub(super) const COLUMNS: &str = "id, number, name, category, subcategory, level, reason, source, \
    owner, department, entries, bytes, carrier, purpose, scope, sharing, cross_border, measures, \
    changed, person_name";

/// A data asset as somebody writes it: a form, or a row of a table.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) category: String,
    pub(super) subcategory: String,
    pub(super) level: String,
    pub(super) reason: String,
    pub(super) source: String,
    pub(super) owner: String,
    pub(super) department: String,
    pub(super) entries: String,
    pub(super) bytes: String,
    pub(super) carrier: String,
    pub(super) purpose: String,
    pub(super) scope: String,
    pub(super) sharing: String,
    /// `yes` or `no`.
    pub(super) cross_border: String,
    pub(super) measures: String,
}

/// A choice out of words, by the word or by its name in either language.
fn choice<'w>(
    field: &'static str,
    prefix: &str,
    words: impl Iterator<Item = &'w str>,
    typed: &str,
) -> Result<String, Error> {
    let typed = typed.trim();
    let mut names = (Vec::new(), Vec::new());
    for word in words {
        let named = key::Key::find(&format!("{prefix}-{word}"));
        let named = named.map(|k| Bilingual::message(k, &[])).unwrap_or_default();
        if typed.eq_ignore_ascii_case(word)
            || typed == &*named.zh
            || typed.eq_ignore_ascii_case(&named.en)
        {
            return Ok(word.to_owned());
        }
        names.0.push(named.zh.to_string());
        names.1.push(named.en.to_string());
    }
    let value: String = typed.chars().take(40).collect();
    let said = |list: Vec<String>| {
        Bilingual::message(
            key::REGISTER_CHOICE_BAD,
            &[("value", value.as_str().into()), ("choices", list.join(", ").as_str().into())],
        )
    };
    let (zh, en) = (said(names.0), said(names.1));
    Err(Error::Invalid(field, Bilingual::new(zh.zh, en.en)))
}

fn number(field: &'static str, typed: &str) -> Result<Option<i64>, Error> {
    let typed = typed.trim().replace([',', '，'], "");
    if typed.is_empty() {
        return Ok(None);
    }
    // A spreadsheet writes whole numbers as 12 or 12.0.
    let whole = typed.strip_suffix(".0").unwrap_or(&typed);
    let fits = whole.bytes().all(|b| b.is_ascii_digit());
    let number = whole.parse::<i64>().ok().filter(|n| fits && *n < 1 << 53);
    number.map(Some).ok_or_else(|| Error::invalid(field, key::REGISTER_NUMBER_BAD))
}

impl Typed {
    /// Checks what was written; gives an asset without id and number.
    pub(super) fn check(&self) -> Result<Asset, Error> {
        let categories = DataCategory::ALL.iter().map(|c| c.name());
        let levels = DataLevel::ALL.iter().map(|l| l.name());
        let ungraded = ["", "ungraded"].contains(&self.level.trim())
            || ["未定级", "Not graded"].contains(&self.level.trim());
        let level = if ungraded {
            String::new()
        } else {
            choice("level", "register-level", levels, &self.level)?
        };
        let reason = prose("reason", &self.reason, 2000)?;
        if !level.is_empty() && reason.is_empty() {
            return Err(Error::invalid("reason", key::REGISTER_REASON_NEEDED));
        }
        let border = match self.cross_border.trim() {
            "" => "no".to_owned(),
            said => choice("cross_border", "register", ["yes", "no"].into_iter(), said)?,
        };
        Ok(Asset {
            name: line("name", &self.name, 200)?,
            category: choice("category", "register-category", categories, &self.category)?,
            subcategory: prose("subcategory", &self.subcategory, 200)?,
            level,
            reason,
            source: prose("source", &self.source, 500)?,
            owner: line("owner", &self.owner, 100)?,
            department: prose("department", &self.department, 100)?,
            entries: number("entries", &self.entries)?,
            bytes: number("bytes", &self.bytes)?,
            carrier: line("carrier", &self.carrier, 300)?,
            purpose: prose("purpose", &self.purpose, 1000)?,
            scope: prose("scope", &self.scope, 500)?,
            sharing: prose("sharing", &self.sharing, 1000)?,
            cross_border: i64::from(border == "yes"),
            measures: prose("measures", &self.measures, 2000)?,
            ..Asset::default()
        })
    }
}

impl Asset {
    /// The fields that somebody writes, by name.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let Value::Object(mut map) = json!(self) else { return Map::new() };
        for own in ["id", "number", "changed", "person_name"] {
            map.remove(own);
        }
        map
    }

    /// Those of another version that differ, as they are now and as they were.
    pub(super) fn differs(&self, from: &Self) -> Map<String, Value> {
        let before = from.fields();
        let changed = self.fields().into_iter().filter(|(k, v)| before.get(k) != Some(v));
        changed
            .map(|(k, v)| {
                let was = before.get(&k).cloned().unwrap_or(Value::Null);
                (k, json!({ "from": was, "to": v }))
            })
            .collect()
    }
}

/// Every asset that was not removed, by number.
pub(super) async fn all(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Asset>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM data_asset WHERE organisation = $1 AND removed IS NULL ORDER BY number"
    );
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation);
    Ok(rows.fetch_all(c).await?)
}

/// One that was not removed.
pub(super) async fn one(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Asset, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM data_asset WHERE organisation = $1 AND id = $2 AND removed IS NULL"
    );
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    row.fetch_optional(c).await?.ok_or(Error::NotFound)
}

/// Takes the write lock of the catalogue, so that a name is taken once; gives the highest number.
pub(super) async fn hold(change: &mut Change) -> Result<i64, Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query("UPDATE organisation SET name = name WHERE id = $1")
        .bind(&organisation)
        .execute(&mut **change)
        .await?;
    let (last,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(number), 0) FROM data_asset WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut **change)
            .await?;
    Ok(last)
}

/// Adds an asset under this number; gives its id.
pub(super) async fn add(change: &mut Change, number: i64, asset: &Asset) -> Result<String, Error> {
    let (id, now) = (new_id(), clock::now());
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    sqlx::query(
        "INSERT INTO data_asset (id, organisation, number, name, category, subcategory, level, \
         reason, source, owner, department, entries, bytes, carrier, purpose, scope, sharing, \
         cross_border, measures, created, changed, person_name) VALUES ($1, $2, $3, $4, $5, $6, $7, \
         $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21)",
    )
    .bind(&id)
    .bind(organisation)
    .bind(number)
    .bind(&asset.name)
    .bind(&asset.category)
    .bind(&asset.subcategory)
    .bind(&asset.level)
    .bind(&asset.reason)
    .bind(&asset.source)
    .bind(&asset.owner)
    .bind(&asset.department)
    .bind(asset.entries)
    .bind(asset.bytes)
    .bind(&asset.carrier)
    .bind(&asset.purpose)
    .bind(&asset.scope)
    .bind(&asset.sharing)
    .bind(asset.cross_border)
    .bind(&asset.measures)
    .bind(now)
    .bind(person)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "number": number, "asset": asset.fields() });
    change.note("data.add", format!("data/{id}"), detail);
    Ok(id)
}

/// Changes an asset to what is written; nothing when it is the same.
pub(super) async fn alter(change: &mut Change, old: &Asset, new: &Asset) -> Result<bool, Error> {
    let differs = new.differs(old);
    if differs.is_empty() {
        return Ok(false);
    }
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    sqlx::query(
        "UPDATE data_asset SET name = $3, category = $4, subcategory = $5, level = $6, reason = $7, \
         source = $8, owner = $9, department = $10, entries = $11, bytes = $12, carrier = $13, \
         purpose = $14, scope = $15, sharing = $16, cross_border = $17, measures = $18, \
         changed = $19, person_name = $20 WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(&old.id)
    .bind(&new.name)
    .bind(&new.category)
    .bind(&new.subcategory)
    .bind(&new.level)
    .bind(&new.reason)
    .bind(&new.source)
    .bind(&new.owner)
    .bind(&new.department)
    .bind(new.entries)
    .bind(new.bytes)
    .bind(&new.carrier)
    .bind(&new.purpose)
    .bind(&new.scope)
    .bind(&new.sharing)
    .bind(new.cross_border)
    .bind(&new.measures)
    .bind(clock::now())
    .bind(person)
    .execute(&mut **change)
    .await?;
    change.note("data.change", format!("data/{}", old.id), json!({ "changed": differs }));
    Ok(true)
}

/// The catalogue in numbers, and its filing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) general: i64,
    pub(crate) important: i64,
    pub(crate) core: i64,
    pub(crate) ungraded: i64,
    /// Number and date (`2026-03-02`) of the filing; empty while it is not filed.
    pub(crate) filing: (String, String),
}

/// Counts the catalogue for those who may be told.
pub(crate) async fn counted(c: &mut AnyConnection, organisation: &str) -> Result<Counted, Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT level, COUNT(*) FROM data_asset WHERE organisation = $1 AND removed IS NULL \
         GROUP BY level",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let mut counted = Counted::default();
    for (level, n) in rows {
        match level.as_str() {
            "general" => counted.general = n,
            "important" => counted.important = n,
            "core" => counted.core = n,
            _ => counted.ungraded += n,
        }
    }
    let filing = super::filing::read(c, organisation).await?;
    counted.filing = (filing.number, filing.date);
    Ok(counted)
}
