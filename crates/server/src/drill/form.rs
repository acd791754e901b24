//! The two report forms of the Emergency Plan (Annexes 2 and 3), filled in within a drill. Their
//! fields are content (`incident.yml`); a check of what was handed in stands in the report.

use super::{live, log};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, Input, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{DataCategory, DataLevel, FormField, IncidentLevel, Scale, key, sha256};
use hangtu_drill::{
    exercise::{Event, FormContent},
    incident::{EventForm, Known, Learned, Personal, Reporter, SummaryForm},
};
use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    r.page("/drills/{id}/event-form", read, event_page);
    r.page("/drills/{id}/summary-form", read, summary_page);
    let doc = Doc::new("Hands in the event form (Annex 2) in a drill").body::<EventTyped>();
    r.post("/drills/{id}/event-form", read, doc.returns::<Done>(), event);
    let doc = Doc::new("Hands in the summary report (Annex 3) in a drill").body::<SummaryTyped>();
    r.post("/drills/{id}/summary-form", read, doc.returns::<Done>(), summary);
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Role {
    role: String,
}

#[derive(Template)]
#[template(path = "drill/form.html")]
struct FormPage<'a> {
    page: Page,
    id: &'a str,
    role: &'a str,
    /// `event` or `summary`.
    kind: &'static str,
    fields: &'a [FormField],
    now: String,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl FormPage<'_> {
    fn levels(&self) -> impl Iterator<Item = &'static str> {
        IncidentLevel::ALL.iter().map(|l| l.name())
    }

    fn data_levels(&self) -> impl Iterator<Item = &'static str> {
        DataLevel::ALL.iter().map(|l| l.name())
    }

    fn categories(&self) -> impl Iterator<Item = &'static str> {
        DataCategory::ALL.iter().map(|l| l.name())
    }

    fn long(&self, field: &FormField) -> bool {
        self.kind == "summary" || ["cause", "taken", "planned", "help"].contains(&field.id.as_str())
    }
}

async fn page(ctx: Ctx, id: String, role: String, kind: &'static str) -> Result<Response, Error> {
    live::admit(&ctx, &id).await?;
    let rules = &ctx.app.catalog.incident;
    let (fields, title) = match kind {
        "event" => (&rules.event_form, key::DRILL_EVENT_FORM),
        _ => (&rules.summary_form, key::DRILL_SUMMARY_FORM),
    };
    let now = super::overview::field(clock::now());
    ctx.show(title, &(), |page| FormPage { page, id: &id, role: &role, kind, fields, now })
}

async fn event_page(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(asked): Asked<Role>,
) -> Result<Response, Error> {
    page(ctx, id, asked.role, "event").await
}

async fn summary_page(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(asked): Asked<Role>,
) -> Result<Response, Error> {
    page(ctx, id, asked.role, "summary").await
}

/// The event form as it is typed. A field whose name stands in `unclear` is 尚不明确.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct EventTyped {
    role: String,
    unclear: Vec<String>,
    reporter_name: String,
    reporter_contact: String,
    reporter_mobile: String,
    /// `2026-09-30T16:20` in the plant's time.
    time: String,
    /// `self_monitoring`, `public_web`, `third_party` or `other`.
    learned: String,
    /// URL, name or words.
    learned_from: String,
    unit: String,
    level: String,
    system: String,
    addresses: String,
    cause: String,
    categories: Vec<String>,
    data_level: String,
    scale_gb: String,
    scale_rows: String,
    persons: String,
    sensitive_persons: String,
    affected: String,
    area: String,
    taken: String,
    planned: String,
    help: String,
    /// Who signs it, where a signature is needed.
    signature: String,
}

/// Where it stands.
#[derive(Serialize, JsonSchema)]
struct Done {
    entry: String,
}

fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, word: &str) -> Option<T> {
    all.iter().copied().find(|x| name(*x) == word)
}

/// A number as people write it, thousands apart or not.
fn number<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<T>, Error> {
    let text = text.trim().replace([',', '，'], "");
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    text.parse().map(Some).map_err(wrong)
}

impl EventTyped {
    fn form(&self) -> Result<EventForm, Error> {
        let short = |field: &'static str, text: &str| prose(field, text, 500);
        let long = |field: &'static str, text: &str| prose(field, text, 4000);
        let unclear = |field: &str| self.unclear.iter().any(|u| u == field);
        let known = |field: &'static str, text: &str| -> Result<Known<String>, Error> {
            let text = long(field, text)?;
            Ok(match (unclear(field), text.is_empty()) {
                (true, _) => Known::Unclear,
                (false, true) => Known::Empty,
                (false, false) => Known::Given(text),
            })
        };
        let time = match self.time.trim() {
            "" => None,
            text => {
                let local: Option<DateTime> = text.parse().ok();
                let time = local.and_then(clock::of).map(clock::stamp);
                Some(time.ok_or_else(|| Error::invalid("time", key::SERVER_FIELD_CHOICE))?)
            }
        };
        let from = short("learned_from", &self.learned_from)?;
        let learned = match self.learned.as_str() {
            "self_monitoring" => Some(Learned::SelfMonitoring),
            "public_web" => Some(Learned::PublicWeb(from)),
            "third_party" => Some(Learned::ThirdParty(from)),
            "other" => Some(Learned::Other(from)),
            _ => None,
        };
        let scale = Scale {
            gb: number("scale_gb", &self.scale_gb)?,
            rows: number("scale_rows", &self.scale_rows)?,
        };
        let persons: Option<u64> = number("persons", &self.persons)?;
        let sensitive: Option<u64> = number("sensitive_persons", &self.sensitive_persons)?;
        let signature = short("signature", &self.signature)?;
        Ok(EventForm {
            reporter: Reporter {
                name: short("reporter_name", &self.reporter_name)?,
                contact: short("reporter_contact", &self.reporter_contact)?,
                mobile: short("reporter_mobile", &self.reporter_mobile)?,
            },
            time,
            learned,
            unit: short("unit", &self.unit)?,
            level: named(IncidentLevel::ALL, IncidentLevel::name, &self.level),
            system: known("system", &self.system)?,
            addresses: known("addresses", &self.addresses)?,
            cause: known("cause", &self.cause)?,
            categories: self
                .categories
                .iter()
                .filter_map(|c| named(DataCategory::ALL, DataCategory::name, c))
                .collect(),
            data_level: named(DataLevel::ALL, DataLevel::name, &self.data_level),
            scale: match (unclear("scale"), scale.gb.is_some() || scale.rows.is_some()) {
                (true, _) => Known::Unclear,
                (false, true) => Known::Given(scale),
                (false, false) => Known::Empty,
            },
            personal: match (unclear("personal"), persons) {
                (true, _) => Known::Unclear,
                (false, Some(persons)) => Known::Given(Personal {
                    persons,
                    sensitive_persons: sensitive.unwrap_or(0),
                    scale: Scale::default(),
                }),
                (false, None) => Known::Empty,
            },
            affected: known("affected", &self.affected)?,
            area: known("area", &self.area)?,
            taken: long("taken", &self.taken)?,
            planned: long("planned", &self.planned)?,
            help: long("help", &self.help)?,
            signature: (!signature.is_empty()).then(|| sha256(signature.as_bytes())),
        })
    }
}

/// The summary report as it is typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct SummaryTyped {
    role: String,
    cause: String,
    course: String,
    nature: String,
    responsibility: String,
    impact: String,
    policy: String,
    technology: String,
    people: String,
    emergency: String,
    notice: String,
    /// `yes` where users were told.
    users_told: String,
    improvement: String,
    lessons: String,
    other: String,
    /// What proves it, one a line.
    proof: String,
    /// Who sealed the first page.
    seal: String,
    /// `yes` where somebody made sure that it holds no state secrets.
    no_secrets: String,
}

impl SummaryTyped {
    fn form(&self) -> Result<SummaryForm, Error> {
        let long = |field: &'static str, text: &str| prose(field, text, 4000);
        let proof = long("proof", &self.proof)?;
        let seal = long("seal", &self.seal)?;
        Ok(SummaryForm {
            cause: long("cause", &self.cause)?,
            course: long("course", &self.course)?,
            nature: long("nature", &self.nature)?,
            responsibility: long("responsibility", &self.responsibility)?,
            impact: long("impact", &self.impact)?,
            policy: long("policy", &self.policy)?,
            technology: long("technology", &self.technology)?,
            people: long("people", &self.people)?,
            emergency: long("emergency", &self.emergency)?,
            notice: long("notice", &self.notice)?,
            users_told: self.users_told == "yes",
            improvement: long("improvement", &self.improvement)?,
            lessons: long("lessons", &self.lessons)?,
            other: long("other", &self.other)?,
            proof: proof.lines().map(|l| sha256(l.as_bytes())).collect(),
            seal: (!seal.is_empty()).then(|| sha256(seal.as_bytes())),
            no_secrets: self.no_secrets == "yes",
        })
    }
}

async fn hand_in(ctx: Ctx, id: String, role: String, form: FormContent) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut drill = log::hold(&ctx.app, &mut change, &id).await?;
    let entry = drill.by_person(&mut change, Event::FormSubmitted { role, form })?;
    drill.commit(&ctx.app, change).await?;
    Ok(ctx.done(&Done { entry: entry.0 }, &format!("/drills/{id}/part"), key::DRILL_ENTERED))
}

async fn event(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<EventTyped>,
) -> Result<Response, Error> {
    let form = FormContent::Event(Box::new(typed.form()?));
    hand_in(ctx, id, typed.role, form).await
}

async fn summary(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<SummaryTyped>,
) -> Result<Response, Error> {
    let form = FormContent::Summary(Box::new(typed.form()?));
    hand_in(ctx, id, typed.role, form).await
}
