//! Text values with wildcards (*rules*, "String Wildcard" and "Escaping").

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Exactly this text.
    Text(String),
    /// `*`: any text, also none.
    Any,
    /// `?`: any one character.
    One,
    /// A dash of the `windash` modifier: `-`, `/` or one of the longer dashes.
    Dash,
}

/// A value with its wildcards recognised. Neighbouring texts and stars are merged, so equal
/// patterns compare equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The pieces, in order; none is the empty text.
    pub parts: Vec<Part>,
}

/// Characters that `windash` exchanges (*modifiers*, `windash`).
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

impl Pattern {
    /// Reads wildcards and backslash escapes. A backslash escapes `*`, `?` and itself; before
    /// anything else it is an ordinary character.
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next_if(|n| matches!(n, '*' | '?' | '\\')) {
                    Some(escaped) => out.push_char(escaped),
                    None => out.push_char('\\'),
                },
                '*' => out.push(Part::Any),
                '?' => out.push(Part::One),
                c => out.push_char(c),
            }
        }
        out
    }

    /// The pattern that is exactly `text`.
    pub fn literal(text: &str) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] };
        Self { parts }
    }

    /// The text, when the pattern has no wildcards.
    pub fn as_text(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn push_char(&mut self, c: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(c);
        } else {
            self.parts.push(Part::Text(c.into()));
        }
    }

    fn push(&mut self, part: Part) {
        if part != Part::Any || self.parts.last() != Some(&Part::Any) {
            self.parts.push(part);
        }
    }

    /// Allows any text before.
    pub(crate) fn open_start(&mut self) {
        if self.parts.first() != Some(&Part::Any) {
            self.parts.insert(0, Part::Any);
        }
    }

    /// Allows any text after.
    pub(crate) fn open_end(&mut self) {
        self.push(Part::Any);
    }

    /// The pattern with each flag dash exchangeable: one that does not follow a word character
    /// and stands before one, as pySigma reads the specification.
    pub(crate) fn windash(&self) -> Self {
        let mut out = Self::default();
        for part in &self.parts {
            let Part::Text(text) = part else {
                out.push(part.clone());
                continue;
            };
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let mut before = None;
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let flag = DASHES.contains(&c)
                    && !before.is_some_and(word)
                    && chars.peek().copied().is_some_and(word);
                if flag {
                    out.push(Part::Dash);
                } else {
                    out.push_char(c);
                }
                before = Some(c);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_follow_the_specification() {
        let text = |s: &str| Part::Text(s.into());
        for (written, parts) in [
            (r"C:\Windows\cmd.exe", vec![text(r"C:\Windows\cmd.exe")]),
            (r"C:\\Windows", vec![text(r"C:\Windows")]),
            (r"a\*b", vec![text("a*b")]),
            (r"a\?b", vec![text("a?b")]),
            (r"a\\*b", vec![text(r"a\"), Part::Any, text("b")]),
            (r"a\\\*b", vec![text(r"a\*b")]),
            (r"\\\server", vec![text(r"\\server")]),
            (r"\\\\server", vec![text(r"\\server")]),
            (r"a**b?", vec![text("a"), Part::Any, text("b"), Part::One]),
            (r"end\", vec![text(r"end\")]),
            ("", vec![]),
        ] {
            assert_eq!(Pattern::parse(written).parts, parts, "{written}");
        }
    }

    #[test]
    fn windash_changes_flags_only() {
        let parts = Pattern::parse("a-b -c /d").windash().parts;
        let text = |s: &str| Part::Text(s.into());
        assert_eq!(parts, [text("a-b "), Part::Dash, text("c "), Part::Dash, text("d")]);
    }
}
