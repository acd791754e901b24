//! `hangtu assets`: devices and hosts that captures show.

use crate::{Ending, cli, examine, failure::Failure, memory, summary, terminal::plain};
use clap::ArgMatches;
use hangtu_catalog::{Language, key, text};
use hangtu_examine::model::Asset;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
    mem,
};

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    memory::quick();
    let paths = cli::paths(matches, "path");
    let authorisations = examine::authorisations(matches, &paths)?;
    let authorisations = authorisations.as_ref().map(|a| &a.authorisations);
    let mut reading = cli::reading(matches, authorisations)?;
    reading.traffic.records = false;
    let evidence = examine::evidence(&paths, &reading)?;
    let missing = summary::tell_missing(language, &evidence, &[]);
    let (read, assets) = hangtu_examine::assets(&evidence, &reading, authorisations)?;
    let damaged = summary::tell_damage(language, &evidence.names(), &read);
    let result = if matches.get_flag("json") { json(&assets) } else { table(language, &assets) };
    result.map_err(|e| Failure::output(&e))?;
    // The process ends: nobody needs each piece of tens of thousands of assets given back.
    mem::forget(assets);
    Ok(if damaged || missing { Ending::Incomplete } else { Ending::Done })
}

fn json(assets: &[Asset]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for asset in assets {
        serde_json::to_writer(&mut out, asset)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn table(language: Language, assets: &[Asset]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let labels = [
        key::CLI_LABEL_ASSET,
        key::CLI_LABEL_ZONE,
        key::CLI_LABEL_ROLE,
        key::CLI_LABEL_NAMES,
        key::CLI_LABEL_IDENTITY,
        key::CLI_LABEL_VENDOR,
    ];
    let mut rows: Vec<[Cow<'_, str>; 6]> = Vec::with_capacity(assets.len() + 1);
    rows.push(labels.map(|k| text(language, k, &[]).into()));
    // There are few roles and maybe many assets.
    let mut roles: BTreeMap<&str, String> = BTreeMap::new();
    for asset in assets {
        if let Some(role) = asset.roles.first() {
            roles.entry(&role.name).or_insert_with(|| summary::name(language, "role", &role.name));
        }
    }
    for a in assets {
        let names: Vec<&str> = a.names.iter().map(|f| f.value.as_str()).collect();
        let identity: Vec<&str> = ["vendor", "model", "firmware"]
            .into_iter()
            .filter_map(|k| a.identity.get(k).map(|f| f.value.as_str()))
            .collect();
        let role = a.roles.first().and_then(|role| roles.get(&*role.name));
        rows.push([
            Cow::from(&a.id),
            Cow::from(&a.zone),
            role.map_or(Cow::default(), Cow::from),
            Cow::from(names.join(", ")),
            Cow::from(identity.join(" ")),
            a.interface_vendor.as_ref().map_or(Cow::default(), Cow::from),
        ]);
    }
    print_rows(&mut out, &rows)
}

/// Columns of a cell; a longer one pushes the others on.
const WIDEST: usize = 48;
/// What fills a cell, and two columns between it and the next.
const BLANKS: &str = "                                                  ";

/// Rows in columns; Chinese characters are two columns wide, and nothing steers the terminal.
pub(crate) fn print_rows<const N: usize>(
    out: &mut impl Write,
    rows: &[[impl AsRef<str>; N]],
) -> io::Result<()> {
    let wide = |s: &str| s.chars().map(|c| if (c as u32) < 0x1100 { 1 } else { 2 }).sum();
    let width = |s: &str| if s.is_ascii() { s.len() } else { wide(s) };
    let mut widths = [0_usize; N];
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell.as_ref())).min(WIDEST);
        }
    }
    let mut line = String::new();
    for row in rows {
        line.clear();
        for (w, cell) in widths.iter().zip(row.iter().map(AsRef::as_ref)) {
            line.push_str(cell);
            line.push_str(&BLANKS[..w.saturating_sub(width(cell)) + 2]);
        }
        out.write_all(plain(line.trim_end()).as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
