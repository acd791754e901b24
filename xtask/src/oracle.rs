//! Compares decoded operations with tshark's decoding of the same captures.
//!
//! For each capture and protocol, every request is a triple (source, destination, code) and every
//! refusal a triple (source, destination, code of the request); the two sides' multisets are
//! compared. Agreement is twice what both have, over what either has.

mod logs;

use crate::{release_binary, root, shared, walk};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Protocols of the first wave with the names both sides use.
const PROTOCOLS: [&str; 6] = ["modbus", "s7comm", "enip", "cip", "dnp3", "iec104"];

/// Fields asked of tshark; the order is that of [`Row`].
const FIELDS: [&str; 27] = [
    "frame.number",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.dstport",
    "tcp.srcport",
    "udp.dstport",
    "modbus.func_code",
    "modbus.exception_code",
    "s7comm.header.rosctr",
    "s7comm.param.func",
    "s7comm.param.userdata.type",
    "s7comm.param.userdata.funcgroup",
    "s7comm.header.errcls",
    "s7comm.data.returncode",
    "s7comm.param.errcod",
    "enip.command",
    "cip.service",
    "cip.genstat",
    "dnp3.al.func",
    "dnp3.al.iin.fcni",
    "dnp3.al.iin.obju",
    "dnp3.al.iin.pioor",
    "iec60870_asdu.typeid",
    "iec60870_asdu.causetx",
    "iec60870_asdu.nega",
];

type Counts = BTreeMap<(String, String, u64), i64>;

/// Requests and refusals of one protocol in one capture.
#[derive(Default)]
struct Told {
    requests: Counts,
    refusals: Counts,
}

type PerProtocol = BTreeMap<&'static str, Told>;

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
    let mut totals: BTreeMap<&str, [i64; 8]> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut compared = 0;
    for capture in &captures {
        let name = capture.strip_prefix(&data)?.to_string_lossy().into_owned();
        if !filter.starts_with("--") && !name.contains(filter) {
            continue;
        }
        let Some(ours) = ours(&binary, capture)? else { continue };
        let theirs = theirs(capture)?;
        compared += 1;
        for protocol in PROTOCOLS {
            let empty = Told::default();
            let (a, b) =
                (ours.get(protocol).unwrap_or(&empty), theirs.get(protocol).unwrap_or(&empty));
            let why = explained.iter().find(|(n, p, _)| name.contains(n.as_str()) && p == protocol);
            let total = totals.entry(protocol).or_default();
            for (i, (x, y)) in
                [(&a.requests, &b.requests), (&a.refusals, &b.refusals)].into_iter().enumerate()
            {
                let (both, only_ours, only_theirs) = compare(x, y);
                if only_ours + only_theirs > 0 {
                    differences.push((name.clone(), protocol, i, only_ours, only_theirs, why));
                    if verbose {
                        print_difference(x, y);
                    }
                }
                total[i * 3] += 2 * both;
                total[i * 3 + 1] += 2 * both + only_ours + only_theirs;
                total[6 + i] += 2 * both;
                if why.is_none() {
                    total[i * 3 + 2] += only_ours + only_theirs;
                    total[6 + i] += only_ours + only_theirs;
                }
            }
        }
    }
    println!("\nDifferences (capture, protocol, what, only hangtu, only tshark):");
    for (name, protocol, i, a, b, why) in &differences {
        let what = ["requests", "refusals"][*i];
        let why = why.map_or("NOT EXPLAINED", |(_, _, w)| w);
        println!("  {name}  {protocol} {what}  +{a} -{b}  {why}");
    }
    println!("\n{compared} captures compared with tshark");
    println!(
        "| protocol | requests agree | of | agreement | without explained | refusals agree | of | agreement | without explained | not explained |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut bad = 0;
    for (protocol, t) in &totals {
        let percent = |a: i64, b: i64| if b == 0 { 100.0 } else { 100.0 * a as f64 / b as f64 };
        println!(
            "| {protocol} | {} | {} | {:.3} % | {:.3} % | {} | {} | {:.3} % | {:.3} % | {} |",
            t[0] / 2,
            t[1] - t[0] / 2,
            percent(t[0], t[1]),
            percent(t[0], t[6]),
            t[3] / 2,
            t[4] - t[3] / 2,
            percent(t[3], t[4]),
            percent(t[3], t[7]),
            t[2] + t[5]
        );
        bad += t[2] + t[5];
    }
    if bad > 0 {
        bail!("{bad} differences are not explained in xtask/oracle-explained.tsv");
    }
    Ok(())
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
            println!("    {} → {} code {:#x}: hangtu {a}, tshark {b}", key.0, key.1, key.2);
        }
    }
}

/// Our records of a capture; `None` when it is none.
fn ours(binary: &Path, capture: &Path) -> Result<Option<PerProtocol>> {
    let output = Command::new(binary).arg("records").arg(capture).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0 | 3) => {}
        // Refused clearly: not a capture.
        Some(2) => return Ok(None),
        _ => bail!("{}: hangtu ended with {:?}: {stderr}", capture.display(), output.status),
    }
    let mut out = PerProtocol::new();
    for line in output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let record: Value = serde_json::from_slice(line)?;
        if record["record.kind"] != "operation" {
            continue;
        }
        let Some(protocol) = PROTOCOLS.into_iter().find(|p| record["network.protocol"] == **p)
        else {
            continue;
        };
        let told = out.entry(protocol).or_default();
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let code = record["operation.code"].as_u64().unwrap_or(0);
        // 0x7000 + group × 256 + subfunction; tshark names the group.
        let code =
            if protocol == "s7comm" && code > 0xff { code >> 8 & 0x0f | 0x100 } else { code };
        let key = (text("source.ip"), text("destination.ip"), code);
        if record["operation.outcome"] == "error" {
            // Responses of these carry no code of the request.
            let code = if matches!(protocol, "dnp3" | "s7comm") { 0 } else { code };
            *told.refusals.entry((key.0.clone(), key.1.clone(), code)).or_default() += 1;
        }
        if record["operation.seen"] != "response" {
            *told.requests.entry(key).or_default() += 1;
        }
    }
    Ok(Some(out))
}

/// tshark's view of a capture, kept in `.cache/oracle`.
fn theirs(capture: &Path) -> Result<PerProtocol> {
    let cache = root().join(".cache/oracle");
    fs::create_dir_all(&cache)?;
    let key: String = capture.to_string_lossy().replace(['/', ' '], "_");
    let cached = cache.join(format!("{key}.{}.txt", FIELDS.len()));
    let text = if let Ok(text) = fs::read_to_string(&cached) {
        text
    } else {
        let mut command = Command::new("tshark");
        command.args(["-n", "-r"]).arg(capture);
        command.args(["-o", "tcp.desegment_tcp_streams:TRUE", "-T", "fields"]);
        command.args(["-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]);
        command.args(["-Y", "modbus||s7comm||enip||cip||dnp3||iec60870_asdu"]);
        for field in FIELDS {
            command.args(["-e", field]);
        }
        let output =
            command.stderr(Stdio::null()).output().context("tshark (Debian package tshark)")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        fs::write(&cached, &text)?;
        text
    };
    let mut out = PerProtocol::new();
    for line in text.lines() {
        row(&mut out, line);
    }
    Ok(out)
}

fn number(text: &str) -> Option<u64> {
    text.strip_prefix("0x")
        .map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
}

/// One packet of tshark's.
fn row(out: &mut PerProtocol, line: &str) {
    let cells: Vec<&str> = line.split('|').collect();
    let get = |name: &str| {
        FIELDS.iter().position(|f| *f == name).and_then(|i| cells.get(i)).copied().unwrap_or("")
    };
    let numbers = |name: &str| -> Vec<u64> {
        get(name).split(',').filter(|s| !s.is_empty()).filter_map(number).collect()
    };
    let flags = |name: &str| get(name).split(',').any(|v| v == "1" || v == "True");
    // The innermost address counts, as it does with us.
    let last = |a: &str, b: &str| {
        let pick = if get(b).is_empty() { get(a) } else { get(b) };
        pick.rsplit(',').next().unwrap_or("").to_owned()
    };
    let (source, destination) = (last("ip.src", "ipv6.src"), last("ip.dst", "ipv6.dst"));
    let forward = |code: u64| (source.clone(), destination.clone(), code);
    let back = |code: u64| (destination.clone(), source.clone(), code);
    let mut add = |protocol: &'static str, refusal: bool, key: (String, String, u64)| {
        let told = out.entry(protocol).or_default();
        let counts = if refusal { &mut told.refusals } else { &mut told.requests };
        *counts.entry(key).or_default() += 1;
    };
    let codes = numbers("modbus.func_code");
    if get("tcp.dstport") == "502" {
        for code in &codes {
            add("modbus", false, forward(*code));
        }
    } else if get("tcp.srcport") == "502" {
        let exceptions = numbers("modbus.exception_code").len();
        codes.iter().take(exceptions).for_each(|c| add("modbus", true, back(*c & 0x7f)));
    }
    let kinds = numbers("s7comm.header.rosctr");
    let functions = numbers("s7comm.param.func");
    let mut functions = functions.iter();
    let classes = numbers("s7comm.header.errcls");
    let mut classes = classes.iter();
    let types = numbers("s7comm.param.userdata.type");
    let groups = numbers("s7comm.param.userdata.funcgroup");
    let mut userdata = types.iter().zip(&groups);
    for kind in kinds {
        match kind {
            1 => {
                if let Some(f) = functions.next() {
                    add("s7comm", false, forward(*f));
                }
            }
            2 | 3 => {
                if kind == 3 {
                    functions.next();
                }
                let refused = numbers("s7comm.data.returncode").iter().any(|c| *c != 0xff);
                if classes.next().is_some_and(|c| *c != 0) || refused {
                    add("s7comm", true, back(0));
                }
            }
            7 => match userdata.next() {
                Some((0 | 4, group)) => add("s7comm", false, forward(group | 0x100)),
                Some((8, _)) if numbers("s7comm.param.errcod").iter().any(|c| *c != 0) => {
                    add("s7comm", true, back(0));
                }
                _ => {}
            },
            _ => {}
        }
    }
    for command in numbers("enip.command") {
        let asks = get("tcp.dstport") == "44818" || get("udp.dstport") == "44818";
        if asks && !matches!(command, 0x6f | 0x70) {
            add("enip", false, forward(command));
        }
    }
    let mut statuses = numbers("cip.genstat").into_iter();
    for service in numbers("cip.service") {
        if service & 0x80 == 0 {
            add("cip", false, forward(service));
        } else if statuses.next().is_some_and(|s| s != 0 && s != 6) {
            add("cip", true, back(service & 0x7f));
        }
    }
    for function in numbers("dnp3.al.func") {
        match function {
            129 | 131 => {
                if ["dnp3.al.iin.fcni", "dnp3.al.iin.obju", "dnp3.al.iin.pioor"]
                    .iter()
                    .any(|f| flags(f))
                {
                    add("dnp3", true, back(0));
                }
            }
            _ => add("dnp3", false, forward(function)),
        }
    }
    let causes = numbers("iec60870_asdu.causetx");
    for (kind, cause) in numbers("iec60870_asdu.typeid").into_iter().zip(causes) {
        let monitored = matches!(kind, 1..=21 | 30..=40 | 70);
        if monitored || !matches!(cause, 7 | 9 | 10 | 44..=47) {
            add("iec104", false, forward(kind));
        } else if cause >= 44 || flags("iec60870_asdu.nega") {
            add("iec104", true, back(kind));
        }
    }
}
