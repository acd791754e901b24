//! What only the administrator of the machine may say about a folder for simulations: which programs
//! back it up and restore it, and where the site's products tell of alarms. It stands in a file in that
//! folder, never in a form: whoever may write it may run programs as this one.

use crate::error::Error;
use hangtu_catalog::{Bilingual, key};
use hangtu_drill::simulate::{Doors, Recover, Template};
use regex::Regex;
use serde::Deserialize;
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file's name.
pub(super) const NAME: &str = "hangtu-drill.yml";
/// It is a handful of lines.
const MOST: u64 = 64 << 10;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recipe {
    /// Program and arguments with `{source}` and `{target}`; no shell reads it.
    backup: Option<String>,
    restore: Option<String>,
    /// Where the backup lies.
    place: Option<PathBuf>,
    /// Where syslog messages arrive (UDP).
    syslog: Option<SocketAddr>,
    /// A log in which a product writes its alarms.
    log: Option<PathBuf>,
    /// What an alarm looks like in either.
    pattern: Option<String>,
    /// Places no simulation comes near.
    pub(super) never: Vec<PathBuf>,
    /// Seconds each of the two programs may take.
    patience: Option<u64>,
}

fn bad(path: &Path, why: impl std::fmt::Display) -> Error {
    let (path, why) = (path.display().to_string(), why.to_string());
    let args = [("path", path.as_str().into()), ("why", why.as_str().into())];
    Error::Conflict(Bilingual::message(key::SIMULATION_RECIPE_BAD, &args))
}

/// Reads the file of a folder; a folder without one has neither backup nor doors.
pub(super) fn read(folder: &Path) -> Result<Recipe, Error> {
    let path = folder.join(NAME);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Recipe::default()),
        Err(e) => return Err(bad(&path, e)),
    };
    let meta = file.metadata().map_err(|e| bad(&path, e))?;
    let own = rustix::process::geteuid().as_raw();
    if !meta.is_file() || meta.mode() & 0o022 != 0 || ![0, own].contains(&meta.uid()) {
        let path = path.display().to_string();
        let args = [("path", path.as_str().into())];
        return Err(Error::Conflict(Bilingual::message(key::SIMULATION_RECIPE_LOOSE, &args)));
    }
    let mut text = String::new();
    file.by_ref().take(MOST).read_to_string(&mut text).map_err(|e| bad(&path, e))?;
    let recipe: Recipe = serde_saphyr::from_str(&text).map_err(|e| bad(&path, e))?;
    // What cannot be used is said before a simulation begins, not in the middle of it.
    recipe.recover().and_then(|_| recipe.doors(false)).map_err(|e| bad(&path, e))?;
    Ok(recipe)
}

impl Recipe {
    pub(super) fn recover(&self) -> Result<Recover, String> {
        let template = |line: &Option<String>| {
            let parsed = line.as_deref().map(Template::parse).transpose();
            parsed.map_err(|e| e.to_string())
        };
        Ok(Recover {
            backup: template(&self.backup)?,
            restore: template(&self.restore)?,
            place: self.place.clone(),
            patience: Duration::from_secs(self.patience.unwrap_or(3600)),
        })
    }

    /// `told`: whether people or webhooks are expected to notice.
    pub(super) fn doors(&self, told: bool) -> Result<Doors, String> {
        let pattern = self.pattern.as_deref().map(Regex::new).transpose();
        let pattern = pattern.map_err(|e| e.to_string())?;
        if pattern.is_none() && (self.syslog.is_some() || self.log.is_some()) {
            return Err("syslog and log need a pattern".into());
        }
        let with = |p: &Regex| p.clone();
        Ok(Doors {
            told,
            syslog: self.syslog.zip(pattern.as_ref().map(with)),
            log: self.log.clone().zip(pattern.as_ref().map(with)),
        })
    }

    /// Whether a backup is made and restored.
    pub(super) fn recovers(&self) -> bool {
        self.backup.is_some() || self.restore.is_some()
    }

    /// Whether a product's alarms arrive by syslog or in a log.
    pub(super) fn hears(&self) -> bool {
        self.syslog.is_some() || self.log.is_some()
    }
}

/// The folders a simulation may be made in: those that are there.
pub(super) fn folders(allowed: &[PathBuf]) -> Vec<PathBuf> {
    allowed.iter().filter_map(|f| fs::canonicalize(f).ok()).filter(|f| f.is_dir()).collect()
}
