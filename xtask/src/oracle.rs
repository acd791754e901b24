//! Compares decoded operations with tshark's decoding of the same captures.
//!
//! For each capture and protocol, what was seen of each operation is noted as source, destination
//! and a text, once for each [`Aspect`]; the two sides' multisets are compared. Agreement is twice
//! what both have, over what either has.

mod logs;
mod records;
#[cfg(test)]
mod tests;
mod tshark;

use crate::{release_binary, root, shared, walk};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// Protocols of the first wave with the names both sides use.
const PROTOCOLS: [&str; 6] = ["modbus", "s7comm", "enip", "cip", "dnp3", "iec104"];

/// What is compared of an operation.
#[derive(Clone, Copy)]
enum Aspect {
    /// The code of each request.
    Requests,
    /// What each request addresses: unit, object, range, as far as the protocol has them.
    Addresses,
    /// How each answered request ended: the protocol's own error, or 0.
    Outcomes,
}

const ASPECTS: [(Aspect, &str); 3] = [
    (Aspect::Requests, "requests"),
    (Aspect::Addresses, "addresses"),
    (Aspect::Outcomes, "outcomes"),
];

type Counts = BTreeMap<(String, String, String), i64>;

/// Operations of one protocol in one capture, by [`Aspect`].
#[derive(Default)]
struct Told([Counts; 3]);

impl Told {
    fn add(&mut self, aspect: Aspect, source: &str, destination: &str, text: String) {
        let key = (source.to_owned(), destination.to_owned(), text);
        *self.0[aspect as usize].entry(key).or_default() += 1;
    }
}

type PerProtocol = BTreeMap<&'static str, Told>;

/// Sums over all captures.
#[derive(Default)]
struct Total {
    both: i64,
    differ: i64,
    not_explained: i64,
}

/// Explained disagreements: where (part of a capture's name, a rule), between what, why.
fn explanations(file: &str) -> Result<Vec<(String, String, String)>> {
    let path = root().join("xtask").join(file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.trim().is_empty())
        .filter_map(|l| {
            let mut parts = l.splitn(3, '\t').map(str::to_owned);
            Some((parts.next()?, parts.next()?, parts.next()?))
        })
        .collect())
}

/// Runs the comparison over every capture under `../shared/data/traffic`.
pub fn run(args: &[String]) -> Result<()> {
    if args.first().is_some_and(|a| a == "logs") {
        return logs::run(&args[1..]);
    }
    let Some(data) = shared("data/traffic") else {
        println!("oracle: ../shared/data/traffic is absent; nothing to compare");
        return Ok(());
    };
    let binary = release_binary()?;
    let filter = args.first().map(String::as_str).unwrap_or_default();
    let verbose = args.iter().any(|a| a == "--verbose");
    let mut captures = Vec::new();
    walk(&data, &mut captures)?;
    captures.sort();
    let explained = explanations("oracle-explained.tsv")?;
    let mut totals: BTreeMap<(&str, usize), Total> = BTreeMap::new();
    let mut compared = 0;
    println!("Differences (capture, protocol, what, only hangtu, only tshark):");
    for capture in &captures {
        let name = capture.strip_prefix(&data)?.to_string_lossy().into_owned();
        if !filter.starts_with("--") && !name.contains(filter) {
            continue;
        }
        let Some(ours) = records::of(&binary, capture)? else { continue };
        let theirs = tshark::of(capture)?;
        compared += 1;
        let empty = Told::default();
        for protocol in PROTOCOLS {
            let [a, b] = [&ours, &theirs].map(|side| side.get(protocol).unwrap_or(&empty));
            for (aspect, what) in ASPECTS {
                let (x, y) = (&a.0[aspect as usize], &b.0[aspect as usize]);
                let (both, only_ours, only_theirs) = compare(x, y);
                let total = totals.entry((protocol, aspect as usize)).or_default();
                total.both += both;
                let differ = only_ours + only_theirs;
                if differ == 0 {
                    continue;
                }
                total.differ += differ;
                let why = why(&explained, &name, protocol, what);
                if why.is_none() {
                    total.not_explained += differ;
                }
                let why = why.unwrap_or("NOT EXPLAINED");
                println!("  {name}  {protocol} {what}  +{only_ours} -{only_theirs}  {why}");
                if verbose {
                    print_difference(x, y);
                }
            }
        }
    }
    println!("\n{compared} captures compared with tshark\n");
    let bad = print_table(&totals);
    if bad > 0 {
        bail!("{bad} differences are not explained in xtask/oracle-explained.tsv");
    }
    Ok(())
}

/// The explanation of a capture's differences in a protocol, or in one aspect of it.
fn why<'e>(
    explained: &'e [(String, String, String)],
    capture: &str,
    protocol: &str,
    what: &str,
) -> Option<&'e str> {
    let covers = |of: &str| {
        of.strip_prefix(protocol)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(' ') == Some(what))
    };
    let found =
        explained.iter().find(|(part, of, _)| capture.contains(part.as_str()) && covers(of));
    found.map(|(_, _, why)| why.as_str())
}

/// Prints agreement by protocol and aspect, and says how many differences are not explained.
fn print_table(totals: &BTreeMap<(&str, usize), Total>) -> i64 {
    println!(
        "| protocol | compared | agree | only one has | agreement | without explained | not explained |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    let mut bad = 0;
    for protocol in PROTOCOLS {
        for (aspect, what) in ASPECTS {
            let Some(t) = totals.get(&(protocol, aspect as usize)) else { continue };
            let percent = |differ: i64| 200.0 * t.both as f64 / (2 * t.both + differ) as f64;
            if t.both + t.differ == 0 {
                continue;
            }
            println!(
                "| {protocol} | {what} | {} | {} | {:.3} % | {:.3} % | {} |",
                t.both,
                t.differ,
                percent(t.differ),
                percent(t.not_explained),
                t.not_explained
            );
            bad += t.not_explained;
        }
    }
    bad
}

fn compare(ours: &Counts, theirs: &Counts) -> (i64, i64, i64) {
    let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut out = (0, 0, 0);
    for key in keys {
        let (a, b) = (ours.get(key).copied().unwrap_or(0), theirs.get(key).copied().unwrap_or(0));
        out.0 += a.min(b);
        out.1 += (a - b).max(0);
        out.2 += (b - a).max(0);
    }
    out
}

fn print_difference(ours: &Counts, theirs: &Counts) {
    let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let (a, b) = (ours.get(key).copied().unwrap_or(0), theirs.get(key).copied().unwrap_or(0));
        if a != b {
            println!("    {} → {} {}: hangtu {a}, tshark {b}", key.0, key.1, key.2);
        }
    }
}

// How both sides write what they saw.

fn shown(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |n| n.to_string())
}

fn range(address: Option<u64>, count: Option<u64>) -> String {
    format!("{}+{}", shown(address), shown(count))
}

fn outcome(code: u64, error: u64) -> String {
    format!("{code:#x} error {error:#x}")
}

/// Functions of DNP3 whose objects tshark reads in requests.
fn objects_read(function: u64) -> bool {
    matches!(function, 1..=12 | 20 | 21 | 25..=30 | 130)
}

/// How many items or objects of one request are compared: so many hangtu names.
const NAMED: usize = 4;
