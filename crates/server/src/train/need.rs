//! What is asked of whom: by the role somebody holds, or by a duty that a finding, a drill's
//! shortcoming, a session or somebody's word gave.

use super::{
    TRAIN, attendance, cmi5,
    people::{self, Reached},
    runs_out,
    shelf::{self, Shelf},
};
use crate::{
    auth::Right,
    clock::{self, DAY},
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Lines on the page.
const SHOWN: usize = 500;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("What is asked of whom, and how far it is done").query::<About>();
    r.get("/training/needs", manage, doc.returns::<Shown>(), show);
}

/// One course asked of one person.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) course: String,
    pub(super) due: i64,
    /// `role`, `finding`, `drill`, `session` or `person`.
    pub(super) reason: String,
    pub(super) label: String,
    pub(super) duty: String,
    /// When it was done last, and until when that is worth something.
    pub(super) done: Option<i64>,
    pub(super) until: Option<i64>,
}

impl Need {
    /// `done`, `lapsed`, `overdue` or `open`.
    pub(super) fn state(&self, now: i64) -> &'static str {
        match self.until {
            Some(until) if until > now => "done",
            Some(_) => "lapsed",
            None if self.due < now => "overdue",
            None => "open",
        }
    }
}

#[derive(FromRow)]
struct Duty {
    id: String,
    person: String,
    course: String,
    due: i64,
    reason: String,
    label: String,
}

/// When people completed courses last: by exam, in a session about the course, or in one made
/// elsewhere.
async fn completions(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
    rule: hangtu_catalog::Counting,
) -> Result<HashMap<(String, String), i64>, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT person, subject, MAX(ended) FROM exam_attempt WHERE organisation = $1 \
         AND ($2 = '' OR person = $2) AND kind = 'course' AND passed = 1 AND ended IS NOT NULL \
         GROUP BY person, subject",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    let mut all: HashMap<(String, String), i64> =
        rows.into_iter().map(|(person, course, at)| ((person, course), at)).collect();
    let mut others = attendance::completed(c, organisation, person, rule).await?;
    others.extend(cmi5::completed(c, organisation, person).await?);
    for (person, course, at) in others {
        let last = all.entry((person, course)).or_insert(at);
        *last = (*last).max(at);
    }
    Ok(all)
}

/// Everybody's needs, or one person's; the earliest deadline of each course.
pub(super) async fn needs(
    catalog: &hangtu_catalog::Catalog,
    shelf: &Shelf,
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
) -> Result<Vec<(Reached, Vec<Need>)>, Error> {
    let rules: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT role, course, days, since FROM training_rule WHERE organisation = $1",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let duties: Vec<Duty> = sqlx::query_as(
        "SELECT id, person, course, due, reason, label FROM training_duty WHERE organisation = $1 \
         AND withdrawn IS NULL AND ($2 = '' OR person = $2) ORDER BY due",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    let done = completions(c, organisation, person, catalog.training.counting).await?;
    let mut by_person: HashMap<String, Vec<Duty>> = HashMap::new();
    for duty in duties {
        by_person.entry(duty.person.clone()).or_default().push(duty);
    }
    let months: HashMap<&str, u16> =
        shelf.iter().map(|c| (c.id.as_str(), c.valid_months)).collect();
    let mut out = Vec::new();
    for who in people::everybody(c, organisation, person).await? {
        let mut asked: BTreeMap<String, Need> = BTreeMap::new();
        let mut add = |need: Need| {
            let earlier = asked.get(&need.course).is_some_and(|n| n.due <= need.due);
            if !earlier && months.contains_key(need.course.as_str()) {
                asked.insert(need.course.clone(), need);
            }
        };
        for (role, course, days, since) in &rules {
            if who.roles.iter().any(|r| people::word(*r) == *role) {
                add(Need {
                    course: course.clone(),
                    due: clock::end_of(clock::day((*since).max(who.created) + days * DAY)),
                    reason: "role".into(),
                    label: role.clone(),
                    duty: String::new(),
                    done: None,
                    until: None,
                });
            }
        }
        for duty in by_person.remove(&who.id).unwrap_or_default() {
            add(Need {
                course: duty.course,
                due: duty.due,
                reason: duty.reason,
                label: duty.label,
                duty: duty.id,
                done: None,
                until: None,
            });
        }
        let mut list: Vec<Need> = asked.into_values().collect();
        for need in &mut list {
            need.done = done.get(&(who.id.clone(), need.course.clone())).copied();
            let months = months.get(need.course.as_str()).copied().unwrap_or(12);
            need.until = need.done.map(|at| runs_out(at, months));
        }
        list.sort_by_key(|n| n.due);
        out.push((who, list));
    }
    Ok(out)
}

/// Where a form comes from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct About {
    /// Id of a finding.
    finding: String,
    /// Id of a drill.
    drill: String,
    /// `open`, `overdue`, `lapsed` or `done`.
    state: String,
    /// Name of a scenario.
    scenario: String,
}

/// A course asked of somebody.
#[derive(Serialize, JsonSchema)]
struct Line {
    person: String,
    name: String,
    department: String,
    course: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    due: i64,
    reason: String,
    label: String,
    duty: String,
    state: &'static str,
    done: Option<i64>,
}

/// A rule.
#[derive(Serialize, JsonSchema)]
struct RuleLine {
    role: String,
    #[schemars(with = "BTreeMap<String, String>")]
    role_title: Bilingual,
    course: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    days: i64,
}

/// What is asked of whom.
#[derive(Serialize, JsonSchema)]
struct Shown {
    total: usize,
    lines: Vec<Line>,
    rules: Vec<RuleLine>,
    /// Number under each state.
    counts: Vec<(&'static str, usize)>,
}

/// What forms choose from.
struct Choices {
    courses: Vec<(String, Bilingual)>,
    roles: Vec<(String, Bilingual)>,
    people: Vec<Reached>,
    departments: BTreeSet<String>,
    due: String,
}

#[derive(Template)]
#[template(path = "train/needs.html")]
struct NeedsPage<'a> {
    page: Page,
    data: &'a Shown,
    choices: Choices,
    about: &'a About,
}

const STATES: [&str; 4] = ["overdue", "lapsed", "open", "done"];

impl NeedsPage<'_> {
    /// What a duty rests on, in words.
    fn because(&self, line: &Line) -> String {
        let label = if line.reason == "role" {
            let found = self.choices.roles.iter().find(|r| r.0 == line.label);
            found.map_or(String::new(), |r| self.page.b(&r.1).to_owned())
        } else {
            line.label.clone()
        };
        format!("{} {label}", self.page.word("train-reason", &line.reason)).trim().to_owned()
    }
}

async fn show(ctx: Ctx, Asked(about): Asked<About>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let now = clock::now();
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, organisation).await?;
    let all = needs(&ctx.app.catalog, &shelf, c, organisation, None).await?;
    let title = |id: &str| {
        let found = shelf.iter().find(|c| c.id == id).map(|c| c.title.clone());
        found.unwrap_or_else(|| Bilingual::new(id, id))
    };
    let within = |id: &str| {
        about.scenario.is_empty()
            || shelf
                .iter()
                .any(|c| c.id == id && c.scenarios.iter().any(|s| s.name() == about.scenario))
    };
    let mut counts: Vec<(&'static str, usize)> = STATES.map(|s| (s, 0)).into();
    let mut lines = Vec::new();
    for (who, list) in &all {
        for need in list.iter().filter(|n| within(&n.course)) {
            let state = need.state(now);
            if let Some(count) = counts.iter_mut().find(|c| c.0 == state) {
                count.1 += 1;
            }
            if !about.state.is_empty() && about.state != state {
                continue;
            }
            lines.push(Line {
                person: who.id.clone(),
                name: who.name.clone(),
                department: who.department.clone(),
                title: title(&need.course),
                course: need.course.clone(),
                due: need.due,
                reason: need.reason.clone(),
                label: need.label.clone(),
                duty: need.duty.clone(),
                state,
                done: need.done,
            });
        }
    }
    let rank = |state: &str| STATES.iter().position(|s| *s == state);
    lines.sort_by_key(|l| (rank(l.state), l.due));
    let total = lines.len();
    lines.truncate(SHOWN);
    let roles = people::titles(&ctx);
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT role, course, days FROM training_rule WHERE organisation = $1 ORDER BY role, course",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let rules = rows.into_iter().map(|(role, course, days)| RuleLine {
        role_title: roles.iter().find(|r| r.0 == role).map(|r| r.1.clone()).unwrap_or_default(),
        role,
        title: title(&course),
        course,
        days,
    });
    let data = Shown { total, lines, rules: rules.collect(), counts };
    let choices = Choices {
        courses: shelf.iter().map(|c| (c.id.clone(), c.title.clone())).collect(),
        roles,
        departments: all
            .iter()
            .map(|(p, _)| p.department.clone())
            .filter(|d| !d.is_empty())
            .collect(),
        people: all.into_iter().map(|(p, _)| p).take(SHOWN).collect(),
        due: clock::day(now + 30 * DAY).to_string(),
    };
    ctx.show(key::TRAIN_NEEDS, &data, |page| NeedsPage {
        page,
        data: &data,
        choices,
        about: &about,
    })
}
