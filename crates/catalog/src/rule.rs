//! The rule pack: what a Sigma rule's `hangtu` block says, and how rules without one are filed.

use crate::{Bilingual, CONTENT, Catalog, ContentError, Level, Scenario};
use hangtu_sigma::{
    ParseError, Rule, Severity,
    check::{CheckError, TestFile},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The register a rule's records are reconciled with: observed against authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Register {
    /// Stations and work orders.
    Operation,
    /// Remote-maintenance tickets.
    Remote,
    /// Declared flows.
    Flow,
    /// Approved tools.
    Tool,
}

/// What judging needs to know about a rule.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Rule id.
    pub id: String,
    /// What is wrong, in one line.
    pub title: Bilingual,
    /// Why it matters.
    pub description: Bilingual,
    /// What to do.
    pub advice: Bilingual,
    /// When it may be harmless.
    pub false_positives: Bilingual,
    /// Risk scenario.
    pub scenario: Scenario,
    /// Likelihood, 1 to 5.
    pub likelihood: u8,
    /// Impact, 1 to 5.
    pub impact: u8,
    /// By the matrix.
    pub level: Level,
    /// Control points it speaks against.
    pub controls: Vec<String>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// Field that names the asset the finding is about. Left out, it is the host of an event and
    /// the destination of anything else.
    pub subject: Option<String>,
    /// Field that names the other side.
    pub peer: Option<String>,
    /// Fields that tell findings of one rule apart.
    pub class: Vec<String>,
    /// Register the records are reconciled with.
    pub authorise: Option<Register>,
    /// Whether the rule only feeds correlations.
    pub base: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    #[serde(default)]
    base: bool,
    scenario: Option<Scenario>,
    likelihood: Option<u8>,
    impact: Option<u8>,
    #[serde(default)]
    controls: Vec<String>,
    subject: Option<String>,
    peer: Option<String>,
    #[serde(default)]
    class: Vec<String>,
    authorise: Option<Register>,
    #[serde(default)]
    advice: String,
    zh: Option<Chinese>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chinese {
    title: String,
    description: String,
    #[serde(default)]
    falsepositives: Vec<String>,
    advice: String,
}

/// A rule whose block cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: rule {rule}: {why}")]
pub struct RuleProblem {
    /// The rule's file.
    pub file: String,
    /// The rule's id or title.
    pub rule: String,
    /// What is wrong.
    pub why: BlockFault,
}

/// What is wrong with a rule's block.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BlockFault {
    /// Its keys or values are not those it is to have, in the reader's words.
    #[error("its `hangtu` block does not keep to the form: {0}")]
    Form(String),
    /// A grade beyond the matrix.
    #[error("likelihood and impact go from 1 to 5")]
    Grades,
    /// A control point that nobody has heard of.
    #[error("there is no control point {0}")]
    Control(String),
    /// A subject, peer or class that what the rule matches cannot have.
    #[error("what it matches has no field `{0}`")]
    Field(String),
}

/// How rules without a block of ours are filed (`content/tactics.yml`).
#[derive(Clone, Debug, Deserialize)]
pub struct Filing {
    default_scenario: Scenario,
    default_level: String,
    levels: BTreeMap<String, Grades>,
    techniques: BTreeMap<String, Scenario>,
    tactics: BTreeMap<String, Scenario>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Grades {
    likelihood: u8,
    impact: u8,
}

impl Filing {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let filing: Self = crate::yaml(name, text)?;
        if filing.levels.contains_key(&filing.default_level) {
            Ok(filing)
        } else {
            Err(ContentError { file: name.into(), why: "default_level has no grades".into() })
        }
    }

    fn scenario(&self, rule: &Rule) -> Scenario {
        let tags = || rule.tags.iter().filter_map(|t| t.strip_prefix("attack."));
        let technique = |t: &str| {
            let whole = t.split('.').next().unwrap_or(t);
            self.techniques.get(t).or_else(|| self.techniques.get(whole))
        };
        tags()
            .find_map(technique)
            .or_else(|| tags().find_map(|t| self.tactics.get(t)))
            .copied()
            .unwrap_or(self.default_scenario)
    }

    fn grades(&self, level: Option<Severity>) -> Grades {
        let name: &str = match level {
            Some(level) => level.name(),
            None => &self.default_level,
        };
        self.levels.get(name).copied().unwrap_or(Grades { likelihood: 3, impact: 3 })
    }
}

impl RuleInfo {
    /// What can be said of a rule without a block of ours: users bring their own as they are.
    pub fn plain(rule: &Rule, catalog: &Catalog) -> Self {
        let both = |text: String| Bilingual::same(&text);
        let description = rule.description.clone().unwrap_or_default().trim().to_owned();
        let grades = catalog.filing.grades(rule.level);
        Self {
            id: rule.key().to_owned(),
            title: both(rule.title.clone()),
            description: both(description),
            advice: Bilingual::default(),
            false_positives: both(rule.falsepositives.join("\n")),
            scenario: catalog.filing.scenario(rule),
            likelihood: grades.likelihood,
            impact: grades.impact,
            level: catalog.matrix.level(grades.likelihood, grades.impact),
            controls: Vec::new(),
            techniques: techniques(rule),
            subject: None,
            peer: Some("source.ip".into()),
            class: Vec::new(),
            authorise: None,
            base: false,
        }
    }

    /// Reads a rule's block, and fills in what it leaves open.
    pub fn of(rule: &Rule, catalog: &Catalog) -> Result<Self, RuleProblem> {
        let bad = |why| RuleProblem { file: rule.file.clone(), rule: rule.key().into(), why };
        let block: Option<Block> = if rule.extension.is_null() {
            None
        } else {
            let block = serde_json::from_value(rule.extension.clone());
            Some(block.map_err(|e| bad(BlockFault::Form(e.to_string())))?)
        };
        let both = |text: String| Bilingual::same(&text);
        let list = |items: &[String]| items.join("\n");
        let mut info = Self::plain(rule, catalog);
        if let Some(block) = block {
            info.base = block.base;
            info.authorise = block.authorise;
            info.controls = block.controls;
            info.scenario = block.scenario.unwrap_or(info.scenario);
            info.likelihood = block.likelihood.unwrap_or(info.likelihood);
            info.impact = block.impact.unwrap_or(info.impact);
            info.subject = block.subject;
            info.peer = block.peer;
            info.class = block.class;
            info.advice = both(block.advice.trim().to_owned());
            if let Some(zh) = block.zh {
                info.title.zh = zh.title.into();
                info.description.zh = zh.description.trim().into();
                info.advice.zh = zh.advice.trim().into();
                info.false_positives.zh = list(&zh.falsepositives).into();
            }
        }
        if !(1..=5).contains(&info.likelihood) || !(1..=5).contains(&info.impact) {
            return Err(bad(BlockFault::Grades));
        }
        if let Some(id) = info.controls.iter().find(|id| catalog.control(id).is_none()) {
            return Err(bad(BlockFault::Control(id.clone())));
        }
        let mut named = info.subject.iter().chain(&info.peer).chain(&info.class);
        if let Some(name) = named.find(|name| !rule.may_have(name)) {
            return Err(bad(BlockFault::Field(name.clone())));
        }
        info.level = catalog.matrix.level(info.likelihood, info.impact);
        Ok(info)
    }
}

/// `attack.t0858` → `T0858`.
fn techniques(rule: &Rule) -> Vec<String> {
    rule.tags
        .iter()
        .filter_map(|t| t.strip_prefix("attack.t"))
        .filter(|t| t.starts_with(|c: char| c.is_ascii_digit()))
        .map(|t| format!("T{t}"))
        .collect()
}

/// The embedded rules.
#[derive(Debug)]
pub struct RulePack;

impl RulePack {
    /// Every rule, and what could not be read (nothing, or the tests fail).
    pub fn rules() -> (Vec<Rule>, Vec<ParseError>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for (path, text) in Self::files(false) {
            let (some, wrong) = hangtu_sigma::parse(path, text.as_bytes());
            rules.extend(some);
            errors.extend(wrong);
        }
        for rule in &mut rules {
            rule.embedded = true;
        }
        (rules, errors)
    }

    /// The rule file with this very text.
    pub fn same(text: &[u8]) -> Option<&'static str> {
        Self::files(false).find(|(_, own)| own.as_bytes() == text).map(|(path, _)| path)
    }

    /// Every test file, with the rule file it stands beside.
    pub fn tests() -> Vec<(String, Result<TestFile, CheckError>)> {
        Self::files(true)
            .map(|(path, text)| {
                let rule = path.replace(".test.yml", ".yml");
                (rule, TestFile::parse(path, text.as_bytes()))
            })
            .collect()
    }

    fn files(tests: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
        CONTENT
            .iter()
            .filter(move |(p, _)| {
                p.starts_with("rules/") && p.ends_with("yml") && p.contains(".test.") == tests
            })
            .copied()
    }
}
