//! History: what a supervisor accepted, as rows in Parquet files on an object store, and SQL over
//! them.
//!
//! [`Accepted`] is what one accepted submission adds. The rest stands behind features, as it takes
//! long to build: `engine` writes parts (`Store`) and answers questions in the process
//! (`Asker`, DataFusion); `cluster` puts the same questions to a Ballista cluster (`cluster`).
//!
//! Invariants: a part has the same names and the same bytes whenever it is written, so that writing
//! it again after a crash doubles nothing; a file is there whole or not at all; a question sees the
//! files of one organisation and nothing else.

#[cfg(feature = "engine")]
mod ask;
#[cfg(feature = "cluster")]
pub mod cluster;
#[cfg(feature = "engine")]
mod limit;
mod row;
#[cfg(feature = "engine")]
mod session;
#[cfg(feature = "engine")]
mod store;
#[cfg(feature = "engine")]
mod table;

#[cfg(feature = "engine")]
pub use ask::{Answer, AskError, Asker, Column, ask};
#[cfg(feature = "engine")]
pub use limit::Limits;
pub use row::{Accepted, Drill, Major, Risk};
#[cfg(feature = "engine")]
pub use session::Names;
#[cfg(feature = "engine")]
pub use store::{Store, StoreError, Written};
#[cfg(feature = "engine")]
pub use table::{TABLES, Table};
