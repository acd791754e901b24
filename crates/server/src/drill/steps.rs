//! What is done to a drill by those who prepare, approve and conduct it.

use super::{CONDUCT, log};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{self, Input, line, prose},
    people,
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{exercise::Channel, key};
use hangtu_drill::exercise::{Dropped, Event, State};
use jiff::{Timestamp, civil::DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who may take some step.
const HANDS: Access = Access::Any(&[CONDUCT, Right::Approve]);

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new(
        "Take a step with a drill: review, approve, schedule, cast, start, send, stop, close",
    );
    r.post("/drills/{id}/step", HANDS, doc.body::<Act>().returns::<Acted>(), step);
}

/// A step and what it needs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Act {
    /// `review`, `approve`, `schedule`, `cast`, `warm`, `arm`, `start`, `pause`, `resume`, `speed`,
    /// `send`, `leave-out`, `free`, `measure`, `stop`, `abort`, `revert`, `verify`, `evaluate`,
    /// `report` or `close`.
    step: String,
    /// Reason, detail, or the words of an improvised inject.
    text: String,
    /// Begin of the window, `2026-09-30T16:20` in the plant's time.
    from: String,
    /// End of the window.
    until: String,
    /// Roles, in the order of `person`.
    role: Vec<String>,
    /// Ids of persons who play them; empty for nobody yet.
    person: Vec<String>,
    /// Minutes of the exercise in a minute of the wall, 1 to 60.
    #[serde(deserialize_with = "input::blank")]
    speed: Option<u8>,
    /// Identifier of an inject.
    inject: String,
    /// How an improvised inject comes.
    channel: String,
    /// To which roles it goes.
    to: Vec<String>,
    /// What was measured, as in the policy.
    what: String,
    /// Its value.
    #[serde(deserialize_with = "input::blank")]
    value: Option<f64>,
    /// `yes` where everything is as it was before the drill.
    restored: String,
}

/// The state after a step.
#[derive(Serialize, JsonSchema)]
struct Acted {
    state: &'static str,
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, Error> {
    let wrong = || Error::invalid(field, key::SERVER_FIELD_CHOICE);
    let local: DateTime = text.trim().parse().map_err(|_| wrong())?;
    clock::of(local).map(clock::stamp).ok_or_else(wrong)
}

impl Act {
    fn event(&self) -> Result<Event, Error> {
        let why = || prose("text", &self.text, 1000);
        let speed = || self.speed.ok_or_else(|| Error::invalid("speed", key::SERVER_FIELD_CHOICE));
        let inject = || self.inject.clone();
        Ok(match self.step.as_str() {
            "review" => Event::Reviewed,
            "approve" => Event::Approved,
            "schedule" => Event::Scheduled {
                from: time("from", &self.from)?,
                until: time("until", &self.until)?,
            },
            "warm" => Event::Warmed { ready: vec![line("text", &self.text, 1000)?] },
            "arm" => Event::Armed,
            "start" => Event::Started { speed: self.speed.unwrap_or(1) },
            "pause" => Event::Paused { why: why()? },
            "resume" => Event::Resumed,
            "speed" => Event::SpeedChanged { speed: speed()? },
            "send" => Event::InjectSent { inject: inject() },
            "leave-out" => Event::InjectDropped { inject: inject(), why: Dropped::LeftOut },
            "free" => Event::FreeInject {
                inject: format!("free-{}", crate::auth::new_id()),
                channel: Channel::ALL
                    .iter()
                    .copied()
                    .find(|c| c.name() == self.channel)
                    .ok_or_else(|| Error::invalid("channel", key::SERVER_FIELD_CHOICE))?,
                to: self.to.clone(),
                text: prose("text", &self.text, 2000)?,
            },
            "measure" => Event::Measured {
                what: self.what.clone(),
                value: self
                    .value
                    .ok_or_else(|| Error::invalid("value", key::SERVER_FIELD_CHOICE))?,
            },
            "stop" => Event::Stopped { why: why()? },
            "abort" => Event::Aborted { why: line("text", &self.text, 1000)? },
            "revert" => Event::ReversalBegun,
            "verify" => Event::Verified {
                restored: self.restored == "yes",
                detail: line("text", &self.text, 1000)?,
            },
            "evaluate" => Event::EvaluationBegun,
            "report" => Event::Reported,
            "close" => Event::Closed,
            _ => return Err(Error::invalid("step", key::SERVER_FIELD_CHOICE)),
        })
    }
}

async fn step(ctx: Ctx, Path(id): Path<String>, Input(act): Input<Act>) -> Result<Response, Error> {
    // Reading and agreeing is for approvers too; everything else is the director's.
    if !matches!(act.step.as_str(), "review" | "approve") {
        ctx.may(CONDUCT)?;
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut drill = log::hold(&ctx.app, &mut change, &id).await?;
    let people = drill.row.style.is_empty();
    if !people && drill.run.state().terminal() {
        return Err(Error::conflict(key::DRILL_REHEARSAL_OVER));
    }
    if act.step == "cast" {
        cast(&mut change, &mut drill, &act).await?;
    } else {
        drill.by_person(&mut change, act.event()?)?;
        // What ends leaves nothing open behind it.
        drill.sweep(&mut change)?;
        if people && drill.run.state() == State::Closed {
            super::report::open_findings(&ctx.app, &mut change, &drill).await?;
        }
    }
    let state = drill.run.state().name();
    drill.commit(&ctx.app, change).await?;
    let next = match act.step.as_str() {
        "start" | "pause" | "resume" | "speed" | "send" | "leave-out" | "free" | "measure" => {
            format!("/drills/{id}/console")
        }
        "report" | "close" => format!("/drills/{id}/report"),
        _ => format!("/drills/{id}"),
    };
    Ok(ctx.done(&Acted { state }, &next, key::DRILL_DONE))
}

/// Gives roles to persons; those that stay as they were are not entered again.
async fn cast(change: &mut Change, drill: &mut log::Drill, act: &Act) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let people = people::colleagues(change, &organisation).await?;
    let mut any = false;
    for (role, person) in act.role.iter().zip(&act.person) {
        if person.is_empty() || drill.run.player(role) == Some(person) {
            continue;
        }
        if !people.iter().any(|p| p.id == *person && p.can(Right::Read)) {
            return Err(Error::invalid("person", key::SERVER_FIELD_CHOICE));
        }
        drill.by_person(change, Event::Cast { role: role.clone(), person: person.clone() })?;
        sqlx::query(
            "INSERT INTO drill_part (drill, organisation, role, person) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (drill, role) DO UPDATE SET person = excluded.person",
        )
        .bind(&drill.row.id)
        .bind(&organisation)
        .bind(role)
        .bind(person)
        .execute(&mut **change)
        .await?;
        any = true;
    }
    if any { Ok(()) } else { Err(Error::conflict(key::DRILL_CAST_SAME)) }
}
