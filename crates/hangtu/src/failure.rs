//! Why nothing could be done, in the user's language: what, where, and what to do
//! (`docs/messages.md`).

use hangtu_catalog::{Arg, Language, key, text};
use hangtu_evidence::{EvidenceError, ReadError};

/// A message and its remedy.
#[derive(Debug)]
pub(crate) struct Failure {
    what: key::Key,
    args: Vec<(&'static str, String)>,
    /// An argument that is a message: why, where the user's language has words for it.
    reason: Option<(&'static str, key::Key)>,
    remedy: Option<key::Key>,
    /// Standard output is gone: nobody is left to tell.
    silent: bool,
}

impl Failure {
    /// A message without arguments.
    pub(crate) fn new(what: key::Key, remedy: Option<key::Key>) -> Self {
        Self { what, args: Vec::new(), reason: None, remedy, silent: false }
    }

    /// Adds an argument.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Adds why the operating system refused, as the argument `reason`.
    pub(crate) fn because(mut self, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as E;
        let reason = match error.kind() {
            E::NotFound => Some(key::CLI_REASON_NOT_FOUND),
            E::PermissionDenied => Some(key::CLI_REASON_DENIED),
            E::IsADirectory => Some(key::CLI_REASON_FOLDER),
            E::NotADirectory => Some(key::CLI_REASON_NO_FOLDER),
            E::StorageFull => Some(key::CLI_REASON_FULL),
            E::ReadOnlyFilesystem => Some(key::CLI_REASON_READ_ONLY),
            E::InvalidData => Some(key::CLI_REASON_NOT_TEXT),
            _ => None,
        };
        self.reason = reason.map(|key| ("reason", key));
        self.with("reason", error)
    }

    /// Adds an argument that is a message of its own, with the same arguments.
    pub(crate) fn reason(mut self, name: &'static str, key: key::Key) -> Self {
        self.reason = Some((name, key));
        self
    }

    /// A file that cannot be read.
    pub(crate) fn read(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(key::CLI_IO, Some(key::CLI_IO_REMEDY)).with("path", path.display()).because(error)
    }

    /// A file that cannot be written.
    pub(crate) fn write(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(key::CLI_CANNOT_WRITE, Some(key::CLI_CANNOT_WRITE_REMEDY))
            .with("path", path.display())
            .because(error)
    }

    /// Standard output failed; a closed pipe is no failure worth words.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        let mut failure = Self::write(std::path::Path::new("-"), error);
        failure.silent = error.kind() == std::io::ErrorKind::BrokenPipe;
        failure
    }

    #[allow(clippy::print_stderr, reason = "the one place that tells failures")]
    pub(crate) fn print(&self, language: Language) {
        if self.silent {
            return;
        }
        let mut args: Vec<(&str, Arg<'_>)> =
            self.args.iter().map(|(n, v)| (*n, Arg::Text(v.as_str()))).collect();
        let reason = self.reason.map(|(name, key)| (name, text(language, key, &args)));
        // Of two arguments of one name the later counts.
        args.extend(reason.as_ref().map(|(name, r)| (*name, Arg::Text(r.as_str()))));
        let what = text(language, self.what, &args);
        eprintln!("{}", text(language, key::CLI_ERROR, &[("what", Arg::Text(&what))]));
        if let Some(remedy) = self.remedy {
            let remedy = text(language, remedy, &args);
            eprintln!("{}", text(language, key::CLI_REMEDY, &[("what", Arg::Text(&remedy))]));
        }
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Io { path, source } => Self::read(std::path::Path::new(&path), &source),
            EvidenceError::Unrecognised { path, head } => {
                Self::new(key::CLI_NOT_A_CAPTURE, Some(key::CLI_NOT_A_CAPTURE_REMEDY))
                    .with("path", path)
                    .with("head", head)
            }
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Evidence(e) => e.into(),
            ReadError::Observer(e) => Self::output(&e),
        }
    }
}

impl From<hangtu_catalog::ContentError> for Failure {
    fn from(error: hangtu_catalog::ContentError) -> Self {
        Self::new(key::CLI_CONTENT_BAD, None).with("why", error)
    }
}
