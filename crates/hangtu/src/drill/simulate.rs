//! `hangtu drill simulate`: one drill for each profile, one after the other.

use super::{WORKER, refused, say, table};
use crate::{Ending, cli::paths, failure::Failure};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, grouped, key, text};
use hangtu_drill::simulate::{
    Budget, Decoys, Doors, Drill, DrillResult, Phase, Plan, Profile, Profiles, Program, Progress,
    Recover, Template, Verdict,
};
use regex::Regex;
use std::{
    fs,
    io::{self, IsTerminal},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

pub(super) fn run(language: Language, m: &ArgMatches) -> Result<Ending, Failure> {
    let profiles = chosen(m)?;
    let base = plan(m, &profiles[0])?;
    let mut results = Vec::with_capacity(profiles.len());
    for profile in profiles {
        let mut plan = base.clone();
        plan.decoys.profile = profile;
        results.push(one(language, plan)?);
    }
    for result in &results {
        table::print(language, result).map_err(|e| Failure::output(&e))?;
    }
    if let Some(out) = m.get_one::<PathBuf>("out") {
        let bytes = serde_json::to_vec_pretty(&results).unwrap_or_default();
        fs::write(out, bytes).map_err(|e| Failure::write(out, &e))?;
        say(language, key::DRILL_WRITTEN, &[("path", &out.display().to_string())])?;
    }
    Ok(results.iter().map(ending).max_by_key(|e| severity(*e)).unwrap_or(Ending::Done))
}

fn severity(ending: Ending) -> u8 {
    match ending {
        Ending::Done => 0,
        Ending::FailOn => 1,
        Ending::Incomplete => 2,
    }
}

fn ending(r: &DrillResult) -> Ending {
    if r.left() {
        Ending::Incomplete
    } else if r.aspects().iter().any(|(_, v)| *v == Verdict::Failed) {
        Ending::FailOn
    } else {
        Ending::Done
    }
}

fn chosen(m: &ArgMatches) -> Result<Vec<Profile>, Failure> {
    let all = Profiles::embedded().map_err(Failure::from)?;
    let names: Vec<&str> =
        m.get_many::<String>("profile").into_iter().flatten().map(String::as_str).collect();
    let names = if names.is_empty() { vec!["in-place"] } else { names };
    let mut profiles = Vec::new();
    for name in names {
        if name == "all" {
            profiles.extend(all.all.iter().cloned());
        } else {
            let unknown = || {
                Failure::new(key::DRILL_NO_PROFILE, Some(key::DRILL_NO_PROFILE_REMEDY))
                    .with("name", name)
            };
            profiles.push(all.get(name).cloned().ok_or_else(unknown)?);
        }
    }
    if let Some(rate) = m.get_one::<String>("rate") {
        let rate = all.rate(rate).ok_or_else(|| {
            Failure::new(key::CLI_BAD_VALUE, Some(key::DRILL_PLAN_REMEDY))
                .with("argument", "--rate")
                .with("value", rate)
        })?;
        for profile in &mut profiles {
            profile.rate = rate;
        }
    }
    Ok(profiles)
}

fn plan(m: &ArgMatches, profile: &Profile) -> Result<Plan, Failure> {
    let number = |name: &str| m.get_one::<u64>(name).copied();
    let word = |name: &str| m.get_one::<String>(name);
    let files = number("files").unwrap_or(500);
    let pattern = word("pattern")
        .map(|p| {
            Regex::new(p).map_err(|e| {
                Failure::new(key::DRILL_BAD_PATTERN, Some(key::DRILL_PLAN_REMEDY)).with("why", e)
            })
        })
        .transpose()?;
    let address = m.get_one::<SocketAddr>("listen-syslog").copied();
    let log = m.get_one::<PathBuf>("watch-log").cloned();
    let doors = match pattern {
        Some(pattern) => Doors {
            syslog: address.map(|a| (a, pattern.clone())),
            log: log.map(|l| (l, pattern)),
            ..Doors::default()
        },
        None if address.is_some() || log.is_some() => {
            return Err(Failure::new(key::DRILL_PATTERN_MISSING, Some(key::DRILL_PLAN_REMEDY)));
        }
        None => Doors::default(),
    };
    let linger = number("linger").unwrap_or(if doors.any() { 10 } else { 0 });
    let template = |name: &str| {
        word(name).map(|line| Template::parse(line)).transpose().map_err(refused::failure)
    };
    let seed = || m.get_one::<u64>("seed").copied().or_else(chance);
    let keep = m.get_flag("keep");
    Ok(Plan {
        decoys: Decoys {
            parent: super::path(m, "parent"),
            never: paths(m, "never"),
            profile: profile.clone(),
            files: usize::try_from(files).unwrap_or(usize::MAX),
            seed: seed().unwrap_or_default(),
            scale: m.get_one::<f64>("scale").copied().unwrap_or(1.0),
            budget: Budget {
                files: number("budget-files").unwrap_or(files),
                bytes: number("budget-bytes").unwrap_or(1 << 30),
                seconds: number("budget-seconds").unwrap_or(300),
            },
            ttl: Duration::from_secs(number("ttl").unwrap_or(3600)),
            contact: word("contact").cloned().unwrap_or_default(),
            escrow: m.get_one::<PathBuf>("escrow").cloned(),
            uid: m.get_one::<u32>("uid").copied(),
        },
        worker: Program { path: "/proc/self/exe".into(), arguments: vec![WORKER.into()] },
        doors,
        linger: Duration::from_secs(linger),
        recover: Recover {
            backup: template("backup-command")?,
            restore: template("restore-command")?,
            place: m.get_one::<PathBuf>("backup-place").cloned(),
            patience: Duration::from_secs(number("patience").unwrap_or(3600)),
        },
        undo: !keep,
        clean: !keep,
    })
}

/// A seed nobody chose: the moment's odd nanoseconds are chance enough for decoys.
fn chance() -> Option<u64> {
    u64::try_from(jiff::Timestamp::now().as_nanosecond() % (1 << 40)).ok()
}

fn one(language: Language, plan: Plan) -> Result<DrillResult, Failure> {
    let drill = Drill::prepare(plan).map_err(refused::failure)?;
    let manifest = drill.manifest();
    let path = drill.directory().display().to_string();
    let (files, bytes) = (grouped(manifest.decoys.len() as u64), grouped(manifest.bytes()));
    let made = [
        ("id", manifest.id.as_str()),
        ("profile", manifest.profile.title.get(language)),
        ("files", &files),
        ("bytes", &bytes),
        ("path", &path),
    ];
    say(language, key::DRILL_MADE, &made)?;
    say(language, key::DRILL_MADE_STOP, &[("path", &path)])?;
    say(language, key::DRILL_MADE_DETECTED, &[("path", &path)])?;
    let bar = io::stderr().is_terminal().then(|| {
        let bar = indicatif::ProgressBar::new(manifest.decoys.len() as u64);
        bar.set_style(
            indicatif::ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}")
                .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()),
        );
        bar
    });
    let result = drill.run(&mut |progress: Progress| {
        if let Some(bar) = &bar {
            bar.set_position(progress.changed);
            bar.set_message(phase(language, progress.phase));
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result.map_err(refused::failure)
}

fn phase(language: Language, phase: Phase) -> String {
    let what = match phase {
        Phase::BackingUp => key::DRILL_PHASE_BACKING_UP,
        Phase::Running => key::DRILL_PHASE_RUNNING,
        Phase::Lingering => key::DRILL_PHASE_LINGERING,
        Phase::Restoring => key::DRILL_PHASE_RESTORING,
        Phase::Undoing => key::DRILL_PHASE_UNDOING,
    };
    text(language, what, &[] as &[(&str, Arg<'_>)])
}
