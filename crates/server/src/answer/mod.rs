//! The questionnaire: an enterprise's claims about itself, kept beside what evidence shows.

mod attach;
mod contradict;
mod list;
mod round;
mod save;
mod sheet;

use crate::{
    auth::Right,
    clock,
    error::Error,
    route::{Access, Doc, Routes},
};
use hangtu_catalog::Catalog;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AnyConnection;
use std::collections::BTreeMap;

pub(crate) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let answer = Access::May(Right::Answer);
    let lead = Access::May(Right::Correct);
    r.get(
        "/answers",
        read,
        Doc::new("The rounds of the questionnaire and how far the newest has come")
            .returns::<list::Overview>(),
        list::start,
    );
    r.get(
        "/answers/questions",
        read,
        Doc::new("Questions of a round with their answers and what evidence shows")
            .query::<list::Filter>()
            .returns::<list::Questions>(),
        list::questions,
    );
    r.post(
        "/answers/open",
        lead,
        Doc::new("Open the next round of the questionnaire").returns::<round::Made>(),
        round::open,
    );
    r.post(
        "/answers/finish",
        lead,
        Doc::new("Finish and freeze a round without blanks")
            .body::<round::Which>()
            .returns::<round::Finished>(),
        round::finish,
    );
    r.post(
        "/answers/assign",
        lead,
        Doc::new("Hand questions to a colleague")
            .body::<save::Assign>()
            .returns::<save::Assigned>(),
        save::assign,
    );
    r.post(
        "/answers/questions/{control}",
        answer,
        Doc::new("Save an answer upon the version that was seen")
            .body::<save::Typed>()
            .returns::<save::Saved>(),
        save::save,
    );
    r.post(
        "/answers/questions/{control}/still",
        answer,
        Doc::new("Confirm that the answer of the round before still holds")
            .body::<save::Still>()
            .returns::<save::Saved>(),
        save::still,
    );
    r.post(
        "/answers/questions/{control}/attachments",
        answer,
        Doc::new("Add a file of at most 20 MiB to an answer")
            .query::<attach::Named>()
            .takes("application/octet-stream")
            .returns::<attach::Kept>(),
        attach::add,
    );
    r.get(
        "/answers/attachments/{id}",
        read,
        Doc::new("A file beside an answer").gives("application/octet-stream"),
        attach::get,
    );
    r.post(
        "/answers/attachments/{id}/remove",
        answer,
        Doc::new("Take a file away from an answer"),
        attach::remove,
    );
    r.get(
        "/answers/contradictions",
        read,
        Doc::new("Claims that evidence contradicts").returns::<contradict::Contradictions>(),
        contradict::list,
    );
    r.post(
        "/answers/contradictions",
        answer,
        Doc::new("Write down why a claim and an observation both hold")
            .body::<contradict::Explain>(),
        contradict::explain,
    );
}

/// The latest claim about a control point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// `met`, `partly`, `unmet` or `not-applicable`.
    pub(crate) means: String,
    pub(crate) note: String,
    /// When it was said.
    pub(crate) time: i64,
}

/// The latest claim about each control point: of the newest round, else of the last finished one.
pub(crate) async fn claims(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<BTreeMap<String, Claimed>, Error> {
    let mut claims = BTreeMap::new();
    let Some(newest) = round::newest(c, organisation).await? else { return Ok(claims) };
    let before = round::before(c, organisation, newest.number).await?;
    for round in before.iter().chain([&newest]) {
        for row in sheet::rows(c, organisation, &round.id).await? {
            if !row.means.is_empty() {
                let claim = Claimed { means: row.means, note: row.note, time: row.changed };
                claims.insert(row.control, claim);
            }
        }
    }
    Ok(claims)
}

/// How the questionnaire stands.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Standing {
    /// Number of the newest round; absent before the first.
    pub(crate) round: Option<i64>,
    /// Whether it is being answered.
    pub(crate) open: bool,
    pub(crate) total: u64,
    pub(crate) blank: u64,
    /// Claims that evidence denies, without a reason.
    pub(crate) contradictions: u64,
    /// Blank questions that were handed to the person who asks.
    pub(crate) mine: u64,
    /// Of these, past their day.
    pub(crate) mine_overdue: u64,
    /// Blank questions past their day, of everybody.
    pub(crate) overdue: u64,
}

/// How the questionnaire stands, for one person's eyes.
pub(crate) async fn standing(
    catalog: &Catalog,
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
) -> Result<Standing, Error> {
    let Some(round) = round::newest(c, organisation).await? else {
        return Ok(Standing::default());
    };
    let cards = sheet::cards(catalog, c, organisation, &round).await?;
    let open = round.finished.is_none();
    let now = clock::now();
    let count =
        |test: &dyn Fn(&sheet::Card) -> bool| cards.iter().filter(|card| test(card)).count() as u64;
    let mine = |card: &sheet::Card| open && card.blank() && card.assigned == person;
    let late = |card: &sheet::Card| open && card.blank() && card.due.is_some_and(|due| due < now);
    Ok(Standing {
        round: Some(round.number),
        open,
        total: cards.len() as u64,
        blank: count(&sheet::Card::blank),
        contradictions: count(&sheet::Card::contradicted),
        mine: count(&mine),
        mine_overdue: count(&|card| mine(card) && late(card)),
        overdue: count(&late),
    })
}
