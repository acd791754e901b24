//! The web program: an enterprise examines itself, corrects what is found and proves it.
//!
//! One folder for each capability, each with its model, its SQL, its pages and its API; beside them
//! the floor they share: `db`, `auth`, `route`, `ctx`, `ui`, `jobs`.

#![allow(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_self,
    reason = "templates call methods, with references"
)]

// Tests of the inside use the kit of the tests from outside.
#[cfg(test)]
extern crate self as hangtu_server;
#[cfg(test)]
#[path = "../tests/kit/mod.rs"]
mod kit;

mod admin;
mod answer;
mod audit;
mod auth;
mod authorise;
mod clock;
mod config;
mod correct;
mod ctx;
mod db;
mod demo;
mod download;
mod drill;
mod error;
mod examine;
mod files;
mod hand;
mod home;
mod input;
mod jobs;
mod kept;
mod operate;
mod outward;
mod people;
mod register;
mod report;
mod rounds;
mod route;
mod serve;
mod submit;
mod supervise;
mod tls;
mod train;
mod ui;

pub use config::{Config, ConfigError};
pub use operate::{BackupError, BackupSaid, RestoreError, Restored, backup, restore};
pub use serve::{ServeError, Server};
#[doc(hidden)]
pub use supervise::nation::{Intake, Nation};
pub use tls::{TlsError, TlsFault};

use db::Db;
use hangtu_catalog::Catalog;
use route::Routes;
use std::{ops::Deref, sync::Arc};

/// Everything a request may need; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) catalog: Catalog,
    pub(crate) throttle: auth::Throttle,
    pub(crate) auth: auth::State,
    pub(crate) jobs: jobs::Jobs,
    pub(crate) uploads: examine::Uploads,
    pub(crate) signer: audit::Signer,
    pub(crate) metrics: operate::Metrics,
    pub(crate) drills: drill::Live,
    pub(crate) training: train::State,
    pub(crate) tallies: correct::facts::Tallies,
    pub(crate) intake: submit::Gate,
    pub(crate) pictures: supervise::picture::Pictures,
    pub(crate) rosters: supervise::roster::Lists,
    pub(crate) looks: supervise::roster::Looks,
    #[cfg(feature = "history")]
    pub(crate) history: supervise::history::State,
    /// Opens the set-up page while there is no organisation.
    pub(crate) set_up: admin::SetUpCode,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Every route of the program.
fn routes() -> Routes {
    let mut r = Routes::default();
    ui::routes(&mut r);
    auth::routes(&mut r);
    admin::routes(&mut r);
    people::routes(&mut r);
    home::routes(&mut r);
    examine::routes(&mut r);
    correct::routes(&mut r);
    answer::routes(&mut r);
    authorise::routes(&mut r);
    drill::routes(&mut r);
    train::routes(&mut r);
    report::routes(&mut r);
    register::routes(&mut r);
    submit::routes(&mut r);
    supervise::routes(&mut r);
    audit::routes(&mut r);
    operate::routes(&mut r);
    r
}

/// Every route: its method, its path with parameters in braces, and whether it is open to anybody.
#[must_use]
pub fn paths() -> Vec<(axum::http::Method, &'static str, bool)> {
    let open = |r: &route::Route| r.access == route::Access::Open;
    routes().list.iter().map(|r| (r.method.clone(), r.path, open(r))).collect()
}
