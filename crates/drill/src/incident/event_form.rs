//! The event form (Emergency Plan, Annex 2).

use super::{
    Classification, FormCheck, Inconsistency, LevelCheck, Moment, Timeliness, classify,
    form::{Held, about, completeness},
};
use hangtu_catalog::{
    DataCategory, DataLevel, Facts, IncidentLevel, IncidentRules, Language, Scale, exercise::Truth,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that may not be known yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// Left empty.
    #[default]
    Empty,
    /// 尚不明确.
    Unclear,
    /// Known.
    Given(T),
}

impl<T> Known<T> {
    /// What is known.
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Empty | Self::Unclear => None,
        }
    }

    fn held(&self) -> Held {
        match self {
            Self::Empty => Held::Nothing,
            Self::Unclear => Held::Unclear,
            Self::Given(_) => Held::Something,
        }
    }
}

/// Who reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporter {
    /// Full name.
    pub name: String,
    /// Contact: a land line, an address.
    pub contact: String,
    /// Mobile phone.
    pub mobile: String,
}

/// How the incident was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// Own monitoring.
    SelfMonitoring,
    /// The public web, at this URL.
    PublicWeb(String),
    /// A third party of this name.
    ThirdParty(String),
    /// Otherwise.
    Other(String),
}

impl Learned {
    fn held(&self) -> Held {
        match self {
            Self::SelfMonitoring => Held::Something,
            // The form asks for the URL, the name, the words.
            Self::PublicWeb(text) | Self::ThirdParty(text) | Self::Other(text) => Held::text(text),
        }
    }
}

/// Personal information concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Personal {
    /// Persons; 0 is "none".
    pub persons: u64,
    /// Persons with sensitive information.
    pub sensitive_persons: u64,
    /// How much.
    pub scale: Scale,
}

/// The event form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventForm {
    /// Who reports.
    pub reporter: Reporter,
    /// When it happened, to the minute.
    pub time: Option<Timestamp>,
    /// How it was learned.
    pub learned: Option<Learned>,
    /// The unit involved.
    pub unit: String,
    /// The level, as judged by the enterprise.
    pub level: Option<IncidentLevel>,
    /// System or platform, full name.
    pub system: Known<String>,
    /// IP address, domain, URL.
    pub addresses: Known<String>,
    /// The cause, as far as it is seen.
    pub cause: Known<String>,
    /// Categories of the data.
    pub categories: Vec<DataCategory>,
    /// Highest level of the data.
    pub data_level: Option<DataLevel>,
    /// How much data.
    pub scale: Known<Scale>,
    /// Personal information.
    pub personal: Known<Personal>,
    /// Who is affected.
    pub affected: Known<String>,
    /// Area and industry.
    pub area: Known<String>,
    /// Measures taken.
    pub taken: String,
    /// Measures planned.
    pub planned: String,
    /// Help requested; "none" is an answer.
    pub help: String,
    /// SHA-256 of the signed or sealed sheet.
    pub signature: Option<String>,
}

impl EventForm {
    /// The form as it should be filled in: for comparison, and for scripted players.
    pub fn right(
        truth: &Truth,
        facts: &Facts,
        level: IncidentLevel,
        found: Timestamp,
        language: Language,
    ) -> Self {
        let account = &truth.account;
        let words = |text: &hangtu_catalog::Bilingual| text.get(language).to_owned();
        let pick = |zh: &str, en: &str| match language {
            Language::Chinese => zh.to_owned(),
            Language::English => en.to_owned(),
        };
        Self {
            reporter: Reporter {
                name: pick("演练联络员", "Exercise liaison"),
                contact: "0000-00000000".into(),
                mobile: "00000000000".into(),
            },
            time: Some(found),
            learned: Some(Learned::SelfMonitoring),
            unit: words(&account.unit),
            level: Some(level),
            system: Known::Given(words(&account.system)),
            addresses: Known::Given(account.addresses.clone()),
            cause: Known::Given(words(&account.cause)),
            categories: facts.categories.clone(),
            data_level: Some(facts.data_level),
            scale: Known::Given(facts.scale),
            personal: Known::Given(Personal {
                persons: facts.persons,
                sensitive_persons: facts.sensitive_persons,
                scale: Scale::default(),
            }),
            affected: Known::Given(words(&account.affected)),
            area: Known::Given(words(&account.area)),
            taken: pick(
                "已隔离受影响主机，保存日志和内存镜像",
                "Hosts isolated; logs and memory images kept",
            ),
            planned: pick("按预案恢复并持续监测", "Restore as planned; keep watching"),
            help: pick("暂无", "None for now"),
            signature: Some("0".repeat(64)),
        }
    }

    /// Empties a field by its identifier in `incident.yml`.
    pub fn omit(&mut self, field: &str) {
        match field {
            "reporter_name" => self.reporter.name.clear(),
            "reporter_contact" => self.reporter.contact.clear(),
            "reporter_mobile" => self.reporter.mobile.clear(),
            "time" => self.time = None,
            "learned" => self.learned = None,
            "unit" => self.unit.clear(),
            "level" => self.level = None,
            "system" => self.system = Known::Empty,
            "addresses" => self.addresses = Known::Empty,
            "cause" => self.cause = Known::Empty,
            "categories" => self.categories.clear(),
            "data_level" => self.data_level = None,
            "scale" => self.scale = Known::Empty,
            "personal" => self.personal = Known::Empty,
            "affected" => self.affected = Known::Empty,
            "area" => self.area = Known::Empty,
            "taken" => self.taken.clear(),
            "planned" => self.planned.clear(),
            "help" => self.help.clear(),
            "signature" => self.signature = None,
            _ => {}
        }
    }

    /// Holds the form against the truth. `sent` is when it was handed in, `due` the end of its
    /// clock in milliseconds of the exercise clock, `found` when the incident was found.
    pub fn check(
        &self,
        facts: &Facts,
        right: &Classification,
        sent: Moment,
        due: Option<i64>,
        found: Option<Moment>,
        rules: &IncidentRules,
    ) -> FormCheck {
        let level = match self.level {
            None => LevelCheck::Missing,
            Some(l) if l == right.level && right.candidate.is_none() => LevelCheck::Right,
            Some(l) if right.allows(l) => LevelCheck::Open,
            Some(l) if l < right.level => LevelCheck::TooLow,
            Some(_) => LevelCheck::TooHigh,
        };
        // Whether a signature is needed follows from the right level: reporting too low does not
        // spare it.
        let asked = self.level.map_or(right.level, |l| l.max(right.level));
        let (fields, whole) = completeness(&rules.event_form, asked, |id| self.held(id));
        FormCheck {
            fields,
            whole,
            inconsistencies: self.inconsistencies(facts, sent, found, rules),
            level,
            timeliness: Timeliness::of(sent, due),
        }
    }

    fn held(&self, field: &str) -> Held {
        match field {
            "reporter_name" => Held::text(&self.reporter.name),
            "reporter_contact" => Held::text(&self.reporter.contact),
            "reporter_mobile" => Held::text(&self.reporter.mobile),
            "time" => Held::some(self.time.is_some()),
            "learned" => self.learned.as_ref().map_or(Held::Nothing, Learned::held),
            "unit" => Held::text(&self.unit),
            "level" => Held::some(self.level.is_some()),
            "system" => words(&self.system),
            "addresses" => words(&self.addresses),
            "cause" => words(&self.cause),
            "categories" => Held::some(!self.categories.is_empty()),
            "data_level" => Held::some(self.data_level.is_some()),
            "scale" => self.scale.held(),
            "personal" => self.personal.held(),
            "affected" => words(&self.affected),
            "area" => words(&self.area),
            "taken" => Held::text(&self.taken),
            "planned" => Held::text(&self.planned),
            "help" => Held::text(&self.help),
            "signature" => Held::some(self.signature.as_ref().is_some_and(|s| !s.is_empty())),
            _ => Held::Nothing,
        }
    }

    fn inconsistencies(
        &self,
        facts: &Facts,
        sent: Moment,
        found: Option<Moment>,
        rules: &IncidentRules,
    ) -> Vec<Inconsistency> {
        let mut out = Vec::new();
        // The form's own figures, with what it does not ask for taken from nowhere.
        let personal = self.personal.given().copied().unwrap_or_default();
        let own = Facts {
            data_level: self.data_level.unwrap_or(DataLevel::General),
            categories: Vec::new(),
            threat: hangtu_catalog::Threat::Light,
            shutdown: hangtu_catalog::Shutdown::None,
            outage: None,
            loss: hangtu_catalog::Yuan::default(),
            persons: personal.persons,
            sensitive_persons: personal.sensitive_persons,
            scale: Scale::default(),
            operator: facts.operator,
            cross_border: false,
        };
        if self.level.is_some_and(|l| l < classify(&own, rules).level) {
            out.push(Inconsistency::LevelBelowOwnFigures);
        }
        if self.data_level.is_some_and(|l| l != facts.data_level) {
            out.push(Inconsistency::DataLevel);
        }
        let sorted = |categories: &[DataCategory]| {
            let mut c = categories.to_vec();
            c.sort_unstable();
            c.dedup();
            c
        };
        if !self.categories.is_empty() && sorted(&self.categories) != sorted(&facts.categories) {
            out.push(Inconsistency::Categories);
        }
        if self.personal.given().is_some() {
            if !about(personal.persons as f64, facts.persons as f64)
                || !about(personal.sensitive_persons as f64, facts.sensitive_persons as f64)
            {
                out.push(Inconsistency::Persons);
            }
            if personal.sensitive_persons > personal.persons {
                out.push(Inconsistency::SensitiveBeyondPersonal);
            }
        }
        if let Some(scale) = self.scale.given() {
            let gb = scale.gb.zip(facts.scale.gb).is_none_or(|(a, b)| about(a, b));
            let rows = scale.rows.zip(facts.scale.rows);
            if !gb || !rows.is_none_or(|(a, b)| about(a as f64, b as f64)) {
                out.push(Inconsistency::Scale);
            }
        }
        if let Some(time) = self.time {
            let far = |found: Moment| time.duration_since(found.wall).abs() > DAY;
            if time > sent.wall {
                out.push(Inconsistency::TimeAfterReport);
            } else if found.is_some_and(far) {
                out.push(Inconsistency::TimeFarOff);
            }
        }
        out
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn words(text: &Known<String>) -> Held {
    match text {
        Known::Given(text) => Held::text(text),
        other => other.held(),
    }
}
