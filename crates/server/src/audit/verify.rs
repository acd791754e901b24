//! Recomputing a log from its entries.

use super::{Log, Which};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use hangtu_ledger::{Checkpoint, Entry, Frontier, leaf_hash};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};

/// Entries read at a time.
const PAGE: i64 = 1000;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/audit/verify",
        Access::May(Right::Audit),
        Doc::new("Recompute the log from all of its entries and compare with what was committed")
            .query::<Which>()
            .returns::<Verification>(),
        page,
    );
}

/// What recomputing a log showed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Verification {
    /// Whether everything agrees.
    pub(crate) holds: bool,
    /// Entries that were read.
    pub(crate) entries: u64,
    /// Entries that were committed.
    pub(crate) committed: u64,
    /// The root over the entries that were read, in base64.
    pub(crate) root: String,
    /// The root that was committed, in base64.
    pub(crate) committed_root: String,
    /// The first entry that is not in order by itself: missing, misspelt, or unlike its columns.
    pub(crate) broken: Option<u64>,
    /// The log's identity; empty where no key is at hand.
    pub(crate) origin: String,
    /// The public key that signs it.
    pub(crate) key: String,
}

#[derive(FromRow)]
struct Row {
    sequence: i64,
    time: i64,
    actor: String,
    actor_name: String,
    action: String,
    subject: String,
    body: String,
}

impl Row {
    /// The row is shown by its columns; they must say what the hashed body says.
    fn agrees(&self, organisation: &str) -> bool {
        Entry::parse(self.body.as_bytes()).is_ok_and(|entry| {
            entry.sequence as i64 == self.sequence
                && entry.time.as_microsecond() == self.time
                && entry.organisation == organisation
                && entry.actor.id == self.actor
                && entry.actor.name == self.actor_name
                && entry.action == self.action
                && entry.subject == self.subject
        })
    }
}

/// The edge of a log as it was committed.
pub(crate) async fn committed(
    connection: &mut AnyConnection,
    organisation: &str,
) -> Result<Frontier, Error> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT size, frontier FROM ledger WHERE organisation = $1")
            .bind(organisation)
            .fetch_optional(connection)
            .await?;
    match row {
        None => Ok(Frontier::new()),
        Some((_, text)) if text.is_empty() => Ok(Frontier::new()),
        Some((size, text)) => {
            let frontier: Frontier = text.parse().map_err(Error::internal)?;
            if frontier.size() as i64 == size {
                Ok(frontier)
            } else {
                Err(Error::internal("the log's size and edge differ"))
            }
        }
    }
}

/// Reads a log page by page, as far as it was committed when the pass began.
pub(crate) async fn verify(
    connection: &mut AnyConnection,
    organisation: &str,
) -> Result<Verification, Error> {
    let committed = committed(&mut *connection, organisation).await?;
    let mut tree = Frontier::new();
    let mut broken = None;
    while tree.size() < committed.size() {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT sequence, time, actor, actor_name, action, subject, body FROM ledger_entry \
             WHERE organisation = $1 AND sequence >= $2 AND sequence < $3 ORDER BY sequence LIMIT $4",
        )
        .bind(organisation)
        .bind(tree.size() as i64)
        .bind(committed.size() as i64)
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            broken = broken.or(Some(tree.size()));
            break;
        }
        for row in rows {
            if broken.is_none() && (row.sequence as u64 != tree.size() || !row.agrees(organisation))
            {
                broken = Some(tree.size());
            }
            tree.push(leaf_hash(row.body.as_bytes()));
        }
        // Each page is a few milliseconds of hashing; others have their turn between.
        tokio::task::yield_now().await;
    }
    Ok(Verification {
        holds: broken.is_none() && tree == committed,
        entries: tree.size(),
        committed: committed.size(),
        root: tree.root().to_base64(),
        committed_root: committed.root().to_base64(),
        broken,
        origin: String::new(),
        key: String::new(),
    })
}

/// The checkpoint of a log as it stands.
pub(super) async fn checkpoint(ctx: &Ctx, log: Log) -> Result<Checkpoint, Error> {
    let edge = committed(&mut *ctx.app.db.read().await?, &log.of(ctx)?).await?;
    Ok(Checkpoint {
        origin: log.key(ctx)?.verifier().name().to_owned(),
        size: edge.size(),
        root: edge.root(),
        extension: Vec::new(),
    })
}

#[derive(Template)]
#[template(path = "audit/verify.html")]
struct VerifyPage<'a> {
    page: Page,
    log: Log,
    v: &'a Verification,
    checkpoint: String,
}

async fn page(ctx: Ctx, Asked(q): Asked<Which>) -> Result<Response, Error> {
    let organisation = q.log.of(&ctx)?;
    let signer = q.log.key(&ctx)?;
    let mut v = verify(&mut *ctx.app.db.read().await?, &organisation).await?;
    signer.verifier().name().clone_into(&mut v.origin);
    v.key = signer.verifier().to_string();
    // What does not hold is not signed.
    let checkpoint = if v.holds {
        let signed = checkpoint(&ctx, q.log).await?.sign(&signer).map_err(Error::internal)?;
        signed.to_string()
    } else {
        String::new()
    };
    ctx.show(key::AUDIT_VERIFY, &v, |page| VerifyPage { page, log: q.log, v: &v, checkpoint })
}
