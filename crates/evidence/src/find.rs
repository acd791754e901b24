//! Evidence below paths: files as they are, folders searched by content, archives looked into.

use crate::{
    archive,
    input::{EvidenceError, Input, Pipe, open},
};
use hangtu_record::Time;
use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

/// How a kind of evidence is recognised: the time of its first entry (`Time(0)` where it has
/// none), or `None` for anything else.
pub type Recognise<'a> = &'a dyn Fn(&Input) -> Option<Time>;

/// Bytes of standard input, or of a pipe, that are looked at to see what it is.
const HEAD: u64 = 1 << 18;

/// Folders within each other that are searched.
const DEEPEST: usize = 32;

/// A file or folder that cannot be read.
#[derive(Debug, Error)]
#[error("{}: {source}", .path.display())]
pub struct Unreadable {
    /// Its path; of a file in an archive, the archive's and the name in it.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Why a symbolic link below a folder is not read: whoever made the folder may have led it to files that are none of
/// the evidence, such as logs of the computer that reads it.
#[derive(Clone, Copy, Debug, Error)]
#[error("a symbolic link out of its folder is not followed")]
pub struct NotFollowed;

/// Why the last entries of an archive are not read.
#[derive(Clone, Copy, Debug, Error)]
#[error("{left_out} entries of the archive were left out: {} are read", archive::MAX_MEMBERS)]
pub struct TooMany {
    /// Entries that were left out.
    pub left_out: u64,
}

/// What was found below paths.
#[derive(Debug, Default)]
pub struct Found {
    /// For each kind its inputs, in the order of their first entries.
    pub inputs: Vec<Vec<Input>>,
    /// Files in folders and archives that are of no kind.
    pub others: Vec<PathBuf>,
    /// Files and folders, below folders and in archives, that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Finds the evidence that paths name: files as they are, folders and ZIP archives searched by
/// content, `-` for standard input. A path that cannot be read is an error; what stands below it is not.
pub fn find(paths: &[PathBuf], kinds: &[Recognise<'_>]) -> Result<Found, EvidenceError> {
    let mut search = Search {
        kinds,
        known: HashSet::new(),
        found: vec![Vec::new(); kinds.len()],
        others: Vec::new(),
        unreadable: Vec::new(),
    };
    for path in paths {
        let io = |source| EvidenceError::Io { path: path.display().to_string(), source };
        let once = path.as_os_str() == "-" || {
            let kind = path.metadata().map_err(io)?;
            !kind.is_dir() && !kind.is_file()
        };
        if once {
            if search.known.insert(path.clone()) {
                let pipe = Pipe::begin(path.clone(), HEAD).map_err(io)?;
                search.once(pipe)?;
            }
        } else if path.is_dir() {
            let below = walk(path).map_err(|e| io(e.source))?;
            search.unreadable.extend(below.unreadable);
            for file in below.files {
                search.file(file);
            }
        } else if archive::is_zip(path) {
            if search.is_new(path) {
                search.archive(path).map_err(io)?;
            }
        } else {
            let input = Input::File(path.clone());
            let Some((kind, time)) = search.kind(&input) else { return Err(refused(&input)) };
            if search.is_new(path) {
                search.found[kind].push((time, input));
            }
        }
    }
    let inputs = search.found.into_iter().map(|mut list| {
        // Stable: files that start together keep the order of their names.
        list.sort_by_key(|(time, _)| *time);
        list.into_iter().map(|(_, input)| input).collect::<Vec<_>>()
    });
    // Folders given may lie within each other.
    let mut unreadable = search.unreadable;
    unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    unreadable.dedup_by(|a, b| a.path == b.path);
    Ok(Found { inputs: inputs.collect(), others: search.others, unreadable })
}

/// The error for an input of no kind; its own when it cannot be opened.
fn refused(input: &Input) -> EvidenceError {
    open(input, |r| r).map_or_else(|e| e, |opened| opened.unrecognised())
}

struct Search<'k> {
    kinds: &'k [Recognise<'k>],
    /// Where the files that were met really are, and what is read once as it is called: folders given may lie
    /// within each other, and a path may be spelt in many ways.
    known: HashSet<PathBuf>,
    found: Vec<Vec<(Time, Input)>>,
    others: Vec<PathBuf>,
    unreadable: Vec<Unreadable>,
}

impl Search<'_> {
    fn kind(&self, input: &Input) -> Option<(usize, Time)> {
        self.kinds.iter().enumerate().find_map(|(i, known)| Some((i, known(input)?)))
    }

    /// Whether a file was not met before, by this path or another one.
    fn is_new(&mut self, path: &Path) -> bool {
        self.known.insert(fs::canonicalize(path).unwrap_or_else(|_| path.into()))
    }

    /// Notes an input that can be read once: known by its first bytes alone.
    fn once(&mut self, pipe: Pipe) -> Result<(), EvidenceError> {
        let probe = Input::Memory(pipe.path.display().to_string(), Arc::clone(&pipe.head));
        let (kind, _) = self.kind(&probe).ok_or_else(|| refused(&probe))?;
        self.found[kind].push((Time(i64::MIN), Input::Pipe(pipe)));
        Ok(())
    }

    fn file(&mut self, path: PathBuf) {
        if !self.is_new(&path) {
            return;
        }
        let wrong = match archive::is_zip(&path).then(|| self.archive(&path)) {
            Some(Ok(())) => return,
            Some(Err(e)) => Some(e),
            None => None,
        };
        self.take(Input::File(path.clone()), path, wrong);
    }

    fn archive(&mut self, path: &Path) -> io::Result<()> {
        let archive::Members { list, left_out } = archive::members(path)?;
        if left_out > 0 {
            let why = TooMany { left_out };
            self.unreadable.push(Unreadable { path: path.into(), source: io::Error::other(why) });
        }
        for (name, place) in list {
            let input = Input::Member(path.into(), name, place);
            let name = input.name().into();
            self.take(input, name, None);
        }
        Ok(())
    }

    /// Notes an input under its kind. No kind knows one that cannot be read, which is not to be passed
    /// over; `wrong` is why it is no archive that it begins like.
    fn take(&mut self, input: Input, path: PathBuf, wrong: Option<io::Error>) {
        if let Some((kind, time)) = self.kind(&input) {
            self.found[kind].push((time, input));
            return;
        }
        let wrong = wrong.or_else(|| match open(&input, |r| r) {
            Err(EvidenceError::Io { source, .. }) => Some(source),
            _ => None,
        });
        match wrong {
            Some(source) => self.unreadable.push(Unreadable { path, source }),
            None => self.others.push(path),
        }
    }
}

/// What stands below a folder.
#[derive(Debug, Default)]
pub struct Below {
    /// Files, by name.
    pub files: Vec<PathBuf>,
    /// Folders that cannot be read or lie too deep, files of which nothing is told, and links to what stands elsewhere.
    pub unreadable: Vec<Unreadable>,
}

/// What stands below a folder. Links are not followed, so there are no loops; what one leads to below the folder is met
/// there.
pub fn walk(dir: &Path) -> Result<Below, Unreadable> {
    let mut out = Below::default();
    match fs::canonicalize(dir).and_then(|root| below(dir, 0, &root, &mut out)) {
        Ok(()) => Ok(out),
        Err(source) => Err(Unreadable { path: dir.into(), source }),
    }
}

fn below(dir: &Path, depth: usize, root: &Path, out: &mut Below) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let seen = match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&path, depth + 1, root, out),
            Ok(kind) if kind.is_symlink() => met_elsewhere(&path, root),
            Ok(kind) => {
                if kind.is_file() {
                    out.files.push(path.clone());
                }
                Ok(())
            }
            Err(e) => Err(e),
        };
        if let Err(source) = seen {
            out.unreadable.push(Unreadable { path, source });
        }
    }
    Ok(())
}

/// Whether a link leads to what stands below the folder that is searched, by where that really is; why not.
fn met_elsewhere(link: &Path, root: &Path) -> io::Result<()> {
    let below = fs::canonicalize(link)?.starts_with(root);
    if below { Ok(()) } else { Err(io::Error::other(NotFollowed)) }
}
