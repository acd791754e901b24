//! Crashes at every step of the work, and whatever somebody may put in its way: the worker's session
//! in this process, where no wall of the kernel helps it.

use super::{
    journal::{Ended, Journal, Line, lines},
    manifest::{Budget, MARKER, Manifest},
    prepare::{Decoys, Made, make},
    profile::{Labour, Method, Profile, Profiles},
    undo::{clean_locked, path_of, undo_locked},
    worker::{Fault, Session},
};
use crate::simulate::draw::Draw;
use hangtu_catalog::sha256;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// In memory where there is such a place: a thousand drills are made.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn decoys(parent: &Path, profile: &Profile, files: usize, seed: u64) -> Decoys {
    Decoys {
        parent: parent.into(),
        never: vec![],
        profile: Profile { rate: None, ..profile.clone() },
        files,
        seed,
        scale: 0.05,
        budget: Budget { files: 1000, bytes: 1 << 30, seconds: 60 },
        ttl: Duration::from_mins(10),
        contact: "tests".into(),
        escrow: None,
        uid: None,
    }
}

fn session(made: &Made, fault: Fault) -> Session<'_> {
    let journal = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(made.state.join("journal.jsonl"))
        .unwrap();
    let root = made.manifest.open_root().unwrap();
    Session::new(&made.manifest, root.fd, Journal(journal), fault)
}

/// Every file below a folder: its path, and what it holds.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                folders.push(path);
            } else {
                let content = if meta.is_file() {
                    sha256(&fs::read(&path).unwrap())
                } else {
                    format!("{:?}", meta.file_type())
                };
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, content);
            }
        }
    }
    files
}

fn original(manifest: &Manifest) -> BTreeMap<PathBuf, String> {
    let files = manifest.decoys.iter().map(|d| (path_of(manifest, d).into(), d.sha256.clone()));
    files.chain([(PathBuf::from(MARKER), sha256(manifest.marker().as_bytes()))]).collect()
}

/// 5b, clause 5: whatever step a crash falls on, and for every profile, undoing puts back every
/// byte, and every change had been announced in the journal.
#[test]
fn clause_5_a_crash_at_any_step_can_be_undone() {
    let folder = scratch();
    let mut crashes = 0;
    for profile in &Profiles::embedded().unwrap().all {
        for at in 0.. {
            let made = make(&decoys(folder.path(), profile, 14, 5)).unwrap();
            let ended = session(&made, Fault::at(at)).run();
            let announced: BTreeSet<u32> =
                lines(&fs::read(made.state.join("journal.jsonl")).unwrap())
                    .filter_map(|l| match l {
                        Line::Intend { from, to, .. } => Some(from..to),
                        _ => None,
                    })
                    .flatten()
                    .collect();
            let before = tree(&made.manifest.root);
            let undone = undo_locked(&made.manifest).unwrap();
            let what = format!("{} at step {at}", profile.id);
            assert!(undone.whole(), "{what}: {undone:?}");
            assert_eq!(tree(&made.manifest.root), original(&made.manifest), "{what}");
            assert!(undone.changed() <= announced.len() as u64, "{what}");
            let again = undo_locked(&made.manifest).unwrap();
            assert_eq!((again.untouched, again.changed()), (14, 0), "{what}");
            assert!(clean_locked(&made.manifest, true).unwrap().gone, "{what}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{what}");
            if ended.is_ok() {
                let expected = if profile.labour == Labour::One { 14 } else { undone.changed() };
                assert_eq!(undone.changed(), expected, "{what}");
                assert_ne!(before, original(&made.manifest), "{what}");
                break;
            }
            crashes += 1;
        }
    }
    assert!(crashes > 300, "{crashes}");
}

/// 5b, clause 7: the marker and the notes say what this is; budgets and the stop file end the work.
#[test]
fn clause_7_budgets_markers_and_the_stop_file() {
    let folder = scratch();
    let profiles = Profiles::embedded().unwrap();
    let profile = profiles.get("note-first").unwrap();
    let run = |change: &dyn Fn(&mut Decoys)| {
        let mut what = decoys(folder.path(), profile, 14, 1);
        change(&mut what);
        let made = make(&what).unwrap();
        let ended = session(&made, Fault::default()).run().unwrap();
        let files = tree(&made.manifest.root);
        let undone = undo_locked(&made.manifest).unwrap();
        assert!(undone.whole());
        clean_locked(&made.manifest, true).unwrap();
        (ended, undone.changed(), files)
    };
    let (ended, changed, files) = run(&|_| {});
    assert_eq!((ended, changed), (Ended::Finished, 14));
    let notes = files.keys().filter(|p| p.ends_with(super::NOTE)).count();
    assert!(notes > 8, "{notes}");
    assert!(files.contains_key(Path::new(MARKER)));
    let (ended, changed, _) = run(&|d| d.budget.files = 3);
    assert_eq!((ended, changed), (Ended::Files, 3));
    let (ended, changed, _) = run(&|d| d.budget.bytes = 1);
    assert_eq!((ended, changed), (Ended::Bytes, 0));
    let (ended, changed, _) = run(&|d| {
        d.profile.rate = Some(0.01);
        d.budget.seconds = 1;
    });
    assert_eq!((ended, changed), (Ended::Seconds, 1));
    let (ended, _, _) = run(&|d| d.ttl = Duration::ZERO);
    assert_eq!(ended, Ended::Seconds);

    let made = make(&decoys(folder.path(), profile, 14, 1)).unwrap();
    assert!(made.manifest.note().contains("DRILL") && made.manifest.note().contains("演练"));
    assert_eq!(
        fs::read_to_string(made.manifest.root.join(MARKER)).unwrap(),
        format!("DRILL {} tests\n", made.manifest.id)
    );
    super::stop(&made.manifest.root).unwrap();
    assert_eq!(session(&made, Fault::default()).run().unwrap(), Ended::Stopped);
    assert_eq!(undo_locked(&made.manifest).unwrap().changed(), 0);
    // What is not the drill's stays, and is told.
    let foreign = made.manifest.root.join("recipes/somebody's.txt");
    fs::write(&foreign, "mine").unwrap();
    let cleaned = clean_locked(&made.manifest, false).unwrap();
    assert_eq!((cleaned.gone, cleaned.left.as_slice()), (false, &[foreign.clone()][..]));
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "mine");
}

/// Puts one thing in the worker's way; none of it changes what lies outside. Nothing is done below
/// `mounted`, which is outside.
fn obstruct(
    draw: &mut Draw,
    manifest: &Manifest,
    outside: &[PathBuf],
    limbo: &Path,
    mounted: Option<&Path>,
) {
    let root = &manifest.root;
    let Some(entry) = draw.pick(&manifest.decoys) else { return };
    let decoy = root.join(path_of(manifest, entry));
    let Some(target) = draw.pick(outside) else { return };
    let aside = limbo.join(format!("{:x}", draw.word()));
    let folders = &manifest.folders[1..];
    let folder = draw.pick(folders).map(|f| root.join(&f.path)).unwrap_or_default();
    let becomes = decoy.with_file_name(&entry.becomes);
    // Through a folder that is a link by now, this would be the one that changes the outside.
    let straight = |path: &Path| {
        path.parent().is_some_and(|p| fs::canonicalize(p).is_ok_and(|real| real == p))
            && mounted.is_none_or(|m| !path.starts_with(m) && !m.starts_with(path))
    };
    if !straight(&decoy) || !straight(&folder) {
        return;
    }
    let _ = match draw.range(0, 9) {
        0 => fs::rename(&decoy, &aside).and_then(|()| symlink(target, &decoy)),
        1 => fs::rename(&decoy, &aside).and_then(|()| fs::hard_link(target, &decoy)),
        2 => fs::hard_link(&decoy, &aside),
        3 => fs::rename(&folder, &aside).and_then(|()| symlink(target.parent().unwrap(), &folder)),
        4 => fs::rename(&folder, &aside).and_then(|()| fs::rename(&aside, &folder)),
        5 => symlink(target, &becomes),
        6 => fs::hard_link(target, &becomes),
        7 => fs::rename(&decoy, &aside)
            .and_then(|()| fs::create_dir(&decoy))
            .and_then(|()| fs::remove_dir(&decoy))
            .and_then(|()| fs::rename(&aside, &decoy)),
        8 => fs::rename(&decoy, &aside).and_then(|()| {
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &decoy,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RWXU,
                0,
            )
            .map_err(Into::into)
        }),
        _ => symlink(target.parent().unwrap(), becomes.with_file_name(super::NOTE)),
    };
}

/// What lies outside: contents, and what is said about each file. Link counts and change times are
/// the obstructions' doing.
fn outside_state(folder: &Path) -> BTreeMap<PathBuf, (String, u32, u64, i64)> {
    tree(folder)
        .into_iter()
        .map(|(path, hash)| {
            let meta = fs::symlink_metadata(folder.join(&path)).unwrap();
            (path, (hash, meta.mode(), meta.size(), meta.mtime()))
        })
        .collect()
}

/// 5b, clause 9: 500 layouts with links, pipes, moved folders and mounts, and somebody who goes on
/// changing them: nothing outside the drill's directory differs afterwards, after undoing and
/// clearing away neither.
#[test]
fn clause_9_nothing_outside_changes_in_500_layouts() {
    let folder = scratch();
    let profiles = Profiles::embedded().unwrap();
    let mut mounts = 0;
    let mut foreign = 0;
    for seed in 0..500 {
        let mut draw = Draw::new(seed, "layout");
        let place = folder.path().join(seed.to_string());
        let (outside, limbo) = (place.join("outside"), place.join("limbo"));
        fs::create_dir_all(outside.join("deep")).unwrap();
        fs::create_dir(&limbo).unwrap();
        let targets: Vec<PathBuf> = (0..6)
            .map(|n| outside.join(if n % 2 == 0 { format!("{n}") } else { format!("deep/{n}") }))
            .collect();
        for target in &targets {
            let length = draw.range(0, 5000) as usize;
            fs::write(target, draw.bytes(length)).unwrap();
        }
        let before = outside_state(&outside);
        let profile = draw.pick(&profiles.all).unwrap();
        let made = make(&decoys(&place, profile, 20, seed)).unwrap();
        let manifest = &made.manifest;
        for _ in 0..draw.range(0, 6) {
            obstruct(&mut draw, manifest, &targets, &limbo, None);
        }
        let mounted = manifest.root.join(&draw.pick(&manifest.folders[1..]).unwrap().path);
        let bind = seed % 25 == 0
            && fs::symlink_metadata(&mounted).is_ok_and(|m| m.is_dir())
            && Command::new("mount")
                .args(["--bind"])
                .args([&outside, &mounted])
                .output()
                .is_ok_and(|o| o.status.success());
        mounts += u32::from(bind);

        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let racer = scope.spawn(|| {
                let mut draw = Draw::new(seed, "race");
                while !over.load(Ordering::Relaxed) {
                    obstruct(&mut draw, manifest, &targets, &limbo, bind.then_some(&*mounted));
                    thread::yield_now();
                }
            });
            session(&made, Fault::default()).run().unwrap();
            let undone = undo_locked(manifest).unwrap();
            over.store(true, Ordering::Relaxed);
            racer.join().unwrap();
            foreign += undone.failed.len();
        });
        let _ = undo_locked(manifest);
        let _ = clean_locked(manifest, false);
        if bind {
            let gone = Command::new("umount").args(["-l"]).arg(&mounted).status();
            assert!(gone.unwrap().success());
        }
        assert_eq!(outside_state(&outside), before, "layout {seed}, {}", profile.id);
        if profile.method == Method::Delete {
            // What was put aside is a decoy: it may be gone, but is nothing else's.
            assert!(limbo.exists());
        }
        fs::remove_dir_all(&place).unwrap();
    }
    if mounts == 0 {
        eprintln!("note: no mounts are permitted here; layouts had none");
    }
    assert!(foreign > 0, "the obstructions obstructed nothing");
}
