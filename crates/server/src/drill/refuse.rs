//! Why the engine takes no entry, in the reader's language.

use crate::error::Error;
use hangtu_catalog::{Bilingual, Language, key, key::Key, text};
use hangtu_drill::exercise::Refusal;

pub(super) fn refused(why: &Refusal) -> Error {
    let plain = |key| Bilingual::message(key, &[]);
    let word = |prefix: &str, name: &str, language| {
        Key::find(&format!("{prefix}-{name}"))
            .map_or_else(|| name.to_owned(), |key| text(language, key, &[]))
    };
    let with = |key, name: &str, value: &str| Bilingual::message(key, &[(name, value.into())]);
    Error::Conflict(match why {
        Refusal::NotNow { event, state } => {
            let told = |language| {
                let (event, state) =
                    (word("drill-event", event, language), word("drill-state", state, language));
                let args = [("event", event.as_str().into()), ("state", state.as_str().into())];
                text(language, key::DRILL_REFUSED_NOT_NOW, &args)
            };
            Bilingual::new(told(Language::Chinese), told(Language::English))
        }
        Refusal::NotDistinct => plain(key::DRILL_REFUSED_NOT_DISTINCT),
        Refusal::Window => plain(key::DRILL_REFUSED_WINDOW),
        Refusal::TooEarly => plain(key::DRILL_REFUSED_TOO_EARLY),
        Refusal::Speed(_) => plain(key::DRILL_REFUSED_SPEED),
        Refusal::Uncast(roles) => with(key::DRILL_REFUSED_UNCAST, "roles", &roles.join(", ")),
        Refusal::NotCast { .. } => plain(key::DRILL_REFUSED_NOT_CAST),
        Refusal::EvaluatorPlays => plain(key::DRILL_REFUSED_EVALUATOR),
        Refusal::InjectOver => plain(key::DRILL_REFUSED_INJECT_OVER),
        Refusal::ConditionOpen => plain(key::DRILL_REFUSED_CONDITION),
        Refusal::Evidence { needs, .. } => {
            let told = |language| {
                let needs = word("drill-evidence", needs, language);
                text(language, key::DRILL_REFUSED_EVIDENCE, &[("needs", needs.as_str().into())])
            };
            Bilingual::new(told(Language::Chinese), told(Language::English))
        }
        Refusal::NoText => plain(key::DRILL_REFUSED_NO_TEXT),
        Refusal::NotMissed | Refusal::NotOverdue => plain(key::DRILL_REFUSED_NOT_OVERDUE),
        Refusal::Incomplete(n) => {
            Bilingual::message(key::DRILL_REFUSED_INCOMPLETE, &[("n", (*n as u64).into())])
        }
        Refusal::Unknown { id, .. } => with(key::DRILL_REFUSED_UNKNOWN, "id", id),
        Refusal::NoNumber => plain(key::DRILL_REFUSED_NUMBER),
        // What people cannot bring about through the pages.
        Refusal::NotFirst | Refusal::OtherExercise | Refusal::BackInTime | Refusal::NoPerson => {
            return Error::internal(why);
        }
    })
}
