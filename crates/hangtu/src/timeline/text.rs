//! Rows for people. Texts of records come tidied; names of files and titles of rules do not.

use super::Page;
use crate::{assets, summary, terminal::plain};
use hangtu_catalog::{key, text as say};
use hangtu_examine::timeline::{FirstSeen, Logon, Place, Process, Row};
use std::io::{self, Write};

/// Columns for a host and for who acted.
const WIDTHS: [usize; 2] = [16, 24];

/// Chinese characters are two columns wide.
fn padded(text: &str, width: usize) -> String {
    let wide: usize = text.chars().map(|c| if (c as u32) < 0x1100 { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(wide)))
}

/// The file's own name and the number in it: enough to find the record.
fn reference(place: &Place) -> String {
    let name = place.file.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("({} #{})", plain(name), place.number)
}

/// `▲ High: Title`, one each.
fn marks(page: &Page<'_>, rules: &[u32]) -> Vec<String> {
    let infos = rules.iter().filter_map(|rule| page.rules.infos.get(*rule as usize));
    let one = |info: &hangtu_catalog::RuleInfo| {
        let level = summary::name(page.language, "level", info.level.name());
        format!("▲ {level} · {}", plain(info.title.get(page.language)))
    };
    infos.map(one).collect()
}

pub(super) fn event(out: &mut impl Write, page: &Page<'_>, row: &Row) -> io::Result<()> {
    let mut text = row.text.as_str();
    // Who asked whom stands in the columns.
    if row.kind != "event"
        && let Some((told, _)) = text.rsplit_once(" [")
    {
        text = told;
    }
    let name =
        page.name("event", &row.action).map_or_else(String::new, |name| format!("{name} | "));
    writeln!(
        out,
        "{}  {}  {}  {name}{text} {}",
        page.local(row.time),
        padded(&row.host, WIDTHS[0]),
        padded(&row.who, WIDTHS[1]),
        reference(&row.place),
    )?;
    for mark in marks(page, &row.rules) {
        writeln!(out, "{:23}  {mark}", "")?;
    }
    Ok(())
}

pub(super) fn logons(out: &mut dyn Write, page: &Page<'_>, rows: &[Logon]) -> io::Result<()> {
    let labels = [
        key::CLI_TIMELINE_FIRST,
        key::CLI_TIMELINE_LAST,
        key::CLI_TIMELINE_COUNT,
        key::CLI_TIMELINE_OUTCOME,
        key::CLI_TIMELINE_ACCOUNT,
        key::CLI_TIMELINE_HOST,
        key::CLI_TIMELINE_SOURCE,
        key::CLI_TIMELINE_HOW,
        key::CLI_TIMELINE_RULES,
    ];
    let mut lines = vec![labels.map(|k| say(page.language, k, &[]))];
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    for row in rows {
        lines.push([
            page.local(row.first)[..19].to_owned(),
            page.local(row.last)[..19].to_owned(),
            row.count.to_string(),
            page.name("outcome", row.outcome).unwrap_or_else(|| row.outcome.to_owned()),
            or_dash(&row.account),
            or_dash(&row.host),
            or_dash(&row.from),
            page.name("logon", &row.how).unwrap_or_else(|| row.how.clone()),
            marks(page, &row.rules).join("  "),
        ]);
    }
    assets::print_rows(&mut { out }, &lines)
}

pub(super) fn processes(out: &mut dyn Write, page: &Page<'_>, rows: &[Process]) -> io::Result<()> {
    let mut host = None;
    for row in rows {
        if host != Some(&row.host) {
            if host.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{}", if row.host.is_empty() { "-" } else { &row.host })?;
            host = Some(&row.host);
        }
        let time = |t| page.local(t)[..19].to_owned();
        let not_seen = || say(page.language, key::CLI_TIMELINE_NOT_SEEN, &[]);
        let start = padded(&row.start.map_or_else(not_seen, time), 19);
        // The day was just said.
        let end = row.end.map_or_else(String::new, |t| {
            let end = time(t);
            let same = start.get(..10) == end.get(..10);
            format!("–{}", if same { &end[11..] } else { &end })
        });
        let indent = "  ".repeat(row.depth as usize);
        let base = row.image.rsplit(['\\', '/']).next().unwrap_or_default();
        let command = if row.command.is_empty() { &row.image } else { &row.command };
        let pid = row.pid.map_or_else(String::new, |pid| format!(" [{pid}]"));
        write!(out, "  {start}{}  {indent}{base}{pid}", padded(&end, 9))?;
        if command != base {
            write!(out, "  {command}")?;
        }
        if !row.user.is_empty() {
            write!(out, " · {}", row.user)?;
        }
        if let Some(place) = &row.place {
            write!(out, " {}", reference(place))?;
        }
        writeln!(out)?;
        for mark in marks(page, &row.rules) {
            writeln!(out, "  {:28}  {indent}  {mark}", "")?;
        }
    }
    Ok(())
}

pub(super) fn first(out: &mut dyn Write, page: &Page<'_>, rows: &[FirstSeen]) -> io::Result<()> {
    let mut lines = Vec::new();
    for row in rows {
        let what = row.what.name();
        lines.push([
            page.local(row.time)[..19].to_owned(),
            if row.host.is_empty() { "-".to_owned() } else { row.host.clone() },
            page.name("first", what).unwrap_or_else(|| what.to_owned()),
            row.name.clone(),
            reference(&row.place),
            marks(page, &row.rules).join("  "),
        ]);
    }
    assets::print_rows(&mut { out }, &lines)
}
