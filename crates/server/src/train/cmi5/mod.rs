//! Courses made elsewhere: cmi5 packages taken in, their units launched, what they report.
//!
//! A package holds scripts that strangers wrote. Three things keep them from what is ours:
//!
//! 1. Every file of a package is served with `Content-Security-Policy: sandbox` without
//!    `allow-same-origin` ([`files`]). The browser gives such a document an origin that equals no other,
//!    ours included: its scripts read neither our pages nor our cookies nor our storage, and no request
//!    of theirs carries a cookie (they are `SameSite=Lax`, and an opaque origin is never the same site).
//!    The rest of the policy lets them load from the launch's own path alone and talk to the two doors
//!    below alone.
//! 2. Below `/cmi5/` nobody is signed in, whatever cookie or token a request brings
//!    ([`crate::ctx::FOREIGN`]). What stands there is opened by secrets of the launch: one in the path
//!    of the files, one in the address that gives the key (once), and that key. Each is 256 random bits
//!    of which the hash is kept, and dies with the launch ([`LIFE`]) or with its account; the key dies
//!    with its session, too.
//! 3. The key opens the record of its own launch only ([`door`]): this learner, this registration, this
//!    unit. `Access-Control-Allow-Origin: *` stands on that door, on the key's address and on the
//!    package's files, never with credentials, and on nothing else.
//!
//! What remains: a page can show what its maker wants, a form for passwords too, in a window whose
//! address is ours. It cannot send them anywhere but into its own record and, by leading the window away,
//! into an address. So taking packages in is a right, and the page on which it is done says so. And a
//! learner who knows how can report for themselves what the unit would report: that is how cmi5 is made.

mod door;
mod files;
mod import;
mod launch;
mod page;
mod report;
mod session;

pub(super) use page::show;
pub(super) use session::{learner, place};

use crate::{clock, error::Error, route::Routes};
use hangtu_catalog::{
    Bilingual, Scenario,
    course::{Course, Elsewhere},
};
use hangtu_train::exchange::cmi5::{CourseStructure, Progress, Words};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

/// How long a launch may be used: a working day and the way home, as a session of ours.
const LIFE: i64 = clock::DAY / 2;

pub(super) fn routes(r: &mut Routes) {
    import::routes(r);
    launch::routes(r);
    files::routes(r);
    door::routes(r);
}

#[derive(FromRow)]
struct Row {
    id: String,
    version: i64,
    structure: String,
    title_zh: String,
    title_en: String,
    summary_zh: String,
    summary_en: String,
    minutes: i64,
    months: i64,
    scenarios: String,
    withdrawn: i64,
}

const READ: &str = "id, version, structure, title_zh, title_en, summary_zh, summary_en, minutes, \
    months, scenarios, withdrawn";

impl Row {
    fn structure(&self) -> Result<CourseStructure, Error> {
        serde_json::from_str(&self.structure).map_err(Error::internal)
    }

    fn course(self) -> Course {
        let named = |w: &str| Scenario::ALL.into_iter().find(|s| s.name() == w);
        let rule = Elsewhere {
            version: u32::try_from(self.version).unwrap_or(u32::MAX),
            minutes: u16::try_from(self.minutes).unwrap_or(u16::MAX),
            valid_months: u16::try_from(self.months).unwrap_or(12),
            scenarios: self.scenarios.split(' ').filter_map(named).collect(),
        };
        let title = Bilingual::new(self.title_zh, self.title_en);
        Course::elsewhere(&self.id, title, Bilingual::new(self.summary_zh, self.summary_en), rule)
    }
}

/// A course as it was taken in last, or in one version.
async fn held(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
    version: Option<i64>,
) -> Result<Option<Row>, Error> {
    let sql = format!(
        "SELECT {READ} FROM cmi5_course WHERE organisation = $1 AND id = $2 \
         AND ($3 = 0 OR version = $3) ORDER BY version DESC LIMIT 1"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(id)
        .bind(version.unwrap_or(0))
        .fetch_optional(c)
        .await?)
}

/// The courses made elsewhere that an organisation offers.
pub(super) async fn courses(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<Course>, Error> {
    let sql = format!(
        "SELECT {READ} FROM cmi5_course o WHERE organisation = $1 AND withdrawn = 0 AND version = \
         (SELECT MAX(version) FROM cmi5_course n WHERE n.organisation = $1 AND n.id = o.id) \
         ORDER BY id"
    );
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).fetch_all(c).await?;
    Ok(rows.into_iter().map(Row::course).collect())
}

/// What tells whether the courses made elsewhere have changed.
pub(super) async fn stamp(c: &mut AnyConnection, organisation: &str) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as(
        "SELECT COUNT(*), COALESCE(MAX(changed), 0) FROM cmi5_course WHERE organisation = $1",
    )
    .bind(organisation)
    .fetch_one(c)
    .await?)
}

/// Who completed which course made elsewhere, and when: `(person, course, time)`, each completion.
pub(super) async fn completed(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
) -> Result<Vec<(String, String, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT person, course, time FROM course_done WHERE organisation = $1 \
         AND ($2 = '' OR person = $2) ORDER BY time",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(c)
    .await?)
}

/// A text of a package in both languages; the one it has stands for the other.
fn words(all: &Words) -> Bilingual {
    let of = |tag: &str| {
        all.iter()
            .find(|(t, _)| t.to_ascii_lowercase().split('-').next() == Some(tag))
            .map(|(_, text)| text.trim())
    };
    let first = all.first().map_or("", |(_, text)| text.trim());
    let cut = |text: &str| text.chars().take(2000).collect::<String>();
    Bilingual::new(cut(of("zh").unwrap_or(first)), cut(of("en").unwrap_or(first)))
}

/// What a learner has reached in a unit.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reached {
    #[serde(flatten)]
    progress: Progress,
    /// Whether a session of it was ever begun.
    #[serde(default)]
    begun: bool,
    /// Best scaled score, in percent.
    #[serde(default)]
    percent: Option<i64>,
}

/// A learner's going through a course.
#[derive(FromRow)]
struct Registration {
    id: String,
    progress: String,
    satisfied: Option<i64>,
}

impl Registration {
    /// Publisher's id of a unit → what was reached.
    fn reached(&self) -> Result<BTreeMap<String, Reached>, Error> {
        serde_json::from_str(&self.progress).map_err(Error::internal)
    }
}

/// The latest going through a course of somebody.
async fn registration(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
    course: &str,
) -> Result<Option<Registration>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, progress, satisfied FROM cmi5_registration WHERE organisation = $1 \
         AND person = $2 AND course = $3 ORDER BY started DESC, id DESC LIMIT 1",
    )
    .bind(organisation)
    .bind(person)
    .bind(course)
    .fetch_optional(c)
    .await?)
}
