//! Campaigns: a self-examination, a drill or a training that a supervisor asks of enterprises, in a
//! window; who has done it follows from the facts they submit, so nobody reports it twice.

mod hear;
mod make;
mod own;
mod progress;

pub(super) use hear::hear;

use crate::{
    auth::Right,
    error::Error,
    route::{Access, Doc, Routes},
    supervise::roster::Filter,
};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("Campaigns, the newest first").returns::<make::List>();
    r.get("/supervise/campaigns", may, doc, make::list);
    let doc =
        Doc::new("Ask enterprises that match a filter for an examination, a drill or training");
    let doc = doc.query::<Filter>().body::<make::New>().returns::<make::Made>();
    r.post("/supervise/campaigns", may, doc, make::make);
    let doc = Doc::new("A campaign: who did it in time, late, or not, by province and industry");
    let doc = doc.query::<progress::Asked>().returns::<progress::Progress>();
    r.get("/supervise/campaigns/{id}", may, doc, progress::one);
    let doc = Doc::new("Every enterprise of a campaign and how it stands").gives("text/csv");
    r.get("/supervise/campaigns/{id}/members.csv", may, doc, progress::members);
    let doc = Doc::new("Remind those that have not done it");
    r.post("/supervise/campaigns/{id}/remind", may, doc, make::remind);
    let doc = Doc::new("Call a campaign off; what was done in it stays");
    r.post("/supervise/campaigns/{id}/call-off", may, doc, make::call_off);
    let doc = Doc::new("What supervisors of this instance ask of the enterprise");
    r.get("/campaigns", Access::May(Right::Read), doc.returns::<Vec<own::Asked>>(), own::list);
}

/// What may be asked.
const KINDS: [&str; 3] = ["examination", "drill", "training"];

/// A campaign.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Campaign {
    id: String,
    number: i64,
    /// `examination`, `drill` or `training`.
    kind: String,
    title: String,
    text: String,
    /// Of a drill.
    scenario: String,
    /// Of a drill: which exercise, where one is asked for.
    exercise: String,
    /// Of a training: person-times each enterprise is to add.
    need: i64,
    opens: i64,
    closes: i64,
    /// Which enterprises, as the query of the roster.
    filter: String,
    members: i64,
    made: i64,
    person_name: String,
    called_off: Option<i64>,
    reminded: Option<i64>,
}

const READ: &str = "id, number, kind, title, text, scenario, exercise, need, opens, closes, filter, \
                    members, made, person_name, called_off, reminded";

async fn load(c: &mut AnyConnection, supervisor: &str, id: &str) -> Result<Campaign, Error> {
    let sql = format!("SELECT {READ} FROM campaign WHERE supervisor = $1 AND id = $2");
    let found = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).bind(id).fetch_optional(c);
    found.await?.ok_or(Error::NotFound)
}

/// How a member stands.
fn stands(done: Option<i64>, closes: i64, now: i64) -> &'static str {
    match done {
        Some(t) if t <= closes => "done",
        Some(_) => "late",
        None if now <= closes => "open",
        None => "missing",
    }
}
