//! Whole drills with a confined worker, through the public door. The worker is `examples/worker`, which
//! `cargo test -p hangtu-drill` builds; with `--test simulate` alone it is the one built last.

#![allow(clippy::unwrap_used)]

use hangtu_drill::simulate::{
    Budget, Decoys, Detection, Doors, Drill, DrillResult, End, Ended, Means, Plan, Profile,
    Profiles, Program, Recover, SimulateError, Source, Template, Verdict, clean, expired, result,
    stop, undo,
};
use std::{
    fs,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// In memory where there is such a place: a drill syncs its file system, which others may be filling.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn worker() -> Program {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples/worker");
    Program { path, arguments: vec![] }
}

fn profile(id: &str) -> Profile {
    Profiles::embedded().unwrap().get(id).unwrap().clone()
}

fn plan(parent: &Path, profile: Profile, files: usize) -> Plan {
    Plan {
        decoys: Decoys {
            parent: parent.into(),
            never: vec![],
            profile,
            files,
            seed: 11,
            scale: 0.3,
            budget: Budget { files: 10_000, bytes: 1 << 32, seconds: 60 },
            ttl: Duration::from_mins(5),
            contact: "tests".into(),
            escrow: None,
            uid: None,
        },
        worker: worker(),
        doors: Doors::default(),
        linger: Duration::ZERO,
        recover: Recover { patience: Duration::from_mins(1), ..Recover::default() },
        undo: true,
        clean: true,
    }
}

/// The worker of a drill that this process runs, once it works.
fn pid_of(state: &Path) -> Option<i32> {
    let journal = fs::read_to_string(state.join("journal.jsonl")).ok()?;
    if !journal.contains("\"intend\"") {
        return None;
    }
    let own = fs::canonicalize(state.join("journal.jsonl")).ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let out = fs::read_link(entry.path().join("fd/1")).ok()?;
        let parent = fs::read_to_string(entry.path().join("status")).ok()?;
        let ours = parent.contains(&format!("PPid:\t{}\n", std::process::id()));
        (out == own && ours).then_some(pid)
    })
}

/// Runs a drill and does something to it once its worker works.
fn meanwhile(plan: Plan, act: impl FnOnce(&Path, i32) + Send + 'static) -> DrillResult {
    let drill = Drill::prepare(plan).unwrap();
    let dir = drill.directory().to_owned();
    let mut state = dir.clone().into_os_string();
    state.push(".state");
    let (over, until) = mpsc::channel::<()>();
    let acting = thread::spawn(move || {
        let pid = loop {
            if let Some(pid) = pid_of(Path::new(&state)) {
                break pid;
            }
            assert!(
                until.try_recv().is_err(),
                "the worker was over before anything could be done to it"
            );
            thread::sleep(Duration::from_millis(1));
        };
        act(&dir, pid);
    });
    let result = drill.run(&mut |_| {}).unwrap();
    let _ = over.send(());
    acting.join().unwrap();
    result
}

fn signal(pid: i32, which: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), which).unwrap();
}

#[test]
fn every_profile_runs_confined_and_is_put_back() {
    let folder = scratch();
    for profile in Profiles::embedded().unwrap().all {
        let id = profile.id.clone();
        let plan = plan(folder.path(), Profile { rate: None, ..profile }, 60);
        let r = Drill::prepare(plan).unwrap().run(&mut |_| {}).unwrap();
        assert_eq!(r.worker.end, End::Own { why: Ended::Finished }, "{id}");
        assert_eq!((r.attack.files, r.attack.foreign, r.attack.refused), (60, 0, 0), "{id}");
        let undone = r.undone.as_ref().unwrap();
        assert!(undone.whole() && undone.changed() == 60, "{id}: {undone:?}");
        assert!(r.cleaned.as_ref().unwrap().gone, "{id}");
        assert!(!r.directory.exists(), "{id}");
        assert_eq!(r.containment.verdict, Verdict::Failed, "{id}");
        assert_eq!(r.detection.verdict, Verdict::NotAttempted, "{id}");
        assert_eq!(r.recovery.verdict, Verdict::NotAttempted, "{id}");
        assert_eq!(result(&r.directory).unwrap().as_ref(), Some(&r), "{id}");
        assert!(clean(&r.directory, true).unwrap().gone, "{id}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// 5b, clause 4: what the kernel says of a worker at work.
#[test]
fn clause_4_a_worker_has_no_rights() {
    let folder = scratch();
    let (tell, told) = mpsc::channel();
    let r = meanwhile(plan(folder.path(), profile("median"), 60), move |dir, pid| {
        let read = |what: &str| fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap();
        tell.send((read("status"), read("limits"))).unwrap();
        stop(dir).unwrap();
    });
    let (status, limits) = told.recv().unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "Groups:\t \n"] {
        assert!(status.contains(line), "{line:?}: {status}");
    }
    let uid = r.worker.uid;
    assert!(uid != 0 && status.contains(&format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}")), "{status}");
    let limit = |name: &str| limits.lines().find(|l| l.starts_with(name)).unwrap().to_owned();
    for name in ["Max file size", "Max cpu time", "Max address space", "Max processes"] {
        assert!(!limit(name).contains("unlimited"), "{}", limit(name));
    }
    assert_eq!(r.worker.landlock, "full");
    assert_eq!(r.containment.means, Some(Means::StopCommand));
    assert!(r.attack.files < 60 && r.undone.unwrap().whole());
}

/// 5b, clause 5: killed at a random moment, and then a second time while it is already undone.
#[test]
fn clause_5_killed_at_random_moments_every_byte_comes_back() {
    let folder = scratch();
    let ids = ["in-place", "copy-delete", "multi-thread", "mmap", "multi-process", "delete-only"];
    for (round, id) in ids.iter().cycle().take(24).enumerate() {
        let mut plan = plan(folder.path(), Profile { rate: Some(2000.0), ..profile(id) }, 400);
        (plan.undo, plan.clean) = (false, false);
        let r = meanwhile(plan, move |_, pid| {
            thread::sleep(Duration::from_micros(round as u64 * 1733));
            signal(pid, rustix::process::Signal::KILL);
        });
        assert_eq!(r.containment.means, Some(Means::Killed), "{id}");
        assert!(matches!(r.worker.end, End::Signal { number: 9 }), "{id}");
        // A process of the worker's, or one that was starting beside it and had not let go of what it inherited,
        // may take a moment to be gone: on a busy machine more than two seconds.
        let mut undone = undo(&r.directory);
        for _ in 0..500 {
            if !matches!(undone, Err(SimulateError::Running(_))) {
                break;
            }
            thread::sleep(Duration::from_millis(20));
            undone = undo(&r.directory);
        }
        let undone = undone.unwrap();
        assert!(undone.whole(), "{id}: {undone:?}");
        assert!(undone.changed() >= r.attack.files, "{id}");
        assert_eq!(undo(&r.directory).unwrap().untouched, 400, "{id}");
        assert!(clean(&r.directory, true).unwrap().gone, "{id}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn detections_and_containment_are_measured() {
    let folder = scratch();
    let log = folder.path().join("alarms.log");
    fs::write(&log, "RANSOM old alarm\n").unwrap();
    let parent = folder.path().join("drills");
    fs::create_dir(&parent).unwrap();
    let mut plan = plan(&parent, profile("median"), 200);
    let pattern: regex::Regex = "(?i)ransom".parse().unwrap();
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    plan.doors = Doors {
        syslog: Some((free, pattern.clone())),
        log: Some((log.clone(), pattern)),
        ..Doors::default()
    };
    let r = meanwhile(plan, move |dir, pid| {
        thread::sleep(Duration::from_millis(200));
        let message = b"<12>1 - edr - - - - Ransomware behaviour";
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(message, free).unwrap();
        thread::sleep(Duration::from_millis(100));
        fs::OpenOptions::new()
            .append(true)
            .open(&log)
            .and_then(|mut f| std::io::Write::write_all(&mut f, b"note\nRANSOM new\n"))
            .unwrap();
        Detection::record(dir, Source::Person, "王工 saw it\u{7}").unwrap();
        thread::sleep(Duration::from_millis(200));
        signal(pid, rustix::process::Signal::STOP);
    });
    assert_eq!(r.detection.verdict, Verdict::Passed);
    let first = |source| r.detection.first.iter().find(|n| n.source == source).unwrap();
    let (syslog, log, person) = (first(Source::Syslog), first(Source::Log), first(Source::Person));
    assert!(syslog.seconds >= 0.15 && syslog.seconds < log.seconds + 0.5, "{r:#?}");
    assert!(log.note.contains("RANSOM new"));
    assert_eq!(person.note, "王工 saw it");
    assert!(syslog.files_lost >= 5 && syslog.files_lost <= person.files_lost, "{r:#?}");
    assert_eq!(r.containment.means, Some(Means::Stopped), "{r:#?}");
    let contained = r.containment.seconds.unwrap();
    assert!(contained >= person.seconds && contained < 5.0, "{r:#?}");
    assert!(r.containment.files_lost < 200 && r.undone.unwrap().whole());
    assert!((20.0..=42.0).contains(&r.attack.rate), "{}", r.attack.rate);
}

/// A guard that refuses writes contains the attack.
#[test]
fn refused_writes_are_containment() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can take the folders away from the worker");
        return;
    }
    let folder = scratch();
    let r = meanwhile(plan(folder.path(), profile("median"), 100), |dir, _| {
        thread::sleep(Duration::from_millis(150));
        // What a guard does by a permission event, here by rights: root takes the folders away.
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                }
            }
            let none = std::os::unix::fs::PermissionsExt::from_mode(0o000);
            fs::set_permissions(&folder, none).unwrap();
            std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
        }
    });
    assert_eq!(r.worker.end, End::Own { why: Ended::Blocked }, "{r:#?}");
    assert_eq!(r.containment.means, Some(Means::Refused));
    assert!(r.containment.files_lost >= 1 && r.attack.refused >= 8, "{r:#?}");
    assert!(r.undone.unwrap().whole());
}

/// 5b, clause 7: after its time a drill does nothing more and can be swept away.
#[test]
fn clause_7_a_drill_that_nobody_ended_is_found() {
    let folder = scratch();
    let mut plan = plan(folder.path(), profile("slow"), 20);
    plan.decoys.ttl = Duration::from_secs(1);
    (plan.undo, plan.clean) = (false, false);
    let began = Instant::now();
    let r = Drill::prepare(plan).unwrap().run(&mut |_| {}).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(r.attack.files < 5);
    assert_eq!(expired(folder.path()).unwrap(), [fs::canonicalize(&r.directory).unwrap()]);
    assert!(undo(&r.directory).unwrap().whole());
    assert!(clean(&r.directory, false).unwrap().gone);
    assert_eq!(expired(folder.path()).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn the_key_is_escrowed_before_the_attack_and_a_running_drill_is_left_alone() {
    let folder = scratch();
    let mut plan = plan(folder.path(), profile("median"), 40);
    let escrow = folder.path().join("escrow.json");
    plan.decoys.escrow = Some(escrow.clone());
    let again = plan.clone();
    let drill = Drill::prepare(plan).unwrap();
    let key = &drill.manifest().key;
    assert_eq!(key.len(), 64);
    assert!(fs::read_to_string(&escrow).unwrap().contains(key));
    assert!(matches!(undo(drill.directory()), Err(SimulateError::Running(_))));
    assert!(matches!(clean(drill.directory(), true), Err(SimulateError::Running(_))));
    let dir = drill.directory().to_owned();
    drop(drill);
    // Nothing of the caller's is overwritten.
    assert!(matches!(Drill::prepare(again), Err(SimulateError::Io { .. })));
    assert!(fs::read_to_string(&escrow).unwrap().contains(&dir.display().to_string()));
    assert_eq!(undo(&dir).unwrap().untouched, 40);
    assert!(clean(&dir, true).unwrap().gone);
    assert!(undo(&dir).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn recover(backup: &str, restore: &str, place: &Path) -> Recover {
    Recover {
        backup: Some(Template::parse(backup).unwrap()),
        restore: Some(Template::parse(restore).unwrap()),
        place: Some(place.into()),
        patience: Duration::from_mins(1),
    }
}

#[test]
fn a_backup_is_judged_by_what_comes_back() {
    let folder = scratch();
    let run = |recover: Recover| {
        let mut plan = plan(folder.path(), Profile { rate: None, ..profile("in-place") }, 40);
        plan.recover = recover;
        Drill::prepare(plan).unwrap().run(&mut |_| {}).unwrap()
    };
    let place = folder.path().join("copies");
    fs::create_dir(&place).unwrap();
    // cp keeps owners: only the folder above them keeps the copies out of the worker's reach.
    fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let good = run(recover("cp -a {source} {target}/", "cp -a {source}/. {target}/", &place));
    assert_eq!(good.recovery.right, 40, "{good:#?}");
    assert_eq!(good.recovery.verdict, Verdict::Passed);
    assert!(good.recovery.point_seconds.unwrap() > 0.0);
    if good.worker.uid != rustix::process::geteuid().as_raw() {
        assert_eq!(good.backup.out_of_reach, Verdict::Passed);
        assert_eq!(good.backup.verdict, Verdict::Passed);
    }
    // Within reach of the attack: no backup that helps.
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let reach = run(recover("cp -a {source} {target}/", "cp -a {source}/. {target}/", &open));
    assert_eq!(reach.backup.out_of_reach, Verdict::Failed);
    assert_eq!((reach.recovery.verdict, reach.backup.verdict), (Verdict::Passed, Verdict::Failed));
    // A backup that does nothing, and one whose restore brings nothing back.
    let none = folder.path().join("none");
    let absent = run(recover("true", "false", &none));
    assert_eq!((absent.backup.exists, absent.recovery.verdict), (Verdict::Failed, Verdict::Failed));
    assert_eq!((absent.recovery.right, absent.recovery.missing), (0, 40));
    let gone = run(recover("/nowhere/program", "true", &none));
    assert_eq!(gone.backup.ran.unwrap().code, None);
    // Nobody tried to restore: that proves nothing, and is no failure.
    let mut half = recover("cp -a {source} {target}/", "true", &place);
    half.restore = None;
    let half = run(half);
    assert_eq!(
        (half.backup.exists, half.recovery.verdict),
        (Verdict::Passed, Verdict::NotAttempted)
    );
    assert_eq!(half.backup.verdict, Verdict::NotAttempted);
}

#[test]
fn a_worker_that_cannot_be_confined_or_found_changes_nothing() {
    let folder = scratch();
    let mut plan = plan(folder.path(), profile("in-place"), 20);
    plan.worker.path = "/nowhere/worker".into();
    assert!(matches!(
        Drill::prepare(plan.clone()).unwrap().run(&mut |_| {}),
        Err(SimulateError::Io { .. })
    ));
    plan.worker = Program { path: "/bin/false".into(), arguments: vec![] };
    assert!(matches!(
        Drill::prepare(plan).unwrap().run(&mut |_| {}),
        Err(SimulateError::Worker(_))
    ));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // The worker's own program, without a manifest.
    let alone = Command::new(worker().path).stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(alone.status.code(), Some(21));
}
