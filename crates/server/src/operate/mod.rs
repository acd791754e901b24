//! Operating the instance: health, measurements, the API's description, backups.

mod backup;
mod health;
mod linger;
mod manifest;
mod metrics;
mod observe;
mod openapi;
mod restore;

pub use backup::{BackupError, BackupSaid, backup};
pub use restore::{RestoreError, Restored, restore};

pub(crate) use linger::linger;
pub(crate) use metrics::Metrics;
pub(crate) use observe::{limit, observe, steady};

use crate::route::Routes;

pub(crate) fn routes(r: &mut Routes) {
    health::routes(r);
    metrics::routes(r);
    openapi::routes(r);
    backup::routes(r);
}
