//! Sigma rules: parsed, compiled together, matched against records.
//!
//! Three rooms, data moving one way:
//!
//! - **parse** ([`parse`]): YAML text becomes [`Rule`] values and [`ParseError`] values. It never
//!   fails as a whole: a bad document costs that document only, and every limit is fixed.
//! - **compile** ([`Ruleset::compile`]): all rules become one program per kind of record. Equal
//!   predicates are shared; what cannot work here is a [`Problem`] that names its rule.
//! - **match** ([`Ruleset::matches`], [`Correlator`]): a record in, rule numbers out; the numbers
//!   go to the correlator, which counts them in sliding windows of the records' own time.
//!
//! Written against the Sigma specification 2.1 (SigmaHQ/sigma-specification); comments cite its
//! files: *rules* (`sigma-rules-specification.md`), *modifiers* (`sigma-appendix-modifiers.md`),
//! *correlations* (`sigma-correlation-rules-specification.md`) and *filters*
//! (`sigma-filters-specification.md`). Collections and aggregations of Sigma 1 are read too.
//!
//! Invariants: no input makes this crate panic, recurse without a bound or hold memory without a
//! bound; matching a record allocates nothing once its scratch space has grown to fit.

// Parse.
mod aggregation;
mod collection;
mod condition;
mod correlation;
mod detection;
mod error;
mod filter;
mod modifier;
mod pattern;
mod rule;
mod yaml;
// Compile.
mod build;
mod encode;
mod expr;
mod item;
mod mapping;
mod program;
mod regexes;
mod relate;
mod ruleset;
// Match.
mod clock;
mod correlator;
mod event;
mod fold;
mod glob;
mod scratch;
mod sum;
mod test;
mod window;
// Tests of rules, as data.
pub mod check;

#[cfg(test)]
mod tests;

pub use clock::parse_time;
pub use condition::{Condition, Quantity, Target};
pub use correlation::{Bound, Correlation, CorrelationKind, Threshold};
pub use correlator::{Correlated, Correlator, Dropped, Limits};
pub use detection::{Detection, Item, Literal, Selection};
pub use error::{
    ConditionFault, Counted, Excess, Expected, ModifierFault, ParseError, Problem, ProblemKind,
    Unsupported, ValueFault, Vocabulary, Wrong,
};
pub use filter::Filter;
pub use mapping::{Mapping, MappingEntry, MappingError, placeholders};
pub use modifier::Modifier;
pub use pattern::{Part, Pattern};
pub use rule::{Body, LogSource, Related, Rule, Severity, Status, parse};
pub use ruleset::{Options, RuleIndex, Ruleset, Samples};
pub use scratch::Scratch;
