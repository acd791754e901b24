//! What is asked of whom: by the role somebody holds, or by a duty that a finding, a drill's
//! shortcoming, a session or somebody's word gave.

use super::{
    TRAIN, attend, people::{self, Reached},
    runs_out,
    shelf::{self, Shelf},
};
use crate::{
    auth::{Right, new_id},
    clock::{self, DAY},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, Input, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, course::Course, key};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days that the suggested rules give.
const DAYS: i64 = 90;
/// Lines on the page.
const SHOWN: usize = 500;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("What is asked of whom, and how far it is done").query::<About>();
    r.get("/training/needs", manage, doc.returns::<Shown>(), show);
    let doc = Doc::new("Asks a course of people").body::<Asks>().returns::<Done>();
    r.post("/training/needs", manage, doc, ask);
    let doc = Doc::new("No longer asks it").returns::<Done>();
    r.post("/training/needs/{id}/withdraw", manage, doc, withdraw);
    let doc = Doc::new("Asks a course of everybody who holds a role, or no longer does");
    r.post("/training/rules", manage, doc.body::<Rules>().returns::<Done>(), rule);
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

/// When people completed courses last: by exam, or in a session about the course.
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
    for (person, course, at) in attend::completed(c, organisation, person, rule).await? {
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
    now: i64,
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
        now,
    })
}

/// Who is to have what, until when, and why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Asks {
    course: String,
    /// `2026-12-31`
    due: String,
    person: Vec<String>,
    /// Everybody who holds these roles.
    role: Vec<String>,
    /// Everybody of these departments.
    department: Vec<String>,
    /// Id of the finding that asks for it.
    finding: String,
    /// Id of the drill that asks for it.
    drill: String,
    note: String,
}

/// How many it concerns.
#[derive(Serialize, JsonSchema)]
pub(super) struct Done {
    pub(super) people: usize,
}

/// Those who are named, or hold a role, or belong to a department.
pub(super) fn chosen<'p>(
    all: &'p [Reached],
    person: &[String],
    role: &[String],
    department: &[String],
) -> Vec<&'p Reached> {
    all.iter()
        .filter(|p| {
            person.contains(&p.id)
                || p.roles.iter().any(|r| role.contains(&people::word(*r)))
                || department.contains(&p.department)
        })
        .collect()
}

/// Writes a duty.
pub(super) async fn give(
    change: &mut Change,
    person: &str,
    course: &Course,
    due: i64,
    why: (&str, &str, &str),
) -> Result<(), Error> {
    let (reason, source, label) = why;
    sqlx::query(
        "INSERT INTO training_duty (id, organisation, person, course, due, reason, source, label, \
         created, created_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new_id())
    .bind(change.organisation().to_owned())
    .bind(person)
    .bind(&course.id)
    .bind(due)
    .bind(reason)
    .bind(source)
    .bind(label)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// The last moment of a day that somebody chose.
pub(super) fn deadline(text: &str) -> Result<i64, Error> {
    let day: Option<Date> = text.trim().parse().ok();
    day.map(clock::end_of).ok_or_else(|| Error::invalid("due", key::SERVER_FIELD_CHOICE))
}

async fn ask(ctx: Ctx, Input(asks): Input<Asks>) -> Result<Response, Error> {
    let due = deadline(&asks.due)?;
    let note = prose("note", &asks.note, 200)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let course = shelf.one(&asks.course);
    let course = course.map_err(|_| Error::invalid("course", key::SERVER_FIELD_CHOICE))?;
    let (reason, source, label) = if !asks.finding.is_empty() {
        let number =
            crate::correct::facts::number(&mut change, &organisation, &asks.finding).await?;
        ("finding", asks.finding.clone(), format!("{number} {note}"))
    } else if !asks.drill.is_empty() {
        let number = crate::drill::number(&mut change, &organisation, &asks.drill).await?;
        ("drill", asks.drill.clone(), format!("{number} {note}"))
    } else {
        ("person", change.actor().id.clone(), note)
    };
    let all = people::everybody(&mut change, &organisation, None).await?;
    let chosen = chosen(&all, &asks.person, &asks.role, &asks.department);
    if chosen.is_empty() {
        return Err(Error::invalid("person", key::TRAIN_NOBODY));
    }
    for who in &chosen {
        give(&mut change, &who.id, course, due, (reason, &source, label.trim())).await?;
    }
    let detail = json!({ "people": chosen.iter().map(|p| p.id.clone()).collect::<Vec<_>>(),
        "due": clock::rfc3339(due), "reason": reason, "source": source });
    change.note("training.ask", format!("course/{}", course.id), detail);
    let done = Done { people: chosen.len() };
    change.commit().await?;
    Ok(ctx.done(&done, "/training/needs", key::TRAIN_DONE))
}

async fn withdraw(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "UPDATE training_duty SET withdrawn = $3 WHERE organisation = $1 AND id = $2 \
         AND withdrawn IS NULL",
    )
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("training.withdraw", format!("duty/{id}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&Done { people: 1 }, "/training/needs", key::TRAIN_DONE))
}

/// A rule to be made or taken back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Rules {
    /// `add`, `remove`, or `suggested`: every course for each role that it addresses.
    action: String,
    role: String,
    course: String,
    #[serde(deserialize_with = "crate::input::blank")]
    days: Option<i64>,
}

async fn rule(ctx: Ctx, Input(asked): Input<Rules>) -> Result<Response, Error> {
    let days = asked.days.unwrap_or(DAYS);
    if !(1..=730).contains(&days) {
        return Err(Error::invalid("days", key::SERVER_FIELD_CHOICE));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    let pairs: Vec<(String, String)> = if asked.action == "suggested" {
        let of = |c: &Course| {
            let id = c.id.clone();
            c.roles.iter().map(move |r| (people::word(*r), id.clone())).collect::<Vec<_>>()
        };
        shelf.iter().flat_map(of).collect()
    } else {
        people::role(&asked.role).ok_or_else(|| choice("role"))?;
        vec![(asked.role.clone(), asked.course.clone())]
    };
    if asked.action == "remove" {
        let done = sqlx::query(
            "DELETE FROM training_rule WHERE organisation = $1 AND role = $2 AND course = $3",
        )
        .bind(&organisation)
        .bind(&asked.role)
        .bind(&asked.course)
        .execute(&mut *change)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
    } else {
        for (role, course) in &pairs {
            shelf.one(course).map_err(|_| choice("course"))?;
            let keep = if asked.action == "suggested" {
                "DO NOTHING"
            } else {
                "DO UPDATE SET days = excluded.days"
            };
            let sql = format!(
                "INSERT INTO training_rule (organisation, role, course, days, since) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organisation, role, course) {keep}"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(&organisation)
                .bind(role)
                .bind(course)
                .bind(days)
                .bind(clock::now())
                .execute(&mut *change)
                .await?;
        }
    }
    let rules: Vec<String> = pairs.iter().map(|(r, c)| format!("{r} {c}")).collect();
    let detail = json!({ "action": if asked.action.is_empty() { "add" } else { &asked.action },
        "rules": rules, "days": days });
    change.note("training.rule", "training/rules", detail);
    let done = Done { people: rules.len() };
    change.commit().await?;
    Ok(ctx.done(&done, "/training/needs", key::TRAIN_DONE))
}
