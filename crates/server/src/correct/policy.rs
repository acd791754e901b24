//! How fast findings are to be corrected, for how long a risk may be borne, which days are worked:
//! as shipped, or as the organisation's own files say.

use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, Input},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Calendar, Catalog, Level, Policy, key, key::Key};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;

pub(super) fn routes(r: &mut Routes) {
    let doc =
        Doc::new("Deadlines by level, acceptance of risks and the calendar").query::<Reckon>();
    let read = Access::Any(&[Right::Read, Right::Policy]);
    r.get("/policy", read, doc.returns::<Shown>(), show);
    let doc = Doc::new("Replace the policy or the calendar by a file of one's own").body::<Own>();
    r.post("/policy", Access::May(Right::Policy), doc, save);
}

/// The rules that hold for an organisation.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) calendar: Calendar,
    /// The organisation's own files; empty where the shipped ones hold.
    policy_text: String,
    calendar_text: String,
}

impl Rules {
    /// The last moment to correct a finding that is found now.
    pub(crate) fn due(&self, level: Level) -> i64 {
        clock::end_of(self.policy.deadline(level, clock::day(clock::now()), &self.calendar))
    }

    /// The last day until which a risk may be accepted from today.
    pub(crate) fn accept_until(&self, level: Level) -> Date {
        let today = clock::day(clock::now());
        let days = i64::from(self.policy.correction(level).accept.up_to_days);
        today.checked_add(jiff::Span::new().days(days)).unwrap_or(today)
    }
}

async fn setting(c: &mut AnyConnection, organisation: &str, name: &str) -> Result<String, Error> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT value FROM setting WHERE organisation = $1 AND name = $2")
            .bind(organisation)
            .bind(name)
            .fetch_optional(c)
            .await?;
    // Settings are JSON: a text is quoted.
    row.map_or(Ok(String::new()), |(v,)| serde_json::from_str(&v).map_err(Error::internal))
}

/// The rules of an organisation.
pub(crate) async fn rules(
    catalog: &Catalog,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Rules, Error> {
    let policy_text = setting(c, organisation, "policy").await?;
    let calendar_text = setting(c, organisation, "calendar").await?;
    let policy = match policy_text.as_str() {
        "" => catalog.policy.clone(),
        text => Policy::parse("policy.yml", text).map_err(Error::internal)?,
    };
    let shipped = catalog.calendar.clone();
    let calendar = match calendar_text.as_str() {
        "" => shipped,
        text => shipped.with(Calendar::parse("holidays.yml", text).map_err(Error::internal)?),
    };
    Ok(Rules { policy, calendar, policy_text, calendar_text })
}

/// A sum over working days.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Reckon {
    /// A day, `2026-09-30`.
    from: String,
    /// Working days after it; below 0 for before.
    days: String,
}

/// What one level asks for.
#[derive(Serialize, JsonSchema)]
struct Asks {
    level: &'static str,
    correct_within: u16,
    remind_before: Vec<u16>,
    remind_overdue_every: u16,
    accept_days: u16,
    accept_by: String,
}

/// The rules that hold.
#[derive(Serialize, JsonSchema)]
struct Shown {
    levels: Vec<Asks>,
    /// Whether the organisation has its own file.
    own_policy: bool,
    own_calendar: bool,
    /// Years whose days off are known.
    years: Vec<i16>,
    /// The day that was asked for.
    day: Option<String>,
}

#[derive(Template)]
#[template(path = "correct/policy.html")]
struct PolicyPage<'a> {
    page: Page,
    shown: &'a Shown,
    rules: &'a Rules,
    asked: &'a Reckon,
    years: Vec<(i16, &'a Bilingual)>,
}

impl PolicyPage<'_> {
    fn files(&self) -> [(&'static str, Key, &str); 2] {
        [
            ("policy", key::FINDING_POLICY_FILE, &self.rules.policy_text),
            ("calendar", key::FINDING_CALENDAR_FILE, &self.rules.calendar_text),
        ]
    }
}

async fn show(ctx: Ctx, Asked(asked): Asked<Reckon>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let rules = rules(&ctx.app.catalog, &mut *ctx.app.db.read().await?, organisation).await?;
    let levels = Level::ALL.iter().rev().map(|level| {
        let c = rules.policy.correction(*level);
        Asks {
            level: level.name(),
            correct_within: c.correct_within,
            remind_before: c.remind_before.clone(),
            remind_overdue_every: c.remind_overdue_every,
            accept_days: c.accept.up_to_days,
            accept_by: serde_json::to_value(c.accept.by)
                .ok()
                .and_then(|v| v.as_str().map(str::to_owned))
                .unwrap_or_default(),
        }
    });
    let shown = Shown {
        levels: levels.collect(),
        own_policy: !rules.policy_text.is_empty(),
        own_calendar: !rules.calendar_text.is_empty(),
        years: rules.calendar.years().map(|(y, _)| y).collect(),
        day: reckon(&asked, &rules.calendar)?,
    };
    let years = rules.calendar.years().collect();
    ctx.show(key::FINDING_POLICY, &shown, |page| PolicyPage {
        page,
        shown: &shown,
        rules: &rules,
        asked: &asked,
        years,
    })
}

fn reckon(asked: &Reckon, calendar: &Calendar) -> Result<Option<String>, Error> {
    if asked.from.is_empty() {
        return Ok(None);
    }
    let from = day("from", &asked.from)?;
    let days = if asked.days.is_empty() { "0" } else { &asked.days };
    let days: i32 = days
        .trim()
        .parse()
        .ok()
        .filter(|n: &i32| n.unsigned_abs() <= 2_000)
        .ok_or_else(|| Error::invalid("days", key::FINDING_DAYS_BAD))?;
    Ok(Some(calendar.add_working_days(from, days).to_string()))
}

/// A day as a date field sends it.
pub(super) fn day(field: &'static str, text: &str) -> Result<Date, Error> {
    let bad = || Error::invalid(field, key::FINDING_DAY_BAD);
    let day: Date = text.trim().parse().map_err(|_| bad())?;
    // Beyond that, a slip.
    if (2000..=2200).contains(&day.year()) { Ok(day) } else { Err(bad()) }
}

/// A file of one's own.
#[derive(Deserialize, JsonSchema)]
struct Own {
    /// `policy` or `calendar`.
    name: String,
    /// YAML in the form of the shipped file; empty for the shipped one again.
    #[serde(default)]
    text: String,
}

async fn save(ctx: Ctx, Input(own): Input<Own>) -> Result<Response, Error> {
    let text = own.text.replace("\r\n", "\n");
    if text.len() > 200_000 {
        return Err(Error::TooLarge);
    }
    let bad = |e: hangtu_catalog::ContentError| Error::Invalid("text", Bilingual::same(&e.why));
    let name = match own.name.as_str() {
        "policy" if text.trim().is_empty() => "policy",
        "calendar" if text.trim().is_empty() => "calendar",
        "policy" => Policy::parse("policy.yml", &text).map(|_| "policy").map_err(bad)?,
        "calendar" => Calendar::parse("holidays.yml", &text).map(|_| "calendar").map_err(bad)?,
        _ => return Err(Error::invalid("name", key::SERVER_FIELD_CHOICE)),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if text.trim().is_empty() {
        sqlx::query("DELETE FROM setting WHERE organisation = $1 AND name = $2")
            .bind(change.organisation().to_owned())
            .bind(name)
            .execute(&mut *change)
            .await?;
    } else {
        sqlx::query(
            "INSERT INTO setting (organisation, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (organisation, name) DO UPDATE SET value = excluded.value",
        )
        .bind(change.organisation().to_owned())
        .bind(name)
        .bind(json!(text).to_string())
        .execute(&mut *change)
        .await?;
    }
    let sha256 = hangtu_catalog::sha256(text.as_bytes());
    change.note("policy.set", format!("setting/{name}"), json!({ "sha256": sha256 }));
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/policy", key::FINDING_POLICY_SAVED))
}
