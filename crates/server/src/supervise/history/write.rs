//! Putting what is due into parts, and writing them.

use crate::{
    App, clock,
    db::{Actor, Change},
    error::Error,
    rounds, submit,
    supervise::Facts,
};
use hangtu_history::{Accepted, Asker, Drill, Limits, Major, Risk, Store, Written};
use serde_json::json;
use sqlx::FromRow;
use std::time::Duration;

/// Submissions in a part: what is read and written at one time.
const MANY: i64 = 1_000;
/// Fewer wait this long, so that files do not become many and small.
const WAIT: i64 = 60 * clock::MINUTE;
/// How often the clock looks.
const LOOK: Duration = Duration::from_mins(5);

/// Where history is kept and asked; nothing where it is not kept.
#[derive(Default)]
pub(crate) struct State {
    asker: Option<Asker>,
    /// One writes at a time.
    writing: tokio::sync::Mutex<()>,
}

impl State {
    /// Opens the place that the configuration names.
    pub(crate) fn open(place: Option<&str>) -> Result<Self, String> {
        let Some(place) = place else { return Ok(Self::default()) };
        let store = Store::open(place).map_err(|e| e.to_string())?;
        let asker = Asker::new(store, Limits::PAGE).map_err(|e| e.to_string())?;
        Ok(Self { asker: Some(asker), ..Self::default() })
    }

    pub(super) fn asker(&self) -> Option<&Asker> {
        self.asker.as_ref()
    }
}

/// Writes history while the program runs.
pub(crate) fn start(app: &App) {
    if app.history.asker.is_none() {
        return;
    }
    rounds::every(app, LOOK, "history", |app| async move { all(&app).await });
}

async fn all(app: &App) -> Result<(), Error> {
    let now = clock::now();
    let supervisors: Vec<(String,)> = sqlx::query_as(
        "SELECT supervisor FROM history_part WHERE written = 0 UNION \
         SELECT supervisor FROM history_due WHERE part = 0 GROUP BY supervisor \
         HAVING COUNT(*) >= $1 OR MIN(accepted) < $2",
    )
    .bind(MANY)
    .bind(now - WAIT)
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (supervisor,) in supervisors {
        // What one lacks keeps nobody else waiting.
        if let Err(e) = write(app, &Actor::system(&supervisor), u64::MAX).await {
            tracing::warn!(supervisor, error = ?e, "history waits");
        }
    }
    Ok(())
}

/// Writes what waits, in at most so many parts; says how many parts that made.
pub(super) async fn write(app: &App, actor: &Actor, most: u64) -> Result<u64, Error> {
    let Some(asker) = &app.history.asker else { return Ok(0) };
    let _one = app.history.writing.lock().await;
    let mut parts = 0;
    while parts < most {
        // First what a program that ended in the middle had begun.
        let next = match begun(app, &actor.organisation).await? {
            Some(number) => Some(number),
            None => begin(app, actor).await?,
        };
        let Some(number) = next else { break };
        let accepted = rows(app, &actor.organisation, number).await?;
        let store = asker.store();
        let written = store
            .write(&actor.organisation, number.unsigned_abs(), &accepted)
            .await
            .map_err(|e| Error::Storage(e.to_string()))?;
        mark(app, actor, number, written).await?;
        parts += 1;
    }
    Ok(parts)
}

async fn begun(app: &App, supervisor: &str) -> Result<Option<i64>, Error> {
    let found: Option<(i64,)> = sqlx::query_as(
        "SELECT number FROM history_part WHERE supervisor = $1 AND written = 0 \
         ORDER BY number LIMIT 1",
    )
    .bind(supervisor)
    .fetch_optional(&mut *app.db.read().await?)
    .await?;
    Ok(found.map(|f| f.0))
}

/// Puts the next of what waits into a part.
async fn begin(app: &App, actor: &Actor) -> Result<Option<i64>, Error> {
    let mut change: Change = app.db.change(actor).await?;
    let supervisor = change.organisation().to_owned();
    let (number,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM history_part WHERE supervisor = $1",
    )
    .bind(&supervisor)
    .fetch_one(&mut *change)
    .await?;
    let taken = sqlx::query(
        "UPDATE history_due SET part = $2 WHERE supervisor = $1 AND part = 0 AND intake IN \
         (SELECT intake FROM history_due WHERE supervisor = $1 AND part = 0 \
          ORDER BY accepted, intake LIMIT $3)",
    )
    .bind(&supervisor)
    .bind(number)
    .bind(MANY)
    .execute(&mut *change)
    .await?
    .rows_affected();
    if taken == 0 {
        return Ok(None);
    }
    // Another program that took the same number waits here, and is refused.
    sqlx::query(
        "INSERT INTO history_part (supervisor, number, begun, submissions) VALUES ($1, $2, $3, $4)",
    )
    .bind(&supervisor)
    .bind(number)
    .bind(clock::now())
    .bind(taken as i64)
    .execute(&mut *change)
    .await?;
    change.note("history.part", format!("history/{number}"), json!({ "submissions": taken }));
    change.commit().await?;
    Ok(Some(number))
}

#[derive(FromRow)]
struct Due {
    intake: String,
    holder: String,
    credit_code: String,
    region: String,
    industry: String,
    accepted: i64,
}

/// What a part holds, always in the same order.
async fn rows(app: &App, supervisor: &str, number: i64) -> Result<Vec<Accepted>, Error> {
    let c = &mut *app.db.read().await?;
    let due: Vec<Due> = sqlx::query_as(
        "SELECT intake, holder, credit_code, region, industry, accepted FROM history_due \
         WHERE supervisor = $1 AND part = $2 ORDER BY accepted, intake",
    )
    .bind(supervisor)
    .bind(number)
    .fetch_all(&mut *c)
    .await?;
    let mut all = Vec::with_capacity(due.len());
    for due in due {
        // A package that no longer opens is left out, and named; it must not keep the others.
        match submit::told(c, &due.holder, &due.intake).await {
            Ok((sequence, facts)) => all.push(accepted(due, sequence, facts)),
            Err(e) => tracing::warn!(supervisor, intake = due.intake, error = ?e, "not in history"),
        }
    }
    Ok(all)
}

fn accepted(due: Due, sequence: i64, facts: Facts) -> Accepted {
    let (graded, d, e, t) = (facts.graded(), facts.data, facts.examination, facts.training);
    let risks = facts.risks.into_iter().map(|r| Risk {
        counts: [r.open, r.overdue, r.accepted, r.corrected, r.proven].map(i64::from),
        oldest_open: r.oldest_open,
        scenario: r.scenario,
        level: r.level,
    });
    let majors = facts.majors.into_iter().map(|m| Major {
        id: m.id,
        rule: m.rule,
        scenario: m.scenario,
        state: m.state,
        opened: m.found,
        closed: m.closed,
    });
    let drills = facts.drills.into_iter().map(|d| Drill {
        scenario: d.scenario,
        last: d.last,
        score: d.score,
        shortcomings_open: d.shortcomings_open.into(),
    });
    Accepted {
        credit_code: due.credit_code,
        region: due.region,
        industry: due.industry,
        revenue_band: facts.organisation.revenue_band,
        sequence,
        as_of: facts.as_of,
        accepted_at: due.accepted,
        month: clock::day(due.accepted).strftime("%Y-%m").to_string(),
        graded,
        filed: d.filed,
        assets: [d.assets, d.general, d.important, d.core, d.ungraded].map(i64::from),
        runs: e.runs.into(),
        examined: e.last,
        checks: [
            e.checks_total,
            e.checks_measured,
            e.checks_errored,
            e.checks_stale,
            e.checks_never,
            e.not_applicable,
        ]
        .map(i64::from),
        training: [t.person_times, t.persons, t.professionals].map(i64::from),
        risks: risks.collect(),
        majors: majors.collect(),
        drills: drills.collect(),
    }
}

/// Says that all files of a part are there.
async fn mark(app: &App, actor: &Actor, number: i64, written: Written) -> Result<(), Error> {
    let mut change = app.db.change(actor).await?;
    sqlx::query(
        "UPDATE history_part SET written = $3, files = $4, row_count = $5, bytes = $6 \
         WHERE supervisor = $1 AND number = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(number)
    .bind(clock::now())
    .bind(written.files as i64)
    .bind(written.rows as i64)
    .bind(written.bytes as i64)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "files": written.files, "rows": written.rows, "bytes": written.bytes });
    change.note("history.write", format!("history/{number}"), detail);
    change.commit().await
}
