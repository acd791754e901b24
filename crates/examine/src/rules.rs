//! The rules of a run: the embedded pack and the user's own folders, compiled together.

mod own;

use crate::{judge, logs::TELLS};
use hangtu_catalog::{
    Arg, Bilingual, Catalog, RuleInfo, RulePack,
    key::{self, Key},
    sha256,
};
use hangtu_evidence::Unreadable;
use hangtu_record::{Field, FieldName, Fields, Kind};
use hangtu_sigma::{Body, Options, Problem, ProblemKind, Rule, RuleIndex, Ruleset, Samples};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// A file of this name in a user's folder says what placeholders stand for.
const PLACEHOLDERS: &str = "placeholders.yml";

/// What only a file of authorisations says of a record.
const ZONES: [FieldName; 4] = [
    FieldName::SourceZone,
    FieldName::SourceZoneKind,
    FieldName::DestinationZone,
    FieldName::DestinationZoneKind,
];

/// Rules ready to judge with.
#[derive(Debug)]
pub struct Rules {
    /// The compiled rules.
    pub ruleset: Ruleset,
    /// What judging needs to know about each, in the same order.
    pub infos: Vec<RuleInfo>,
    /// Files and blocks that could not be read.
    pub errors: Vec<Bilingual>,
    /// What compiling found: rules that cannot fire and why.
    pub problems: Vec<Problem>,
    /// SHA-256 over everything that was loaded.
    pub sha256: String,
    /// Files left out because one before them has the same text, which stands for them.
    same: HashMap<String, String>,
    /// The site's values of placeholders.
    placeholders: BTreeMap<String, Vec<String>>,
}

impl Rules {
    /// Loads the embedded pack and the rule files that paths name; see [`walk`]. A `placeholders.yml`
    /// among them replaces the placeholders it names.
    pub fn load(catalog: &Catalog, paths: &[PathBuf]) -> Result<Self, Unreadable> {
        Self::load_with(catalog, paths, &[])
    }

    /// The same with packs of rules beside: name and text of each.
    pub fn load_with(
        catalog: &Catalog,
        paths: &[PathBuf],
        packs: &[(String, String)],
    ) -> Result<Self, Unreadable> {
        let (mut rules, wrong) = RulePack::rules();
        let mut errors: Vec<Bilingual> = wrong.iter().map(Bilingual::from).collect();
        let mut placeholders = catalog.placeholders.clone();
        let mut own = BTreeMap::new();
        let mut same = HashMap::new();
        let mut known: HashMap<String, String> = HashMap::new();
        for path in paths {
            for file in walk(path)? {
                let name = file.display().to_string();
                let bytes = match fs::read(&file) {
                    Ok(bytes) => bytes,
                    Err(source) => return Err(Unreadable { path: file, source }),
                };
                if file.file_name().is_some_and(|name| name == PLACEHOLDERS) {
                    match hangtu_sigma::placeholders(&name, &bytes) {
                        Ok(some) => {
                            own.extend(some.clone());
                            placeholders.extend(some);
                        }
                        Err(e) => errors.push(Bilingual::from(&e)),
                    }
                    continue;
                }
                let sum = sha256(&bytes);
                let before = RulePack::same(&bytes).or(known.get(&sum).map(String::as_str));
                if let Some(before) = before {
                    // The same path given twice is one file all the same.
                    if before != name {
                        same.insert(name, before.to_owned());
                    }
                    continue;
                }
                known.insert(sum, name.clone());
                let (some, wrong) = hangtu_sigma::parse(&name, &bytes);
                rules.extend(some);
                errors.extend(wrong.iter().map(Bilingual::from));
            }
        }
        for (name, text) in packs {
            let (some, wrong) = hangtu_sigma::parse(name, text.as_bytes());
            rules.extend(some);
            errors.extend(wrong.iter().map(Bilingual::from));
        }
        Ok(Self { same, placeholders: own, ..Self::compile(catalog, rules, placeholders, errors) })
    }

    /// The file whose rules a file's are: itself, or one with the same text before it.
    pub fn loaded_as<'f>(&'f self, file: &'f str) -> &'f str {
        self.same.get(file).map_or(file, String::as_str)
    }

    /// What could not be read, and what keeps rules from firing where they could. A placeholder without a
    /// value does not: the rest of its rule works; and of rules for logs that the site does not have a
    /// collection may hold hundreds. `hangtu rules check` tells of both.
    pub fn left_out(&self) -> Vec<Bilingual> {
        let problems = self.problems.iter().filter(|p| fatal(p) && !told_elsewhere(p));
        let problems = problems.map(Bilingual::from);
        self.errors.iter().cloned().chain(problems).collect()
    }

    /// The rules of a pack that somebody else wrote, to be examined with beside the embedded ones:
    /// their ids, or what is wrong. Each has an id of its own and can fire here, and a pack only
    /// adds: a filter would silence other rules, and so would a correlation that refers to them.
    pub fn pack(catalog: &Catalog, name: &str, text: &str) -> Result<Vec<String>, Bilingual> {
        let (rules, wrong) = hangtu_sigma::parse(name, text.as_bytes());
        if let Some(e) = wrong.first() {
            return Err(Bilingual::from(e));
        }
        let embedded: HashSet<String> =
            RulePack::rules().0.into_iter().flat_map(|r| [r.id, r.name]).flatten().collect();
        let mut ids = Vec::new();
        for rule in &rules {
            let refused = |key: Key, taken: &str| {
                let args = [("title", Arg::Text(&rule.title)), ("name", Arg::Text(taken))];
                Err(Bilingual::message(key, &args))
            };
            let fits = |id: &String| {
                (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
            };
            let Some(id) = rule.id.clone().filter(fits) else {
                return refused(key::RULES_PACK_ID, "");
            };
            if matches!(rule.body, Body::Filter(_)) {
                return refused(key::RULES_PACK_FILTER, "");
            }
            let taken =
                [&rule.id, &rule.name].into_iter().flatten().find(|n| embedded.contains(*n));
            if let Some(taken) = taken {
                return refused(key::RULES_PACK_TAKEN, taken);
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return Err(Bilingual::message(key::RULES_PACK_NONE, &[]));
        }
        // By itself: what it refers to must come with it.
        let alone = Self::compile(catalog, rules, catalog.placeholders.clone(), Vec::new());
        if let Some(problem) = alone.problems.iter().find(|p| fatal(p)) {
            return Err(Bilingual::from(problem));
        }
        alone.errors.first().map_or(Ok(ids), |e| Err(e.clone()))
    }

    /// The rules that report something themselves, look at a kind of record that was there, where no
    /// zones are declared need none, and where it is known which logs there were look at one of these: what
    /// they did not find is not there.
    pub fn ran(
        &self,
        there: &dyn Fn(Kind) -> bool,
        zones: bool,
        logs: Option<&[Fields]>,
    ) -> Vec<&RuleInfo> {
        let absent =
            |field: &Field| !zones && field.known.is_some_and(|name| ZONES.contains(&name));
        let samples = logs.map(|records| Samples { kind: Kind::Event, fields: &TELLS, records });
        let may = self.ruleset.fire_where(&absent, samples.as_ref());
        let looks = |index| {
            self.ruleset.works(index)
                && self.ruleset.stands_alone(index)
                && Kind::ALL.iter().any(|k| self.ruleset.looks_at(index, *k) && there(*k))
        };
        let numbered = self.infos.iter().enumerate();
        numbered
            .filter(|(n, info)| !info.base && may[*n] && looks(RuleIndex(*n as u32)))
            .map(|(_, info)| info)
            .collect()
    }

    fn compile(
        catalog: &Catalog,
        rules: Vec<Rule>,
        placeholders: HashMap<String, Vec<String>>,
        mut errors: Vec<Bilingual>,
    ) -> Self {
        let mut all: Vec<String> = rules.iter().map(|r| format!("{r:?}")).collect();
        let sorted: BTreeMap<_, _> = placeholders.iter().collect();
        all.push(format!("{sorted:?}"));
        let options = Options { placeholders, clock_offset: crate::authorise::CHINA as i32 };
        let (ruleset, problems) = Ruleset::compile(rules, &catalog.logsources, &options);
        let (infos, wrong) = judge::infos(&ruleset, catalog);
        errors.extend(wrong.iter().map(Bilingual::from));
        Self {
            ruleset,
            infos,
            errors,
            problems,
            sha256: sha256(all.join("\n").as_bytes()),
            same: HashMap::new(),
            placeholders: BTreeMap::new(),
        }
    }
}

/// Whether a problem is more than a value that is missing.
fn fatal(problem: &Problem) -> bool {
    !matches!(problem.kind, ProblemKind::Placeholder(_))
}

/// Whether it is no fault of the rule: the site has no such log, or a rule that it refers to is told of by itself.
fn told_elsewhere(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::NoInput(_) | ProblemKind::Deaf(_))
}

/// The rule files that a path names: the file itself, or those below the folder by name.
pub fn walk(path: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let below = hangtu_evidence::walk(path)?;
    if let Some(one) = below.unreadable.into_iter().next() {
        return Err(one);
    }
    let mut files = below.files;
    files.retain(|path| {
        let yaml = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
        let test = path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with(".test"));
        yaml && !test
    });
    Ok(files)
}

#[cfg(test)]
mod tests;
