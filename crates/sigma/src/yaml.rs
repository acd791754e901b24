//! YAML with every limit set: the only door for rule text.

use crate::error::Wrong;
use serde_json::Value;
use serde_saphyr::{NonFiniteFloatPolicy, Options, from_str_multiple_with_options};

/// Bytes of a rule file; the largest of `SigmaHQ` is 60 kB.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Nesting of collections in a document; a detection needs five.
const MAX_DEPTH: usize = 32;

/// Limits for rule text. Aliases may be used, but what they expand to is bounded: a file cannot
/// grow to more than a few hundred thousand nodes ("billion laughs").
pub(crate) fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
        max_events: 400_000,
        max_nodes: 200_000,
        max_aliases: 2_000,
        max_anchors: 2_000,
        max_documents: 2_000,
        max_total_scalar_bytes: 8 << 20,
        max_recorded_anchor_events: 100_000,
        max_recorded_anchor_bytes: 4 << 20,
        max_inclusion_depth: 0,
    };
    let mut options = serde_saphyr::options! {
        // `no` and `on` are words in rules; YAML 1.2 and the Sigma schema agree.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    options.budget = budget;
    options.alias_limits.max_total_replayed_events = 100_000;
    options.alias_limits.max_replay_stack_depth = 16;
    options.alias_limits.max_alias_expansions_per_anchor = 2_000;
    options
}

/// The documents of a YAML file.
pub(crate) fn documents(bytes: &[u8]) -> Result<Vec<Value>, Wrong> {
    if bytes.len() > MAX_BYTES {
        return Err(Wrong::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
    }
    let text = std::str::from_utf8(bytes).map_err(|e| Wrong::Yaml(e.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    from_str_multiple_with_options(text, options()).map_err(|e| Wrong::Yaml(e.to_string()))
}
