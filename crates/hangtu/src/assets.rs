//! `hangtu assets`: devices and hosts that captures show.

use crate::{Ending, cli, examine, failure::Failure, summary};
use clap::ArgMatches;
use hangtu_catalog::{Language, key, text};
use hangtu_examine::model::Asset;
use std::io::{self, Write};

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let paths = cli::paths(matches, "path");
    let authorisations = examine::authorisations(matches, &paths)?;
    let authorisations = authorisations.as_ref().map(|a| &a.authorisations);
    let mut reading = cli::reading(matches, authorisations)?;
    reading.traffic.records = false;
    let evidence = examine::evidence(&paths, &reading)?;
    let (summary, assets) = hangtu_examine::assets(&evidence, &reading, authorisations)?;
    let damaged = summary.inputs.iter().any(|i| !i.damages.is_empty());
    let result = if matches.get_flag("json") { json(&assets) } else { table(language, &assets) };
    result.map_err(|e| Failure::output(&e))?;
    Ok(if damaged { Ending::Incomplete } else { Ending::Done })
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
    let mut rows: Vec<[String; 6]> = vec![labels.map(|k| text(language, k, &[]))];
    for a in assets {
        let names: Vec<&str> = a.names.iter().map(|f| f.value.as_str()).collect();
        let identity: Vec<&str> = ["vendor", "model", "firmware"]
            .into_iter()
            .filter_map(|k| a.identity.get(k).map(|f| f.value.as_str()))
            .collect();
        rows.push([
            a.id.clone(),
            a.zone.clone(),
            a.roles.first().map(|r| summary::name(language, "role", &r.name)).unwrap_or_default(),
            names.join(", "),
            identity.join(" "),
            a.interface_vendor.clone().unwrap_or_default(),
        ]);
    }
    print_rows(&mut out, &rows)
}

/// Rows in columns; Chinese characters are two columns wide.
pub(crate) fn print_rows<const N: usize>(
    out: &mut impl Write,
    rows: &[[String; N]],
) -> io::Result<()> {
    let width = |s: &str| s.chars().map(|c| if (c as u32) < 0x1100 { 1 } else { 2 }).sum::<usize>();
    let mut widths = [0_usize; N];
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell)).min(48);
        }
    }
    for row in rows {
        let mut line = String::new();
        for (w, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', w.saturating_sub(width(cell)) + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()
}
