//! The public tools whose detections and speed ours are measured against, and the rules they share.
//!
//! They stand outside the repository, under `HANGTU_PEERS` (default: ../peers): the programs in
//! target/release, chainsaw's mappings in chainsaw, and hayabusa's rules in hayabusa-rules.

use crate::{root, shared, walk};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

/// Folders of SigmaHQ's rules; the fourth, regression_data, holds events.
const SIGMA: [&str; 3] = ["rules", "rules-emerging-threats", "rules-threat-hunting"];

/// Where a peer's program is and what it wants beside it.
pub(crate) struct Peers(PathBuf);

impl Peers {
    /// Under `HANGTU_PEERS` or ../peers; says so when a program is absent.
    pub(crate) fn find() -> Self {
        let dir = env::var_os("HANGTU_PEERS").map_or_else(|| root().join("../peers"), Into::into);
        let peers = Self(dir);
        for name in ["chainsaw", "hayabusa"] {
            if peers.program(name).is_none() {
                println!("{name} is not in {} (HANGTU_PEERS); left out", peers.0.display());
            }
        }
        peers
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        Some(self.0.join("target/release").join(name)).filter(|p| p.exists())
    }

    /// Hayabusa's own rules, and those of them converted from SigmaHQ's.
    pub(crate) fn hayabusa_rules(&self, converted: bool) -> Option<PathBuf> {
        let dir = self.0.join(if converted { "hayabusa-rules/sigma" } else { "hayabusa-rules" });
        dir.exists().then_some(dir)
    }

    /// Rules hayabusa never loads, by id.
    pub(crate) fn hayabusa_excludes(&self) -> String {
        fs::read_to_string(self.0.join("hayabusa-rules/config/exclude_rules.txt"))
            .unwrap_or_default()
    }

    /// Which rules chainsaw cannot load and why: a line holds the rule's path.
    pub(crate) fn chainsaw_lint(&self, rules: &Path) -> Option<Vec<String>> {
        let program = self.program("chainsaw")?;
        let line = "CHAINSAW lint --kind sigma RULES";
        Some(words(line, &[("CHAINSAW", &program), ("RULES", rules)]))
    }

    /// Detections as JSON lines in `out`; with `-q` it would not write the last of them.
    pub(crate) fn chainsaw(
        &self,
        rules: &Path,
        input: &Path,
        out: &Path,
        one_thread: bool,
    ) -> Option<Vec<String>> {
        let program = self.program("chainsaw")?;
        let mapping = self.0.join("chainsaw/mappings/sigma-event-logs-all.yml");
        let threads = if one_thread { "--num-threads 1" } else { "" };
        let line = format!(
            "CHAINSAW {threads} hunt --skip-errors --jsonl --mapping MAPPING -s RULES -o OUT INPUT"
        );
        let paths = [("CHAINSAW", program.as_path()), ("MAPPING", &mapping)];
        Some(words(
            &line,
            &[&paths[..], &[("RULES", rules), ("OUT", out), ("INPUT", input)]].concat(),
        ))
    }

    /// Detections as JSON lines in `out`: every rule, whatever its status or noise, no question
    /// asked, no summary; its filters by channel stay, which change no detection of these rules.
    pub(crate) fn hayabusa(
        &self,
        rules: &Path,
        input: &Path,
        out: &Path,
        one_thread: bool,
    ) -> Option<Vec<String>> {
        let program = self.program("hayabusa")?;
        let config = self.0.join("hayabusa-rules/config");
        let threads = if one_thread { "--threads 1" } else { "" };
        let line = format!(
            "HAYABUSA dfir-timeline -d INPUT -r RULES -c CONFIG -o OUT -t jsonl -p super-verbose \
             -w -q -K -N -Q -C -D -n -u -b -F -U {threads}"
        );
        let paths = [("HAYABUSA", program.as_path()), ("CONFIG", &config)];
        Some(words(
            &line,
            &[&paths[..], &[("RULES", rules), ("OUT", out), ("INPUT", input)]].concat(),
        ))
    }
}

/// The words of a command line, with paths in the place of their names.
pub(crate) fn words(line: &str, paths: &[(&str, &Path)]) -> Vec<String> {
    line.split_whitespace()
        .map(|word| {
            let path = paths.iter().find(|(name, _)| *name == word);
            path.map_or_else(|| word.to_owned(), |(_, path)| path.display().to_string())
        })
        .collect()
}

/// What is compared of a rule: its first lines, not its detection.
#[derive(Default)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title: String,
    /// Values of `logsource`, apart by spaces.
    pub(crate) source: String,
    /// The last of the related rules: in a converted rule, SigmaHQ's.
    pub(crate) related: Option<String>,
}

/// The rules in a folder by their file.
pub(crate) fn rules(dir: &Path) -> Result<BTreeMap<PathBuf, Rule>> {
    let mut files = Vec::new();
    walk(dir, &mut files)?;
    files.retain(|f| f.extension().is_some_and(|e| e == "yml"));
    let mut out = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let mut rule = Rule::default();
        let (mut block, mut related) = ("", None);
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.split(" #").next().unwrap_or_default().trim();
            let value = value.trim_matches(['\'', '"']);
            match key {
                "id" => value.clone_into(&mut rule.id),
                "title" => value.clone_into(&mut rule.title),
                _ if !key.starts_with([' ', '-']) => block = key,
                _ if block == "related" && key.trim() == "- id" => related = Some(value),
                _ if block == "logsource" && key.trim() != "definition" => {
                    rule.source.push(' ');
                    rule.source.push_str(value);
                }
                _ => {}
            }
        }
        rule.related = related.map(str::to_owned);
        if !rule.id.is_empty() {
            out.insert(file, rule);
        }
    }
    Ok(out)
}

/// One folder with `count` of SigmaHQ's rules, evenly spread over them, or with all.
pub(crate) fn sigma(dir: &Path, count: Option<usize>) -> Result<PathBuf> {
    let data = shared("data/logs/sigma").context("../shared/data/logs/sigma")?;
    let name = count.map_or_else(|| "all".to_owned(), |c| c.to_string());
    let dir = dir.join(format!("sigma-{name}"));
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let mut files = Vec::new();
    for folder in SIGMA {
        walk(&data.join(folder), &mut files)?;
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "yml"));
    files.sort();
    let count = count.unwrap_or(files.len()).min(files.len());
    for i in 0..count {
        let file = &files[i * files.len() / count];
        copy(file, &dir.join(file.strip_prefix(&data)?))?;
    }
    Ok(dir)
}

/// Where inputs and results of log benchmarks are kept.
pub(crate) fn cache() -> Result<PathBuf> {
    let dir = PathBuf::from(env::var_os("HOME").context("HOME")?).join(".cache/hangtu-bench");
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// Copies a file and makes the folders above it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(to, fs::read(from)?).with_context(|| to.display().to_string())
}
