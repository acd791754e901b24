//! The condition of a detection (*rules*, "Condition").

use crate::error::{ConditionFault, Counted, Unsupported, Wrong};

/// Parentheses and `not` within each other; no rule written by people comes near.
const MAX_DEPTH: usize = 64;
/// Words of one condition.
const MAX_WORDS: usize = 4096;

/// A condition, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The selection of that name.
    Selection(String),
    /// So many of these selections.
    Of(Quantity, Target),
    /// The opposite.
    Not(Box<Self>),
    /// Every one.
    And(Vec<Self>),
    /// At least one.
    Or(Vec<Self>),
}

/// How many of several selections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// `all of`.
    All,
    /// `1 of`, or any number: at least so many.
    AtLeast(usize),
}

/// Which selections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `them`: all whose name does not begin with an underscore.
    Them,
    /// Those whose name fits, `*` standing for any characters.
    Like(String),
}

impl Target {
    /// Whether the selection of that name is meant.
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::Them => !name.starts_with('_'),
            Self::Like(pattern) => star(pattern, name),
        }
    }
}

/// `*` wildcards over names; case matters, as in YAML keys.
fn star(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let (middles, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(cut) = name.strip_suffix(tail) else { return false };
    name = cut;
    for piece in middles.split('*') {
        match name.find(piece) {
            Some(at) => name = &name[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// A condition and what followed a pipe, the old aggregation language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) condition: Condition,
    pub(crate) aggregation: Option<String>,
}

impl Condition {
    /// Reads a condition without an aggregation.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let read = Read::parse(text)?;
        match read.aggregation {
            None => Ok(read.condition),
            Some(_) => Err(Wrong::Unsupported(Unsupported::Aggregation)),
        }
    }

    /// Calls `f` with each selection name and target.
    pub(crate) fn each(&self, f: &mut dyn FnMut(Result<&str, &Target>)) {
        match self {
            Self::Selection(name) => f(Ok(name)),
            Self::Of(_, target) => f(Err(target)),
            Self::Not(inner) => inner.each(f),
            Self::And(list) | Self::Or(list) => list.iter().for_each(|c| c.each(f)),
        }
    }
}

impl Read {
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let (logic, aggregation) = match text.split_once('|') {
            Some((logic, rest)) => (logic, Some(rest.trim().to_owned())),
            None => (text, None),
        };
        let words = words(logic)?;
        let mut reader = Reader { words: &words, at: 0 };
        let condition = reader.or(0)?;
        match reader.peek() {
            None => Ok(Self { condition, aggregation }),
            Some(word) => Err(Wrong::Condition(ConditionFault::Unexpected(word.to_owned()))),
        }
    }
}

fn words(text: &str) -> Result<Vec<&str>, Wrong> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' | ')' => 1,
            _ => {
                rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len())
            }
        };
        out.push(&rest[..end]);
        rest = rest[end..].trim_start();
        if out.len() > MAX_WORDS {
            return Err(Wrong::TooMuch { what: Counted::Words, limit: MAX_WORDS });
        }
    }
    Ok(out)
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
}

/// Words of the language, in any case.
fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|w| is(w, keyword));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Result<Condition, Wrong> {
        let mut list = vec![self.and(depth)?];
        while self.take("or") {
            list.push(self.and(depth)?);
        }
        Ok(if list.len() == 1 { list.swap_remove(0) } else { Condition::Or(list) })
    }

    fn and(&mut self, depth: usize) -> Result<Condition, Wrong> {
        let mut list = vec![self.not(depth)?];
        while self.take("and") {
            list.push(self.not(depth)?);
        }
        Ok(if list.len() == 1 { list.swap_remove(0) } else { Condition::And(list) })
    }

    fn not(&mut self, depth: usize) -> Result<Condition, Wrong> {
        if depth > MAX_DEPTH {
            return Err(Wrong::TooMuch { what: Counted::ConditionLevels, limit: MAX_DEPTH });
        }
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err(Wrong::Condition(ConditionFault::Parenthesis))
            };
        }
        let Some(word) = self.peek() else {
            return Err(Wrong::Condition(ConditionFault::Ends));
        };
        self.at += 1;
        let of = self.peek().is_some_and(|w| is(w, "of"));
        if of && let Some(quantity) = quantity(word) {
            self.at += 1;
            let Some(target) = self.peek().filter(|w| !matches!(*w, "(" | ")")) else {
                return Err(Wrong::Condition(ConditionFault::Of));
            };
            self.at += 1;
            let target =
                if is(target, "them") { Target::Them } else { Target::Like(target.to_owned()) };
            return Ok(Condition::Of(quantity, target));
        }
        if word == ")" || ["and", "or", "of"].iter().any(|k| is(word, k)) {
            return Err(Wrong::Condition(ConditionFault::NotASelection(word.to_owned())));
        }
        Ok(Condition::Selection(word.to_owned()))
    }
}

fn quantity(word: &str) -> Option<Quantity> {
    if is(word, "all") {
        Some(Quantity::All)
    } else if is(word, "any") {
        Some(Quantity::AtLeast(1))
    } else {
        word.parse().ok().filter(|n| *n > 0).map(Quantity::AtLeast)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(c: &Condition) -> String {
        let list = |l: &[Condition], sep: &str| l.iter().map(show).collect::<Vec<_>>().join(sep);
        match c {
            Condition::Selection(name) => name.clone(),
            Condition::Of(Quantity::All, Target::Them) => "all".into(),
            Condition::Of(Quantity::All, Target::Like(p)) => format!("all:{p}"),
            Condition::Of(Quantity::AtLeast(n), Target::Them) => format!("{n}"),
            Condition::Of(Quantity::AtLeast(n), Target::Like(p)) => format!("{n}:{p}"),
            Condition::Not(c) => format!("!{}", show(c)),
            Condition::And(l) => format!("({})", list(l, " & ")),
            Condition::Or(l) => format!("({})", list(l, " | ")),
        }
    }

    #[test]
    fn precedence_is_or_and_not_of() {
        for (text, shown) in [
            ("a", "a"),
            ("a or b and not c", "(a | (b & !c))"),
            ("(a or b) and c", "((a | b) & c)"),
            ("not not a AND B", "(!!a & B)"),
            ("1 of them", "1"),
            ("all of sel_* and not 1 of filter*", "(all:sel_* & !1:filter*)"),
            ("2 of s* or any of them", "(2:s* | 1)"),
            ("not(a)", "!a"),
            ("all", "all"),
        ] {
            assert_eq!(Condition::parse(text).map(|c| show(&c)), Ok(shown.into()), "{text}");
        }
        for bad in
            ["", "a b", "(a", "a)", "and", "a or", "1 of", "1 of )", "not", "a | count() > 5"]
        {
            assert!(Condition::parse(bad).is_err(), "{bad}");
        }
        assert!(Condition::parse(&"(".repeat(100_000)).is_err());
        assert!(Condition::parse(&"not ".repeat(4000)).is_err());
    }

    #[test]
    fn targets_take_names() {
        let like = |p: &str, n: &str| Target::Like(p.into()).takes(n);
        assert!(like("sel*", "selection") && !like("sel*", "filter"));
        assert!(like("*_main_*", "filter_main_x") && !like("*_main_*", "filter_main"));
        assert!(like("s*l*n", "selection") && like("same", "same") && !like("ab*ba", "aba"));
        assert!(Target::Them.takes("a") && !Target::Them.takes("_a"));
    }
}
