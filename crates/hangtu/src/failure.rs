//! Why nothing could be done, in the user's language: what, where, and what to do
//! (`docs/messages.md`).

use crate::terminal::plain;
use hangtu_catalog::{Arg, Bilingual, Language, key, text};
use hangtu_evidence::{EvidenceError, NotFollowed, ReadError, TooMany, Unreadable};
use hangtu_examine::{BaselineError, model::SCHEMA};
use std::{io, path::Path};

/// Why the operating system refused: our words, or its own as the argument `system`.
fn refusal(error: &io::Error) -> key::Key {
    use io::ErrorKind as E;
    if matches!(error.get_ref(), Some(why) if why.is::<NotFollowed>()) {
        return key::CLI_REASON_LINK;
    }
    if matches!(error.get_ref(), Some(why) if why.is::<TooMany>()) {
        return key::CLI_REASON_MANY;
    }
    match error.kind() {
        E::NotFound => key::CLI_REASON_NOT_FOUND,
        E::PermissionDenied => key::CLI_REASON_DENIED,
        E::AlreadyExists => key::CLI_REASON_EXISTS,
        E::IsADirectory => key::CLI_REASON_FOLDER,
        E::NotADirectory => key::CLI_REASON_NO_FOLDER,
        E::InvalidFilename => key::CLI_REASON_NAME,
        E::StorageFull | E::QuotaExceeded => key::CLI_REASON_FULL,
        E::FileTooLarge => key::CLI_REASON_LARGE,
        E::ReadOnlyFilesystem => key::CLI_REASON_READ_ONLY,
        E::UnexpectedEof => key::CLI_REASON_CUT,
        E::AddrInUse | E::ResourceBusy => key::CLI_REASON_IN_USE,
        E::AddrNotAvailable => key::CLI_REASON_NO_ADDRESS,
        // Archives give a reason of their own; reading text gives none.
        E::Unsupported if error.get_ref().is_some() => key::CLI_REASON_FORM,
        E::InvalidData if error.get_ref().is_none() => key::CLI_REASON_NOT_TEXT,
        _ => key::CLI_REASON_OTHER,
    }
}

/// Why the operating system refused, in words.
pub(crate) fn refused(language: Language, error: &io::Error) -> String {
    text(language, refusal(error), &[("system", Arg::Text(&error.to_string()))])
}

/// A message and its remedy.
#[derive(Debug)]
pub(crate) struct Failure {
    what: key::Key,
    args: Vec<(&'static str, String)>,
    /// Arguments that are said in both languages.
    said: Vec<(&'static str, Bilingual)>,
    /// An argument that is a message: why, where the user's language has words for it.
    reason: Option<(&'static str, key::Key)>,
    remedy: Option<key::Key>,
    /// Standard output is gone: nobody is left to tell.
    silent: bool,
}

impl Failure {
    /// A message without arguments.
    pub(crate) fn new(what: key::Key, remedy: Option<key::Key>) -> Self {
        Self { what, args: Vec::new(), said: Vec::new(), reason: None, remedy, silent: false }
    }

    /// Adds an argument.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Adds an argument that is said in both languages.
    pub(crate) fn saying(mut self, name: &'static str, text: Bilingual) -> Self {
        self.said.push((name, text));
        self
    }

    /// Adds why the operating system refused, as the argument `reason`.
    pub(crate) fn because(self, error: &io::Error) -> Self {
        self.with("system", error).reason("reason", refusal(error))
    }

    /// Adds an argument that is a message of its own, with the same arguments.
    pub(crate) fn reason(mut self, name: &'static str, key: key::Key) -> Self {
        self.reason = Some((name, key));
        self
    }

    /// A file that cannot be read.
    pub(crate) fn read(path: &Path, error: &io::Error) -> Self {
        Self::new(key::CLI_IO, Some(key::CLI_IO_REMEDY)).with("path", path.display()).because(error)
    }

    /// A file that cannot be written.
    pub(crate) fn write(path: &Path, error: &io::Error) -> Self {
        Self::new(key::CLI_CANNOT_WRITE, Some(key::CLI_CANNOT_WRITE_REMEDY))
            .with("path", path.display())
            .because(error)
    }

    /// Standard output failed; a closed pipe is no failure worth words.
    pub(crate) fn output(error: &io::Error) -> Self {
        let mut failure = Self::write(Path::new("-"), error);
        failure.remedy = None;
        failure.silent = error.kind() == io::ErrorKind::BrokenPipe;
        failure
    }

    /// A findings.json that is none, as `what` says.
    pub(crate) fn findings(
        what: key::Key,
        remedy: key::Key,
        path: &Path,
        error: &BaselineError,
    ) -> Self {
        let failure = Self::new(what, Some(remedy)).with("path", path.display());
        match error {
            BaselineError::Json(e) => {
                let data = e.is_data();
                let why = if data { key::CLI_FINDINGS_OTHER } else { key::CLI_FINDINGS_NOT_JSON };
                failure.with("line", e.line()).with("column", e.column()).reason("why", why)
            }
            BaselineError::Schema(schema) => {
                let none = schema.is_empty();
                let why = if none { key::CLI_FINDINGS_NO_SCHEMA } else { key::CLI_FINDINGS_SCHEMA };
                failure.with("schema", schema).with("wanted", SCHEMA).reason("why", why)
            }
        }
    }

    #[allow(clippy::print_stderr, reason = "the one place that tells failures")]
    pub(crate) fn print(&self, language: Language) {
        if self.silent {
            return;
        }
        let mut args: Vec<(&str, Arg<'_>)> =
            self.args.iter().map(|(n, v)| (*n, Arg::Text(v.as_str()))).collect();
        args.extend(self.said.iter().map(|(n, b)| (*n, Arg::Text(b.get(language)))));
        let reason = self.reason.map(|(name, key)| (name, text(language, key, &args)));
        // Of two arguments of one name the later counts.
        args.extend(reason.as_ref().map(|(name, r)| (*name, Arg::Text(r.as_str()))));
        let what = text(language, self.what, &args);
        let what = text(language, key::CLI_ERROR, &[("what", Arg::Text(&what))]);
        eprintln!("{}", plain(&what));
        if let Some(remedy) = self.remedy {
            let remedy = text(language, remedy, &args);
            let remedy = text(language, key::CLI_REMEDY, &[("what", Arg::Text(&remedy))]);
            eprintln!("{}", plain(&remedy));
        }
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Io { path, source } => Self::read(Path::new(&path), &source),
            EvidenceError::Unrecognised { path, head } => {
                Self::new(key::CLI_NOT_A_CAPTURE, Some(key::CLI_NOT_A_CAPTURE_REMEDY))
                    .with("path", path)
                    .with("head", head)
            }
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::read(&error.path, &error.source)
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
