//! Why a drill was not made, not run or not undone.

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

impl SimulateError {
    pub(crate) fn refused(path: impl AsRef<Path>, why: Refusal) -> Self {
        Self::Refused { path: path.as_ref().to_owned(), why }
    }

    pub(crate) fn io(path: impl AsRef<Path>, source: impl Into<std::io::Error>) -> Self {
        Self::Io { path: path.as_ref().to_owned(), source: source.into() }
    }
}
