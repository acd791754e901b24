//! Markup under construction, for HTML and for the XML of DOCX.
//!
//! Markup is `&'static str`, so only literals of this crate can become markup; whatever is made at
//! run time is cleaned and escaped. There is no other way in.

use crate::text::{clean, line};
use std::fmt::Write;

#[derive(Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// Literal markup.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, with `between` for each line feed.
    pub(crate) fn lines(&mut self, text: &str, between: &'static str) -> &mut Self {
        for (at, part) in clean(text).split('\n').enumerate() {
            if at > 0 {
                self.0.push_str(between);
            }
            self.escape(part);
        }
        self
    }

    /// Text on one line.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.escape(&line(text));
        self
    }

    /// A number: in text or in an attribute's quotes.
    pub(crate) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        write!(self.0, "{}", number.into()).expect("a string takes all text");
        self
    }

    /// The bytes of a file as base64.
    pub(crate) fn base64(&mut self, bytes: &[u8]) -> &mut Self {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.encode_string(bytes, &mut self.0);
        self
    }

    /// What was made.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}
