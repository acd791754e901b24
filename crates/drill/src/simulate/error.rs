//! Why a drill was not made, not run or not undone.

use super::prepare::ACCOUNTS;
use hangtu_catalog::{key, key::Key};
use std::path::{Path, PathBuf};

/// Why a place is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The root of the file system.
    #[error("it is the root of the file system")]
    Root,
    /// Somebody's home folder itself.
    #[error("it is a home folder")]
    Home,
    /// At or below a place that was named as one to stay away from.
    #[error("it lies within {0}, which is never to be used")]
    Never(PathBuf),
    /// A network, cluster or user-space file system, which others see.
    #[error("it is on a file system of type {0}, which others may share")]
    Shared(String),
    /// A file system of the kernel's own.
    #[error("it is on a file system of type {0}, which holds no files")]
    Pseudo(String),
    /// Something is mounted below.
    #[error("{0} is mounted inside it")]
    MountInside(PathBuf),
    /// No folder.
    #[error("it is no folder")]
    NotAFolder,
    /// Others could move what is made there.
    #[error("others may rename what lies in it")]
    Loose,
    /// There is something already.
    #[error("it exists already")]
    Exists,
    /// Freshly made, and yet not empty, not ours or not private.
    #[error("it is not the empty folder that was just made")]
    NotFresh,
    /// Not made by a drill, or not the directory its manifest describes.
    #[error("it is not a drill's own directory")]
    NotOurs,
}

impl Refusal {
    fn words(&self) -> (Key, Option<(&'static str, String)>) {
        let place = |p: &Path| Some(("place", p.display().to_string()));
        let kind = |k: &str| Some(("kind", k.to_owned()));
        match self {
            Self::Root => (key::DRILL_WHY_ROOT, None),
            Self::Home => (key::DRILL_WHY_HOME, None),
            Self::Never(at) => (key::DRILL_WHY_NEVER, place(at)),
            Self::Shared(of) => (key::DRILL_WHY_SHARED, kind(of)),
            Self::Pseudo(of) => (key::DRILL_WHY_PSEUDO, kind(of)),
            Self::MountInside(at) => (key::DRILL_WHY_MOUNT, place(at)),
            Self::NotAFolder => (key::DRILL_WHY_NO_FOLDER, None),
            Self::Loose => (key::DRILL_WHY_LOOSE, None),
            Self::Exists => (key::DRILL_WHY_EXISTS, None),
            Self::NotFresh => (key::DRILL_WHY_NOT_FRESH, None),
            Self::NotOurs => (key::DRILL_WHY_NOT_OURS, None),
        }
    }
}

/// Why a drill was not made, not run or not undone.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The place is refused.
    #[error("{path}: refused: {why}", path = path.display())]
    Refused {
        /// The place.
        path: PathBuf,
        /// Why.
        why: Refusal,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The kernel cannot confine the worker; nothing was changed.
    #[error("the worker cannot be confined: {0}")]
    Unconfined(String),
    /// The worker could not begin.
    #[error("the worker did not begin: {0}")]
    Worker(String),
    /// A budget or an argument makes no sense.
    #[error("{0}")]
    Plan(String),
    /// No account is free for the worker.
    #[error("account {0} is in use; name another")]
    Account(u32),
    /// Somebody runs this drill now.
    #[error("{path}: the drill is running", path = .0.display())]
    Running(PathBuf),
    /// Embedded content is broken.
    #[error(transparent)]
    Content(#[from] hangtu_catalog::ContentError),
}

/// A message of `content/lang`: why something was not done, and what to do about it.
#[derive(Clone, Debug)]
pub struct Words {
    /// The message.
    pub what: Key,
    /// Its arguments.
    pub args: Vec<(&'static str, String)>,
    /// The argument `why`, where it is a message of its own.
    pub why: Option<Key>,
    /// What to do.
    pub remedy: Option<Key>,
}

impl SimulateError {
    /// What to tell people. Absent where the error is of a file or of content, which have words of
    /// their own.
    pub fn words(&self) -> Option<Words> {
        let plain = |what, remedy| Words { what, args: Vec::new(), why: None, remedy };
        let because =
            |what, remedy, why: String| Words { args: vec![("why", why)], ..plain(what, remedy) };
        Some(match self {
            Self::Refused { path, why } => {
                let remedy = match why {
                    Refusal::NotOurs => key::DRILL_NOT_OURS_REMEDY,
                    _ => key::DRILL_REFUSED_REMEDY,
                };
                let (reason, more) = why.words();
                let args = [("path", path.display().to_string())].into_iter().chain(more);
                let args = args.collect();
                Words { args, why: Some(reason), ..plain(key::DRILL_REFUSED, Some(remedy)) }
            }
            Self::Io { .. } | Self::Content(_) => return None,
            Self::Unconfined(why) => {
                because(key::DRILL_UNCONFINED, Some(key::DRILL_UNCONFINED_REMEDY), why.clone())
            }
            Self::Worker(why) => because(key::DRILL_WORKER, None, why.clone()),
            Self::Plan(why) => because(key::DRILL_PLAN, Some(key::DRILL_PLAN_REMEDY), why.clone()),
            Self::Account(uid) if ACCOUNTS.contains(uid) => {
                plain(key::DRILL_ACCOUNT, Some(key::DRILL_ACCOUNT_REMEDY))
            }
            Self::Account(uid) => {
                because(key::DRILL_PLAN, Some(key::DRILL_ACCOUNT_REMEDY), uid.to_string())
            }
            Self::Running(path) => Words {
                args: vec![("path", path.display().to_string())],
                ..plain(key::DRILL_RUNNING, Some(key::DRILL_RUNNING_REMEDY))
            },
        })
    }

    pub(crate) fn refused(path: impl AsRef<Path>, why: Refusal) -> Self {
        Self::Refused { path: path.as_ref().to_owned(), why }
    }

    pub(crate) fn io(path: impl AsRef<Path>, source: impl Into<std::io::Error>) -> Self {
        Self::Io { path: path.as_ref().to_owned(), source: source.into() }
    }
}
