//! Regular expressions, each built once, and what all of them together may cost.

use crate::error::{Excess, ProblemKind};
use foldhash::{HashMap, HashMapExt};
use regex::{Error, Regex, RegexBuilder};
use std::sync::Arc;

/// What building the expressions of a ruleset may cost, in bytes. The public collection's 139 and
/// our own cost 35 MiB.
///
/// Five rules of 200 expressions like `\w{60}0x1` are refused within a second and 95 MiB of the process (`hangtu rules
/// check`). Each that is asked holds caches on each thread that asks it ([`Regexes::build`]). What does not fit is a
/// problem of its rule; what was built before stays.
const BUDGET: usize = 64 << 20;

/// Limits of a program's size, tried one after the other: the engine tells no size, only that a program grew
/// beyond its limit. Most fit the first; `\w{1,64}`, which a public rule uses, takes 3 MiB. Each try is paid.
const SIZES: [usize; 5] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

// What a try costs before its limit holds: the expression is read in full first.

/// A character of the expression.
const CHARACTER: usize = 128;
/// A class of Unicode, a list of up to 800 ranges.
const CLASS: usize = 4 << 10;
/// Such a class where upper and lower case are the same: each of its characters is looked up.
const FOLDED: usize = 64 << 10;
/// The same of up to a million characters.
const WIDE: usize = 512 << 10;
/// Groups and word boundaries give an expression a table beside its program.
const TABLE: usize = 128 << 10;

/// The expressions built so far.
pub(crate) struct Regexes {
    left: usize,
    /// By their text and flags: rules often ask several fields for the same.
    built: HashMap<(String, [bool; 3]), Arc<Regex>>,
}

impl Regexes {
    pub(crate) fn new() -> Self {
        Self { left: BUDGET, built: HashMap::new() }
    }

    /// The expression with the flags `i`, `m` and `s`; `field` is for the reader of a problem.
    pub(crate) fn get(
        &mut self,
        field: &str,
        text: &str,
        flags: [bool; 3],
    ) -> Result<Arc<Regex>, ProblemKind> {
        let key = (text.to_owned(), flags);
        if let Some(regex) = self.built.get(&key) {
            return Ok(Arc::clone(regex));
        }
        let reading = reading(text, flags[0]);
        for size in SIZES {
            let cost = reading.saturating_add(size);
            let left = self.left.checked_sub(cost);
            self.left = left.ok_or(ProblemKind::TooLarge(Excess::AllRegexes))?;
            match Self::build(text, flags, size) {
                Ok(regex) => {
                    let regex = Arc::new(regex);
                    self.built.insert(key, Arc::clone(&regex));
                    return Ok(regex);
                }
                Err(Error::CompiledTooBig(_)) => {}
                Err(e) => {
                    let why = e.to_string().lines().last().unwrap_or_default().to_owned();
                    return Err(ProblemKind::Regex { field: field.to_owned(), why });
                }
            }
        }
        Err(ProblemKind::TooLarge(Excess::Regex))
    }

    /// The cache of states that matching fills is bounded with the program; a full one is emptied, and where
    /// that happens too often the engine does without.
    fn build(text: &str, flags: [bool; 3], size: usize) -> Result<Regex, Error> {
        RegexBuilder::new(text)
            .case_insensitive(flags[0])
            .multi_line(flags[1])
            .dot_matches_new_line(flags[2])
            .size_limit(size)
            .dfa_size_limit((8 * size).min(1 << 20))
            .nest_limit(64)
            .build()
    }
}

/// What reading an expression costs at most, told from its text without understanding it: whatever stands
/// behind a bracket may stand within it.
fn reading(text: &str, ignore_case: bool) -> usize {
    // A group may say `i`.
    let folds = ignore_case || text.contains("(?");
    let (mut cost, mut bracket, mut table) = (text.len().saturating_mul(CHARACTER), false, 0);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        let added = match c {
            '\\' => match chars.next() {
                Some('p' | 'P') if folds => WIDE,
                Some('D' | 'S' | 'W') if folds && bracket => WIDE,
                Some('d' | 's' | 'w') if folds && bracket => FOLDED,
                Some('p' | 'P' | 'd' | 'D' | 's' | 'S' | 'w' | 'W') => CLASS,
                Some('b' | 'B') => {
                    table = TABLE;
                    0
                }
                _ => 0,
            },
            '[' => {
                let inner = std::mem::replace(&mut bracket, true);
                let negated = rest.starts_with('^') || rest.starts_with(":^");
                if folds && inner && negated { WIDE } else { 0 }
            }
            '-' if folds && bracket && ends_far(rest) => WIDE,
            '(' if !rest.starts_with('?') || rest.starts_with("?P") || rest.starts_with("?<") => {
                table = TABLE;
                0
            }
            _ => 0,
        };
        cost = cost.saturating_add(added);
    }
    cost.saturating_add(table)
}

/// Whether a range that goes to what stands there may hold more than ASCII. Blanks and comments may stand
/// between.
fn ends_far(rest: &str) -> bool {
    let mut chars = rest.trim_start().chars();
    match chars.next() {
        Some('\\') => matches!(chars.next(), Some('x' | 'u' | 'U')),
        Some(c) => c == '#' || !c.is_ascii(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_expression_is_built_once() {
        let mut regexes = Regexes::new();
        let mut get = |text, flags| regexes.get("f", text, flags).unwrap();
        let one = get(r"a(b|c)\d{2}", [false; 3]);
        assert!(Arc::ptr_eq(&one, &get(r"a(b|c)\d{2}", [false; 3])));
        assert!(!Arc::ptr_eq(&one, &get(r"a(b|c)\d{2}", [true, false, false])));
        assert!(one.is_match("xab12") && !one.is_match("xAB12"));
    }

    #[test]
    fn all_together_are_bounded() {
        let excess = |regexes: &mut Regexes, text: &str| match regexes.get("f", text, [false; 3]) {
            Err(ProblemKind::TooLarge(excess)) => Some(excess),
            _ => None,
        };
        let mut regexes = Regexes::new();
        assert_eq!(excess(&mut regexes, r"\w{1,64}"), None);
        assert_eq!(excess(&mut regexes, r"\w{5000}"), Some(Excess::Regex));
        let left = regexes.left;
        assert_eq!(excess(&mut regexes, r"\w{1,64}"), None);
        assert_eq!(regexes.left, left, "what is built costs nothing more");
        // Reading alone would take minutes.
        let folded = format!("(?i){}", r"[\x00-\x{10ffff}]".repeat(10_000));
        assert_eq!(excess(&mut regexes, &folded), Some(Excess::AllRegexes));
        let mut n = 0;
        while excess(&mut regexes, &format!("{n}(a|b)")).is_none() {
            n += 1;
        }
        assert!((100..1_000).contains(&n), "{n}");
    }

    #[test]
    fn what_is_dear_to_read_is_told() {
        let dear = |text: &str| reading(text, false) >= WIDE;
        for text in [
            r"(?i)\pL",
            r"(?i)[\D]",
            "(?i)[ -\u{1f600}]",
            r"(?i)[a-\x{1f600}]",
            r"(?xi)[a- \u{1f600}]",
            "(?xi)[a-#\n\u{1f600}]",
            r"(?i)[[^a]b]",
            r"(?i:[[:^alpha:]b])",
        ] {
            assert!(dear(text), "{text}");
        }
        for text in [r"\pL", r"[a-\x{1f600}]", r"(?i)[a-z0-9\-.]+\d", "(?i)密码-口令", "(?i)[^a]"]
        {
            assert!(!dear(text), "{text}");
        }
    }
}
