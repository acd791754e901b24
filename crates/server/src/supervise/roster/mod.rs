//! The roster: who is supervised, how each came on it and what became of it.

mod export;
mod filter;
mod firm;
mod import;
mod list;
mod look;
mod lookup;
mod moves;
mod sheet;
mod table;
mod take;

pub(super) use export::XLSX;
pub(super) use filter::Filter;
pub(super) use firm::{about, shown};
pub(crate) use list::Lists;
pub(crate) use look::Looks;
pub(super) use look::{looked, start};
pub(super) use moves::adopt;
pub(crate) use moves::{host, invited, submitted};

use crate::{
    auth::{Kind, Who},
    error::Error,
    route::Routes,
};
use sqlx::AnyConnection;

pub(super) fn routes(r: &mut Routes) {
    list::routes(r);
    export::routes(r);
    import::routes(r);
    firm::routes(r);
    moves::routes(r);
}

/// Which regions belong to a supervisor.
pub(super) struct Reach {
    /// Code of the only one; nothing for all.
    only: Option<String>,
}

impl Reach {
    /// That of who asks.
    pub(super) async fn of(c: &mut AnyConnection, who: &Who) -> Result<Self, Error> {
        let region = crate::admin::region(c, &who.organisation).await?;
        let all = matches!(who.kind, Kind::Nation | Kind::Group) || region.is_empty();
        Ok(Self { only: (!all).then_some(region) })
    }

    /// Whether a region belongs to it.
    pub(super) fn has(&self, region: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == region)
    }
}
