//! Which enterprises a list shows, as the address says it, and as SQL.

use crate::{
    App, clock,
    db::{Value, bind},
    error::Error,
    supervise::{
        model::{Firm, READ, STATUSES},
        picture::stale_before,
    },
};
use hangtu_catalog::{Level, Scenario, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use std::fmt::Write;

/// Rows on a page.
pub(super) const PAGE: i64 = 50;

/// Which enterprises, in which order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Filter {
    /// Words in names and credit codes.
    pub(super) q: String,
    /// Code of a region.
    pub(super) region: String,
    /// GB/T 4754 division.
    pub(super) industry: String,
    /// A status, or `all`; in operation when empty.
    pub(super) status: String,
    /// `1`: above scale only.
    pub(super) above: String,
    /// `1`: those in the target set in force.
    pub(super) target: String,
    /// `never`, `invited`, `submitted`, `accepted`, `stale`, `examined`.
    pub(super) state: String,
    /// `yes` or `no`: whether they show classified and graded protection.
    pub(super) graded: String,
    /// With `level`: those with open findings of it.
    pub(super) scenario: String,
    pub(super) level: String,
    /// Those with a major risk found in this month (2026-11), or before it (-2026-11), that is
    /// open still.
    pub(super) month: String,
    /// Those that have drilled this scenario.
    pub(super) drilled: String,
    /// A column; `-` before it for the reverse.
    pub(super) sort: String,
    /// From 1.
    pub(super) page: String,
}

/// The columns a list is sorted by, and their SQL.
const SORTS: [(&str, &str); 9] = [
    ("name", "name"),
    ("code", "credit_code"),
    ("region", "region"),
    ("industry", "industry"),
    ("revenue", "revenue"),
    ("graded", "graded"),
    ("open", "open"),
    ("majors", "majors"),
    ("as_of", "as_of"),
];

/// States as a condition; the numbers of the picture open these lists.
const STATES: [(&str, &str); 6] = [
    ("never", "submitted IS NULL"),
    ("invited", "invited IS NOT NULL"),
    ("submitted", "submitted IS NOT NULL"),
    ("accepted", "as_of IS NOT NULL"),
    ("stale", "as_of < ?"),
    (
        "examined",
        "credit_code IN (SELECT credit_code FROM held WHERE supervisor = $1 AND runs > 0)",
    ),
];

/// A condition and its values.
pub(super) struct Where {
    sql: String,
    values: Vec<Value>,
}

impl Where {
    fn and(&mut self, sql: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.plain(&sql.replace('?', &place));
    }

    fn plain(&mut self, sql: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
    }
}

/// A pattern that matches a text anywhere.
fn anywhere(text: &str) -> String {
    let escaped = text
        .to_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect::<String>();
    format!("%{escaped}%")
}

fn choice(field: &'static str, holds: bool) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::invalid(field, key::SERVER_FIELD_CHOICE)) }
}

impl Filter {
    /// The address of the list with one part changed; back on its first page.
    pub(super) fn with(&self, name: &str, value: impl AsRef<str>) -> String {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        all["page"] = "".into();
        all[name] = value.as_ref().into();
        Self::address(&all)
    }

    /// The address of the list.
    pub(in crate::supervise) fn here(&self) -> String {
        Self::address(&serde_json::to_value(self).unwrap_or_default())
    }

    fn address(all: &serde_json::Value) -> String {
        let pairs: Vec<(&str, &str)> = all
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        match serde_html_form::to_string(pairs) {
            Ok(query) if !query.is_empty() => format!("?{query}"),
            _ => "?".into(),
        }
    }

    /// The sort that a click on a column asks for.
    pub(super) fn by(&self, column: &str) -> String {
        let reverse = format!("-{column}");
        self.with("sort", if self.sort == reverse { column } else { &reverse })
    }

    /// For `aria-sort`.
    pub(super) fn sorted(&self, column: &str) -> &'static str {
        let current = if self.sort.is_empty() { "name" } else { &self.sort };
        match current.strip_prefix('-') {
            Some(c) if c == column => "descending",
            None if current == column => "ascending",
            _ => "none",
        }
    }

    pub(super) fn number(&self) -> i64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    pub(super) fn condition(&self, app: &App, supervisor: &str) -> Result<Where, Error> {
        let catalog = &app.catalog;
        let mut w = Where { sql: "supervisor = $1".into(), values: vec![supervisor.into()] };
        match self.status.as_str() {
            "" => w.plain("status = 'active'"),
            "all" => {}
            word => {
                choice("status", STATUSES.contains(&word))?;
                w.and("status = ?", word);
            }
        }
        if !self.region.is_empty() {
            choice("region", catalog.regions.iter().any(|r| r.code == self.region))?;
            w.and("region = ?", &self.region);
        }
        if !self.industry.is_empty() {
            choice("industry", catalog.industries.iter().any(|i| i.code == self.industry))?;
            w.and("industry = ?", &self.industry);
        }
        if !self.above.is_empty() {
            w.plain("above_scale = 1");
        }
        if !self.target.is_empty() {
            w.plain("target = 1");
        }
        if !self.state.is_empty() {
            let found = STATES.iter().find(|(word, _)| *word == self.state);
            let (word, sql) =
                found.ok_or_else(|| Error::invalid("state", key::SERVER_FIELD_CHOICE))?;
            if *word == "stale" {
                w.and(sql, stale_before(app, clock::now()));
            } else {
                w.plain(sql);
            }
        }
        match self.graded.as_str() {
            "" => {}
            "yes" => w.plain("graded = 1"),
            "no" => w.plain("graded = 0"),
            _ => choice("graded", false)?,
        }
        self.narrow(&mut w)?;
        for word in self.q.split_whitespace().take(6) {
            w.and("search LIKE ? ESCAPE '\\'", anywhere(word).as_str());
        }
        Ok(w)
    }

    /// What follows from the facts.
    fn narrow(&self, w: &mut Where) -> Result<(), Error> {
        let scenario = |word: &str| Scenario::ALL.iter().any(|s| s.name() == word);
        if !self.scenario.is_empty() || !self.level.is_empty() {
            let mut sql =
                "credit_code IN (SELECT credit_code FROM held_risk WHERE supervisor = $1 \
                AND open > 0"
                    .to_owned();
            if !self.scenario.is_empty() {
                choice("scenario", scenario(&self.scenario))?;
                w.values.push((&self.scenario).into());
                let _ = write!(sql, " AND scenario = ${}", w.values.len());
            }
            if !self.level.is_empty() {
                choice("level", Level::from_name(&self.level).is_some())?;
                w.values.push((&self.level).into());
                let _ = write!(sql, " AND level = ${}", w.values.len());
            }
            w.plain(&format!("{sql})"));
        }
        if !self.month.is_empty() {
            let (month, sign) =
                self.month.strip_prefix('-').map_or((self.month.as_str(), "="), |m| (m, "<"));
            let digits = month.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            choice("month", month.len() == 7 && digits)?;
            let sql = format!(
                "credit_code IN (SELECT credit_code FROM held_major WHERE supervisor = $1 \
                 AND closed = 0 AND month {sign} ?)"
            );
            w.and(&sql, month);
        }
        if !self.drilled.is_empty() {
            choice("drilled", scenario(&self.drilled))?;
            w.and(
                "credit_code IN (SELECT credit_code FROM held_drill WHERE supervisor = $1 \
                 AND scenario = ?)",
                &self.drilled,
            );
        }
        Ok(())
    }

    fn order(&self) -> Result<String, Error> {
        let sort = if self.sort.is_empty() { "name" } else { &self.sort };
        let (name, way) = sort.strip_prefix('-').map_or((sort, "ASC"), |name| (name, "DESC"));
        let (_, column) = SORTS
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| Error::invalid("sort", key::SERVER_FIELD_CHOICE))?;
        Ok(match name {
            // What is not known comes last in both ways.
            "revenue" | "as_of" => {
                format!("CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {way}, credit_code")
            }
            _ => format!("{column} {way}, credit_code"),
        })
    }

    /// How many match.
    pub(in crate::supervise) async fn matching(
        &self,
        app: &App,
        supervisor: &str,
    ) -> Result<i64, Error> {
        let w = self.condition(app, supervisor)?;
        self.count(&mut *app.db.read().await?, &w).await
    }

    /// Credit codes of those that match, in order.
    pub(in crate::supervise) async fn codes(
        &self,
        app: &App,
        supervisor: &str,
        most: i64,
    ) -> Result<Vec<String>, Error> {
        let w = self.condition(app, supervisor)?;
        let sql = format!(
            "SELECT credit_code FROM supervised WHERE {} ORDER BY credit_code LIMIT {most}",
            w.sql
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let c = &mut *app.db.read().await?;
        let rows = w.values.into_iter().fold(query, bind).fetch_all(c).await?;
        rows.iter().map(|r| r.try_get(0).map_err(Error::from)).collect()
    }

    /// How many there are.
    pub(super) async fn count(&self, c: &mut AnyConnection, w: &Where) -> Result<i64, Error> {
        let sql = format!("SELECT COUNT(*) FROM supervised WHERE {}", w.sql);
        let query = sqlx::query(AssertSqlSafe(sql));
        Ok(w.values.iter().cloned().fold(query, bind).fetch_one(c).await?.try_get(0)?)
    }

    /// So many of them from an offset.
    pub(super) async fn rows(
        &self,
        c: &mut AnyConnection,
        w: &Where,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<Firm>, Error> {
        let order = self.order()?;
        // The page is found in an index; only its rows are read.
        let sql = format!(
            "SELECT {READ} FROM supervised WHERE supervisor = $1 AND credit_code IN \
             (SELECT credit_code FROM supervised WHERE {} ORDER BY {order} \
             LIMIT {limit} OFFSET {offset}) ORDER BY {order}",
            w.sql,
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let rows = w.values.iter().cloned().fold(query, bind).fetch_all(c).await?;
        rows.iter().map(|r| Firm::from_row(r).map_err(Error::from)).collect()
    }
}
