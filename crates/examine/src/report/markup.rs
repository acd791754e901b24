//! HTML under construction.
//!
//! Markup is `&'static str`, so only literals of this crate can become markup; whatever is made at
//! run time goes through [`Html::text`] or [`Html::attr`] and is escaped. There is no other way in.

use hangtu_catalog::{Arg, Bilingual, grouped, key};

/// HTML under construction.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Literal markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// ` name="value"`, escaped.
    pub(super) fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        escape(value, &mut self.0);
        self.0.push('"');
        self
    }

    /// A number with thousands separated.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&grouped(number));
        self
    }

    /// A text in both languages, of which the page shows one.
    pub(super) fn both(&mut self, text: &Bilingual) -> &mut Self {
        self.raw("<span lang=\"zh-CN\">").text(&text.zh);
        self.raw("</span><span lang=\"en\">").text(&text.en);
        self.raw("</span>")
    }

    /// A message in both languages.
    pub(super) fn say(&mut self, key: key::Key) -> &mut Self {
        self.both(&Bilingual::message(key, &[]))
    }

    /// A message with arguments in both languages.
    pub(super) fn say_with(&mut self, key: key::Key, args: &[(&str, Arg<'_>)]) -> &mut Self {
        self.both(&Bilingual::message(key, args))
    }

    /// The same in SVG, where a text holds `tspan`.
    pub(super) fn both_svg(&mut self, text: &Bilingual) -> &mut Self {
        self.raw("<tspan lang=\"zh-CN\">").text(&text.zh);
        self.raw("</tspan><tspan lang=\"en\">").text(&text.en);
        self.raw("</tspan>")
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Makes what cannot be seen visible: control characters as their pictures, characters that turn
/// the reading direction or hide as their code point. An excerpt must not read other than it is.
pub(crate) fn visible(c: char) -> Option<String> {
    match c {
        '\t' | '\n' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).map(String::from),
        '\u{7f}' => Some('\u{2421}'.into()),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}' => Some(format!("[U+{:04X}]", c as u32)),
        _ => None,
    }
}

fn escape(text: &str, out: &mut String) {
    out.reserve(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => match visible(c) {
                Some(picture) => out.push_str(&picture),
                None => out.push(c),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_markup_and_shows_what_hides() {
        let mut html = Html::default();
        html.raw("<a").attr("title", "\" onload='x").raw(">").text("<b>&\0\u{202e}\n").raw("</a>");
        assert_eq!(
            html.finish(),
            "<a title=\"&quot; onload=&#39;x\">&lt;b&gt;&amp;\u{2400}[U+202E]\n</a>"
        );
    }
}
