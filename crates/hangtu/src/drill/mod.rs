//! `hangtu drill …`: the simulation on the command line.
//!
//! Exit codes: 0 done, nothing that was tried failed; 1 something that was tried failed; 2 nothing
//! could be done; 3 something could not be put back or cleared away.

mod arguments;
mod refused;
mod simulate;
mod table;

use crate::{Ending, failure::Failure};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_drill::simulate::{self as drill, Cleaned, Detection, Profiles, Source, Undone};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

pub(crate) use arguments::command;

/// The hidden command under which this program is a drill's worker.
pub(crate) const WORKER: &str = "drill-worker";

/// Runs one of the commands.
pub(crate) fn run(language: Language, m: &ArgMatches) -> Result<Ending, Failure> {
    match m.subcommand() {
        Some(("simulate", m)) => simulate::run(language, m),
        Some(("stop", m)) => {
            let dir = path(m, "dir");
            drill::stop(&dir).map_err(refused::failure)?;
            say(language, key::DRILL_STOPPED, &[("path", &dir.display().to_string())])?;
            Ok(Ending::Done)
        }
        Some(("undo", m)) => {
            let undone = drill::undo(&path(m, "dir")).map_err(refused::failure)?;
            tell_undone(language, &undone)
        }
        Some(("clean", m)) => {
            let dir = path(m, "dir");
            let cleaned = drill::clean(&dir, m.get_flag("forget")).map_err(refused::failure)?;
            tell_cleaned(language, &dir, &cleaned)
        }
        Some(("detected", m)) => {
            let by = m.get_one::<String>("by").map_or("person", String::as_str);
            let source = Source::ALL.into_iter().find(|s| s.name() == by).unwrap_or(Source::Person);
            let note = m.get_one::<String>("note").map_or("", String::as_str);
            let told =
                Detection::record(&path(m, "dir"), source, note).map_err(refused::failure)?;
            let time = crate::summary::local(&told.at.to_string());
            say(language, key::DRILL_RECORDED, &[("time", &time)])?;
            Ok(Ending::Done)
        }
        Some(("profiles", _)) => {
            let profiles = Profiles::embedded().map_err(Failure::from)?;
            let mut out = io::stdout().lock();
            for p in &profiles.all {
                let rate = rate(language, p.rate);
                writeln!(out, "{:18} {} · {rate}", p.id, p.title.get(language))
                    .map_err(|e| Failure::output(&e))?;
            }
            Ok(Ending::Done)
        }
        Some(("sweep", m)) => sweep(language, &path(m, "parent")),
        _ => Ok(Ending::Done),
    }
}

fn rate(language: Language, rate: Option<f64>) -> String {
    match rate {
        Some(rate) => text(language, key::DRILL_RATE, &[("rate", Arg::Text(&rate.to_string()))]),
        None => text(language, key::DRILL_RATE_MAX, &[]),
    }
}

fn path(m: &ArgMatches, name: &str) -> PathBuf {
    m.get_one::<PathBuf>(name).cloned().unwrap_or_default()
}

/// Prints a message whose arguments are texts.
fn say(language: Language, what: key::Key, args: &[(&str, &str)]) -> Result<(), Failure> {
    let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(n, v)| (*n, Arg::Text(v))).collect();
    writeln!(io::stdout(), "{}", text(language, what, &args)).map_err(|e| Failure::output(&e))
}

fn tell_undone(language: Language, undone: &Undone) -> Result<Ending, Failure> {
    let args = [
        ("untouched", Arg::Number(undone.untouched)),
        ("decrypted", Arg::Number(undone.decrypted)),
        ("copied", Arg::Number(undone.copied)),
        ("failed", Arg::Number(undone.failed.len() as u64)),
    ];
    writeln!(io::stdout(), "{}", text(language, key::DRILL_UNDONE, &args))
        .map_err(|e| Failure::output(&e))?;
    for path in undone.failed.iter().take(20) {
        say(language, key::DRILL_UNDONE_FAILED, &[("path", path)])?;
    }
    Ok(if undone.whole() { Ending::Done } else { Ending::Incomplete })
}

fn tell_cleaned(language: Language, dir: &Path, cleaned: &Cleaned) -> Result<Ending, Failure> {
    for path in &cleaned.left {
        say(language, key::DRILL_LEFT, &[("path", &path.display().to_string())])?;
    }
    if !cleaned.gone {
        return Ok(Ending::Incomplete);
    }
    say(language, key::DRILL_CLEANED, &[("path", &dir.display().to_string())])?;
    Ok(Ending::Done)
}

fn sweep(language: Language, parent: &Path) -> Result<Ending, Failure> {
    let mut ending = Ending::Done;
    let mut count = 0_u64;
    for dir in drill::expired(parent).map_err(refused::failure)? {
        let undone = drill::undo(&dir).map_err(refused::failure)?;
        let swept = undone.whole() && drill::clean(&dir, false).map_err(refused::failure)?.gone;
        count += u64::from(swept);
        if !swept {
            ending = tell_undone(language, &undone)?;
            if ending == Ending::Done {
                ending = Ending::Incomplete;
            }
        }
    }
    let told = text(language, key::DRILL_SWEPT, &[("count", Arg::Number(count))]);
    writeln!(io::stdout(), "{told}").map_err(|e| Failure::output(&e))?;
    Ok(ending)
}
