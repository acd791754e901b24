//! The data catalogue: what data the plant processes, how each asset is graded and protected
//! (Measures, Arts 7–13), and the filing of the catalogue. Never the data themselves.
//!
//! The first of the registers, and small: one table, one form, one file in and out. What changed when
//! and by whom stands in the ledger under `data/<id>`.

mod asset;
mod edit;
mod export;
mod filing;
mod import;
mod list;
mod table;

pub(crate) use asset::counted;

use crate::{
    auth::Right,
    route::{Access, Routes},
};

/// Who keeps the catalogue.
const KEEP: Access = Access::May(Right::Register);

pub(crate) fn routes(r: &mut Routes) {
    list::routes(r);
    import::routes(r);
    export::routes(r);
    filing::routes(r);
    edit::routes(r);
}
