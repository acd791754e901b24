//! Evidence below paths: files as they are, folders searched by content, archives looked into.

use crate::{
    archive,
    input::{EvidenceError, Input, open},
};
use hangtu_record::Time;
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// How a kind of evidence is recognised: the time of its first entry (`Time(0)` where it has
/// none), or `None` for anything else.
pub type Recognise<'a> = &'a dyn Fn(&Input) -> Option<Time>;

/// Bytes of standard input that are looked at to see what it is.
const HEAD: u64 = 1 << 18;

/// What was found below paths.
#[derive(Debug, Default)]
pub struct Found {
    /// For each kind its inputs, in the order of their first entries.
    pub inputs: Vec<Vec<Input>>,
    /// Files in folders and archives that are of no kind.
    pub others: Vec<PathBuf>,
}

/// Finds the evidence that paths name: files as they are, folders and ZIP archives searched by
/// content, `-` for standard input.
pub fn find(paths: &[PathBuf], kinds: &[Recognise<'_>]) -> Result<Found, EvidenceError> {
    let mut search = Search { kinds, found: vec![Vec::new(); kinds.len()], others: Vec::new() };
    for path in paths {
        let io = |source| EvidenceError::Io { path: path.display().to_string(), source };
        if path.as_os_str() == "-" {
            let mut head = Vec::new();
            io::stdin().lock().take(HEAD).read_to_end(&mut head).map_err(io)?;
            let input = Input::Stdin(head.into());
            // Recognised by its head alone; reading more would take it away.
            let Input::Stdin(head) = &input else { continue };
            let probe = Input::Memory("-".into(), head.clone());
            let Some((kind, _)) = search.kind(&probe) else { return refuse(&probe) };
            search.found[kind].push((Time(i64::MIN), input));
        } else if path.metadata().map_err(io)?.is_dir() {
            let mut files = Vec::new();
            walk(path, &mut files).map_err(io)?;
            for file in files {
                search.file(file);
            }
        } else if archive::is_zip(path) {
            search.archive(path).map_err(io)?;
        } else {
            let input = Input::File(path.clone());
            match search.kind(&input) {
                Some((kind, time)) => search.found[kind].push((time, input)),
                None => return refuse(&input),
            }
        }
    }
    let inputs = search.found.into_iter().map(|mut list| {
        // Stable: files that start together keep the order of their names.
        list.sort_by_key(|(time, _)| *time);
        let mut inputs: Vec<Input> = Vec::with_capacity(list.len());
        for (_, input) in list {
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        inputs
    });
    Ok(Found { inputs: inputs.collect(), others: search.others })
}

/// The error for an input of no kind; its own when it cannot be opened.
fn refuse(input: &Input) -> Result<Found, EvidenceError> {
    Err(open(input, |r| r)?.unrecognised())
}

struct Search<'k> {
    kinds: &'k [Recognise<'k>],
    found: Vec<Vec<(Time, Input)>>,
    others: Vec<PathBuf>,
}

impl Search<'_> {
    fn kind(&self, input: &Input) -> Option<(usize, Time)> {
        self.kinds.iter().enumerate().find_map(|(i, known)| Some((i, known(input)?)))
    }

    fn file(&mut self, path: PathBuf) {
        if archive::is_zip(&path) && self.archive(&path).is_ok() {
            return;
        }
        let input = Input::File(path.clone());
        match self.kind(&input) {
            Some((kind, time)) => self.found[kind].push((time, input)),
            None => self.others.push(path),
        }
    }

    fn archive(&mut self, path: &Path) -> io::Result<()> {
        for (name, place) in archive::members(path)? {
            let input = Input::Member(path.into(), name, place);
            match self.kind(&input) {
                Some((kind, time)) => self.found[kind].push((time, input)),
                None => self.others.push(input.name().into()),
            }
        }
        Ok(())
    }
}

/// Files below a folder by name; links are not followed, so there are no loops.
pub fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    below(dir, 0, out)
}

fn below(dir: &Path, depth: usize, out: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > 32 {
        return Ok(());
    }
    let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            below(&entry.path(), depth + 1, out)?;
        } else if kind.is_file() {
            out.push(entry.path());
        }
    }
    Ok(())
}
