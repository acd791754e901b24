//! Technical simulations begun from the server (docs/drill.md): ransomware's behaviour on decoys in a
//! folder that the administrator allowed, measured; who noticed it says so with one button.

mod begin;
mod doors;
mod end;
mod list;
mod one;
mod recipe;
mod run;

pub(super) use run::Running;
pub(crate) use {
    list::{Simulated, simulated},
    run::recover,
};

use crate::{
    auth::Right,
    error::Error,
    route::{Access, Doc, Routes},
};
use hangtu_catalog::{Bilingual, Language, key, text};
use hangtu_drill::simulate::{DrillResult, SimulateError};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    // Whoever sees files change must be able to say so, and to stop it.
    let anybody = Access::Any(&[Right::Read, Right::Work, Right::Detect]);
    let doc = Doc::new("Technical simulations, the newest first, and what they may be made of");
    r.get("/drills/simulations", read, doc.returns::<list::List>(), list::list);
    let doc = Doc::new("Begin a simulation in an allowed folder");
    let doc = doc.body::<begin::New>().returns::<begin::Begun>();
    r.post("/drills/simulations", Access::May(Right::Drill), doc, begin::begin);
    let doc = Doc::new("A simulation: how far it is, or what it measured");
    r.get("/drills/simulations/{id}", read, doc.returns::<one::Answer>(), one::one);
    r.page("/drills/simulations/{id}/progress", read, one::progress);
    let doc = Doc::new("Stop a simulation: no file is changed any more, everything is put back");
    r.post("/drills/simulations/{id}/stop", anybody, doc.returns::<doors::Told>(), doors::stop);
    let doc = Doc::new("Tell a simulation that somebody noticed it, now");
    let doc = doc.body::<doors::Noticed>().returns::<doors::Told>();
    r.post("/drills/simulations/{id}/detected", anybody, doc, doors::detected);
    let doc =
        Doc::new("The door for a product's webhook: tells the running simulation of an alarm")
            .takes("application/octet-stream")
            .returns::<doors::Told>();
    r.post("/drills/simulations/detected", Access::May(Right::Detect), doc, doors::webhook);
}

/// Where a simulation stands.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Decoys are made, attacked, restored.
    Running,
    /// It is over, and measured.
    Done,
    /// It did not begin, or could not go on.
    Failed,
    /// The program ended under it; what it had changed was put back at the next start.
    BrokenOff,
}

impl State {
    /// The word in the store and the API.
    const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::BrokenOff => "broken-off",
        }
    }
}

/// A simulation as it is kept.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) person_name: String,
    pub(super) created: i64,
    pub(super) folder: String,
    /// Identifier of its behaviour.
    pub(super) profile: String,
    pub(super) files: i64,
    pub(super) contact: String,
    /// The drill it belongs to; empty for none.
    pub(super) drill: String,
    /// `running`, `done`, `failed` or `broken-off`.
    pub(super) state: String,
    #[serde(skip)]
    directory: String,
    pub(super) ended: Option<i64>,
    #[serde(skip)]
    error_zh: String,
    #[serde(skip)]
    error_en: String,
    #[serde(skip)]
    result: String,
}

const COLUMNS: &str = "id, number, person_name, created, folder, profile, files, contact, drill, \
                       state, directory, ended, error_zh, error_en, result";

impl Row {
    fn running(&self) -> bool {
        self.state == State::Running.word()
    }

    fn error(&self) -> Bilingual {
        Bilingual::new(self.error_zh.clone(), self.error_en.clone())
    }

    fn measured(&self) -> Option<DrillResult> {
        serde_json::from_str(&self.result).ok()
    }
}

async fn load(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Row, Error> {
    let sql = format!("SELECT {COLUMNS} FROM simulation WHERE organisation = $1 AND id = $2");
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    Ok(query.fetch_one(c).await?)
}

/// The subject of its entries in the ledger.
fn subject(id: &str) -> String {
    format!("simulation/{id}")
}

/// Why it did not begin, in both languages.
fn told(error: &SimulateError) -> Bilingual {
    let Some(words) = error.words() else {
        let why = error.to_string();
        return Bilingual::message(key::SIMULATION_BROKE, &[("why", why.as_str().into())]);
    };
    let of = |language: Language| {
        let why = words.why.map(|k| {
            let args: Vec<_> = words.args.iter().map(|(n, v)| (*n, v.as_str().into())).collect();
            text(language, k, &args)
        });
        let mut args: Vec<_> = words.args.iter().map(|(n, v)| (*n, v.as_str().into())).collect();
        args.extend(why.as_deref().map(|why| ("why", why.into())));
        text(language, words.what, &args)
    };
    Bilingual::new(of(Language::Chinese), of(Language::English))
}
