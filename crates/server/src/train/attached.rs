//! What statements have attached, once under its SHA-2, in the organisation's store.

use crate::{db::Change, error::Error};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_train::{
    exchange::xapi::Attachment,
    lrs::{Part, Refusal},
};
use jiff::Timestamp;
use sqlx::AnyConnection;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Bytes of attachments in one answer.
const MOST: usize = 64 << 20;

/// Keeps what came with statements.
pub(super) async fn keep(
    change: &mut Change,
    parts: &BTreeMap<String, Part>,
    now: Timestamp,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    for (sha2, part) in parts {
        sqlx::query(
            "INSERT INTO xapi_attachment (organisation, sha2, media, content, stored) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organisation, sha2) DO NOTHING",
        )
        .bind(&organisation)
        .bind(sha2)
        .bind(&part.content_type)
        .bind(STANDARD.encode(&part.bytes))
        .bind(now.as_microsecond())
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}

/// Which of these are here.
pub(super) async fn there(
    c: &mut AnyConnection,
    organisation: &str,
    named: &BTreeSet<&str>,
) -> Result<HashSet<String>, Error> {
    let mut there = HashSet::new();
    for sha2 in named {
        let found: Option<(String,)> = sqlx::query_as(
            "SELECT sha2 FROM xapi_attachment WHERE organisation = $1 AND sha2 = $2",
        )
        .bind(organisation)
        .bind(*sha2)
        .fetch_optional(&mut *c)
        .await?;
        there.extend(found.map(|(sha2,)| sha2));
    }
    Ok(there)
}

async fn part(
    c: &mut AnyConnection,
    organisation: &str,
    sha2: &str,
) -> Result<Option<Part>, Error> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT media, content FROM xapi_attachment WHERE organisation = $1 AND sha2 = $2",
    )
    .bind(organisation)
    .bind(sha2)
    .fetch_optional(c)
    .await?;
    let read = |(content_type, content): (String, String)| {
        Ok(Part { content_type, bytes: STANDARD.decode(content).map_err(Error::internal)? })
    };
    row.map(read).transpose()
}

/// What statements have attached, as far as it is here; too much of it is refused.
pub(super) async fn parts(
    c: &mut AnyConnection,
    organisation: &str,
    wanted: &[Attachment],
) -> Result<Result<BTreeMap<String, Part>, Refusal>, Error> {
    let (mut out, mut size) = (BTreeMap::new(), 0);
    for attachment in wanted {
        let Some(part) = part(c, organisation, &attachment.sha2).await? else { continue };
        size += part.bytes.len();
        if size > MOST {
            let why = format!("more than {MOST} bytes are attached: ask with a limit");
            return Ok(Err(Refusal { status: 413, why }));
        }
        out.insert(attachment.sha2.clone(), part);
    }
    Ok(Ok(out))
}
