//! What a list of findings is asked for, as the address says it, and as SQL.

use super::{
    facts::Count,
    model::{READ, Row},
    state::State,
};
use crate::{
    clock::{self, MINUTE},
    db::{Value, bind},
    error::Error,
};
use hangtu_catalog::{Level, Scenario, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe};

/// Rows on a page.
pub(super) const PAGE: i64 = 50;

/// Which findings, in which order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Filter {
    /// `work` (what needs work; also when empty), `all`, `asked` (a request waits), or a state.
    pub(crate) state: String,
    pub(crate) level: String,
    pub(crate) scenario: String,
    /// Id of a person, `me`, or `none`.
    pub(crate) owner: String,
    /// Any text: the deadline is missed.
    pub(crate) overdue: String,
    /// A control point.
    pub(crate) control: String,
    pub(crate) rule: String,
    pub(crate) subject: String,
    /// Id of a run that saw them.
    pub(crate) run: String,
    /// Words in titles, subjects, rules; `#12` for a number.
    pub(crate) q: String,
    /// A column; `-` before it for the reverse.
    pub(crate) sort: String,
    /// From 1.
    pub(crate) page: String,
}

/// Words of a search that count.
const WORDS: usize = 6;

/// The columns a list is sorted by, and their SQL.
const SORTS: [(&str, &str); 8] = [
    ("number", "number"),
    ("level", "level_rank"),
    ("state", "state"),
    ("subject", SUBJECT),
    ("scenario", "scenario"),
    ("owner", "owner"),
    ("due", "due"),
    ("seen", "last_seen"),
];

/// What is indexed of a subject, which may be of any length.
const SUBJECT: &str = "substr(subject, 1, 200)";

/// A condition and its values.
pub(super) struct Where {
    sql: String,
    values: Vec<Value>,
}

impl Where {
    fn and(&mut self, sql: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&sql.replace('?', &place));
    }

    /// What tells it from others.
    pub(super) fn key(&self) -> String {
        format!("{} {:?}", self.sql, self.values)
    }

    /// How many there are.
    pub(super) async fn count(&self, c: &mut AnyConnection) -> Result<i64, Error> {
        let sql = format!("SELECT COUNT(*) FROM finding WHERE {}", self.sql);
        let query = sqlx::query(AssertSqlSafe(sql));
        let row = self.values.iter().cloned().fold(query, bind).fetch_one(c).await?;
        Ok(sqlx::Row::try_get(&row, 0)?)
    }

    fn plain(&mut self, sql: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
    }
}

/// A pattern that matches a text anywhere.
fn anywhere(text: &str) -> String {
    let mut out = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('%');
    out
}

impl Filter {
    /// The address of the list with one part changed; back on its first page.
    pub(crate) fn with(&self, name: &str, value: impl AsRef<str>) -> String {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        all["page"] = "".into();
        all[name] = value.as_ref().into();
        Self::address(&all)
    }

    /// What narrows the list without a field of its own.
    pub(crate) fn only(&self) -> Vec<(&'static str, &str)> {
        let all: [(&'static str, &str); 4] = [
            ("control", &self.control),
            ("rule", &self.rule),
            ("subject", &self.subject),
            ("run", &self.run),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The address of the list.
    pub(crate) fn here(&self) -> String {
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
    pub(crate) fn by(&self, column: &str) -> String {
        let reverse = format!("-{column}");
        self.with("sort", if self.sort == reverse { column } else { &reverse })
    }

    /// For `aria-sort`.
    pub(crate) fn sorted(&self, column: &str) -> &'static str {
        let current = if self.sort.is_empty() { "-level" } else { &self.sort };
        match current.strip_prefix('-') {
            Some(c) if c == column => "descending",
            None if current == column => "ascending",
            _ => "none",
        }
    }

    pub(super) fn number(&self) -> i64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    pub(super) fn condition(&self, organisation: &str, me: &str) -> Result<Where, Error> {
        let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
        let mut w = Where { sql: "organisation = $1".into(), values: vec![organisation.into()] };
        match self.state.as_str() {
            "" | "work" => w.plain("work = 1"),
            "all" => {}
            "asked" => w.plain("asked <> ''"),
            word => {
                let state = State::from_word(word).ok_or_else(|| choice("state"))?;
                w.and("state = ?", state.word());
            }
        }
        if !self.level.is_empty() {
            let level = Level::from_name(&self.level).ok_or_else(|| choice("level"))?;
            w.and("level_rank = ?", level as i64);
        }
        if !self.scenario.is_empty() {
            if !Scenario::ALL.iter().any(|s| s.name() == self.scenario) {
                return Err(choice("scenario"));
            }
            w.and("scenario = ?", &self.scenario);
        }
        match self.owner.as_str() {
            "" => {}
            "none" => w.plain("owner = ''"),
            "me" => w.and("owner = ?", me),
            id => w.and("owner = ?", id),
        }
        if !self.overdue.is_empty() {
            w.and("work = 1 AND due < ?", clock::now() / MINUTE * MINUTE);
        }
        if !self.control.is_empty() {
            w.and(
                "controls LIKE ? ESCAPE '\\'",
                anywhere(&format!(" {} ", self.control)).to_uppercase().as_str(),
            );
        }
        if !self.rule.is_empty() {
            w.and("rule = ?", &self.rule);
        }
        if !self.subject.is_empty() {
            w.and(&format!("{SUBJECT} = substr(?, 1, 200)"), &self.subject);
            w.and("subject = ?", &self.subject);
        }
        if !self.run.is_empty() {
            w.and("id IN (SELECT finding FROM sighting WHERE run = ?)", &self.run);
        }
        let mut words: Vec<&str> = self.q.split_whitespace().take(WORDS).collect();
        // The longest first: it leaves the least for the others.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        for word in words {
            w.and("search LIKE ? ESCAPE '\\'", anywhere(word).as_str());
        }
        Ok(w)
    }

    fn order(&self) -> Result<String, Error> {
        let sort = if self.sort.is_empty() { "-level" } else { &self.sort };
        let (name, way) = sort.strip_prefix('-').map_or((sort, "ASC"), |name| (name, "DESC"));
        let (_, column) = SORTS
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| Error::invalid("sort", key::SERVER_FIELD_CHOICE))?;
        Ok(match name {
            // What has no deadline comes last in both ways.
            "due" => format!("CASE WHEN due IS NULL THEN 1 ELSE 0 END, due {way}, number"),
            // Words are looked for in their own index, not along the order of the list.
            "level" if !self.q.is_empty() => {
                format!("level_rank + 0 {way}, last_seen {way}, number {way}")
            }
            "level" => format!("level_rank {way}, last_seen {way}, number {way}"),
            _ => format!("{column} {way}, number"),
        })
    }

    /// Whether a count is of what is asked for, where scenario, level and state decide.
    pub(super) fn counted(&self) -> Option<impl Fn(&Count) -> bool> {
        let others = [
            &self.owner,
            &self.overdue,
            &self.control,
            &self.rule,
            &self.subject,
            &self.run,
            &self.q,
        ];
        if others.iter().any(|o| !o.is_empty()) || self.state == "asked" {
            return None;
        }
        let fits = |asked: &str, is: &str| asked.is_empty() || asked == is;
        Some(move |count: &Count| {
            let state = match self.state.as_str() {
                "" | "work" => State::from_word(&count.state).is_some_and(State::needs_work),
                "all" => true,
                word => word == count.state,
            };
            state && fits(&self.level, &count.level) && fits(&self.scenario, &count.scenario)
        })
    }

    /// So many of them from an offset.
    pub(super) async fn rows(
        &self,
        c: &mut AnyConnection,
        w: &Where,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<Row>, Error> {
        let order = self.order()?;
        // The page is found in an index; only its rows are read.
        let sql = format!(
            "SELECT {READ} FROM finding WHERE id IN (SELECT id FROM finding WHERE {} \
             ORDER BY {order} LIMIT {limit} OFFSET {offset}) ORDER BY {order}",
            w.sql,
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let rows = w.values.iter().cloned().fold(query, bind).fetch_all(c).await?;
        rows.iter().map(|r| sqlx::FromRow::from_row(r).map_err(Error::from)).collect()
    }
}
