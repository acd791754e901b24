//! The worker: a process of its own that gives up its rights and then behaves on the decoys as
//! ransomware does. Nothing in here knows a network, another program or another process
//! (`tests/imports.rs` reads the linked program).
//!
//! It is told everything by its manifest (standard input), writes its journal (standard output) and
//! holds nothing else but the drill's directory.

mod confine;
mod fault;
mod fork;
pub(crate) mod reach;
mod seccomp;
mod transform;
mod work;

use super::{
    journal::{Journal, Line, now},
    manifest::Manifest,
    place::Root,
};
use std::{
    fs::File,
    io::{Read, Write},
    os::fd::AsFd,
};

pub(crate) use fault::Fault;
pub(crate) use transform::{Cipher, method};
pub(crate) use work::Session;

/// How a worker's process ends; what happened stands in its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It ended by itself: finished, or a budget, a stop or refusals ended it.
    Ended = 0,
    /// The kernel cannot confine it; nothing was changed.
    Unconfined = 20,
    /// The manifest or the directory are not right; nothing was changed.
    Unfit = 21,
    /// The journal cannot be written any more; nothing was changed after that.
    Journal = 22,
}

/// The worker's program. `arguments` are those behind the hidden command: none for the work itself;
/// `reach UID PATH` says whether that account could write a path.
pub fn main(arguments: &[String]) -> u8 {
    match arguments {
        [] => run() as u8,
        [what, uid, path] if what == "reach" => reach::main(uid, path),
        _ => Exit::Unfit as u8,
    }
}

/// Words for whoever started the worker; nobody else reads them.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn run() -> Exit {
    if let Err(e) = confine::close_inherited() {
        tell(&format!("inherited files: {e}"));
        return Exit::Unconfined;
    }
    let mut text = Vec::new();
    if let Err(e) = std::io::stdin().read_to_end(&mut text) {
        tell(&format!("manifest: {e}"));
        return Exit::Unfit;
    }
    let manifest = match Manifest::parse(&text) {
        Ok(manifest) => manifest,
        Err(e) => {
            tell(&format!("manifest: {e}"));
            return Exit::Unfit;
        }
    };
    let root = match manifest.open_root() {
        Ok(root) => root,
        Err(e) => {
            tell(&e.to_string());
            return Exit::Unfit;
        }
    };
    let journal = match std::io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => Journal(File::from(fd)),
        Err(e) => {
            tell(&format!("journal: {e}"));
            return Exit::Unfit;
        }
    };
    let landlock = match confine::confine(&manifest, &root) {
        Ok(landlock) => landlock,
        Err(e) => {
            tell(&e);
            return Exit::Unconfined;
        }
    };
    work(&manifest, root, journal, landlock)
}

fn work(manifest: &Manifest, root: Root, mut journal: Journal, landlock: &str) -> Exit {
    let uid = rustix::process::geteuid().as_raw();
    let begin = Line::Begin { at: now(), uid, landlock: landlock.into() };
    if journal.add(&begin).and_then(|()| journal.sync()).is_err() {
        return Exit::Journal;
    }
    match Session::new(manifest, root.fd, journal, Fault::default()).run() {
        Ok(_) => Exit::Ended,
        Err(_) => Exit::Journal,
    }
}
