//! Patterns with wildcards in the middle, matched without backtracking.

use crate::pattern::{DASHES, Part, Pattern};

/// A pattern cut at its stars. Each piece has a fixed number of characters, so taking the
/// leftmost place for each in turn finds a match if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    pieces: Vec<Vec<Part>>,
    open_start: bool,
    open_end: bool,
}

impl Glob {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        Self {
            pieces: pattern
                .parts
                .split(|p| *p == Part::Any)
                .filter(|piece| !piece.is_empty())
                .map(<[Part]>::to_vec)
                .collect(),
            open_start: pattern.parts.first() == Some(&Part::Any),
            open_end: pattern.parts.last() == Some(&Part::Any),
        }
    }

    /// The longest text every match contains.
    pub(crate) fn literal(&self) -> Option<&str> {
        let texts = self.pieces.iter().flatten().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.max_by_key(|t| t.len())
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut rest = text;
        let mut pieces = &self.pieces[..];
        if !self.open_start
            && let Some((first, others)) = pieces.split_first()
        {
            let Some(taken) = at_start(first, rest) else { return false };
            rest = &rest[taken..];
            pieces = others;
        }
        let mut last = None;
        if !self.open_end
            && let Some((piece, others)) = pieces.split_last()
        {
            last = Some(piece);
            pieces = others;
        } else if !self.open_end && pieces.is_empty() {
            return rest.is_empty();
        }
        for piece in pieces {
            let Some(end) = find(piece, rest) else { return false };
            rest = &rest[end..];
        }
        last.is_none_or(|piece| at_end(piece, rest))
    }
}

/// Bytes of `text` that the piece takes at its start.
fn at_start(piece: &[Part], text: &str) -> Option<usize> {
    let mut rest = text;
    for part in piece {
        rest = match part {
            Part::Text(text) => rest.strip_prefix(&**text)?,
            Part::One => {
                let mut chars = rest.chars();
                chars.next()?;
                chars.as_str()
            }
            Part::Dash => rest.strip_prefix(DASHES)?,
            Part::Any => rest,
        };
    }
    Some(text.len() - rest.len())
}

/// Where the leftmost occurrence of the piece ends.
fn find(piece: &[Part], text: &str) -> Option<usize> {
    if let Some(Part::Text(first)) = piece.first() {
        let mut from = 0;
        while let Some(at) = text.get(from..)?.find(&**first) {
            let start = from + at;
            if let Some(taken) = at_start(piece, &text[start..]) {
                return Some(start + taken);
            }
            from = start + first.chars().next().map_or(1, char::len_utf8);
        }
        return None;
    }
    let starts = text.char_indices().map(|(at, _)| at);
    starts.into_iter().find_map(|at| Some(at + at_start(piece, &text[at..])?))
}

/// Whether the text ends with the piece.
fn at_end(piece: &[Part], text: &str) -> bool {
    let width: usize = piece
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.chars().count(),
            Part::One | Part::Dash => 1,
            Part::Any => 0,
        })
        .sum();
    let start = match width.checked_sub(1) {
        None => text.len(),
        Some(back) => match text.char_indices().rev().nth(back) {
            Some((at, _)) => at,
            None => return false,
        },
    };
    at_start(piece, &text[start..]) == Some(text.len() - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let m = |p: &str, t: &str| Glob::new(&Pattern::parse(p)).matches(t);
        assert!(m("a*b*c", "aXbYc") && m("a*b*c", "abc") && !m("a*b*c", "acb"));
        assert!(m("?b", "ab") && m("?b", "éb") && !m("?b", "b") && !m("?b", "aab"));
        assert!(m("*a?c", "xxabc") && !m("*a?c", "xxac") && m("a?*", "ab") && !m("a?*", "a"));
        assert!(m("ab*ba", "abba") && !m("ab*ba", "aba") && m("*aab*", "aaab"));
        assert!(m("??", "éé") && !m("??", "é") && m("*é?*", "xéy"));
    }
}
