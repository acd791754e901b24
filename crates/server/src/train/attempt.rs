//! Attempts at exams as rows: begun, held, kept, ended.

use super::{issue, shelf::Shelf, track};
use crate::{
    App,
    auth::{new_id, random},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
};
use hangtu_catalog::course::Course;
use hangtu_train::exam::{
    Admission, Attempt, Blueprint, Marked, Paper, Past, Seed, SignalKind, admit, mark,
};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// What an exam is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One course.
    Course,
    /// All courses of a track.
    Track,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Course => "course",
            Self::Track => "track",
        }
    }
}

/// A row.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) person_name: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) number: i64,
    pub(super) language: String,
    pub(super) body: String,
    pub(super) state: String,
    pub(super) started: i64,
    pub(super) ended: Option<i64>,
    pub(super) percent: Option<i64>,
    pub(super) passed: i64,
    pub(super) marked: String,
    pub(super) address: String,
    pub(super) agent: String,
}

const READ: &str = "id, person, person_name, kind, subject, number, language, body, state, started, \
    ended, percent, passed, marked, address, agent";

impl Row {
    /// The attempt as the library keeps it.
    pub(super) fn attempt(&self) -> Result<Attempt, Error> {
        serde_json::from_str(&self.body).map_err(Error::internal)
    }

    /// The marked paper, once it is over.
    pub(super) fn marked(&self) -> Result<Option<Marked>, Error> {
        if self.marked.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&self.marked).map(Some).map_err(Error::internal)
    }

    fn past(&self) -> Past {
        Past { ended: self.ended.map(clock::stamp), passed: self.passed == 1 }
    }
}

/// What a signal is called in the ledger and on pages.
pub(super) const fn signal_name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Hidden(_) => "hidden",
        SignalKind::FullScreenLeft => "full-screen-left",
        SignalKind::Copied => "copied",
        SignalKind::Pasted => "pasted",
        SignalKind::OtherAddress => "other-address",
        SignalKind::OtherBrowser => "other-browser",
        SignalKind::OpenTwice => "open-twice",
        SignalKind::LineLost(_) => "line-lost",
    }
}

/// One attempt of an organisation.
pub(super) async fn load(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Row, Error> {
    let sql = format!("SELECT {READ} FROM exam_attempt WHERE organisation = $1 AND id = $2");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    Ok(row.fetch_one(c).await?)
}

/// Somebody's attempts at one exam, the newest first.
pub(super) async fn all(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
    kind: Kind,
    subject: &str,
) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "SELECT {READ} FROM exam_attempt WHERE organisation = $1 AND person = $2 AND kind = $3 \
         AND subject = $4 ORDER BY started DESC LIMIT 200"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(person)
        .bind(kind.word())
        .bind(subject)
        .fetch_all(c)
        .await?)
}

/// Attempts that are over and of which no statement tells yet.
pub(super) async fn untold(
    c: &mut AnyConnection,
    organisation: &str,
    most: i64,
) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "SELECT {READ} FROM exam_attempt WHERE organisation = $1 AND told = 0 AND state = 'over' \
         ORDER BY ended LIMIT $2"
    );
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(most);
    Ok(rows.fetch_all(c).await?)
}

/// Holds an attempt until the transaction ends; of one person, or whoever's.
pub(super) async fn hold(
    change: &mut Change,
    organisation: &str,
    id: &str,
    person: Option<&str>,
) -> Result<Option<Row>, Error> {
    let sql = format!(
        "UPDATE exam_attempt SET number = number WHERE organisation = $1 AND id = $2 \
         AND ($3 = '' OR person = $3) RETURNING {READ}"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(id)
        .bind(person.unwrap_or_default())
        .fetch_optional(&mut **change)
        .await?)
}

/// Keeps what an attempt has become. The row is held.
pub(super) async fn keep(
    change: &mut Change,
    organisation: &str,
    row: &Row,
    sat: &Attempt,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE exam_attempt SET body = $3, address = $4, agent = $5 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(&row.id)
    .bind(serde_json::to_string(sat).map_err(Error::internal)?)
    .bind(&row.address)
    .bind(&row.agent)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Whether somebody may sit an exam now; attempts begun before `since` do not count.
pub(super) fn admission(rule: &Blueprint, rows: &[Row], since: i64, now: i64) -> Admission {
    let past: Vec<Past> = rows
        .iter()
        .filter(|r| r.state != "void" && (r.started >= since || r.state == "open"))
        .map(Row::past)
        .collect();
    admit(rule, &past, clock::stamp(now))
}

/// The rules of an exam.
pub(super) fn blueprint(
    app: &App,
    shelf: &Shelf,
    kind: Kind,
    id: &str,
) -> Result<Blueprint, Error> {
    Ok(match kind {
        Kind::Course => Blueprint::of_course(shelf.one(id)?),
        Kind::Track => {
            let track = app.catalog.training.track(id).ok_or(Error::NotFound)?;
            Blueprint::of_track(track, shelf)
        }
    })
}

/// Begins an attempt, or gives the one under way.
pub(super) async fn begin(
    ctx: &Ctx,
    shelf: &Shelf,
    kind: Kind,
    subject: &str,
    number: u8,
) -> Result<String, Error> {
    let rule = blueprint(&ctx.app, shelf, kind, subject)?;
    let who = ctx.signed()?;
    let paper = Paper::draw(&rule, shelf, Seed::new(random::<32>()?)).map_err(Error::internal)?;
    let now = clock::now();
    let grace = ctx.app.catalog.training.sitting.grace_seconds;
    let (questions, minutes) = (paper.items.len(), rule.minutes);
    let sat = Attempt::start(rule, paper, clock::stamp(now), grace);
    let closes = sat.ends().as_microsecond() + i64::from(grace) * clock::SECOND;
    let id = new_id();
    // An exam with questions in one language is offered in that one, whatever the reader's is.
    let only = shelf.one(subject).ok().filter(|_| kind == Kind::Course).and_then(Course::exam_only);
    let language = only.unwrap_or(ctx.language);
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let made = sqlx::query(
        "INSERT INTO exam_attempt (id, organisation, person, person_name, kind, subject, number, \
         language, body, state, started, closes, address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, \
         $8, $9, 'open', $10, $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(&id)
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&who.name)
    .bind(kind.word())
    .bind(subject)
    .bind(i64::from(number))
    .bind(language.tag())
    .bind(serde_json::to_string(&sat).map_err(Error::internal)?)
    .bind(now)
    .bind(closes)
    .bind(&ctx.address)
    .bind(&ctx.agent)
    .execute(&mut *change)
    .await?;
    if made.rows_affected() == 0 {
        // Another window was faster: both go on with that attempt.
        let rows = all(&mut change, &who.organisation, &who.person, kind, subject).await?;
        drop(change);
        crate::db::nothing_to_change();
        return rows.into_iter().find(|r| r.state == "open").map(|r| r.id).ok_or(Error::NotFound);
    }
    let detail = json!({ "kind": kind.word(), "subject": subject, "attempt": number,
        "questions": questions, "minutes": minutes });
    change.note("exam.start", format!("attempt/{id}"), detail);
    change.commit().await?;
    Ok(id)
}

/// Ends an attempt that takes nothing any more: marks it, and issues what it earned. The row is held.
pub(super) async fn finish(
    app: &App,
    change: &mut Change,
    shelf: &Shelf,
    row: &Row,
    sat: &Attempt,
    ended: i64,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let subject = format!("attempt/{}", row.id);
    let body = serde_json::to_string(sat).map_err(Error::internal)?;
    let marked = match mark(sat, shelf, app.catalog.training.marking) {
        Ok(marked) => marked,
        Err(why) => {
            // A question went away with an update: nobody is failed by that.
            sqlx::query(
                "UPDATE exam_attempt SET state = 'void', ended = $3, body = $4 \
                 WHERE organisation = $1 AND id = $2",
            )
            .bind(&organisation)
            .bind(&row.id)
            .bind(ended)
            .bind(&body)
            .execute(&mut **change)
            .await?;
            change.note("exam.void", subject, json!({ "why": why.to_string() }));
            return Ok(());
        }
    };
    sqlx::query(
        "UPDATE exam_attempt SET state = 'over', ended = $3, percent = $4, passed = $5, marked = $6, \
         body = $7 WHERE organisation = $1 AND id = $2",
    )
    .bind(&organisation)
    .bind(&row.id)
    .bind(ended)
    .bind(i64::from(marked.percent))
    .bind(i64::from(marked.passed))
    .bind(serde_json::to_string(&marked).map_err(Error::internal)?)
    .bind(&body)
    .execute(&mut **change)
    .await?;
    let detail = json!({
        "kind": row.kind, "subject": row.subject, "percent": marked.percent,
        "passed": if marked.passed { "yes" } else { "no" },
        "answers": hangtu_catalog::sha256(body.as_bytes()),
    });
    change.note("exam.end", subject, detail);
    if marked.passed {
        if row.kind == "course" {
            let course: &Course = shelf.one(&row.subject)?;
            issue::of_course(app, change, row, course, ended).await?;
        }
        track::complete(app, change, shelf, &row.person, &row.person_name, &row.language).await?;
    }
    Ok(())
}
