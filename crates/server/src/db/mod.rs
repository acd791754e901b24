//! The store: SQLite beside the program, or PostgreSQL by a URL, with the same SQL.
//!
//! There are two doors. [`Db::read`] gives a connection that the database itself holds to reading.
//! [`Db::change`] gives a transaction that only commits together with at least one entry in the
//! ledger: a write without a trace cannot be expressed.

mod batch;
mod change;

pub(crate) use batch::{Batch, Value, bind};
pub(crate) use change::{Actor, Change, nothing_to_change, witnessed};

use crate::error::Error;
use sqlx::{
    AnyConnection, AnyPool, Connection, Executor,
    any::{Any, AnyPoolOptions},
    pool::PoolConnection,
};
use std::{path::Path, time::Duration};

/// Connections for reading; each statement is short, so a few serve many people.
const READERS: u32 = 8;

/// The embedded database's name in the data folder.
pub(crate) const FILE: &str = "hangtu.db";

/// A connection to a database file that nobody serves: a copy, or what was restored.
pub(crate) async fn attach(file: &Path) -> Result<AnyConnection, Error> {
    sqlx::any::install_default_drivers();
    Ok(AnyConnection::connect(&format!("sqlite://{}?mode=rw", file.display())).await?)
}

/// Which database it is; only for what cannot be said in common SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file beside the program.
    Sqlite,
    /// A server.
    Postgres,
}

/// The store.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    read: AnyPool,
    write: AnyPool,
    pub(crate) kind: Kind,
}

impl Db {
    /// The URL of the embedded database in a data folder.
    pub(crate) fn embedded(data: &Path) -> String {
        format!("sqlite://{}?mode=rwc", data.join(FILE).display())
    }

    /// Opens the store and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let kind = if url.starts_with("postgres") { Kind::Postgres } else { Kind::Sqlite };
        let writers = match kind {
            // SQLite has one writer; a queue here is fair, a busy error is not.
            Kind::Sqlite => 1,
            Kind::Postgres => READERS,
        };
        let write = pool(url, kind, writers, false).await?;
        sqlx::migrate!("./migrations").run(&write).await.map_err(Error::internal)?;
        let read = pool(url, kind, READERS, true).await?;
        Ok(Self { read, write, kind })
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Any>, Error> {
        Ok(self.read.acquire().await?)
    }

    /// A transaction for changing things, on behalf of somebody.
    pub(crate) async fn change(&self, actor: &Actor) -> Result<Change, Error> {
        Ok(Change::new(self.write.begin().await?, actor.clone()))
    }

    /// A consistent copy of the embedded database as a new file, while others read and write.
    pub(crate) async fn copy(data: &Path, to: &Path) -> Result<(), Error> {
        let mut connection = attach(&data.join(FILE)).await?;
        sqlx::query("PRAGMA busy_timeout = 10000").execute(&mut connection).await?;
        sqlx::query("VACUUM INTO $1")
            .bind(to.display().to_string())
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(())
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn pool(url: &str, kind: Kind, size: u32, reading: bool) -> Result<AnyPool, Error> {
    let prepare = match (kind, reading) {
        // FULL: what was said to be saved survives a power cut, not only a crash.
        (Kind::Sqlite, false) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16000"
        }
        (Kind::Sqlite, true) => {
            "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -32000; PRAGMA query_only = ON"
        }
        (Kind::Postgres, false) => "SET TIME ZONE 'UTC'",
        (Kind::Postgres, true) => "SET TIME ZONE 'UTC'; SET default_transaction_read_only = on",
    };
    Ok(AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(15))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for statement in prepare.split(';') {
                    connection.execute(statement).await?;
                }
                Ok(())
            })
        })
        .connect(url)
        .await?)
}
