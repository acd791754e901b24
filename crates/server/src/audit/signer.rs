//! The key that signs the logs' checkpoints, and the name of this site.

use crate::{
    auth::{new_id, random},
    config::private_folder,
    db::{Actor, Db},
    error::Error,
};
use hangtu_catalog::hex;
use hangtu_ledger::{Algorithm, SignerKey, WitnessKey};
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
    secret: Secret,
}

/// What stands in the key's file.
#[derive(Clone, Copy)]
struct Secret {
    algorithm: Algorithm,
    seed: [u8; 32],
}

impl Secret {
    /// A seed of its own, made of this one behind a word.
    fn behind(&self, word: &str) -> [u8; 32] {
        sha2::Sha256::digest([word.as_bytes(), &self.seed].concat()).into()
    }
}

impl Signer {
    /// Signs for a site whose name is known already; makes nothing.
    pub(crate) fn read(data: &Path, site: &str) -> Result<Self, Error> {
        Ok(Self { site: site.to_owned(), secret: stored(&data.join("keys/ledger.key"))? })
    }

    /// Reads the site's name and key, and makes them at the first start: the key signs with
    /// `wanted`, or Ed25519. A key that is there signs on as it does.
    pub(crate) async fn open(
        data: &Path,
        db: &Db,
        wanted: Option<Algorithm>,
    ) -> Result<Self, Error> {
        let (secret, fresh) = secret(data, wanted)?;
        let found: Option<(String,)> = sqlx::query_as(
            "SELECT value FROM setting WHERE organisation = 'instance' AND name = 'site-id'",
        )
        .fetch_optional(&mut *db.read().await?)
        .await?;
        let site = match &found {
            Some((site,)) => serde_json::from_str(site).map_err(Error::internal)?,
            None => new_id(),
        };
        let signer = Self { site, secret };
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
        let Secret { algorithm, seed } = &self.secret;
        SignerKey::new(*algorithm, &self.log(organisation), seed).map_err(Error::internal)
    }

    /// The key of an organisation's certificates: that of its log, where that is one of Ed25519, by
    /// which Open Badges are signed; else one of its own.
    pub(crate) fn certificates(&self, organisation: &str) -> Result<SignerKey, Error> {
        match self.secret.algorithm {
            Algorithm::Ed25519 => self.key(organisation),
            Algorithm::Sm2 => {
                let seed = self.secret.behind("hangtu certificates");
                SignerKey::from_seed(&self.log(organisation), &seed).map_err(Error::internal)
            }
        }
    }

    /// The key by which a supervisor cosigns the logs of others. It must not share a seed with a
    /// log's key: its own is the hash of that seed behind a word of its own.
    pub(crate) fn witness(&self, organisation: &str) -> Result<WitnessKey, Error> {
        let name = format!("{}/witness", self.log(organisation));
        WitnessKey::new(self.secret.algorithm, &name, &self.secret.behind("hangtu witness"))
            .map_err(Error::internal)
    }

    /// A name that stands for a text, always the same, and that nobody can tell who lacks the seed.
    pub(crate) fn id(&self, text: &str) -> uuid::Uuid {
        let name = [&self.secret.behind("hangtu names")[..], text.as_bytes()].concat();
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, &name)
    }

    fn log(&self, organisation: &str) -> String {
        format!("{}/{organisation}", self.site)
    }
}

/// What the site's key signs with already, where that is not what is wanted: nobody would follow
/// what it signed before.
pub(crate) fn signs_otherwise(data: &Path, wanted: Option<Algorithm>) -> Option<Algorithm> {
    let found = stored(&data.join("keys/ledger.key")).ok()?.algorithm;
    wanted.is_some_and(|w| w != found).then_some(found)
}

/// The secret, and whether it was made just now.
fn secret(data: &Path, wanted: Option<Algorithm>) -> Result<(Secret, bool), Error> {
    let folder = private_folder(&data.join("keys"))?;
    let path = folder.join("ledger.key");
    let mut open = fs::OpenOptions::new();
    match open.write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let secret = Secret { algorithm: wanted.unwrap_or_default(), seed: random::<32>()? };
            // Ed25519 stands without its name, as it always did.
            let name = match secret.algorithm {
                Algorithm::Ed25519 => String::new(),
                Algorithm::Sm2 => format!("{} ", Algorithm::Sm2),
            };
            file.write_all(format!("{name}{}", hex(&secret.seed)).as_bytes())?;
            file.sync_all()?;
            fs::File::open(&folder)?.sync_all()?;
            Ok((secret, true))
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok((stored(&path)?, false)),
        Err(e) => Err(e.into()),
    }
}

fn stored(path: &Path) -> Result<Secret, Error> {
    let text = fs::read_to_string(path)?;
    let (algorithm, digits) = match text.trim().split_once(' ') {
        Some((name, digits)) => (name.parse().ok(), digits),
        None => (Some(Algorithm::Ed25519), text.trim()),
    };
    let bytes: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let seed = bytes.and_then(|b| b.try_into().ok());
    algorithm
        .zip(seed)
        .map(|(algorithm, seed)| Secret { algorithm, seed })
        .ok_or_else(|| Error::internal(format!("{} holds no key", path.display())))
}
