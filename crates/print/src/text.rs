//! Text from strangers, made fit to print.

/// What stands for a character that cannot be written.
const LOST: char = '\u{FFFD}';

/// The text without what no format can hold or what would deceive the reader: control characters,
/// marks that turn the direction of text, noncharacters and invisible tags are shown as U+FFFD.
/// Of white space only spaces and line feeds remain.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => ' ',
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' => LOST,
            '\u{2066}'..='\u{2069}' | '\u{FDD0}'..='\u{FDEF}' | '\u{E0000}'..='\u{E007F}' => LOST,
            c if c.is_control() || u32::from(c) & 0xFFFE == 0xFFFE => LOST,
            c => c,
        });
    }
    out
}

/// The same on one line: for titles, headers and attributes.
pub(crate) fn line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::{clean, line};

    #[test]
    fn what_deceives_is_shown() {
        assert_eq!(clean("a\u{202E}b\0c\u{7}\u{FFFF}"), "a\u{FFFD}b\u{FFFD}c\u{FFFD}\u{FFFD}");
        assert_eq!(clean("一\r\n二\t三\r"), "一\n二 三\n");
        assert_eq!(line("一\n二"), "一 二");
    }
}
