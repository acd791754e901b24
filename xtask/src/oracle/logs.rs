//! `cargo xtask oracle logs`: compares detections rule by rule with chainsaw's and hayabusa's, and
//! with what SigmaHQ's regression data expect.
//!
//! A hit is a rule's id, a file and a record in it. The events are ../shared/data/logs'
//! evtx-attack-samples and sigma/regression_data, the rules SigmaHQ's beside them; hayabusa reads
//! them as converted for it, where one rule may have become two.

use super::explanations;
use crate::{
    peers::{self, Peers, Rule, cache, copy, words},
    release_binary, shared, walk,
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Records by rule and file.
type Hits = BTreeMap<(String, String), BTreeSet<u64>>;

/// What one program detected, and the rules it has in its own form.
struct Told {
    name: &'static str,
    hits: Hits,
    loaded: BTreeSet<String>,
}

pub(super) fn run(args: &[String]) -> Result<()> {
    let (Some(samples), Some(sigma)) =
        (shared("data/logs/evtx-attack-samples"), shared("data/logs/sigma/regression_data"))
    else {
        println!("oracle: ../shared/data/logs is absent; nothing to compare");
        return Ok(());
    };
    let verbose = args.iter().any(|a| a == "--verbose");
    let dir = cache()?;
    let hangtu = release_binary()?;
    let input = dir.join("oracle");
    if input.exists() {
        fs::remove_dir_all(&input)?;
    }
    for (name, from) in [("samples", &samples), ("regression_data", &sigma)] {
        let mut files = Vec::new();
        walk(from, &mut files)?;
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "evtx")) {
            copy(file, &input.join(name).join(file.strip_prefix(from)?))?;
        }
    }
    let folder = peers::sigma(&dir, None)?;
    let rules = peers::rules(&folder)?;
    let by_id: BTreeMap<&str, &Rule> = rules.values().map(|r| (r.id.as_str(), r)).collect();
    let ids = || rules.values().map(|r| r.id.clone()).collect::<BTreeSet<_>>();
    let peers = Peers::find();
    let out = dir.join("out.jsonl");

    let mut told = Vec::new();
    let paths = [("HANGTU", &*hangtu), ("INPUT", &*input), ("RULES", &folder)];
    let [lines, _] = output(&words("HANGTU records INPUT --rules RULES --matches", &paths))?;
    let mut hits = Hits::new();
    for record in json(&lines)? {
        let number = record["EventRecordID"].as_u64().or(record["evidence.number"].as_u64());
        for rule in record["rules"].as_array().into_iter().flatten() {
            add(&mut hits, &input, rule, &record["evidence.file"], number);
        }
    }
    told.push(Told { name: "hangtu", hits, loaded: ids() });
    if let (Some(command), Some(lint)) =
        (peers.chainsaw(&folder, &input, &out, false), peers.chainsaw_lint(&folder))
    {
        output(&command)?;
        let mut hits = Hits::new();
        for hit in json(&fs::read_to_string(&out)?)? {
            let record = &hit["document"]["data"]["Event"]["System"]["EventRecordID"];
            let number =
                record.as_u64().or_else(|| record.as_str().and_then(|text| text.parse().ok()));
            add(&mut hits, &input, &hit["id"], &hit["document"]["path"], number);
        }
        let [_, refused] = output(&lint)?;
        let loads = |path: &Path| {
            let path = path.strip_prefix(&folder).unwrap_or(path).display().to_string();
            !refused.contains(&format!("{path}: "))
        };
        let loaded = rules.iter().filter(|(p, _)| loads(p)).map(|(_, r)| r.id.clone()).collect();
        told.push(Told { name: "chainsaw", hits, loaded });
    }
    if let Some((folder, command)) = peers
        .hayabusa_rules(true)
        .and_then(|folder| Some((folder.clone(), peers.hayabusa(&folder, &input, &out, false)?)))
    {
        output(&command)?;
        let excluded = peers.hayabusa_excludes();
        let original: BTreeMap<String, String> = peers::rules(&folder)?
            .into_values()
            .filter(|r| !excluded.contains(&r.id))
            .map(|r| (r.id.clone(), r.related.unwrap_or(r.id)))
            .collect();
        let mut hits = Hits::new();
        for hit in json(&fs::read_to_string(&out)?)? {
            let id = hit["RuleID"].as_str().and_then(|id| original.get(id)).cloned();
            add(&mut hits, &input, &id.into(), &hit["EvtxFile"], hit["RecordID"].as_u64());
        }
        told.push(Told { name: "hayabusa", hits, loaded: original.into_values().collect() });
    }
    for t in &told {
        let loaded = t.loaded.iter().filter(|id| by_id.contains_key(id.as_str())).count();
        let records: usize = t
            .hits
            .iter()
            .filter(|((r, _), _)| by_id.contains_key(&**r))
            .map(|(_, n)| n.len())
            .sum();
        println!("{}: {loaded} of {} rules, {records} hits", t.name, by_id.len());
    }
    regression(&sigma, &told)?;
    compare(&told, &by_id, verbose)
}

/// Notes a hit; rules without an id are none of SigmaHQ's.
fn add(hits: &mut Hits, input: &Path, rule: &Value, file: &Value, number: Option<u64>) {
    let (Some(rule), Some(file), Some(number)) = (rule.as_str(), file.as_str(), number) else {
        return;
    };
    let file = Path::new(file).strip_prefix(input).unwrap_or(Path::new(file));
    let key = (rule.to_owned(), file.display().to_string());
    hits.entry(key).or_default().insert(number);
}

/// What a program writes to its output and its errors; 3 is hangtu's for a partly read input.
fn output(command: &[String]) -> Result<[String; 2]> {
    let (program, args) = command.split_first().context("a command")?;
    let output = Command::new(program).args(args).output().with_context(|| program.clone())?;
    if !matches!(output.status.code(), Some(0 | 3)) {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{program} ended with {}: {text}", output.status);
    }
    Ok([output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()))
}

fn json(lines: &str) -> Result<Vec<Value>> {
    lines.lines().filter(|l| !l.is_empty()).map(|l| Ok(serde_json::from_str(l)?)).collect()
}

/// How many records SigmaHQ says each rule matches in its own events, and how many each matched.
fn regression(data: &Path, told: &[Told]) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    walk(data, &mut files)?;
    files.sort();
    let mut agree = vec![0; told.len()];
    let mut tests = 0;
    println!("\nSigmaHQ's regression data, where one differs (rule, expected, found):");
    for file in files.iter().filter(|f| f.ends_with("info.yml")) {
        let text = fs::read_to_string(file)?;
        let value = |key: &str| {
            text.lines().find_map(|l| l.trim().strip_prefix(key)).map(|v| v.trim().to_owned())
        };
        let rule = text.split_once("rule_metadata:").and_then(|(_, rest)| rest.split("id:").nth(1));
        let rule = rule.and_then(|r| r.lines().next()).unwrap_or_default().trim();
        let path = value("path:").unwrap_or_default();
        // Left out, it is at least one.
        let expected: Option<usize> = value("match_count:").and_then(|v| v.parse().ok());
        let counts: Vec<usize> = told
            .iter()
            .map(|t| t.hits.get(&(rule.to_owned(), path.clone())).map_or(0, BTreeSet::len))
            .collect();
        let right = |count: usize| expected.map_or(count > 0, |e| e == count);
        tests += 1;
        agree.iter_mut().zip(&counts).for_each(|(a, c)| *a += usize::from(right(*c)));
        if !counts.iter().all(|c| right(*c)) {
            let expected = expected.map_or_else(|| "≥1".into(), |e| e.to_string());
            let counts: Vec<String> =
                told.iter().zip(counts).map(|(t, c)| format!("{} {c}", t.name)).collect();
            let title = value("title:").unwrap_or_default();
            println!("  {rule}  {title}  expected {expected}, {}", counts.join(", "));
        }
    }
    for (t, agree) in told.iter().zip(agree) {
        println!("{}: as expected in {agree} of {tests}", t.name);
    }
    Ok(())
}

/// Differences between hangtu and each peer by rule. Explanations name a rule's id, a word of its
/// log source or `*`, and the peer with `+` for hits of hangtu only and `-` for hits of the peer's.
fn compare(told: &[Told], rules: &BTreeMap<&str, &Rule>, verbose: bool) -> Result<()> {
    let (ours, peers) = told.split_first().context("hangtu's own hits")?;
    let explained = explanations("oracle-logs-explained.tsv")?;
    let mut bad = 0;
    for peer in peers {
        println!("\nDifferences (rule, both, only hangtu, only {}):", peer.name);
        let (mut same, mut why_not, mut open) = (0, 0, 0);
        for (id, rule) in rules {
            let files: BTreeSet<&str> = [ours, peer]
                .iter()
                .flat_map(|t| t.hits.keys().filter(|(r, _)| r == id).map(|(_, f)| f.as_str()))
                .collect();
            let (mut both, mut only) = (0, [0, 0]);
            let mut lines = Vec::new();
            for file in files {
                let key = ((*id).to_owned(), file.to_owned());
                let empty = BTreeSet::new();
                let [a, b] = [ours, peer].map(|t| t.hits.get(&key).unwrap_or(&empty));
                let sides: [Vec<_>; 2] = [a.difference(b).collect(), b.difference(a).collect()];
                both += a.len() - sides[0].len();
                for (i, numbers) in sides.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
                    only[i] += numbers.len();
                    let some = &numbers[..numbers.len().min(8)];
                    lines.push(format!("    {}{} {file} {some:?}", ["+", "-"][i], numbers.len()));
                }
            }
            same += both;
            let reason = |i: usize| -> Option<&str> {
                if only[i] == 0 {
                    return Some("");
                }
                if i == 0 && !peer.loaded.contains(*id) {
                    return Some("no rule of the peer's");
                }
                let side = format!("{}{}", peer.name, ["+", "-"][i]);
                let here =
                    |at: &str| at == "*" || at == *id || rule.source.split(' ').any(|w| w == at);
                let found = explained.iter().find(|(at, which, _)| *which == side && here(at));
                found.map(|(_, _, why)| why.as_str())
            };
            for (i, count) in only.iter().enumerate() {
                *if reason(i).is_some() { &mut why_not } else { &mut open } += count;
            }
            if only != [0, 0] {
                let why: BTreeSet<&str> =
                    (0..2).map(|i| reason(i).unwrap_or("NOT EXPLAINED")).collect();
                let why: Vec<&str> = why.into_iter().filter(|w| !w.is_empty()).collect();
                let why = why.join("; ");
                println!("  {id}  {}  {both} +{} -{}  {why}", rule.title, only[0], only[1]);
                if verbose {
                    println!("{}", lines.join("\n"));
                }
            }
        }
        println!("{}: {same} hits the same, {why_not} explained, {open} not", peer.name);
        bad += open;
    }
    if bad > 0 {
        bail!("{bad} hits are not explained in xtask/oracle-logs-explained.tsv");
    }
    Ok(())
}
