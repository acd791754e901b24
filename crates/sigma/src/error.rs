//! What can be wrong: with a file ([`ParseError`]), or with a rule on this installation
//! ([`Problem`]).
//!
//! What `Display` says is English. `hangtu-catalog` says the same in the user's language, variant by
//! variant: so text within a variant is a name, something the user wrote, or another library's words.

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
    /// The path within the document, e.g. `detection.selection.Image|endswith`; [`ParseError::WHOLE`]
    /// for the document itself.
    pub at: String,
    /// What is wrong there.
    pub wrong: Wrong,
}

impl ParseError {
    /// The place of what is wrong with a whole document.
    pub const WHOLE: &'static str = "document";
}

/// What is wrong at a place of a document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Wrong {
    /// The text is not YAML, or breaks one of the limits.
    #[error("not readable as YAML: {0}")]
    Yaml(String),
    /// The values of a file are not those it is to have, in the reader's words.
    #[error("does not keep to the form: {0}")]
    Form(String),
    /// The file is larger than a rule file may be.
    #[error("{bytes} bytes; a rule file has at most {limit}")]
    TooLarge {
        /// So large.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A required key is absent.
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// A value has another shape than the specification says.
    #[error("expected {0}")]
    Expected(Expected),
    /// A word that the specification does not know.
    #[error("unknown {what} `{word}`")]
    Unknown {
        /// What kind of word.
        what: Vocabulary,
        /// The word.
        word: String,
    },
    /// Modifiers that do not work together or with this value.
    #[error("{0}")]
    Modifier(ModifierFault),
    /// A condition that cannot be read.
    #[error("condition: {0}")]
    Condition(ConditionFault),
    /// A key of a test's record holds what it may not.
    #[error("`{key}` is {found}, not {expected}")]
    Key {
        /// The key.
        key: String,
        /// What it holds, as JSON.
        found: String,
        /// What it should hold.
        expected: Expected,
    },
    /// A condition names selections that do not exist.
    #[error("condition names `{0}`, and no selection is called that")]
    NoSelection(String),
    /// Nested or listed beyond a fixed limit.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: Counted,
        /// The limit.
        limit: usize,
    },
    /// A kind of document that is Sigma but not supported.
    #[error("{0} is not supported")]
    Unsupported(Unsupported),
}

/// What should stand at a place.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Expected {
    /// A map.
    #[error("a map of keys")]
    Map,
    /// One of the three bodies of a rule.
    #[error("`detection`, `correlation` or `filter`, only one of them")]
    OneBody,
    /// One document in the file.
    #[error("one document")]
    OneDocument,
    /// Relations to other rules.
    #[error("a list of `id` and `type`")]
    Related,
    /// Selections by name.
    #[error("a map of selections")]
    Selections,
    /// A length of time.
    #[error("a number and s, m, h, d, w, M or y")]
    Timespan,
    /// Conditions.
    #[error("text or a list of texts")]
    TextOrTexts,
    /// What a selection asks.
    #[error("a map or list that is not empty")]
    Selection,
    /// A list that is not empty.
    #[error("at least one value")]
    Values,
    /// Values without any structure.
    #[error("a single value or a list of them")]
    Scalar,
    /// Text.
    #[error("text")]
    Text,
    /// Texts.
    #[error("a list of texts")]
    Texts,
    /// Yes or no.
    #[error("true or false")]
    Bool,
    /// A bound of a correlation.
    #[error("a number to compare with")]
    Number,
    /// The bounds of a correlation.
    #[error("a map of bounds")]
    Bounds,
    /// Names for fields that rules call differently.
    #[error("a map of alias, rule name and field")]
    Aliases,
    /// What the action `repeat` repeats.
    #[error("a rule before it to repeat")]
    RuleBefore,
    /// The key `*` of a test's record.
    #[error("how often the record comes")]
    Times,
    /// The key `+` of a test's record.
    #[error("a step such as 500ms, 1s or 2m")]
    Step,
    /// The time of a record.
    #[error("an RFC 3339 time")]
    Time,
    /// The kind of a record.
    #[error("a kind of record")]
    Kind,
}

/// Kinds of words of which the specification has a list.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Vocabulary {
    /// [`crate::Modifier`].
    #[error("modifier")]
    Modifier,
    /// Actions of rule collections.
    #[error("action")]
    Action,
    /// [`crate::Severity`].
    #[error("level")]
    Level,
    /// [`crate::Status`].
    #[error("status")]
    Status,
    /// [`crate::CorrelationKind`].
    #[error("correlation type")]
    Correlation,
    /// [`crate::Bound`].
    #[error("bound")]
    Bound,
}

/// Why a chain of modifiers means nothing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ModifierFault {
    /// A flag of a regular expression elsewhere.
    #[error("`i`, `m` and `s` follow `re`")]
    Flags,
    /// One stands twice.
    #[error("the same modifier twice")]
    Twice,
    /// Two comparisons.
    #[error("more than one of `lt`, `lte`, `gt` and `gte`")]
    Comparisons,
    /// Two parts of a time.
    #[error("more than one part of the time")]
    TimeParts,
    /// Two positions.
    #[error("more than one of `contains`, `startswith`, `endswith`")]
    Positions,
    /// Another field cannot be compared in that way.
    #[error("`fieldref` only goes with text positions and `neq`")]
    FieldRef,
    /// The value cannot be two things.
    #[error("numbers, `re`, `cidr` and `exists` exclude each other")]
    Kinds,
    /// The value is no text.
    #[error("a text modifier beside numbers, `re`, `cidr`, `exists`")]
    Text,
    /// What is encoded has no flags.
    #[error("`windash` beside an encoding")]
    Windash,
    /// Keywords cannot be asked so.
    #[error("this modifier needs a field")]
    NoField,
}

/// Why a condition cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConditionFault {
    /// A word too many.
    #[error("`{0}` is not expected there")]
    Unexpected(String),
    /// A word of the language where a selection is wanted.
    #[error("`{0}` stands where a selection should")]
    NotASelection(String),
    /// An open parenthesis.
    #[error("a parenthesis is not closed")]
    Parenthesis,
    /// It breaks off.
    #[error("it ends where a selection should stand")]
    Ends,
    /// `of` without its target.
    #[error("`of` is followed by `them` or a name")]
    Of,
}

/// Things whose number in a file has a limit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Counted {
    /// Words.
    #[error("words in a condition")]
    Words,
    /// Parentheses within each other.
    #[error("levels in a condition")]
    ConditionLevels,
    /// Conditions of a rule.
    #[error("conditions")]
    Conditions,
    /// Lists and maps within each other.
    #[error("levels in a selection")]
    SelectionLevels,
    /// Values of a rule.
    #[error("values in a rule")]
    Values,
    /// Rules that a correlation or a filter names.
    #[error("rules")]
    Rules,
    /// What rule collections repeat.
    #[error("bytes copied by actions")]
    Copied,
    /// Records of a test.
    #[error("records in a case")]
    Records,
}

/// What is Sigma but not supported.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unsupported {
    /// The old aggregation language where there is no rule that it could turn into.
    #[error("an aggregation in a condition")]
    Aggregation,
    /// The extended conditions of temporal correlations.
    #[error("a condition over rules in words")]
    Words,
    /// An order in which a rule comes more than once.
    #[error("a rule twice in the order of `temporal_ordered`")]
    Repetition,
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
    /// What stands behind the `|` of a condition, an aggregation of Sigma 1 that no correlation can
    /// say: the rule cannot fire.
    #[error("the aggregation `| {0}` is not supported; write a correlation instead")]
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
        why: ValueFault,
    },
    /// Expanded or compiled, the rule would be larger than a rule may be, or take more than is left
    /// for all of them: it cannot fire.
    #[error("the rule is too much: {0}")]
    TooLarge(Excess),
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
    /// A rule before it is known by the same id, name or title: it cannot fire, for nothing would tell
    /// the findings of the two apart.
    #[error("a rule before it is called `{0}` already; give it an `id` of its own")]
    Taken(String),
    /// A field that no record of the rule's kind has: it cannot fire.
    #[error("records of its kind have no field `{0}`")]
    Field(String),
    /// A condition that asks for more than is counted: it cannot fire.
    #[error("its condition asks for more than the {0} that a window is counted to")]
    Beyond(usize),
}

/// Why modifiers cannot take a value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ValueFault {
    /// `exists` with something else.
    #[error("`exists` takes true or false")]
    Exists,
    /// A comparison, or a part of the time, with something else.
    #[error("the modifier takes a number")]
    Number,
    /// `fieldref` with something else.
    #[error("`fieldref` takes a field's name")]
    FieldRef,
    /// Nothing is no text.
    #[error("null does not go with these modifiers")]
    Null,
    /// Infinity and its like.
    #[error("not a number that can be compared")]
    NotFinite,
    /// `cidr` with something else.
    #[error("`cidr` takes a network like 10.0.0.0/8")]
    Network,
    /// A wildcard has no encoding.
    #[error("an encoded value cannot have wildcards")]
    Wildcards,
    /// UTF-16 that is no UTF-8.
    #[error("the encoded value is no text; add `base64`")]
    NoText,
    /// Placeholders multiply.
    #[error("the placeholders expand to more than {0} values")]
    Expanded(usize),
    /// A field without a name.
    #[error("a field's name is empty")]
    NoName,
}

/// Of what a rule asks too much.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Excess {
    /// Fields of all rules.
    #[error("the rules have too many fields")]
    Fields,
    /// Tests of all rules.
    #[error("the rules have too many values")]
    Tests,
    /// Tests of the rule.
    #[error("its values expand to too many")]
    Values,
    /// Nodes of the rule's expression.
    #[error("its condition repeats large selections")]
    Condition,
    /// Regular expressions of the rule.
    #[error("it has too many regular expressions")]
    Regexes,
    /// One regular expression.
    #[error("one of its regular expressions alone grows too large")]
    Regex,
    /// Regular expressions of all rules.
    #[error("its regular expressions and those of the rules before it cost more than all may")]
    AllRegexes,
}
