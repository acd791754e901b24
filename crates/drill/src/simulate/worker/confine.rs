//! Giving up rights, in an order in which none can be had back; then looking whether it is so.

use super::seccomp;
use crate::simulate::{manifest::Manifest, place::Root};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, make_bitflags,
};
use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    io::Errno,
    process::{
        Gid, Resource, Rlimit, Signal, Uid, getppid, set_parent_process_death_signal, setrlimit,
    },
    thread::{
        no_new_privs, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};
use std::fmt::Display;

/// Address space: the program, its allocator's reserve and the largest map are far below.
const ADDRESS_SPACE: u64 = 4 << 30;
/// Tasks beyond those the account has.
const TASKS: u64 = 64;

/// Whatever the caller held open is none of ours.
#[allow(unsafe_code, reason = "descriptors of others can only be closed by number")]
pub(super) fn close_inherited() -> Result<(), Errno> {
    // SAFETY: called first in the worker's program, when nothing of ours is open but the three
    // standard files; no descriptor that an object owns is closed.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed == 0 { Ok(()) } else { Err(Errno::NOSYS) }
}

fn why<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |e| format!("{what}: {e}")
}

/// Confines this process. Says how well Landlock holds; whatever fails ends the worker before its
/// first change.
pub(super) fn confine(manifest: &Manifest, root: &Root) -> Result<&'static str, String> {
    let tasks = std::fs::read_dir("/proc/self/task").map_err(why("threads"))?.count();
    if tasks != 1 {
        return Err("threads: the worker has more than one before it is confined".into());
    }
    let parent = getppid();
    limits(manifest)?;
    drop_account(manifest)?;
    // A worker whose drill is gone has nobody to stop it. Set after the account, which clears it.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(why("death signal"))?;
    if getppid() != parent {
        return Err("death signal: whoever started the worker is gone".into());
    }
    set_no_new_privs(true).map_err(why("no_new_privs"))?;
    // Asked now: the filter lets nobody ask later.
    if !no_new_privs().is_ok_and(|set| set) {
        return Err("no_new_privs: not set".into());
    }
    let landlock = landlock(root)?;
    seccomp::apply()?;
    probe(root)?;
    Ok(landlock)
}

fn limits(manifest: &Manifest) -> Result<(), String> {
    let set = |what, most: u64| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(what, limit).map_err(why("limits"))
    };
    let largest = manifest.decoys.iter().map(|d| d.size).max().unwrap_or(0);
    // The journal is a file as well, of some lines for each decoy.
    let journal = manifest.decoys.len() as u64 * 512 + (1 << 20);
    set(Resource::Fsize, largest.max(journal))?;
    set(Resource::Nproc, manifest.tasks + TASKS)?;
    set(Resource::Cpu, manifest.budget.seconds.saturating_add(5))?;
    set(Resource::As, ADDRESS_SPACE)?;
    set(Resource::Core, 0)
}

/// To the account of the manifest, for good.
fn drop_account(manifest: &Manifest) -> Result<(), String> {
    let Some(raw) = manifest.uid else {
        let root = rustix::process::geteuid().is_root();
        return if root { Err("account: the worker never runs as root".into()) } else { Ok(()) };
    };
    if raw == 0 || raw == u32::MAX {
        return Err("account: the worker never runs as root".into());
    }
    let (uid, gid) = (Uid::from_raw(raw), Gid::from_raw(raw));
    set_thread_groups(&[]).map_err(why("groups"))?;
    set_thread_res_gid(gid, gid, gid).map_err(why("group"))?;
    set_thread_res_uid(uid, uid, uid).map_err(why("account"))?;
    if set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).is_ok() {
        return Err("account: root could be had back".into());
    }
    Ok(())
}

/// Nothing is read or written but beneath the drill's directory; no pipes, sockets, devices, links,
/// folders or programs are made or run there.
fn landlock(root: &Root) -> Result<&'static str, String> {
    let inside = make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | RemoveFile | MakeReg | Truncate
    });
    let status = Ruleset::default()
        // Without truncation (Linux 6.2) the confinement has a hole: no worker there.
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V3))
        .and_then(|rules| {
            rules
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(ABI::V5))
        })
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(|rules| {
            rules
                .set_compatibility(CompatLevel::HardRequirement)
                .add_rule(PathBeneath::new(&root.fd, inside))
        })
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(why("Landlock"))?;
    match (status.ruleset, status.no_new_privs) {
        (RulesetStatus::FullyEnforced, true) => Ok("full"),
        (RulesetStatus::PartiallyEnforced, true) => Ok("partial"),
        _ => Err("Landlock: not enforced by this kernel".into()),
    }
}

/// Looks whether the walls stand: reading the root of the file system must be refused, by
/// whichever of them, and a harmless call outside the list as well.
fn probe(root: &Root) -> Result<(), String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let outside =
        rustix::fs::openat2(CWD, "/", flags, Mode::empty(), rustix::fs::ResolveFlags::empty());
    if !matches!(outside, Err(Errno::ACCESS)) {
        return Err("Landlock: the root of the file system can still be read".into());
    }
    if !matches!(openat(&root.fd, ".", flags, Mode::empty()), Err(Errno::PERM)) {
        return Err("seccomp: a call outside the list was let through".into());
    }
    Ok(())
}
