//! The questionnaire's pages: where a round stands, and its questions as cards.

use super::{
    round::{self, Round},
    sheet::{self, Card, Progress},
};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    input::Asked,
    people::{self, Colleague},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Scenario, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Cards on a page.
const CARDS: usize = 12;

/// How far a group has come.
#[derive(Serialize, JsonSchema)]
struct GroupProgress {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    progress: Progress,
}

/// Where the newest round stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct Overview {
    rounds: Vec<Round>,
    progress: Progress,
    groups: Vec<GroupProgress>,
}

#[derive(Template)]
#[template(path = "answer/start.html")]
struct StartPage<'a> {
    page: Page,
    data: &'a Overview,
    colleagues: Vec<Colleague>,
    mine: usize,
    may_lead: bool,
}

async fn pickable(ctx: &Ctx) -> Result<Vec<Colleague>, Error> {
    let mut c = ctx.app.db.read().await?;
    let all = people::colleagues(&mut c, ctx.organisation()?).await?;
    Ok(all.into_iter().filter(|p| p.can(Right::Answer)).collect())
}

pub(super) async fn start(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let catalog = &ctx.app.catalog;
    let (rounds, cards) = {
        let mut c = ctx.app.db.read().await?;
        let rounds = round::all(&mut c, organisation).await?;
        let cards = match rounds.first() {
            Some(newest) => sheet::cards(catalog, &mut c, organisation, newest).await?,
            None => Vec::new(),
        };
        (rounds, cards)
    };
    let group = |g: &hangtu_catalog::Group| GroupProgress {
        id: g.id.clone(),
        title: g.title.clone(),
        progress: Progress::of(cards.iter().filter(|card| card.group == g.id)),
    };
    let groups = catalog.questionnaire.groups.iter().map(group);
    let data = Overview {
        progress: Progress::of(&cards),
        groups: groups.filter(|g| g.progress.total > 0).collect(),
        rounds,
    };
    let me = &ctx.signed()?.person;
    let mine = cards.iter().filter(|card| card.assigned == *me && card.blank()).count();
    let colleagues = pickable(&ctx).await?;
    ctx.show(key::ANSWER_TITLE, &data, |page| StartPage {
        may_lead: page.may(Right::Correct),
        page,
        data: &data,
        colleagues,
        mine,
    })
}

/// Which questions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Filter {
    /// Id of a round; the newest when absent.
    pub(super) round: String,
    /// One control point.
    pub(super) control: String,
    pub(super) group: String,
    pub(super) scenario: String,
    /// `blank`, `answered`, `not-applicable` or `contradicted`.
    pub(super) state: String,
    /// Anything: only those assigned to the one who asks.
    pub(super) mine: String,
    /// Counted from 1.
    pub(super) page: String,
}

/// The states to filter by.
const STATES: [&str; 4] = ["blank", "answered", "not-applicable", "contradicted"];

impl Filter {
    fn takes(&self, card: &Card, me: &str) -> bool {
        let is = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
        let state = match self.state.as_str() {
            "blank" => card.blank(),
            "answered" => !card.blank() && card.means != "not-applicable",
            "not-applicable" => card.means == "not-applicable",
            "contradicted" => card.contradicted(),
            _ => true,
        };
        state
            && is(&self.control, &card.control)
            && is(&self.group, &card.group)
            && (self.scenario.is_empty() || card.scenarios.contains(&self.scenario.as_str()))
            && (self.mine.is_empty() || card.assigned == me)
    }

    /// The address of another page of the same questions.
    fn at(&self, page: usize) -> String {
        let fields = [
            ("round", &self.round),
            ("control", &self.control),
            ("group", &self.group),
            ("scenario", &self.scenario),
            ("state", &self.state),
            ("mine", &self.mine),
            ("page", &page.to_string()),
        ];
        let given: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/answers/questions?{}", serde_html_form::to_string(given).unwrap_or_default())
    }
}

/// One page of questions.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the API\'s words")]
pub(super) struct Questions {
    round: Option<Round>,
    /// Of the questions that were asked for.
    progress: Progress,
    page: usize,
    pages: usize,
    questions: Vec<Card>,
}

#[derive(Template)]
#[template(path = "answer/questions.html")]
struct QuestionsPage<'a> {
    page: Page,
    data: &'a Questions,
    filter: &'a Filter,
    groups: &'a [hangtu_catalog::Group],
    colleagues: Vec<Colleague>,
    may_lead: bool,
    /// Whether the round is open and the reader may answer at all.
    open: bool,
    me: String,
}

impl QuestionsPage<'_> {
    fn editable(&self, card: &Card) -> bool {
        self.open && (self.may_lead || card.assigned == self.me)
    }
}

pub(super) async fn questions(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let me = ctx.signed()?.person.clone();
    let catalog = &ctx.app.catalog;
    let (round, mut cards) = {
        let mut c = ctx.app.db.read().await?;
        let round = if filter.round.is_empty() {
            round::newest(&mut c, organisation).await?
        } else {
            Some(round::one(&mut c, organisation, &filter.round).await?)
        };
        let cards = match &round {
            Some(round) => sheet::cards(catalog, &mut c, organisation, round).await?,
            None => Vec::new(),
        };
        (round, cards)
    };
    cards.retain(|card| filter.takes(card, &me));
    let progress = Progress::of(&cards);
    let pages = cards.len().div_ceil(CARDS).max(1);
    let at = filter.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let questions: Vec<Card> = cards.into_iter().skip((at - 1) * CARDS).take(CARDS).collect();
    let data = Questions { round, progress, page: at, pages, questions };
    let open =
        data.round.as_ref().is_some_and(|r| r.finished.is_none()) && ctx.may(Right::Answer).is_ok();
    let colleagues = pickable(&ctx).await?;
    ctx.show(key::ANSWER_QUESTIONS, &data, |page| QuestionsPage {
        may_lead: page.may(Right::Correct),
        page,
        data: &data,
        filter: &filter,
        groups: &catalog.questionnaire.groups,
        colleagues,
        open,
        me,
    })
}
