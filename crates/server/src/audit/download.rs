//! The log as a file that `hangtu verify` checks, and its signed checkpoint.

use super::{Which, verify};
use crate::{
    App,
    auth::Right,
    ctx::Ctx,
    download,
    error::Error,
    input::{Asked, Input},
    route::{Access, Doc, Routes},
};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::key;
use hangtu_ledger::{Checkpoint, Entry, ExportError, Frontier, Header, SignerKey, write_export};
use serde_json::json;
use std::{fs::File, io::BufWriter};
use tokio::sync::mpsc;

/// Entries read at a time.
const PAGE: i64 = 1000;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/audit/checkpoint",
        Access::May(Right::Audit),
        Doc::new("The signed checkpoint of the log (C2SP signed note)")
            .query::<Which>()
            .gives("text/plain"),
        checkpoint,
    );
    r.post(
        "/audit/export",
        Access::May(Right::Audit),
        Doc::new("Export the log as hangtu.ledger/1; the export is itself an entry of it")
            .body::<Which>()
            .gives("application/x-ndjson"),
        export,
    );
}

async fn checkpoint(ctx: Ctx, Asked(q): Asked<Which>) -> Result<Response, Error> {
    let signer = q.log.key(&ctx)?;
    let checkpoint = verify::checkpoint(&ctx, q.log).await?;
    let note = checkpoint.sign(&signer).map_err(Error::internal)?;
    let name = format!("hangtu-{}-{}.checkpoint", q.log.word(), checkpoint.size);
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, note.to_string()).into_response())
}

async fn export(ctx: Ctx, Input(form): Input<Which>) -> Result<Response, Error> {
    let organisation = form.log.of(&ctx)?;
    let mut actor = ctx.actor()?;
    actor.organisation.clone_from(&organisation);
    let mut change = ctx.app.db.change(&actor).await?;
    change.note("audit.export", "ledger", json!({ "log": form.log.word() }));
    change.commit().await?;
    let signer = form.log.key(&ctx)?;
    let edge = verify::committed(&mut *ctx.app.db.read().await?, &organisation).await?;
    let size = edge.size();
    let file = write(&ctx.app, organisation, signer, edge).await?;
    let name = format!("hangtu-{}-{size}.ledger", form.log.word());
    download::send(file, "application/x-ndjson", &name)
}

/// Writes the log into a file without a name, which is gone when it is closed. An export that would
/// not verify is refused here, not handed out.
async fn write(
    app: &App,
    organisation: String,
    signer: SignerKey,
    edge: Frontier,
) -> Result<File, Error> {
    let file = download::scratch(&app.config.data)?;
    let size = edge.size();
    let (to, mut from) = mpsc::channel::<String>(256);
    let writer = tokio::task::spawn_blocking(move || {
        let checkpoint = Checkpoint {
            origin: signer.verifier().name().to_owned(),
            size: edge.size(),
            root: edge.root(),
            extension: Vec::new(),
        };
        let note = checkpoint.sign(&signer).map_err(Error::internal)?;
        let header = Header { key: signer.verifier().clone(), from: Frontier::new() };
        let mut out = BufWriter::new(file);
        // An entry that cannot be read ends the entries, and then the root does not agree.
        let entries = std::iter::from_fn(|| from.blocking_recv())
            .map_while(|body| Entry::parse(body.as_bytes()).ok());
        match write_export(&mut out, &header, entries, &note) {
            Ok(()) => out.into_inner().map_err(|e| e.into_error().into()),
            Err(ExportError::Io(e)) => Err(e.into()),
            Err(e) => {
                tracing::error!(error = %e, "the ledger does not hold");
                Err(Error::conflict(key::AUDIT_EXPORT_BROKEN))
            }
        }
    });
    let fed = feed(app, &organisation, size, &to).await;
    drop(to);
    let file = writer.await.map_err(Error::internal)??;
    fed?;
    Ok(file)
}

/// Sends the entries before `size`, in order, as fast as they are written.
async fn feed(
    app: &App,
    organisation: &str,
    size: u64,
    to: &mpsc::Sender<String>,
) -> Result<(), Error> {
    let mut next = 0;
    while next < size as i64 {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT sequence, body FROM ledger_entry \
             WHERE organisation = $1 AND sequence >= $2 AND sequence < $3 ORDER BY sequence LIMIT $4",
        )
        .bind(organisation)
        .bind(next)
        .bind(size as i64)
        .bind(PAGE)
        .fetch_all(&mut *app.db.read().await?)
        .await?;
        let Some((last, _)) = rows.last() else { break };
        next = last + 1;
        for (_, body) in rows {
            if to.send(body).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
