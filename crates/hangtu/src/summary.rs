//! What an examination found, on the terminal.

use crate::{failure::refused, terminal::plain};
use hangtu_catalog::{Arg, Bilingual, Language, Scenario, key, text};
use hangtu_examine::{
    Evidence, evidence, is_serious,
    model::{CheckStatus, Examination, Finding, Problem},
};
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

/// Rules left out that are named; `hangtu rules check` says them all.
const PROBLEMS: usize = 5;

/// Files that cannot be read and are named.
const UNREAD: usize = 100;

/// Findings shown; the rest stands in the report.
const SHOWN: usize = 25;

/// Local time of an RFC 3339 time, to the second.
pub(crate) fn local(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| time.to_owned(),
        |t| jiff::tz::offset(8).to_datetime(t).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// The name of something that data names, such as a level: `level-major`.
pub(crate) fn name(language: Language, prefix: &str, code: &str) -> String {
    key::Key::find(&format!("{prefix}-{code}"))
        .map_or_else(|| code.to_owned(), |k| text(language, k, &[]))
}

/// What had no part in it and why, a line each: files that cannot be read, rules that were left out.
fn missing(language: Language, evidence: &Evidence, left_out: &[Bilingual]) -> Vec<String> {
    let t = |k, args: &[(&str, Arg<'_>)]| plain(&text(language, k, args)).into_owned();
    let more = |of: usize, shown: usize| [("count", Arg::Number(of.saturating_sub(shown) as u64))];
    let unread = &evidence.unreadable;
    let mut lines = Vec::new();
    for one in unread.iter().take(UNREAD) {
        let (path, reason) = (one.path.display().to_string(), refused(language, &one.source));
        let args = [("path", Arg::Text(&path)), ("reason", Arg::Text(&reason))];
        lines.push(t(key::CLI_UNREADABLE, &args));
    }
    if unread.len() > UNREAD {
        lines.push(t(key::CLI_UNREADABLE_MORE, &more(unread.len(), UNREAD)));
    }
    for why in left_out.iter().take(PROBLEMS) {
        lines.push(t(key::CLI_RULE_PROBLEM, &[("why", Arg::Text(why.get(language)))]));
    }
    if left_out.len() > PROBLEMS {
        lines.push(t(key::CLI_RULE_PROBLEMS_MORE, &more(left_out.len(), PROBLEMS)));
    }
    lines
}

/// Tells beside another command's output what had no part in it; whether there is anything.
#[allow(clippy::print_stderr, reason = "said beside the output, whatever its format")]
pub(crate) fn tell_missing(
    language: Language,
    evidence: &Evidence,
    left_out: &[Bilingual],
) -> bool {
    let lines = missing(language, evidence, left_out);
    for line in &lines {
        eprintln!("{line}");
    }
    !lines.is_empty()
}

/// A line about damage.
fn damage(language: Language, path: &str, problem: &Problem) -> String {
    let offset = problem.offset.to_string();
    let args = [
        ("path", Arg::Text(path)),
        ("offset", Arg::Text(&offset)),
        ("what", Arg::Text(problem.what.get(language))),
    ];
    plain(&text(language, key::CLI_SUMMARY_DAMAGE, &args)).into_owned()
}

/// A line about a limit.
fn limited(language: Language, limit: &str, count: u64) -> String {
    let what = name(language, "limit", limit);
    let args = [("what", Arg::Text(&what)), ("count", Arg::Number(count))];
    text(language, key::CLI_SUMMARY_LIMIT, &args)
}

/// Tells beside another command's output what of the evidence could not be read or kept; whether that may hide
/// something.
#[allow(clippy::print_stderr, reason = "said beside the output, whatever its format")]
pub(crate) fn tell_damage(language: Language, names: &[String], read: &evidence::Summary) -> bool {
    let mut lines = Vec::new();
    for (name, input) in names.iter().zip(&read.inputs) {
        let problems = hangtu_examine::problems(input);
        lines.extend(problems.iter().map(|p| damage(language, name, p)));
    }
    // Of unreadable files each is told by `tell_missing`.
    let limits: Vec<_> =
        read.limits.iter().filter(|(name, _)| **name != "unreadable-files").collect();
    let hides = !lines.is_empty() || limits.iter().any(|(name, _)| is_serious(name));
    lines.extend(limits.iter().map(|(name, n)| limited(language, name, **n)));
    for line in &lines {
        eprintln!("{line}");
    }
    hides
}

/// Results in the folder: those of this examination, and those of an earlier one that it did not write over.
pub(crate) struct Files {
    pub(crate) written: Vec<PathBuf>,
    pub(crate) earlier: Vec<PathBuf>,
}

pub(crate) fn print(
    language: Language,
    e: &Examination,
    evidence: &Evidence,
    files: &Files,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let t = |k, args: &[(&str, Arg<'_>)]| plain(&text(language, k, args)).into_owned();
    let n = |n: usize| Arg::Number(n as u64);
    let kind = |name: &str| Arg::Number(e.coverage.records.get(name).copied().unwrap_or(0));
    let time = |t: &Option<String>| t.as_deref().map(local).unwrap_or_default();
    let (first, last) = (time(&e.coverage.first), time(&e.coverage.last));
    let title = [
        ("packets", Arg::Number(e.coverage.packets)),
        ("events", kind("event")),
        ("inputs", n(e.run.inputs.len())),
        ("first", Arg::Text(&first)),
        ("last", Arg::Text(&last)),
    ];
    let timed = e.coverage.first.is_some();
    let what = if timed { key::CLI_SUMMARY_TITLE } else { key::CLI_SUMMARY_NO_TIMES };
    writeln!(out, "{}", t(what, &title))?;
    let records = [
        ("operations", kind("operation")),
        ("sessions", kind("session")),
        ("files", kind("file")),
        ("assets", n(e.assets.len())),
    ];
    writeln!(out, "{}", t(key::CLI_SUMMARY_RECORDS, &records))?;
    let checks = |s| n(e.coverage.checks.iter().filter(|c| c.status == s).count());
    let coverage = [
        ("measured", checks(CheckStatus::Measured)),
        ("not", checks(CheckStatus::NotMeasured)),
        ("error", checks(CheckStatus::Error)),
        ("total", n(e.coverage.checks.len())),
        ("rules", n(e.run.rules)),
    ];
    writeln!(out, "{}", t(key::CLI_SUMMARY_COVERAGE, &coverage))?;
    match &e.run.authorisations {
        Some(a) => {
            let args = [("path", Arg::Text(&a.path)), ("count", n(a.entries))];
            writeln!(out, "{}", t(key::CLI_AUTHORISATIONS_USED, &args))?;
        }
        None => writeln!(out, "{}", t(key::CLI_AUTHORISATIONS_NONE, &[]))?,
    }
    if !evidence.others.is_empty() {
        let others = n(evidence.others.len());
        writeln!(out, "{}", t(key::CLI_OTHERS_SKIPPED, &[("count", others)]))?;
    }
    for line in missing(language, evidence, &e.run.rule_problems) {
        writeln!(out, "{line}")?;
    }
    for input in &e.run.inputs {
        for problem in &input.problems {
            writeln!(out, "{}", damage(language, &input.path, problem))?;
        }
    }
    for (limit, count) in &e.coverage.limits {
        writeln!(out, "{}", limited(language, limit, *count))?;
    }
    if let Some(c) = &e.comparison {
        let args = [
            ("new", n(c.new)),
            ("still", n(c.still)),
            ("gone", n(c.gone.len())),
            ("not", n(c.not_retested.len())),
        ];
        writeln!(out, "{}", t(key::CLI_SUMMARY_COMPARED, &args))?;
    }
    writeln!(out)?;
    if e.findings.is_empty() {
        writeln!(out, "{}", t(key::CLI_SUMMARY_NONE, &[]))?;
    } else {
        let total = t(key::CLI_SUMMARY_FINDINGS, &[("count", n(e.findings.len()))]);
        let scenarios = Scenario::ALL.map(|s| {
            let count = e.findings.iter().filter(|f| f.scenario == s).count();
            let scenario = name(language, "scenario", s.name());
            t(key::CLI_SCENARIO_LINE, &[("scenario", Arg::Text(&scenario)), ("count", n(count))])
        });
        writeln!(out, "{total} · {}", scenarios.join(" · "))?;
        let colour = out.is_terminal();
        for finding in e.findings.iter().take(SHOWN) {
            line(&mut out, language, finding, colour)?;
        }
        if e.findings.len() > SHOWN {
            let more = [("count", n(e.findings.len() - SHOWN))];
            writeln!(out, "{}", t(key::CLI_SUMMARY_MORE, &more))?;
        }
    }
    writeln!(out, "\n{}", t(key::CLI_SUMMARY_WRITTEN, &[]))?;
    for path in &files.written {
        writeln!(out, "  {}", path.display())?;
    }
    for path in &files.earlier {
        let path = path.display().to_string();
        writeln!(out, "{}", t(key::CLI_SUMMARY_EARLIER, &[("path", Arg::Text(&path))]))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, language: Language, f: &Finding, colour: bool) -> io::Result<()> {
    let level = name(language, "level", f.level.name());
    let (on, off) = match (colour, f.level.name()) {
        (false, _) => ("", ""),
        (_, "major") => ("\x1b[1;31m", "\x1b[0m"),
        (_, "high") => ("\x1b[31m", "\x1b[0m"),
        (_, "medium") => ("\x1b[33m", "\x1b[0m"),
        _ => ("\x1b[2m", "\x1b[0m"),
    };
    let who = f.peer.as_ref().map_or_else(|| f.subject.clone(), |p| format!("{} ⇄ {p}", f.subject));
    let times = text(language, key::CLI_TIMES, &[("count", Arg::Number(f.count))]);
    // Chinese characters are two columns wide.
    let width: usize = level.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let pad = " ".repeat(7_usize.saturating_sub(width));
    let what = format!(
        "{}  {} · {who} · {times} · {}",
        &f.fingerprint[..f.fingerprint.len().min(10)],
        f.title.get(language),
        local(&f.first),
    );
    writeln!(out, "  {on}{level}{off}{pad} {}", plain(&what))
}
