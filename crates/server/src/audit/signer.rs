//! The key that signs the logs' checkpoints, and the name of this site.

use crate::{
    auth::{new_id, random},
    config::private_folder,
    db::{Actor, Db},
    error::Error,
};
use hangtu_catalog::hex;
use hangtu_ledger::{SignerKey, WitnessKey};
use serde_json::json;
use sha2::Digest;
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Signs for every log of the site. One seed; each log has its own name, `SITE/ORGANISATION`.
pub(crate) struct Signer {
    site: String,
    seed: [u8; 32],
}

impl Signer {
    /// Signs for a site whose name is known already; makes nothing.
    pub(crate) fn read(data: &Path, site: &str) -> Result<Self, Error> {
        Ok(Self { site: site.to_owned(), seed: stored(&data.join("keys/ledger.key"))? })
    }

    /// Reads the site's name and key, and makes them at the first start.
    pub(crate) async fn open(data: &Path, db: &Db) -> Result<Self, Error> {
        let (seed, fresh) = seed(data)?;
        let found: Option<(String,)> = sqlx::query_as(
            "SELECT value FROM setting WHERE organisation = 'instance' AND name = 'site-id'",
        )
        .fetch_optional(&mut *db.read().await?)
        .await?;
        let site = match &found {
            Some((site,)) => serde_json::from_str(site).map_err(Error::internal)?,
            None => new_id(),
        };
        let signer = Self { site, seed };
        if found.is_none() || fresh {
            let mut change = db.change(&Actor::instance()).await?;
            // Two programs may start on one database at once; the first names the site.
            sqlx::query(
                "INSERT INTO setting (organisation, name, value) VALUES ('instance', 'site-id', $1) \
                 ON CONFLICT (organisation, name) DO NOTHING",
            )
            .bind(json!(signer.site).to_string())
            .execute(&mut *change)
            .await?;
            let key = signer.key(super::INSTANCE)?.verifier().to_string();
            change.note("ledger.key", "instance", json!({ "key": key }));
            change.commit().await?;
        }
        Ok(signer)
    }

    /// The key of a log.
    pub(crate) fn key(&self, organisation: &str) -> Result<SignerKey, Error> {
        SignerKey::from_seed(&format!("{}/{organisation}", self.site), &self.seed)
            .map_err(Error::internal)
    }

    /// The key by which a supervisor cosigns the logs of others. It must not share a seed with a
    /// log's key: its own is the hash of that seed behind a word of its own.
    pub(crate) fn witness(&self, organisation: &str) -> Result<WitnessKey, Error> {
        let mut bytes = b"hangtu witness".to_vec();
        bytes.extend(self.seed);
        let seed = sha2::Sha256::digest(&bytes).into();
        WitnessKey::from_seed(&format!("{}/{organisation}/witness", self.site), &seed)
            .map_err(Error::internal)
    }
}

/// The secret, and whether it was made just now.
fn seed(data: &Path) -> Result<([u8; 32], bool), Error> {
    let folder = private_folder(&data.join("keys"))?;
    let path = folder.join("ledger.key");
    let mut open = fs::OpenOptions::new();
    match open.write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let seed = random::<32>()?;
            file.write_all(hex(&seed).as_bytes())?;
            file.sync_all()?;
            fs::File::open(&folder)?.sync_all()?;
            Ok((seed, true))
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok((stored(&path)?, false)),
        Err(e) => Err(e.into()),
    }
}

fn stored(path: &Path) -> Result<[u8; 32], Error> {
    let text = fs::read_to_string(path)?;
    let bytes: Option<Vec<u8>> = text
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    bytes
        .and_then(|b| b.try_into().ok())
        .ok_or_else(|| Error::internal(format!("{} holds no key", path.display())))
}
