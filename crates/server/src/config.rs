//! What the program was started with.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// Settings of the command line.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept: database, evidence, reports, keys.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Certificates and their key, both PEM, to speak TLS by itself.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// `postgres://…` instead of the embedded database.
    pub database_url: Option<String>,
    /// Where people reach it, e.g. `https://hangtu.plant.example`; decides cookies and passkeys.
    pub public_url: Option<String>,
    /// Whether a proxy on this machine stands before it and may say whose request it is.
    pub behind_proxy: bool,
    /// Server folders whose evidence may be examined in place.
    pub folders: Vec<PathBuf>,
    /// Folders in which simulations may make their decoys.
    pub drill_folders: Vec<PathBuf>,
    /// The program a simulation runs as its confined worker; none: there are no simulations.
    pub drill_worker: Option<hangtu_drill::simulate::Program>,
    /// Where history is kept: a folder, or `s3://bucket/prefix`.
    #[cfg(feature = "history")]
    pub history: Option<String>,
    /// What a new site signs with; nothing: Ed25519, or what its key is of.
    pub signature: Option<hangtu_ledger::Algorithm>,
    /// How long a session may go unused.
    pub idle: Duration,
}

/// A setting that does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Only on this machine, with everything in a folder.
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            tls: None,
            database_url: None,
            public_url: None,
            behind_proxy: false,
            folders: Vec::new(),
            drill_folders: Vec::new(),
            drill_worker: None,
            #[cfg(feature = "history")]
            history: None,
            signature: None,
            idle: Duration::from_hours(1),
        }
    }

    /// Whether browsers come by HTTPS.
    pub(crate) fn secure(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|u| u.starts_with("https://"))
    }

    /// Where people reach it when nothing else is said; `address` is where it listens.
    pub fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
    }
}

/// A folder that nobody but this program's user may enter; made when it is missing.
pub(crate) fn private_folder(path: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    Ok(path.to_owned())
}
