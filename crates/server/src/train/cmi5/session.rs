//! Launches as rows, and what stands for one outside: addresses, the learner, the unit's activity.

use crate::{App, clock, error::Error};
use hangtu_catalog::sha256;
use hangtu_train::{
    exchange::cmi5::{Launch, LaunchMode, Session},
    lrs::{DocumentKey, Resource},
};
use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

/// A launch of a unit by somebody whose account is open.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) organisation: String,
    pub(super) person: String,
    pub(super) person_name: String,
    pub(super) course: String,
    pub(super) version: i64,
    pub(super) unit: i64,
    pub(super) registration: String,
    pub(super) body: String,
    pub(super) statements: i64,
    pub(super) bytes: i64,
    pub(super) created: i64,
    pub(super) ended: Option<i64>,
}

pub(super) const READ: &str = "s.id, s.organisation, s.person, s.person_name, s.course, s.version, \
    s.unit, s.registration, s.body, s.statements, s.bytes, s.created, s.ended";

/// The secret of a launch that stands in this column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Secret {
    /// In the path of its files.
    Files,
    /// In the address that gives the key.
    Fetch,
    /// The key.
    Token,
}

impl Secret {
    const fn column(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Fetch => "fetch",
            Self::Token => "token",
        }
    }
}

/// The launch that a secret belongs to, as long as it may be used.
pub(super) async fn by(
    c: &mut AnyConnection,
    which: Secret,
    secret: &str,
) -> Result<Option<Row>, Error> {
    let sql = format!(
        "SELECT {READ} FROM cmi5_session s JOIN person p ON p.id = s.person \
         AND p.organisation = s.organisation WHERE s.{} = $1 AND s.until > $2 AND p.disabled = 0",
        which.column()
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(sha256(secret.as_bytes()))
        .bind(clock::now())
        .fetch_optional(c)
        .await?)
}

/// Where people reach the program.
pub(super) fn base(app: &App) -> String {
    app.config.url(app.config.listen).trim_end_matches('/').to_owned()
}

/// Our name of something that stands below where people reach the program, an IRI.
pub(in crate::train) fn place(app: &App, path: &str) -> String {
    format!("{}/{path}", base(app))
}

/// Our name of a course, an IRI.
pub(super) fn course_iri(app: &App, course: &str) -> String {
    place(app, &format!("training/courses/{course}"))
}

/// Our name of something in a course that has the publisher's id: not the publisher's, since two
/// organisations may hold the same package.
pub(super) fn part_iri(app: &App, course: &str, publisher: &str) -> String {
    format!("{}#{}", course_iri(app, course), &sha256(publisher.as_bytes())[..16])
}

/// The learner as units and records know them: by the row's id, which says nothing outside.
pub(in crate::train) fn learner(app: &App, person: &str, name: &str) -> Value {
    json!({ "objectType": "Agent", "name": name,
        "account": { "homePage": base(app), "name": person } })
}

impl Row {
    pub(super) fn session(&self) -> Result<Session, Error> {
        serde_json::from_str(&self.body).map_err(Error::internal)
    }

    /// The launch as the library knows it; what only the address of the launch says is left out.
    pub(super) fn launch(&self, app: &App, publisher: &str) -> Result<Launch, Error> {
        let uuid = |t: &str| t.parse::<Uuid>().map_err(Error::internal);
        Ok(Launch {
            activity: part_iri(app, &self.course, publisher),
            actor: learner(app, &self.person, &self.person_name),
            registration: uuid(&self.registration)?,
            session: uuid(&self.id)?,
            mode: LaunchMode::Normal,
            endpoint: format!("{}/cmi5/lrs/", base(app)),
            fetch: String::new(),
            return_url: Some(course_iri(app, &self.course)),
        })
    }
}

/// Where the state of a unit stands.
pub(super) fn state(launch: &Launch) -> Result<DocumentKey, Error> {
    let agent = hangtu_train::exchange::xapi::agent_key(&launch.actor).map_err(Error::internal)?;
    Ok(DocumentKey {
        resource: Resource::State,
        activity: Some(launch.activity.clone()),
        agent,
        registration: Some(launch.registration),
    })
}
