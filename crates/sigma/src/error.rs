//! What can be wrong: with a file ([`ParseError`]), or with a rule on this installation
//! ([`Problem`]).

use crate::RuleIndex;
use thiserror::Error;

/// A document that is not a Sigma rule this crate can read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}: document {document}: {at}: {wrong}")]
pub struct ParseError {
    /// The file, as the caller named it.
    pub file: String,
    /// Which YAML document of the file, from 1; 0 when the file as a whole is meant.
    pub document: usize,
    /// The path within the document, e.g. `detection.selection.Image|endswith`.
    pub at: String,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// What is wrong at a place of a document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Wrong {
    /// The text is not YAML, or breaks one of the limits.
    #[error("not readable as YAML: {0}")]
    Yaml(String),
    /// The file is larger than a rule file may be.
    #[error("{0} bytes; a rule file has at most {limit}", limit = crate::yaml::MAX_BYTES)]
    TooLarge(usize),
    /// A required key is absent.
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// A value has another shape than the specification says.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A word that the specification does not know.
    #[error("unknown {what} `{word}`")]
    Unknown {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// Modifiers that do not work together or with this value.
    #[error("{0}")]
    Modifier(&'static str),
    /// A condition that cannot be read.
    #[error("condition: {0}")]
    Condition(String),
    /// A condition names selections that do not exist.
    #[error("condition names `{0}`, and no selection is called that")]
    NoSelection(String),
    /// Nested or listed beyond a fixed limit.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A kind of document that is Sigma but not supported.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

/// Why a rule, or part of it, does not work here. The other rules do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{title} ({file}): {kind}")]
pub struct Problem {
    /// The rule's number in the ruleset; `None` for a filter, which has none.
    pub rule: Option<RuleIndex>,
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// What is the matter.
    pub kind: ProblemKind,
}

/// The kinds of [`Problem`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProblemKind {
    /// The log source is not mapped: the rule cannot fire.
    #[error("needs a log no input offers: {0}")]
    NoInput(String),
    /// Part of the old or optional Sigma language that is not supported: the rule cannot fire.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// A regular expression that a linear-time engine cannot run: the rule cannot fire.
    #[error("{field}: regular expression not usable: {why}")]
    Regex {
        /// The field as written.
        field: String,
        /// The engine's words.
        why: String,
    },
    /// A placeholder without a value: that one value matches nothing, the rule works otherwise.
    #[error("placeholder %{0}% has no value here; what uses it matches nothing")]
    Placeholder(String),
    /// A value that its modifiers cannot take: the rule cannot fire.
    #[error("{field}: {why}")]
    Value {
        /// The field as written.
        field: String,
        /// Why not.
        why: String,
    },
    /// Expanded or compiled, the rule would be larger than a rule may be: it cannot fire.
    #[error("the rule grows too large: {0}")]
    TooLarge(&'static str),
    /// A correlation refers to a rule that is not there: it cannot fire. Or a filter does.
    #[error("refers to the rule `{0}`, which is not there")]
    NoRule(String),
    /// A correlation refers to a rule that cannot fire: nor can it, if it needs every rule.
    #[error("refers to the rule `{0}`, which cannot fire here")]
    Deaf(String),
    /// A filter names a rule of another log source: that rule is left alone.
    #[error("its log source is not that of the rule `{0}`, which it leaves alone")]
    FilterSource(String),
    /// A filter names a correlation: it is left alone.
    #[error("`{0}` is a correlation; filter the rules it counts")]
    FilterTarget(String),
    /// A correlation refers to itself, directly or through others: it cannot fire.
    #[error("refers to itself through other correlations")]
    Cycle,
    /// Another rule has the same id or name; references go to the first.
    #[error("`{0}` is also the id or name of another rule; references go to the first")]
    Duplicate(String),
}
