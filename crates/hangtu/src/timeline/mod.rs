//! `hangtu timeline`: one ordered view over logs and traffic.

mod columns;
mod text;

use crate::{Ending, cli, examine, failure::Failure, summary};
use clap::ArgMatches;
use columns::Table;
use hangtu_catalog::{Arg, Catalog, Language, key, text as say};
use hangtu_evidence::InputSummary;
use hangtu_examine::{
    Rules,
    authorise::CHINA,
    timeline::{self, BUFFER, Query, Setup, TimelineError},
};
use hangtu_record::Time;
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use std::io::{self, BufWriter, Write};

/// How the view is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Csv,
    Json,
}

/// What writers need to know.
struct Page<'a> {
    language: Language,
    rules: &'a Rules,
    /// The site's clock.
    offset: Offset,
    format: Format,
}

impl Page<'_> {
    /// Local time with milliseconds.
    fn local(&self, time: Time) -> String {
        Timestamp::from_nanosecond(i128::from(time.0)).map_or_else(
            |_| time.to_rfc3339(),
            |t| self.offset.to_datetime(t).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        )
    }

    /// The name of a code in the user's language, where it has one.
    fn name(&self, prefix: &str, code: &str) -> Option<String> {
        let key = key::Key::find(&format!("{prefix}-{code}"))?;
        Some(say(self.language, key, &[]))
    }
}

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let paths = cli::paths(matches, "path");
    let catalog = Catalog::embedded()?;
    let authorisations = examine::authorisations(matches, &paths)?;
    let authorisations = authorisations.as_ref().map(|a| &a.authorisations);
    let rules = Rules::load(&catalog, &cli::paths(matches, "rules"))?;
    let offset = authorisations.map_or(CHINA, |a| a.utc_offset);
    let offset = Offset::from_seconds(offset as i32).unwrap_or(Offset::UTC);
    let query = query(matches, offset)?;
    let reading = cli::reading(matches, authorisations)?;
    let evidence = examine::evidence(&paths, &reading)?;
    let missing = summary::tell_missing(language, &evidence, &rules.left_out());
    let word = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let format = match word("format") {
        "csv" => Format::Csv,
        "json" => Format::Json,
        _ => Format::Text,
    };
    let page = Page { language, rules: &rules, offset, format };
    let setup =
        Setup { reading: &reading, rules: &rules, authorisations, query: &query, buffer: BUFFER };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let (lost, inputs) = match word("show") {
        "logons" => {
            let found = timeline::logons(&evidence, &setup).map_err(failure)?;
            sum(&mut out, &page, &columns::LOGONS, &found.rows, columns::logon, text::logons)?;
            (found.lost, found.summary.inputs)
        }
        "processes" => {
            let found = timeline::processes(&evidence, &setup).map_err(failure)?;
            sum(
                &mut out,
                &page,
                &columns::PROCESSES,
                &found.rows,
                columns::process,
                text::processes,
            )?;
            (found.lost, found.summary.inputs)
        }
        "first-seen" => {
            let found = timeline::first_seen(&evidence, &setup).map_err(failure)?;
            sum(&mut out, &page, &columns::FIRST, &found.rows, columns::first, text::first)?;
            (found.lost, found.summary.inputs)
        }
        _ => {
            let (rows, summary) = timeline::events(&evidence, &setup).map_err(failure)?;
            let mut table = Table::new(&columns::EVENTS, format);
            table.begin(&mut out).map_err(|e| Failure::output(&e))?;
            for row in rows {
                let row = row.map_err(|e| failure(timeline::spilled(e)))?;
                if format == Format::Text {
                    text::event(&mut out, &page, &row)
                } else {
                    table.row(&mut out, columns::event(&page, &row))
                }
                .map_err(|e| Failure::output(&e))?;
            }
            (0, summary.inputs)
        }
    };
    out.flush().map_err(|e| Failure::output(&e))?;
    let ending = ending(language, lost, &inputs);
    Ok(if missing { Ending::Incomplete } else { ending })
}

/// Writes what records came to.
fn sum<T>(
    out: &mut impl Write,
    page: &Page<'_>,
    names: &'static [&'static str],
    rows: &[T],
    cells: impl Fn(&Page<'_>, &T) -> Vec<serde_json::Value>,
    lines: impl Fn(&mut dyn Write, &Page<'_>, &[T]) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = if page.format == Format::Text {
        lines(out, page, rows)
    } else {
        let mut table = Table::new(names, page.format);
        table.begin(out).and_then(|()| rows.iter().try_for_each(|r| table.row(out, cells(page, r))))
    };
    written.map_err(|e| Failure::output(&e))
}

#[allow(clippy::print_stderr, reason = "said beside the output, whatever its format")]
fn ending(language: Language, lost: u64, inputs: &[InputSummary]) -> Ending {
    if lost > 0 {
        eprintln!("{}", say(language, key::CLI_TIMELINE_LOST, &[("count", Arg::Number(lost))]));
    }
    if lost > 0 || inputs.iter().any(|i| !i.damages.is_empty()) {
        Ending::Incomplete
    } else {
        Ending::Done
    }
}

fn failure(error: TimelineError) -> Failure {
    match error {
        TimelineError::Read(e) => e.into(),
        TimelineError::Spill { folder, source } => {
            Failure::new(key::CLI_TIMELINE_SPILL, Some(key::CLI_TIMELINE_SPILL_REMEDY))
                .with("path", folder)
                .because(&source)
        }
    }
}

fn query(matches: &ArgMatches, offset: Offset) -> Result<Query, Failure> {
    let said = |name: &str| matches.get_one::<String>(name).cloned();
    let time = |name: &str| {
        let Some(text) = said(name) else { return Ok(None) };
        moment(&text, offset).map(Some).ok_or_else(|| {
            Failure::new(key::CLI_TIMELINE_TIME, Some(key::CLI_TIMELINE_TIME_REMEDY))
                .with("value", format!("{text:?}"))
                .with("argument", format!("--{name}"))
        })
    };
    Ok(Query {
        from: time("from")?,
        to: time("to")?,
        host: said("host"),
        user: said("user"),
        text: said("text"),
        matches: matches.get_flag("matches"),
    })
}

/// A moment with its zone, or in the site's time: `2026-03-02 06:00`; a day is its beginning.
fn moment(text: &str, offset: Offset) -> Option<Time> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        offset.to_timestamp(local).ok()
    })?;
    i64::try_from(time.as_nanosecond()).ok().map(Time)
}
