//! The rules of a run: the embedded pack and the user's own folders, compiled together.

use crate::judge;
use hangtu_catalog::{Catalog, RuleInfo, RulePack, sha256};
use hangtu_record::Kind;
use hangtu_sigma::{Body, Options, Problem, ProblemKind, Rule, RuleIndex, Ruleset};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

/// A file of this name in a user's folder says what placeholders stand for.
const PLACEHOLDERS: &str = "placeholders.yml";

/// Rules ready to judge with.
#[derive(Debug)]
pub struct Rules {
    /// The compiled rules.
    pub ruleset: Ruleset,
    /// What judging needs to know about each, in the same order.
    pub infos: Vec<RuleInfo>,
    /// Files and blocks that could not be read.
    pub errors: Vec<String>,
    /// What compiling found: rules that cannot fire and why.
    pub problems: Vec<Problem>,
    /// SHA-256 over everything that was loaded.
    pub sha256: String,
}

impl Rules {
    /// Loads the embedded pack and every `.yml` below the folders; a `placeholders.yml` there
    /// replaces the placeholders it names.
    pub fn load(catalog: &Catalog, dirs: &[PathBuf]) -> io::Result<Self> {
        Self::load_with(catalog, dirs, &[])
    }

    /// The same with packs of rules beside: name and text of each.
    pub fn load_with(
        catalog: &Catalog,
        dirs: &[PathBuf],
        packs: &[(String, String)],
    ) -> io::Result<Self> {
        let (mut rules, mut errors) = RulePack::rules();
        let mut placeholders = catalog.placeholders.clone();
        for dir in dirs {
            let mut files = Vec::new();
            if dir.is_dir() {
                walk(dir, &mut files)?;
            } else {
                files.push(dir.clone());
            }
            for file in files {
                let (name, bytes) = (file.display().to_string(), fs::read(&file)?);
                if file.file_name().is_some_and(|name| name == PLACEHOLDERS) {
                    match hangtu_sigma::placeholders(&name, &bytes) {
                        Ok(some) => placeholders.extend(some),
                        Err(e) => errors.push(e.to_string()),
                    }
                    continue;
                }
                let (some, wrong) = hangtu_sigma::parse(&name, &bytes);
                rules.extend(some);
                errors.extend(wrong.iter().map(ToString::to_string));
            }
        }
        for (name, text) in packs {
            let (some, wrong) = hangtu_sigma::parse(name, text.as_bytes());
            rules.extend(some);
            errors.extend(wrong.iter().map(ToString::to_string));
        }
        Ok(Self::compile(catalog, rules, placeholders, errors))
    }

    /// The rules of a pack that somebody else wrote, to be examined with beside the embedded ones:
    /// their ids, or what is wrong. Each has an id of its own and can fire here, and a pack only
    /// adds: a filter would silence other rules, and so would a correlation that refers to them.
    pub fn pack(catalog: &Catalog, name: &str, text: &str) -> Result<Vec<String>, String> {
        let (rules, wrong) = hangtu_sigma::parse(name, text.as_bytes());
        if let Some(e) = wrong.first() {
            return Err(e.to_string());
        }
        let embedded: HashSet<String> =
            RulePack::rules().0.into_iter().flat_map(|r| [r.id, r.name]).flatten().collect();
        let mut ids = Vec::new();
        for rule in &rules {
            let fits = |id: &String| {
                (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
            };
            let Some(id) = rule.id.clone().filter(fits) else {
                return Err(format!("{}: id?", rule.title));
            };
            if matches!(rule.body, Body::Filter(_)) {
                return Err(format!("{}: filter", rule.title));
            }
            let taken =
                [&rule.id, &rule.name].into_iter().flatten().find(|n| embedded.contains(*n));
            if let Some(taken) = taken {
                return Err(format!("{}: {taken}", rule.title));
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return Err(format!("{name}: 0"));
        }
        // By itself: what it refers to must come with it.
        let alone = Self::compile(catalog, rules, catalog.placeholders.clone(), Vec::new());
        let fatal = |p: &&Problem| !matches!(p.kind, ProblemKind::Placeholder(_));
        if let Some(problem) = alone.problems.iter().find(fatal) {
            return Err(problem.to_string());
        }
        alone.errors.first().map_or(Ok(ids), |e| Err(e.clone()))
    }

    /// The rules that report something themselves and look at a kind of record that was offered:
    /// what they did not find is not there.
    pub fn ran(&self, offered: &dyn Fn(Kind) -> bool) -> Vec<&RuleInfo> {
        let looks = |index| {
            self.ruleset.works(index)
                && Kind::ALL.iter().any(|k| self.ruleset.looks_at(index, *k) && offered(*k))
        };
        let numbered = self.infos.iter().enumerate();
        numbered
            .filter(|(number, info)| !info.base && looks(RuleIndex(*number as u32)))
            .map(|(_, info)| info)
            .collect()
    }

    fn compile(
        catalog: &Catalog,
        rules: Vec<Rule>,
        placeholders: HashMap<String, Vec<String>>,
        mut errors: Vec<String>,
    ) -> Self {
        let mut all: Vec<String> = rules.iter().map(|r| format!("{r:?}")).collect();
        let sorted: BTreeMap<_, _> = placeholders.iter().collect();
        all.push(format!("{sorted:?}"));
        let options = Options { placeholders, clock_offset: crate::authorise::CHINA as i32 };
        let (ruleset, problems) = Ruleset::compile(rules, &catalog.logsources, &options);
        let (infos, wrong) = judge::infos(&ruleset, catalog);
        errors.extend(wrong);
        Self { ruleset, infos, errors, problems, sha256: sha256(all.join("\n").as_bytes()) }
    }
}

/// Rule files below a folder, by name.
pub fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut files = Vec::new();
    hangtu_evidence::walk(dir, &mut files)?;
    out.extend(files.into_iter().filter(|path| {
        let yaml = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
        let test = path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with(".test"));
        yaml && !test
    }));
    Ok(())
}
