//! A round with everything that stands beside each question: the claim, who is to answer, what was
//! said the last time, what evidence shows.

use super::{
    attach::{self, Attachment},
    contradict::{self, Reason},
    round::{self, Round},
};
use crate::{
    clock,
    error::Error,
    examine::{self, Observed},
    people,
};
use hangtu_catalog::{Bilingual, Catalog, Means, Question};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, HashMap};

/// What a choice says, as the store and the API keep it.
pub(super) fn word(means: Means) -> &'static str {
    match means {
        Means::Met => "met",
        Means::Partly => "partly",
        Means::Unmet => "unmet",
        Means::NotApplicable => "not-applicable",
    }
}

/// The same from the store; absent for a blank.
pub(super) fn means_word(word: &str) -> Option<&'static str> {
    ["met", "partly", "unmet", "not-applicable"].into_iter().find(|w| *w == word)
}

/// One question of a round in the store.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) control: String,
    pub(super) choice: String,
    pub(super) means: String,
    pub(super) note: String,
    pub(super) assigned: String,
    pub(super) due: Option<i64>,
    pub(super) version: i64,
    pub(super) changed: i64,
    pub(super) changed_name: String,
}

/// The questions of a round.
pub(super) async fn rows(
    c: &mut AnyConnection,
    organisation: &str,
    round: &str,
) -> Result<Vec<Row>, Error> {
    Ok(sqlx::query_as(
        "SELECT control, choice, means, note, assigned, due, version, changed, changed_name \
         FROM answer WHERE organisation = $1 AND round = $2 ORDER BY control",
    )
    .bind(organisation)
    .bind(round)
    .fetch_all(c)
    .await?)
}

/// One question of a round.
pub(super) async fn row(
    c: &mut AnyConnection,
    organisation: &str,
    round: &str,
    control: &str,
) -> Result<Row, Error> {
    Ok(sqlx::query_as(
        "SELECT control, choice, means, note, assigned, due, version, changed, changed_name \
         FROM answer WHERE organisation = $1 AND round = $2 AND control = $3",
    )
    .bind(organisation)
    .bind(round)
    .bind(control)
    .fetch_one(c)
    .await?)
}

/// A possible answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Pick {
    pub(super) id: String,
    /// `met`, `partly`, `unmet` or `not-applicable`.
    pub(super) means: &'static str,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) label: Bilingual,
}

/// What was answered in an earlier round.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Former {
    /// Number of that round.
    pub(super) number: i64,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) label: Bilingual,
    pub(super) note: String,
}

/// What evidence shows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Seen {
    pub(super) run: String,
    pub(super) time: i64,
    /// `measured` or `error`.
    pub(super) status: String,
    pub(super) findings: i64,
}

impl From<&Observed> for Seen {
    fn from(o: &Observed) -> Self {
        Self { run: o.run.clone(), time: o.time, status: o.status.clone(), findings: o.findings }
    }
}

/// A question and everything beside it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Card {
    pub(super) control: String,
    pub(super) group: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) question: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) how: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) evidence: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) clause: Bilingual,
    /// Whom it concerns.
    pub(super) applies: String,
    pub(super) scenarios: Vec<&'static str>,
    pub(super) choices: Vec<Pick>,
    /// Empty while blank.
    pub(super) choice: String,
    /// Empty while blank.
    pub(super) means: String,
    pub(super) note: String,
    /// Counts the saves.
    pub(super) version: i64,
    pub(super) changed: i64,
    pub(super) changed_name: String,
    pub(super) assigned: String,
    pub(super) assigned_name: String,
    pub(super) due: Option<i64>,
    pub(super) overdue: bool,
    /// A suggestion, not an answer.
    pub(super) former: Option<Former>,
    pub(super) observed: Option<Seen>,
    /// `met-found`, `not-applicable-found` or `unmet-clean`.
    pub(super) contradiction: Option<&'static str>,
    /// Why both hold.
    pub(super) reason: Option<Reason>,
    pub(super) attachments: Vec<Attachment>,
}

impl Card {
    /// Nothing was answered.
    pub(super) fn blank(&self) -> bool {
        self.choice.is_empty()
    }

    /// A contradiction that nobody has explained.
    pub(super) fn contradicted(&self) -> bool {
        self.contradiction.is_some() && self.reason.is_none()
    }

    /// The words of the answer that was given.
    pub(super) fn chosen(&self) -> Option<&Bilingual> {
        self.choices.iter().find(|c| c.id == self.choice).map(|c| &c.label)
    }
}

/// How far questions have come. Blanks are never counted as anything else.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Progress {
    pub(super) total: u64,
    /// With yes, partly or no.
    pub(super) answered: u64,
    /// All that are not said to be not applicable.
    pub(super) to_answer: u64,
    pub(super) not_applicable: u64,
    pub(super) blank: u64,
    /// Of the answered ones, claimed to be met.
    pub(super) met: u64,
    pub(super) contradicted: u64,
}

impl Progress {
    pub(super) fn of<'a>(cards: impl IntoIterator<Item = &'a Card>) -> Self {
        let mut p = Self::default();
        for card in cards {
            p.total += 1;
            match card.means.as_str() {
                "" => p.blank += 1,
                "not-applicable" => p.not_applicable += 1,
                "met" => {
                    p.answered += 1;
                    p.met += 1;
                }
                _ => p.answered += 1,
            }
            p.contradicted += u64::from(card.contradicted());
        }
        p.to_answer = p.total - p.not_applicable;
        p
    }
}

fn picks(catalog: &Catalog, question: &Question) -> Vec<Pick> {
    let choices = catalog.questionnaire.choices(question).iter();
    choices
        .map(|c| Pick { id: c.id.clone(), means: word(c.means), label: c.label.clone() })
        .collect()
}

fn applies(question: &Question) -> String {
    serde_json::to_value(question.applies)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// All questions of a round, in the order of control points.
pub(super) async fn cards(
    catalog: &Catalog,
    c: &mut AnyConnection,
    organisation: &str,
    round: &Round,
) -> Result<Vec<Card>, Error> {
    let rows = rows(c, organisation, &round.id).await?;
    let before = round::before(c, organisation, round.number).await?;
    let mut former: HashMap<String, Row> = HashMap::new();
    if let Some(before) = &before {
        for row in self::rows(c, organisation, &before.id).await? {
            former.insert(row.control.clone(), row);
        }
    }
    let observed = examine::observed(c, organisation).await?;
    let mut attachments = attach::of_round(c, organisation, &round.id).await?;
    let reasons = contradict::reasons(c, organisation, &round.id).await?;
    let names: HashMap<String, String> = people::colleagues(c, organisation)
        .await?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    let mut rows: HashMap<String, Row> = rows.into_iter().map(|r| (r.control.clone(), r)).collect();
    let (now, mut cards) = (clock::now(), Vec::with_capacity(rows.len()));
    for question in &catalog.questionnaire.questions {
        let Some(row) = rows.remove(&question.control) else { continue };
        let choices = picks(catalog, question);
        let earlier = former.get(&question.control).and_then(|f| {
            let pick = choices.iter().find(|p| p.id == f.choice)?;
            let number = before.as_ref().map_or(0, |b| b.number);
            Some(Former { number, label: pick.label.clone(), note: f.note.clone() })
        });
        let seen = observed.get(&question.control);
        let contradiction = contradict::between(&row.means, seen);
        let reason = seen.and_then(|o| {
            let same =
                |r: &&Reason| r.control == row.control && r.means == row.means && r.run == o.run;
            reasons.iter().rev().find(same).cloned()
        });
        let control = catalog.control(&question.control);
        cards.push(Card {
            group: row.control.split('-').next().unwrap_or_default().to_owned(),
            question: question.question.clone(),
            how: question.how.clone(),
            evidence: question.evidence.clone(),
            clause: question.clause.clone(),
            applies: applies(question),
            scenarios: control
                .map_or_else(Vec::new, |x| x.scenarios.iter().map(|s| s.name()).collect()),
            choices,
            overdue: row.choice.is_empty() && row.due.is_some_and(|due| due < now),
            choice: row.choice,
            means: row.means,
            note: row.note,
            version: row.version,
            changed: row.changed,
            changed_name: row.changed_name,
            assigned_name: names.get(&row.assigned).cloned().unwrap_or_default(),
            assigned: row.assigned,
            due: row.due,
            former: earlier,
            observed: seen.map(Seen::from),
            contradiction,
            reason,
            attachments: attachments.remove(&question.control).unwrap_or_default(),
            control: row.control,
        });
    }
    Ok(cards)
}
