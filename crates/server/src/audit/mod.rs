//! The audit trail: searched, exported, verified.

mod download;
mod entry;
mod leaves;
mod list;
mod signer;
mod verify;

pub(crate) use leaves::leaves;
pub(crate) use signer::{Signer, signs_otherwise};
pub(crate) use verify::{committed, verify};

use crate::{ctx::Ctx, error::Error, route::Routes};
use hangtu_ledger::SignerKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

pub(crate) fn routes(r: &mut Routes) {
    list::routes(r);
    entry::routes(r);
    verify::routes(r);
    download::routes(r);
}

/// The log of what belongs to no organisation: refused sign-ins, settings, backups.
pub(crate) const INSTANCE: &str = "instance";

/// Entries in an organisation's log: whatever changes its rows makes it grow.
pub(crate) async fn size(c: &mut AnyConnection, organisation: &str) -> Result<i64, Error> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT size FROM ledger WHERE organisation = $1")
        .bind(organisation)
        .fetch_optional(c)
        .await?;
    Ok(row.map_or(0, |r| r.0))
}

/// Which log is meant; another organisation's cannot be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Log {
    /// The organisation's own.
    #[default]
    Own,
    /// The instance's.
    Instance,
}

impl Log {
    const ALL: [Self; 2] = [Self::Own, Self::Instance];

    const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Instance => "instance",
        }
    }

    /// The name in the store.
    fn of(self, ctx: &Ctx) -> Result<String, Error> {
        Ok(match self {
            Self::Own => ctx.organisation()?.to_owned(),
            Self::Instance => {
                ctx.signed()?;
                INSTANCE.to_owned()
            }
        })
    }

    fn key(self, ctx: &Ctx) -> Result<SignerKey, Error> {
        ctx.app.signer.key(&self.of(ctx)?)
    }
}

/// A query that only says which log.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    /// `own` or `instance`.
    #[serde(default)]
    log: Log,
}

/// The entries about one thing, in order: place and canonical text.
pub(crate) async fn about(
    c: &mut sqlx::AnyConnection,
    organisation: &str,
    subject: &str,
) -> Result<Vec<(i64, String)>, crate::error::Error> {
    Ok(sqlx::query_as(
        "SELECT sequence, body FROM ledger_entry WHERE organisation = $1 AND subject = $2 \
         ORDER BY sequence",
    )
    .bind(organisation)
    .bind(subject)
    .fetch_all(c)
    .await?)
}

#[cfg(test)]
mod tests {
    use hangtu_catalog::key::Key;
    use std::{fs, path::Path};

    fn sources(dir: &Path, out: &mut String) {
        for entry in fs::read_dir(dir).expect("the sources are here") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                sources(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push_str(&fs::read_to_string(path).expect("readable"));
            }
        }
    }

    #[test]
    fn every_action_noted_anywhere_has_a_text() {
        let mut text = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
        let action = |call: &str| {
            let word = call.trim_start().strip_prefix('"')?.split('"').next()?;
            let plain = word.chars().all(|c| c.is_ascii_lowercase() || ".-".contains(c));
            (plain && word.contains('.') && !word.starts_with("test.")).then(|| word.to_owned())
        };
        let calls = text.split(".note(").skip(1).filter_map(action);
        let missing: std::collections::BTreeSet<String> = calls
            .filter(|a| Key::find(&format!("audit-action-{}", a.replace('.', "-"))).is_none())
            .collect();
        assert!(missing.is_empty(), "give these a text audit-action-… : {missing:?}");
    }
}
