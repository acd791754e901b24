//! `hangtu verify`: whether an exported ledger, a certificate, a package or a receipt is what was
//! signed.

mod certificate;
mod evidence;
mod package;

use crate::{Ending, failure::Failure, summary, terminal::plain};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_ledger::{
    CheckpointError, EntryError, Fault, KeyError, Note, NoteError, Relation, Verified, VerifierKey,
    VerifyError, verify_export,
};
use std::{
    fs,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let path = matches.get_one::<PathBuf>("file").cloned().unwrap_or_default();
    let keys: Vec<&String> = matches.get_many("key").unwrap_or_default().collect();
    if let Some(token) = certificate::recognise(&path)? {
        let status = matches.get_one::<PathBuf>("status").map(PathBuf::as_path);
        return certificate::run(language, &path, &token, &keys, status);
    }
    if let Some(proof) = evidence::recognise(&path)? {
        return evidence::run(language, &path, &proof, matches);
    }
    let key = |text: &&String| {
        text.trim().parse::<VerifierKey>().map_err(|_: KeyError| {
            Failure::new(key::VERIFY_KEY_BAD, Some(key::VERIFY_KEY_BAD_REMEDY)).with("key", text)
        })
    };
    let trusted: Vec<VerifierKey> = keys.iter().map(key).collect::<Result<_, _>>()?;
    let earlier = matches.get_one::<PathBuf>("against").map(|path| earlier(path)).transpose()?;
    if let Some(bytes) = package::recognise(&path)? {
        return package::run(language, &path, &bytes, &trusted, earlier.as_ref());
    }
    let verify = |key: Option<&VerifierKey>| {
        let file = fs::File::open(&path).map_err(|e| Failure::read(&path, &e))?;
        Ok::<_, Failure>(verify_export(BufReader::new(file), key, earlier.as_ref()))
    };
    let mut verified = verify(trusted.first())?;
    for key in trusted.iter().skip(1) {
        if matches!(&verified, Err(VerifyError { fault: Fault::Key(_), .. })) {
            verified = verify(Some(key))?;
        }
    }
    match verified {
        Ok(verified) => {
            print(language, &verified, !trusted.is_empty()).map_err(|e| Failure::output(&e))?;
            let bad = matches!(verified.relation, Some(Relation::Forked | Relation::RolledBack));
            Ok(if bad { Ending::FailOn } else { Ending::Done })
        }
        Err(VerifyError { fault: Fault::Io(e), .. }) => Err(Failure::read(&path, &e)),
        Err(e) => {
            failure(&path, &e).print(language);
            Ok(Ending::FailOn)
        }
    }
}

/// A checkpoint kept from before: a signed note.
fn earlier(path: &Path) -> Result<Note, Failure> {
    let text = fs::read_to_string(path).map_err(|e| Failure::read(path, &e))?;
    text.parse().map_err(|_: NoteError| {
        Failure::new(key::VERIFY_AGAINST_BAD, Some(key::VERIFY_AGAINST_BAD_REMEDY))
            .with("path", path.display())
    })
}

fn failure(path: &Path, error: &VerifyError) -> Failure {
    let remedy = Some(key::VERIFY_REMEDY);
    let failure = match &error.fault {
        Fault::Header | Fault::Io(_) => {
            Failure::new(key::VERIFY_HEADER, Some(key::VERIFY_HEADER_REMEDY))
        }
        Fault::Key(found) => {
            Failure::new(key::VERIFY_OTHER_KEY, Some(key::VERIFY_OTHER_KEY_REMEDY))
                .with("key", found)
        }
        Fault::TooLong | Fault::Entry(EntryError::TooLong) => {
            Failure::new(key::VERIFY_TOO_LONG, remedy)
        }
        Fault::Truncated => Failure::new(key::VERIFY_TRUNCATED, remedy),
        Fault::Entry(EntryError::Field(field)) => {
            Failure::new(key::VERIFY_FIELD, remedy).with("field", field)
        }
        Fault::Entry(EntryError::Json) => Failure::new(key::VERIFY_JSON, remedy),
        Fault::Entry(_) => Failure::new(key::VERIFY_NOT_CANONICAL, remedy),
        Fault::Sequence { expected, found } => Failure::new(key::VERIFY_SEQUENCE, remedy)
            .with("expected", expected)
            .with("found", found),
        Fault::Checkpoint(CheckpointError::Note(NoteError::Forged(_) | NoteError::Unsigned(_))) => {
            Failure::new(key::VERIFY_SIGNATURE, remedy)
        }
        Fault::Checkpoint(_) => Failure::new(key::VERIFY_CHECKPOINT, remedy),
        Fault::Size { signed, found } => {
            Failure::new(key::VERIFY_SIZE, remedy).with("signed", signed).with("found", found)
        }
        Fault::Root { signed, found } => {
            Failure::new(key::VERIFY_ROOT, remedy).with("signed", signed).with("found", found)
        }
        Fault::Behind => Failure::new(key::VERIFY_BEHIND, remedy),
        Fault::Earlier(_) => Failure::new(key::VERIFY_EARLIER, Some(key::VERIFY_EARLIER_REMEDY)),
    };
    failure.with("path", path.display()).with("line", error.line)
}

fn print(language: Language, v: &Verified, trusted: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let t = |k, args: &[(&str, Arg<'_>)]| plain(&text(language, k, args)).into_owned();
    let local = |time: jiff::Timestamp| summary::local(&time.to_string());
    let reach = [
        ("entries", Arg::Number(v.entries)),
        ("first", Arg::Number(v.header.from.size())),
        ("size", Arg::Number(v.checkpoint.size)),
    ];
    writeln!(out, "{}", t(key::VERIFY_ENTRIES, &reach))?;
    if let Some((from, to)) = v.times {
        let (from, to) = (local(from), local(to));
        let args = [("from", Arg::Text(&from)), ("to", Arg::Text(&to))];
        writeln!(out, "{}", t(key::VERIFY_TIMES, &args))?;
    }
    if let Some((count, line)) = v.backwards {
        let args = [("count", Arg::Number(count)), ("line", Arg::Number(line))];
        writeln!(out, "{}", t(key::VERIFY_BACKWARDS, &args))?;
    }
    writeln!(out, "{}", t(key::VERIFY_ORIGIN, &[("origin", Arg::Text(v.header.origin()))]))?;
    let root = v.checkpoint.root.to_base64();
    writeln!(out, "{}", t(key::VERIFY_ROOT_LINE, &[("root", Arg::Text(&root))]))?;
    let public = v.header.key.to_string();
    let said = if trusted { key::VERIFY_KEY_TRUSTED } else { key::VERIFY_KEY_OWN };
    writeln!(out, "{}", t(said, &[("key", Arg::Text(&public))]))?;
    let relation = match v.relation {
        None => return Ok(()),
        Some(Relation::Consistent) => key::VERIFY_CONSISTENT,
        Some(Relation::Forked) => key::VERIFY_FORKED,
        Some(Relation::RolledBack) => key::VERIFY_ROLLED_BACK,
        Some(Relation::OutOfReach) => key::VERIFY_OUT_OF_REACH,
    };
    writeln!(out, "{}", t(relation, &[]))
}
