//! Data security incidents (`content/incident.yml`): levels and what decides them, clocks and whom
//! they bind, the fields of the forms; and the facts of an incident, from which all that follows.
//! Emergency Plan for Data Security Incidents in Industry and IT (trial), 1.5, 4, 5, Annexes 2, 3.

use crate::{Bilingual, ContentError, words::bilingual};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, HashSet};

/// A name in data, the same as serde writes.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// All, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in data.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}
pub(crate) use named;

/// Level of an incident (1.5), from the lightest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentLevel {
    /// 一般, IV.
    General,
    /// 较大, III.
    Larger,
    /// 重大, II.
    Major,
    /// 特别重大, I.
    EspeciallyMajor,
}

named!(IncidentLevel {
    General = "general",
    Larger = "larger",
    Major = "major",
    EspeciallyMajor = "especially_major",
});

/// Level of data (Measures, Arts 9–11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataLevel {
    /// 一般.
    General,
    /// 重要.
    Important,
    /// 核心.
    Core,
}

named!(DataLevel { General = "general", Important = "important", Core = "core" });

/// Category of data (Measures, Art. 8; Annex 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCategory {
    /// 研发.
    Rnd,
    /// 生产.
    Production,
    /// 管理.
    Management,
    /// 运维.
    Om,
    /// 服务.
    Service,
}

named!(DataCategory {
    Rnd = "rnd",
    Production = "production",
    Management = "management",
    Om = "om",
    Service = "service",
});

/// Threat to state, society, economy or public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threat {
    /// Light.
    Light,
    /// Fairly serious.
    FairlySerious,
    /// Serious.
    Serious,
    /// Especially serious.
    EspeciallySerious,
}

/// Harm to industrial production. Words only: no hours (1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shutdown {
    /// None.
    None,
    /// Light damage.
    Light,
    /// Part of the processing capacity lost.
    FairlyGreat,
    /// Fairly wide shutdown, fairly large loss of capacity.
    Great,
    /// Wide shutdown, mass loss of capacity.
    EspeciallyGreat,
}

/// What stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageOf {
    /// Industrial systems: no hour threshold above level IV.
    Industrial,
    /// A telecom network or system of no special standing.
    Telecom,
    /// An important or core telecom facility or system.
    ImportantTelecom,
    /// Radio interference or illegal use.
    Radio,
}

/// An outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// What stands still.
    pub of: OutageOf,
    /// For how long, minutes.
    pub minutes: u32,
}

/// An amount of money in fen, written in yuan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Yuan {
    /// Hundredths of a yuan.
    pub fen: u64,
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let yuan = f64::deserialize(from)?;
        // Up to 2^53 fen (90 million million yuan) every fen has a float of its own.
        if !(0.0..=9e13).contains(&yuan) {
            return Err(serde::de::Error::custom(format!("{yuan} is no amount of money")));
        }
        Ok(Self { fen: (yuan * 100.0).round() as u64 })
    }
}

impl Serialize for Yuan {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.fen as f64 / 100.0)
    }
}

impl std::fmt::Display for Yuan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", crate::grouped(self.fen / 100))?;
        if self.fen.is_multiple_of(100) { Ok(()) } else { write!(f, ".{:02}", self.fen % 100) }
    }
}

/// How much data. Nothing where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Gigabytes.
    #[serde(default)]
    pub gb: Option<f64>,
    /// Rows, entries.
    #[serde(default)]
    pub rows: Option<u64>,
}

/// Which operators the reporting of network security incidents tells apart
/// (Measures for Reporting National Network Security Incidents, Art. 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Most factories.
    #[default]
    Other,
    /// Of critical information infrastructure.
    Cii,
    /// A central or state body or a unit of it.
    Central,
}

/// The facts of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Highest level of the data concerned (mixed data: the highest, Measures Art. 13).
    pub data_level: DataLevel,
    /// Their categories.
    pub categories: Vec<DataCategory>,
    /// Threat to state, society, economy or public.
    pub threat: Threat,
    /// Harm to industrial production.
    pub shutdown: Shutdown,
    /// An outage, with its kind.
    #[serde(default)]
    pub outage: Option<Outage>,
    /// Direct economic loss, yuan.
    #[serde(default)]
    pub loss: Yuan,
    /// Persons whose personal information is concerned, sensitive information included.
    #[serde(default)]
    pub persons: u64,
    /// Persons whose sensitive personal information is concerned.
    #[serde(default)]
    pub sensitive_persons: u64,
    /// How much data.
    #[serde(default)]
    pub scale: Scale,
    /// Which kind of operator the enterprise is.
    #[serde(default)]
    pub operator: Operator,
    /// Whether data left the country.
    #[serde(default)]
    pub cross_border: bool,
}

/// How sure a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confidence {
    /// Read in the text of the instrument.
    A,
    /// Stated by somebody who read it.
    B,
    /// Our own design.
    D,
}

/// A clause that duties rest on.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "ClauseText")]
pub struct Clause {
    /// Instrument and place.
    pub title: Bilingual,
    /// How sure it is.
    pub confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseText {
    en: String,
    zh: String,
    confidence: Confidence,
}

impl From<ClauseText> for Clause {
    fn from(text: ClauseText) -> Self {
        Self { title: Bilingual::new(text.zh, text.en), confidence: text.confidence }
    }
}

/// How a level is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelTitle {
    /// The level.
    pub id: IncidentLevel,
    /// Its grade, e.g. `Ⅱ`.
    pub grade: String,
    /// The colour of its warning: `blue`, `yellow`, `orange`, `red`.
    pub colour: String,
    /// Its name.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// From which value on a level is reached; a level left out cannot be.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
pub struct Steps<T> {
    larger: T,
    #[serde(default = "none")]
    major: Option<T>,
    #[serde(default = "none")]
    especially_major: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T: Copy + PartialOrd> Steps<T> {
    /// The level of a value.
    pub fn level(&self, value: T) -> IncidentLevel {
        let reached = |step: Option<T>| step.is_some_and(|s| value >= s);
        if reached(self.especially_major) {
            IncidentLevel::EspeciallyMajor
        } else if reached(self.major) {
            IncidentLevel::Major
        } else if reached(Some(self.larger)) {
            IncidentLevel::Larger
        } else {
            IncidentLevel::General
        }
    }

    fn rise(&self) -> bool {
        let steps: Vec<T> =
            [Some(self.larger), self.major, self.especially_major].into_iter().flatten().collect();
        steps.is_sorted_by(|a, b| a < b)
    }
}

/// What decides levels (1.5).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Direct loss, yuan.
    pub loss_cny: Steps<Yuan>,
    /// Persons.
    pub persons: Steps<u64>,
    /// Persons, sensitive information.
    pub sensitive_persons: Steps<u64>,
    /// Outage of telecom or radio, minutes.
    pub outage_minutes: Steps<u32>,
    /// Threat, for each level of data.
    pub threat: BTreeMap<DataLevel, Steps<Threat>>,
    /// Harm to industrial production.
    pub shutdown: Steps<Shutdown>,
}

/// One of the things that decide a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimbKind {
    /// Data level and threat.
    Threat,
    /// Harm to industrial production.
    Shutdown,
    /// Outage, interference.
    Outage,
    /// Direct loss.
    Loss,
    /// Persons.
    Persons,
    /// Persons, sensitive information.
    SensitivePersons,
}

named!(LimbKind {
    Threat = "threat",
    Shutdown = "shutdown",
    Outage = "outage",
    Loss = "loss",
    Persons = "persons",
    SensitivePersons = "sensitive_persons",
});

/// How a limb is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimbTitle {
    /// The clause it rests on.
    pub clause: String,
    /// Its name.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// Whom a clock binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binds {
    /// The enterprise that processes the data.
    Enterprise,
    /// The local industry regulator.
    LocalRegulator,
    /// MIIT's data security working mechanism.
    Mechanism,
}

named!(Binds {
    Enterprise = "enterprise",
    LocalRegulator = "local_regulator",
    Mechanism = "mechanism",
});

/// What starts a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStart {
    /// The incident is found.
    Found,
    /// The enterprise has judged its level.
    Judged,
    /// The response has ended.
    Ended,
    /// It is seen that important or core data are concerned.
    Important,
}

/// How long a clock runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum ClockLimit {
    /// Immediately, at the first moment.
    AtOnce,
    /// As a statutory limit says: its code in `deadlines.yml`.
    Deadline(String),
}

impl From<String> for ClockLimit {
    fn from(text: String) -> Self {
        if text == "at_once" { Self::AtOnce } else { Self::Deadline(text) }
    }
}

/// A duty with a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// Identifier, e.g. `processor_report`.
    pub id: String,
    /// Whom it binds.
    pub binds: Binds,
    /// Only operators of this kind.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// To whom is reported.
    #[serde(deserialize_with = "bilingual")]
    pub to: Bilingual,
    /// What starts it.
    pub starts: ClockStart,
    /// From which level of the incident.
    #[serde(default)]
    pub from_level: Option<IncidentLevel>,
    /// Whatever the level, where important or core data are concerned.
    #[serde(default)]
    pub important_data: bool,
    /// Whether the levels are those of another regime, so that a person decides.
    #[serde(default)]
    pub own_levels: bool,
    /// How long.
    pub limit: ClockLimit,
    /// The clause.
    pub clause: String,
}

/// A field of a form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// Identifier.
    pub id: String,
    /// What the form calls it.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// Whether 尚不明确 may stand there.
    #[serde(default)]
    pub unclear: bool,
    /// Asked for from this level on; else always.
    #[serde(default)]
    pub from_level: Option<IncidentLevel>,
    /// Whether it may be left empty.
    #[serde(default)]
    pub optional: bool,
}

/// Everything about incidents that is data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentRules {
    /// Version of the file.
    pub version: u32,
    /// Clauses that duties and exercises may name.
    pub clauses: BTreeMap<String, Clause>,
    /// The four levels.
    pub levels: Vec<LevelTitle>,
    /// What decides them.
    pub thresholds: Thresholds,
    /// How limbs are called.
    pub limbs: BTreeMap<LimbKind, LimbTitle>,
    /// Minutes within which "at once" counts as kept in an exercise. Ours, no law.
    pub grace: u16,
    /// Clocks.
    pub clocks: Vec<ClockRule>,
    /// Fields of the event form (Annex 2).
    pub event_form: Vec<FormField>,
    /// Fields of the summary form (Annex 3).
    pub summary_form: Vec<FormField>,
}

impl IncidentRules {
    /// Reads a file of incident rules. Clauses must exist, thresholds rise, no identifier stand
    /// twice, and all levels, limbs and levels of data be there.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let rules: Self = crate::yaml(name, text)?;
        let bad = |why: String| Err(ContentError { file: name.into(), why });
        crate::unique(name, rules.clocks.iter().map(|c| c.id.as_str()))?;
        crate::unique(name, rules.event_form.iter().map(|f| f.id.as_str()))?;
        crate::unique(name, rules.summary_form.iter().map(|f| f.id.as_str()))?;
        let named: HashSet<&str> = rules
            .clocks
            .iter()
            .map(|c| c.clause.as_str())
            .chain(rules.limbs.values().map(|l| l.clause.as_str()))
            .collect();
        if let Some(clause) = named.into_iter().find(|c| !rules.clauses.contains_key(*c)) {
            return bad(format!("{clause} is no clause"));
        }
        if !rules.levels.iter().map(|l| l.id).eq(IncidentLevel::ALL.iter().copied()) {
            return bad("levels: the four, from the lightest".into());
        }
        if LimbKind::ALL.iter().any(|l| !rules.limbs.contains_key(l)) {
            return bad("limbs: one has no title".into());
        }
        let t = &rules.thresholds;
        if DataLevel::ALL.iter().any(|l| !t.threat.contains_key(l)) {
            return bad("thresholds.threat: a level of data is missing".into());
        }
        let rise = t.loss_cny.rise()
            && t.persons.rise()
            && t.sensitive_persons.rise()
            && t.outage_minutes.rise()
            && t.shutdown.rise()
            && t.threat.values().all(Steps::rise);
        if !rise {
            return bad("thresholds must rise".into());
        }
        Ok(rules)
    }

    /// How a level is called.
    pub fn level(&self, level: IncidentLevel) -> Option<&LevelTitle> {
        self.levels.iter().find(|l| l.id == level)
    }

    /// A clock by its identifier.
    pub fn clock(&self, id: &str) -> Option<&ClockRule> {
        self.clocks.iter().find(|c| c.id == id)
    }

    /// A clause by its identifier, spelled out.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.get(id)
    }
}
