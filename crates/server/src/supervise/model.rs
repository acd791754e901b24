//! An enterprise on the roster, and the few ways to write it.

use crate::{
    auth::new_id,
    clock,
    db::{Batch, Change, Value},
    error::Error,
};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

/// A row of `supervised`.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize, JsonSchema)]
pub(super) struct Firm {
    pub(super) credit_code: String,
    pub(super) name: String,
    /// Code of a region.
    pub(super) region: String,
    pub(super) city: String,
    /// GB/T 4754 division.
    pub(super) industry: String,
    pub(super) above_scale: i64,
    /// Yuan of the latest year there is.
    pub(super) revenue: Option<i64>,
    pub(super) revenue_year: Option<i64>,
    /// `active`, `merged`, `split` or `closed`.
    pub(super) status: String,
    /// Credit code of who goes on in its place; empty for nobody.
    pub(super) successor: String,
    pub(super) added: i64,
    pub(super) changed: i64,
    pub(super) invited: Option<i64>,
    pub(super) submitted: Option<i64>,
    pub(super) accepted: Option<i64>,
    /// The moment for which its newest accepted facts hold.
    pub(super) as_of: Option<i64>,
    /// Whether these show classified and graded protection.
    pub(super) graded: i64,
    /// Whether it belongs to the target set in force.
    pub(super) target: i64,
    /// Open findings.
    pub(super) open: i64,
    /// Open major risks.
    pub(super) majors: i64,
}

/// The statuses there are; the first is that of an enterprise in operation.
pub(super) const STATUSES: [&str; 4] = ["active", "merged", "split", "closed"];

/// Reads a [`Firm`].
pub(super) const READ: &str = "credit_code, name, region, city, industry, above_scale, revenue, \
    revenue_year, status, successor, added, changed, invited, submitted, accepted, as_of, graded, \
    target, open, majors";

const WRITE: &[&str] = &[
    "supervisor",
    "credit_code",
    "name",
    "region",
    "city",
    "industry",
    "above_scale",
    "revenue",
    "revenue_year",
    "status",
    "successor",
    "search",
    "added",
    "changed",
    "invited",
    "submitted",
    "accepted",
    "as_of",
    "graded",
    "target",
    "open",
    "majors",
];

impl Firm {
    /// Whether it is counted.
    pub(super) fn counts(&self) -> bool {
        self.status == STATUSES[0]
    }

    /// How far its submission has come.
    pub(super) fn state(&self, stale_before: i64) -> &'static str {
        match (self.as_of, self.submitted, self.invited) {
            (Some(t), _, _) if t < stale_before => "stale",
            (Some(_), _, _) => "accepted",
            (None, Some(_), _) => "submitted",
            (None, None, Some(_)) => "invited",
            (None, None, None) => "never",
        }
    }

    fn values(&self, supervisor: &str) -> Vec<Value> {
        let search = format!("{} {}", self.name.to_lowercase(), self.credit_code.to_lowercase());
        vec![
            supervisor.into(),
            (&self.credit_code).into(),
            (&self.name).into(),
            (&self.region).into(),
            (&self.city).into(),
            (&self.industry).into(),
            self.above_scale.into(),
            self.revenue.into(),
            self.revenue_year.into(),
            (&self.status).into(),
            (&self.successor).into(),
            search.into(),
            self.added.into(),
            self.changed.into(),
            self.invited.into(),
            self.submitted.into(),
            self.accepted.into(),
            self.as_of.into(),
            self.graded.into(),
            self.target.into(),
            self.open.into(),
            self.majors.into(),
        ]
    }
}

/// An enterprise of a supervisor.
pub(super) async fn find(
    c: &mut AnyConnection,
    supervisor: &str,
    credit_code: &str,
) -> Result<Firm, Error> {
    let sql = format!("SELECT {READ} FROM supervised WHERE supervisor = $1 AND credit_code = $2");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(supervisor)
        .bind(credit_code)
        .fetch_optional(c)
        .await?
        .ok_or(Error::NotFound)
}

/// The same, and nobody else changes it until the change ends.
pub(super) async fn hold(
    change: &mut Change,
    supervisor: &str,
    credit_code: &str,
) -> Result<Firm, Error> {
    let sql = format!(
        "UPDATE supervised SET changed = changed WHERE supervisor = $1 AND credit_code = $2 \
         RETURNING {READ}"
    );
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(supervisor)
        .bind(credit_code)
        .fetch_optional(&mut **change)
        .await?
        .ok_or(Error::NotFound)
}

/// Those of a list of credit codes that are on the roster; of at most some thousand.
pub(super) async fn several(
    c: &mut AnyConnection,
    supervisor: &str,
    codes: &[&str],
) -> Result<Vec<Firm>, Error> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (2..codes.len() + 2).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT {READ} FROM supervised WHERE supervisor = $1 AND credit_code IN ({})",
        places.join(",")
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor);
    let query = codes.iter().fold(query, |q, code| q.bind(*code));
    Ok(query.fetch_all(c).await?)
}

/// Writes enterprises, new ones and changed ones.
pub(super) async fn put(
    change: &mut Change,
    supervisor: &str,
    firms: &[&Firm],
) -> Result<(), Error> {
    let mut batch = Batch::replace("supervised", WRITE, 2);
    for firm in firms {
        batch.add(change, firm.values(supervisor)).await?;
    }
    batch.flush(change).await
}

/// What happened to an enterprise.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Event {
    pub(super) time: i64,
    /// `add`, `rename`, `move`, `scale`, `merge`, `split`, `close` or `reopen`.
    pub(super) kind: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) note: String,
    pub(super) person_name: String,
}

/// The history of enterprises on its way into the store.
pub(super) struct History {
    batch: Batch,
    supervisor: String,
    person: String,
}

impl History {
    pub(super) fn new(change: &Change) -> Self {
        let columns = &[
            "id",
            "supervisor",
            "credit_code",
            "time",
            "kind",
            "before",
            "after",
            "note",
            "person_name",
        ];
        Self {
            batch: Batch::insert("supervised_history", columns),
            supervisor: change.organisation().into(),
            person: change.actor().name.clone(),
        }
    }

    /// One more event.
    pub(super) async fn add(
        &mut self,
        change: &mut Change,
        credit_code: &str,
        kind: &str,
        [before, after]: [&str; 2],
        note: &str,
    ) -> Result<(), Error> {
        let row: [Value; 9] = [
            new_id().into(),
            (&self.supervisor).into(),
            credit_code.into(),
            clock::now().into(),
            kind.into(),
            before.into(),
            after.into(),
            note.into(),
            (&self.person).into(),
        ];
        self.batch.add(change, row).await
    }

    /// What differs between two rows of an enterprise, each as an event.
    pub(super) async fn differences(
        &mut self,
        change: &mut Change,
        before: &Firm,
        after: &Firm,
        note: &str,
    ) -> Result<(), Error> {
        let code = &after.credit_code;
        if before.name != after.name {
            self.add(change, code, "rename", [&before.name, &after.name], note).await?;
        }
        let place = |f: &Firm| format!("{} {} {}", f.region, f.city, f.industry);
        if place(before) != place(after) {
            self.add(change, code, "move", [&place(before), &place(after)], note).await?;
        }
        if before.above_scale != after.above_scale {
            let scale = |f: &Firm| f.above_scale.to_string();
            self.add(change, code, "scale", [&scale(before), &scale(after)], note).await?;
        }
        if (&before.status, &before.successor) != (&after.status, &after.successor) {
            let kind = match after.status.as_str() {
                "merged" => "merge",
                "split" => "split",
                "closed" => "close",
                _ => "reopen",
            };
            self.add(change, code, kind, [&before.name, &after.successor], note).await?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn flush(mut self, change: &mut Change) -> Result<(), Error> {
        self.batch.flush(change).await
    }
}

/// The history of one enterprise, the newest first.
pub(super) async fn history(
    c: &mut AnyConnection,
    supervisor: &str,
    credit_code: &str,
) -> Result<Vec<Event>, Error> {
    Ok(sqlx::query_as(
        "SELECT time, kind, before, after, note, person_name FROM supervised_history \
         WHERE supervisor = $1 AND credit_code = $2 ORDER BY time DESC, id DESC LIMIT 200",
    )
    .bind(supervisor)
    .bind(credit_code)
    .fetch_all(c)
    .await?)
}
