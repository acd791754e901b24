//! `course.yml`: the facts of a course, shared by both languages.

use crate::{Bilingual, ContentError, Control, Scenario, words::bilingual};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whom training addresses: duties named by the Measures (Arts 13, 23) and posts that plants have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The top manager (第一责任人).
    FirstResponsible,
    /// The deputy in charge (直接责任人).
    DirectResponsible,
    /// Who manages data security day by day.
    SecurityManager,
    /// Who answers for a set of data.
    DataOwner,
    /// Who holds a key post of data processing.
    KeyPost,
    /// Who runs control systems and their networks.
    OtAdministrator,
    /// A supplier's people who operate or maintain.
    Vendor,
    /// Who assesses risks.
    Assessor,
    /// Who acts in an incident.
    EmergencyTeam,
    /// Everybody.
    AllStaff,
    /// Who supervises for an authority.
    Regulator,
}

impl Role {
    /// All, in the order of this list.
    pub const ALL: [Self; 11] = [
        Self::FirstResponsible,
        Self::DirectResponsible,
        Self::SecurityManager,
        Self::DataOwner,
        Self::KeyPost,
        Self::OtAdministrator,
        Self::Vendor,
        Self::Assessor,
        Self::EmergencyTeam,
        Self::AllStaff,
        Self::Regulator,
    ];
}

/// A topic: what questions and results are grouped by.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Identifier within the course.
    pub id: String,
    /// Its title.
    pub title: Bilingual,
}

/// How an exam is drawn and passed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamRule {
    /// Time to work on the paper, in minutes.
    pub minutes: u16,
    /// Points to reach, in percent of those possible.
    pub pass_percent: u8,
    /// Attempts before the course must be read again.
    pub attempts: u8,
    /// Hours to wait after a failed attempt.
    pub cooling_hours: u16,
    /// Topic → how many of its questions.
    pub draw: BTreeMap<String, u8>,
}

impl ExamRule {
    /// Questions on a paper.
    pub fn questions(&self) -> usize {
        self.draw.values().map(|n| usize::from(*n)).sum()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) minutes: u16,
    #[serde(deserialize_with = "bilingual")]
    pub(super) title: Bilingual,
    #[serde(deserialize_with = "bilingual")]
    pub(super) summary: Bilingual,
    #[serde(deserialize_with = "goals")]
    pub(super) goals: Vec<Bilingual>,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) roles: Vec<Role>,
    pub(super) controls: Vec<String>,
    #[serde(deserialize_with = "topics")]
    pub(super) topics: Vec<Topic>,
    pub(super) valid_months: u16,
    pub(super) exam: ExamRule,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    en: String,
    zh: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    id: String,
    en: String,
    zh: String,
}

/// `en` and `zh`, each in its language.
pub(super) fn words<E: serde::de::Error>(en: String, zh: String) -> Result<Bilingual, E> {
    let text = Bilingual::new(zh, en);
    match fault(&text) {
        Some(why) => Err(E::custom(why)),
        None => Ok(text),
    }
}

/// What is wrong with a text in two languages.
pub(super) fn fault(text: &Bilingual) -> Option<String> {
    let chinese = |t: &str| t.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if text.en.trim().is_empty() || text.zh.trim().is_empty() {
        Some("a text is empty".into())
    } else if !chinese(&text.zh) {
        Some(format!("{:?} is not Chinese", text.zh))
    } else if chinese(&text.en) {
        Some(format!("{:?} holds Chinese", text.en))
    } else {
        None
    }
}

fn goals<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Bilingual>, D::Error> {
    let all = Vec::<Words>::deserialize(from)?;
    all.into_iter().map(|w| words(w.en, w.zh)).collect()
}

fn topics<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Topic>, D::Error> {
    let all = Vec::<TopicEntry>::deserialize(from)?;
    all.into_iter().map(|t| Ok(Topic { id: t.id, title: words(t.en, t.zh)? })).collect()
}

/// An identifier: small letters, digits and single hyphens.
pub(super) fn is_id(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.chars().all(fine)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.len() <= 64
}

pub(super) fn parse(name: &str, text: &str, controls: &[Control]) -> Result<Facts, ContentError> {
    let facts: Facts = crate::yaml(name, text)?;
    let bad = |why: String| Err(ContentError { file: name.into(), why });
    if !is_id(&facts.id) {
        return bad(format!("id: {:?} is no identifier", facts.id));
    }
    for (place, text) in [("title", &facts.title), ("summary", &facts.summary)] {
        if let Some(why) = fault(text) {
            return bad(format!("{place}: {why}"));
        }
    }
    if facts.version == 0 {
        return bad("version: begins with 1".into());
    }
    if !(1..=600).contains(&facts.minutes) {
        return bad("minutes: must be from 1 to 600".into());
    }
    if !(1..=120).contains(&facts.valid_months) {
        return bad("valid_months: must be from 1 to 120".into());
    }
    for (place, empty) in [
        ("goals", facts.goals.is_empty()),
        ("scenarios", facts.scenarios.is_empty()),
        ("roles", facts.roles.is_empty()),
        ("topics", facts.topics.is_empty()),
    ] {
        if empty {
            return bad(format!("{place}: is empty"));
        }
    }
    if let Some(id) = facts.controls.iter().find(|id| controls.iter().all(|c| c.id != **id)) {
        return bad(format!("controls: {id} is no control point"));
    }
    crate::unique(name, facts.controls.iter().map(String::as_str))?;
    crate::unique(name, facts.topics.iter().map(|t| t.id.as_str()))?;
    for (at, role) in facts.roles.iter().enumerate() {
        if facts.roles[..at].contains(role) {
            return bad(format!("roles: {role:?} stands twice"));
        }
    }
    for (at, scenario) in facts.scenarios.iter().enumerate() {
        if facts.scenarios[..at].contains(scenario) {
            return bad(format!("scenarios: {scenario:?} stands twice"));
        }
    }
    if let Some(topic) = facts.topics.iter().find(|t| !is_id(&t.id)) {
        return bad(format!("topics: {:?} is no identifier", topic.id));
    }
    let exam = &facts.exam;
    if !(1..=300).contains(&exam.minutes)
        || !(1..=100).contains(&exam.pass_percent)
        || exam.attempts == 0
        || exam.cooling_hours > 24 * 90
    {
        return bad("exam: minutes 1 to 300, pass_percent 1 to 100, attempts 1 and more, \
                    cooling_hours up to 2160"
            .into());
    }
    let named = exam.draw.keys().all(|id| facts.topics.iter().any(|t| t.id == *id));
    let whole = facts.topics.iter().all(|t| exam.draw.get(&t.id).is_some_and(|n| *n > 0));
    if !named || !whole {
        return bad("exam.draw: names each topic of the course, with 1 question or more".into());
    }
    Ok(facts)
}
