//! The proof that a file of evidence was under a package's commitment (docs/submit.md).

use crate::{Ending, failure::Failure};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_ledger::{MAX_PACKAGE, Membership, Package};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// More bytes than any proof has.
const MOST: u64 = 64 << 10;

/// The text of a proof; none where the file is something else.
pub(super) fn recognise(path: &Path) -> Result<Option<String>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|f| f.take(MOST).read_to_end(&mut bytes))
        .map_err(|e| Failure::read(path, &e))?;
    Ok(bytes.starts_with(Membership::BEGINS).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

fn package(language: Language, path: &Path) -> Result<Package, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|f| f.take(MAX_PACKAGE as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::read(path, &e))?;
    Package::open(&bytes).map_err(|e| {
        Failure::new(key::PACKAGE_BAD, Some(key::PACKAGE_BAD_REMEDY))
            .with("path", path.display())
            .with("why", text(language, super::package::why(&e), &[]))
    })
}

fn digest(path: &Path) -> Result<String, Failure> {
    let failure = |e| Failure::read(path, &e);
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; 1 << 20]);
    let mut file = File::open(path).map_err(failure)?;
    loop {
        match file.read(&mut chunk).map_err(failure)? {
            0 => return Ok(hangtu_catalog::hex(&hash.finalize())),
            n => hash.update(&chunk[..n]),
        }
    }
}

pub(super) fn run(
    language: Language,
    path: &Path,
    proof: &str,
    matches: &ArgMatches,
) -> Result<Ending, Failure> {
    let Some(of) = matches.get_one::<PathBuf>("package") else {
        return Err(Failure::new(key::EVIDENCE_NO_PACKAGE, Some(key::EVIDENCE_NO_PACKAGE_REMEDY))
            .with("path", path.display()));
    };
    let package = package(language, of)?;
    let refuse = |why| {
        Failure::new(why, Some(key::PACKAGE_BAD_REMEDY))
            .with("path", path.display())
            .print(language);
        Ok(Ending::FailOn)
    };
    let Ok(membership) = Membership::parse(proof.trim_end()) else {
        return refuse(key::EVIDENCE_BROKEN);
    };
    if membership.package != package.digest() {
        return refuse(key::EVIDENCE_OTHER_PACKAGE);
    }
    if !package.submission().evidence.holds(&membership) {
        return refuse(key::EVIDENCE_WRONG);
    }
    let file = membership.file.to_string();
    if let Some(evidence) = matches.get_one::<PathBuf>("evidence")
        && digest(evidence)? != file
    {
        return refuse(key::EVIDENCE_OTHER_FILE);
    }
    let args = [("file", Arg::Text(&file)), ("number", Arg::Number(package.submission().sequence))];
    let mut line = text(language, key::EVIDENCE_PROVEN, &args);
    line.push('\n');
    io::stdout().lock().write_all(line.as_bytes()).map_err(|e| Failure::output(&e))?;
    Ok(Ending::Done)
}
