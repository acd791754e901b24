//! `hangtu explain`: one finding of an earlier examination, whole.

use crate::{Ending, failure::Failure, summary, terminal::plain};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_examine::{baseline, model::Finding};
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let wanted = matches.get_one::<String>("finding").cloned().unwrap_or_default();
    let default = PathBuf::from("hangtu-report/findings.json");
    let path = matches.get_one::<PathBuf>("from").unwrap_or(&default);
    let text = fs::read_to_string(path).map_err(|e| {
        Failure::new(key::CLI_IO, Some(key::CLI_EXPLAIN_REMEDY))
            .with("path", path.display())
            .because(&e)
    })?;
    let (what, remedy) = (key::CLI_FINDINGS_BAD, key::CLI_EXPLAIN_REMEDY);
    let bad = |e| Failure::findings(what, remedy, path, &e);
    let examination = baseline(&text).map_err(bad)?;
    let fits = |f: &&Finding| {
        f.fingerprint.get(..wanted.len()).is_some_and(|b| b.eq_ignore_ascii_case(&wanted))
            || f.rule == wanted
    };
    let found: Vec<&Finding> = examination.findings.iter().filter(fits).collect();
    match found[..] {
        [finding] => {
            print(language, finding).map_err(|e| Failure::output(&e))?;
            Ok(Ending::Done)
        }
        [] => Err(Failure::new(key::CLI_EXPLAIN_NONE, Some(key::CLI_EXPLAIN_REMEDY))
            .with("what", wanted)
            .with("path", path.display())),
        _ => Err(Failure::new(key::CLI_EXPLAIN_MANY, None).with("what", wanted)),
    }
}

fn labelled(language: Language, label: key::Key, value: &str) -> String {
    let label = text(language, label, &[]);
    text(language, key::CLI_LABELLED, &[("label", Arg::Text(&label)), ("value", Arg::Text(value))])
}

fn print(language: Language, f: &Finding) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let level = summary::name(language, "level", f.level.name());
    let title = format!("{} · {}", f.fingerprint, f.title.get(language));
    writeln!(out, "{}\n", plain(&title))?;
    let times = text(language, key::CLI_TIMES, &[("count", Arg::Number(f.count))]);
    let seen =
        format!("{} – {} (UTC+8) {times}", summary::local(&f.first), summary::local(&f.last));
    let mut row = |label: key::Key, value: &str| -> io::Result<()> {
        if value.trim().is_empty() {
            return Ok(());
        }
        let mut lines = value.lines();
        let first = labelled(language, label, lines.next().unwrap_or_default());
        writeln!(out, "{}", plain(&first))?;
        lines.try_for_each(|line| writeln!(out, "    {}", plain(line)))
    };
    row(key::CLI_LABEL_LEVEL, &format!("{level} ({} × {})", f.likelihood, f.impact))?;
    row(key::CLI_LABEL_SCENARIO, &summary::name(language, "scenario", f.scenario.name()))?;
    row(key::CLI_LABEL_SUBJECT, &f.subject)?;
    row(key::CLI_LABEL_PEER, f.peer.as_deref().unwrap_or(""))?;
    row(key::CLI_LABEL_CLASS, f.class.as_deref().unwrap_or(""))?;
    row(key::CLI_LABEL_SEEN, &seen)?;
    row(key::CLI_LABEL_WHY, f.description.get(language))?;
    row(key::CLI_LABEL_APPROVAL, f.unapproved.as_ref().map_or("", |u| u.text.get(language)))?;
    row(key::CLI_LABEL_ADVICE, f.advice.get(language))?;
    row(key::CLI_LABEL_HARMLESS, f.false_positives.get(language))?;
    row(key::CLI_LABEL_CONTROLS, &f.controls.join(", "))?;
    row(key::CLI_LABEL_TECHNIQUES, &f.techniques.join(", "))?;
    row(key::CLI_LABEL_RULE, &f.rule)?;
    writeln!(out, "{}", labelled(language, key::CLI_LABEL_EVIDENCE, "").trim_end())?;
    for e in &f.evidence {
        let place = format!("{} #{} {}", e.file, e.number, summary::local(&e.time));
        writeln!(out, "    {}", plain(&place))?;
        if !e.text.is_empty() {
            writeln!(out, "      {}", plain(&e.text))?;
        }
    }
    Ok(())
}
