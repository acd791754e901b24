//! The clocks of an incident: whom each binds, when it ends by the wall and by the exercise.

use hangtu_catalog::{
    Binds, Calendar, ClockLimit, ClockRule, ClockStart, Deadline, Facts, IncidentLevel,
    IncidentRules, exercise::first_moment,
};
use jiff::{SignedDuration, Timestamp, tz};
use serde::{Deserialize, Serialize};

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// By the wall.
    pub wall: Timestamp,
    /// By the exercise clock, milliseconds since its start.
    pub exercise: i64,
}

/// When the things happened that start and stop clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockTimes {
    /// When the exercise began, by the wall: minute zero of its story.
    pub began: Option<Timestamp>,
    /// The incident was found.
    pub found: Option<Moment>,
    /// The enterprise judged its level, and as what.
    pub judged: Option<(Moment, IncidentLevel)>,
    /// It was seen that important or core data are concerned.
    pub important: Option<Moment>,
    /// The response ended.
    pub ended: Option<Moment>,
    /// What was done, by the identifier of the clock it stops.
    pub done: Vec<(String, Moment)>,
}

/// One clock in an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Its rule in `incident.yml`.
    pub id: String,
    /// Whom it binds.
    pub binds: Binds,
    /// Whether a person must decide if it applies, since it rests on levels of another regime.
    pub to_confirm: bool,
    /// When it started.
    pub started: Option<Moment>,
    /// The last moment by the wall, as if the exercise were no exercise.
    pub due_wall: Option<Timestamp>,
    /// The last moment by the story's clock, milliseconds of the exercise clock.
    pub due_exercise: Option<i64>,
    /// Until when an exercise takes it as kept: the last moment, or what "at once" still is.
    pub kept_until: Option<i64>,
    /// When it was stopped.
    pub done: Option<Moment>,
    /// How it stands.
    pub state: ClockState,
}

/// How a clock stands, by the exercise clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// What starts it has not happened.
    NotStarted,
    /// It runs.
    Running,
    /// Done in time.
    Kept,
    /// Done too late.
    Late,
    /// Its end has passed.
    Overdue,
    /// It binds an authority that nobody plays.
    NotPlayed,
}

/// The clocks that the facts and the kind of operator call for, in the order of the rules.
/// `right` is the level the facts give, or the higher one a person must decide about: a clock that
/// only a level starts is shown even when nobody judged the level right. `now` is a moment of both clocks.
pub fn clocks(
    times: &ClockTimes,
    facts: &Facts,
    right: IncidentLevel,
    now: Moment,
    rules: &IncidentRules,
    deadlines: &[Deadline],
    calendar: &Calendar,
) -> Vec<Clock> {
    rules
        .clocks
        .iter()
        .filter(|rule| applies(rule, facts, right, times))
        .map(|rule| {
            let grace = i64::from(rules.grace) * 60_000;
            one(rule, times, now, grace, deadlines, calendar)
        })
        .collect()
}

fn applies(rule: &ClockRule, facts: &Facts, right: IncidentLevel, times: &ClockTimes) -> bool {
    let judged = times.judged.map_or(right, |(_, level)| level.max(right));
    rule.operator.is_none_or(|o| o == facts.operator)
        && rule.from_level.is_none_or(|from| judged >= from)
        && (!rule.important_data || first_moment(facts.data_level))
}

fn one(
    rule: &ClockRule,
    times: &ClockTimes,
    now: Moment,
    grace: i64,
    deadlines: &[Deadline],
    calendar: &Calendar,
) -> Clock {
    let done = times.done.iter().find(|(id, _)| *id == rule.id).map(|(_, moment)| *moment);
    let started = match rule.starts {
        ClockStart::Found => times.found,
        // Judged too low, it starts all the same: that is when the duty was seen or missed. What
        // was reported without any judgement is held against the finding.
        ClockStart::Judged => times.judged.map(|(moment, _)| moment).or(done.and(times.found)),
        ClockStart::Ended => times.ended,
        ClockStart::Important => times.important,
    };
    let due = |from: Timestamp| limit(rule, from, deadlines, calendar);
    let due_wall = started.and_then(|m| due(m.wall));
    let due_exercise = started.zip(times.began).and_then(|(m, began)| {
        let story = began.checked_add(SignedDuration::from_millis(m.exercise)).ok()?;
        Some(due(story)?.as_millisecond() - began.as_millisecond())
    });
    let at_once = started.zip(due_exercise).is_some_and(|(m, due)| due == m.exercise);
    let last = due_exercise.map(|due| if at_once { due + grace } else { due });
    let state = match (done, last) {
        (Some(done), Some(last)) if done.exercise > last => ClockState::Late,
        (Some(_), _) => ClockState::Kept,
        (None, _) if rule.binds != Binds::Enterprise => ClockState::NotPlayed,
        (None, None) => ClockState::NotStarted,
        (None, Some(last)) if now.exercise > last => ClockState::Overdue,
        (None, Some(_)) => ClockState::Running,
    };
    Clock {
        id: rule.id.clone(),
        binds: rule.binds,
        to_confirm: rule.own_levels,
        started,
        due_wall,
        due_exercise,
        kept_until: last,
        done,
        state,
    }
}

/// The last moment for a clock started at `from`; working days are days of the plan's time, UTC+8.
fn limit(
    rule: &ClockRule,
    from: Timestamp,
    deadlines: &[Deadline],
    calendar: &Calendar,
) -> Option<Timestamp> {
    let ClockLimit::Deadline(code) = &rule.limit else { return Some(from) };
    let zone = tz::offset(8);
    let deadline = deadlines.iter().find(|d| d.code == *code)?;
    zone.to_timestamp(deadline.due(zone.to_datetime(from), calendar)?).ok()
}
