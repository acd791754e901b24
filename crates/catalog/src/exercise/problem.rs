//! What can be wrong with an exercise, for its author.

use super::named;
use crate::{Arg, Bilingual, key};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// The file is not what the format asks for.
    Unreadable,
    /// An identifier is empty or has other characters than `a-z0-9-`.
    Identifier,
    /// An identifier stands twice.
    Twice,
    /// Something is named that is not there.
    Dangling,
    /// A condition depends on itself.
    Cycle,
    /// An inject cannot come within the exercise.
    Unreachable,
    /// A condition waits for its own inject.
    OwnCondition,
    /// A number lies outside of its range.
    Range,
    /// The weights of an objective add up to nothing.
    NoWeight,
    /// Minutes of credit do not rise.
    Minutes,
    /// A phase has no inject, or the four do not stand in order.
    Phases,
    /// A group has no role.
    Groups,
    /// A role is never addressed.
    Idle,
    /// A style has no answer for an expectation, or a needed style is missing.
    Unscripted,
    /// A script does not fit what the expectation asks for.
    Script,
    /// A measurement is missing, or not wanted.
    Measure,
    /// A form or classification that must be asked for is not.
    Forms,
    /// The marks of the statutory clocks are wrong.
    Marks,
    /// The facts contradict each other.
    Facts,
}

named!(ProblemCode {
    Unreadable = "unreadable",
    Identifier = "identifier",
    Twice = "twice",
    Dangling = "dangling",
    Cycle = "cycle",
    Unreachable = "unreachable",
    OwnCondition = "own-condition",
    Range = "range",
    NoWeight = "no-weight",
    Minutes = "minutes",
    Phases = "phases",
    Groups = "groups",
    Idle = "idle",
    Unscripted = "unscripted",
    Script = "script",
    Measure = "measure",
    Forms = "forms",
    Marks = "marks",
    Facts = "facts",
});

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub code: ProblemCode,
    /// Where, e.g. `injects.ransom-note.expects.keep-note`; empty for the whole.
    pub place: String,
    /// The identifier, value or message it is about.
    pub what: String,
}

impl Problem {
    pub(super) fn new(
        code: ProblemCode,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self { code, place: place.into(), what: what.into() }
    }

    /// What is wrong, in words (without the place).
    pub fn message(&self) -> Bilingual {
        let name = format!("exercise-problem-{}", self.code.name());
        key::Key::find(&name).map_or_else(
            || Bilingual::same(self.code.name()),
            |key| Bilingual::message(key, &[("what", Arg::Text(&self.what))]),
        )
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message().en)
    }
}

/// An exercise that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: {}", self.whys())]
pub struct ExerciseError {
    /// The file.
    pub file: String,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
}

impl ExerciseError {
    /// All problems, one a line.
    pub fn whys(&self) -> String {
        self.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}
