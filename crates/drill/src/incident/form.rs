//! What a check of a form says.

use super::Moment;
use hangtu_catalog::{FormField, IncidentLevel};
use serde::{Deserialize, Serialize};

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// Something.
    Given,
    /// 尚不明确, where it may stand.
    Unclear,
    /// 尚不明确, where it may not.
    UnclearNotAllowed,
    /// Nothing.
    Missing,
    /// Nothing, and nothing is asked for.
    NotNeeded,
}

impl FieldState {
    /// Whether the field is whole.
    pub fn whole(self) -> bool {
        matches!(self, Self::Given | Self::Unclear | Self::NotNeeded)
    }
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCheck {
    /// Which, as in `incident.yml`.
    pub field: String,
    /// What stands there.
    pub state: FieldState,
}

/// Something in a form that does not agree with the form itself or with the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inconsistency {
    /// The level is lower than the form's own figures give.
    LevelBelowOwnFigures,
    /// The data level is not that of the facts.
    DataLevel,
    /// A category of the facts is missing, or one stands there that is not concerned.
    Categories,
    /// Persons differ from the facts by more than a tenth.
    Persons,
    /// More persons with sensitive than with personal information.
    SensitiveBeyondPersonal,
    /// The amount of data differs from the facts by more than a tenth.
    Scale,
    /// The time lies after the form was sent.
    TimeAfterReport,
    /// The time differs from when the incident was found by more than a day.
    TimeFarOff,
    /// No user was told although persons are concerned.
    NoNotice,
    /// No proof hangs on although the report speaks of some.
    NoProof,
}

/// Whether the level in a form is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelCheck {
    /// It is.
    Right,
    /// One of those a person may decide for.
    Open,
    /// Too low.
    TooLow,
    /// Too high.
    TooHigh,
    /// None is given.
    Missing,
    /// The form has none.
    NotAsked,
}

/// Whether a form came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timeliness {
    /// In time: milliseconds of the exercise clock that were left.
    InTime(i64),
    /// Late by so many milliseconds of the exercise clock.
    Late(i64),
    /// No clock runs for it.
    NoClock,
}

impl Timeliness {
    /// A form sent at one moment of the exercise clock and due at another (milliseconds).
    pub fn of(sent: Moment, due: Option<i64>) -> Self {
        match due {
            None => Self::NoClock,
            Some(due) if sent.exercise <= due => Self::InTime(due - sent.exercise),
            Some(due) => Self::Late(sent.exercise - due),
        }
    }
}

/// What a check of a form says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormCheck {
    /// Every field, in the order of the form.
    pub fields: Vec<FieldCheck>,
    /// Fields that are whole, of those asked for.
    pub whole: (usize, usize),
    /// What does not agree.
    pub inconsistencies: Vec<Inconsistency>,
    /// Whether the level is right.
    pub level: LevelCheck,
    /// Whether it came in time.
    pub timeliness: Timeliness,
}

impl FormCheck {
    /// How good the content is, 0 to 1: the share of fields that are whole, less a tenth of all
    /// for each thing that does not agree.
    pub fn content(&self) -> f64 {
        let (whole, of) = self.whole;
        let share = if of == 0 { 1.0 } else { whole as f64 / of as f64 };
        (share - 0.1 * self.inconsistencies.len() as f64).max(0.0)
    }
}

/// What a form holds in a field, before it is known what may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Something,
    Unclear,
    Nothing,
}

impl Held {
    pub(super) fn text(text: &str) -> Self {
        if text.trim().is_empty() { Self::Nothing } else { Self::Something }
    }

    pub(super) fn some(there: bool) -> Self {
        if there { Self::Something } else { Self::Nothing }
    }
}

/// Fields of a form held against what is asked for at a level.
pub(super) fn completeness(
    fields: &[FormField],
    level: IncidentLevel,
    held: impl Fn(&str) -> Held,
) -> (Vec<FieldCheck>, (usize, usize)) {
    let (mut whole, mut of) = (0, 0);
    let checks = fields
        .iter()
        .map(|field| {
            let asked = !field.optional && field.from_level.is_none_or(|from| level >= from);
            let state = match held(&field.id) {
                Held::Something => FieldState::Given,
                Held::Unclear if field.unclear => FieldState::Unclear,
                Held::Unclear => FieldState::UnclearNotAllowed,
                Held::Nothing if asked => FieldState::Missing,
                Held::Nothing => FieldState::NotNeeded,
            };
            if asked {
                of += 1;
                whole += usize::from(state.whole());
            }
            FieldCheck { field: field.id.clone(), state }
        })
        .collect();
    (checks, (whole, of))
}

/// Whether two amounts are the same within a tenth.
pub(super) fn about(given: f64, right: f64) -> bool {
    (given - right).abs() <= right.abs() * 0.1
}
