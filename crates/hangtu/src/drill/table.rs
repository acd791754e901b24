//! A result for people: one block for each run, a measure a line.

use hangtu_catalog::{Arg, Language, key, text};
use hangtu_drill::simulate::{DrillResult, Means, Ran, Verdict};
use std::io::{self, Write};

/// Chinese characters are two columns wide.
fn padded(text: &str, width: usize) -> String {
    let wide: usize = text.chars().map(|c| if (c as u32) < 0x1100 { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(wide)))
}

struct Words(Language);

impl Words {
    fn say(&self, what: key::Key, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(n, v)| (*n, Arg::Text(v))).collect();
        text(self.0, what, &args)
    }

    fn of(&self, n: u64, total: u64) -> String {
        text(self.0, key::DRILL_CELL_OF, &[("n", Arg::Number(n)), ("total", Arg::Number(total))])
    }

    fn after(&self, seconds: f64, what: &str) -> String {
        let seconds = format!("{seconds:.3}");
        self.say(key::DRILL_CELL_AFTER, &[("seconds", &seconds), ("what", what)])
    }

    fn verdict(&self, verdict: Verdict) -> String {
        let what = match verdict {
            Verdict::Passed => key::DRILL_PASSED,
            Verdict::Failed => key::DRILL_FAILED,
            Verdict::NotAttempted => key::DRILL_NOT_ATTEMPTED,
            Verdict::NotApplicable => key::DRILL_NOT_APPLICABLE,
        };
        self.say(what, &[])
    }

    fn means(&self, means: Means) -> String {
        let what = match means {
            Means::Killed => key::DRILL_MEANS_KILLED,
            Means::Stopped => key::DRILL_MEANS_STOPPED,
            Means::Frozen => key::DRILL_MEANS_FROZEN,
            Means::Refused => key::DRILL_MEANS_REFUSED,
            Means::Held => key::DRILL_MEANS_HELD,
            Means::StopCommand => key::DRILL_MEANS_STOP_COMMAND,
        };
        self.say(what, &[])
    }
}

pub(super) fn print(language: Language, r: &DrillResult) -> io::Result<()> {
    let words = Words(language);
    let total = r.decoys.files;
    let mut rows = vec![
        (key::DRILL_COL_PROFILE, r.profile.clone()),
        (key::DRILL_COL_FILES, words.of(r.attack.files, total)),
        (key::DRILL_COL_RATE, format!("{:.1}", r.attack.rate)),
    ];
    for first in &r.detection.first {
        let source = crate::summary::name(language, "drill-source", first.source.name());
        rows.push((key::DRILL_COL_DETECTED, words.after(first.seconds, &source)));
        rows.push((key::DRILL_COL_LOST, words.of(first.files_lost, total)));
    }
    if r.detection.first.is_empty() {
        rows.push((key::DRILL_COL_DETECTED, words.verdict(r.detection.verdict)));
    }
    match (r.containment.means, r.containment.seconds) {
        (Some(means), seconds) => {
            let means = words.means(means);
            rows.push((key::DRILL_COL_CONTAINED, words.after(seconds.unwrap_or(0.0), &means)));
        }
        (None, _) => rows.push((key::DRILL_COL_CONTAINED, words.verdict(r.containment.verdict))),
    }
    rows.push((key::DRILL_COL_LOST_CONTAINED, words.of(r.containment.files_lost, total)));
    rows.push((key::DRILL_COL_BACKUP, backup(&words, r)));
    rows.push((key::DRILL_COL_RESTORED, restored(&words, r)));
    if let Some(age) = r.recovery.point_seconds {
        let seconds = format!("{age:.1}");
        rows.push((
            key::DRILL_COL_POINT,
            words.say(key::DRILL_CELL_SECONDS, &[("seconds", &seconds)]),
        ));
    }
    let undone = match &r.undone {
        Some(u) => words.of(total - u.failed.len() as u64, total),
        None => words.say(key::DRILL_CELL_KEPT, &[]),
    };
    rows.push((key::DRILL_COL_UNDONE, undone));
    let mut out = io::stdout().lock();
    writeln!(out)?;
    for (label, value) in rows {
        writeln!(out, "{}{value}", padded(&words.say(label, &[]), 18))?;
    }
    for ran in [&r.backup.ran, &r.recovery.ran].into_iter().flatten() {
        failed_command(&words, &mut out, ran)?;
    }
    Ok(())
}

fn backup(words: &Words, r: &DrillResult) -> String {
    let verdict = words.verdict(r.backup.verdict);
    let why = if r.backup.exists == Verdict::Failed {
        Some(key::DRILL_CELL_ABSENT)
    } else if r.backup.out_of_reach == Verdict::Failed {
        Some(key::DRILL_CELL_REACHABLE)
    } else {
        None
    };
    match why {
        Some(why) => format!("{verdict} · {}", words.say(why, &[])),
        None => verdict,
    }
}

fn restored(words: &Words, r: &DrillResult) -> String {
    let Some(seconds) = r.recovery.seconds else { return words.verdict(r.recovery.verdict) };
    let whole = r.decoys.files.max(1) as f64;
    // Rounded down: 100 % is said of all files only.
    let percent = format!("{:.1}", (r.recovery.right as f64 * 1000.0 / whole).floor() / 10.0);
    let seconds = format!("{seconds:.2}");
    words.say(key::DRILL_CELL_PERCENT, &[("percent", &percent), ("seconds", &seconds)])
}

fn failed_command(words: &Words, out: &mut impl Write, ran: &Ran) -> io::Result<()> {
    if ran.code == Some(0) {
        return Ok(());
    }
    let code = ran.code.map_or_else(|| "–".to_owned(), |code| code.to_string());
    let said = crate::terminal::plain(&ran.said);
    let args = [("program", ran.program.as_str()), ("code", &code), ("said", &said)];
    writeln!(out, "{}", words.say(key::DRILL_COMMAND_FAILED, &args))
}
