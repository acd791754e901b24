//! Emphasis in Chinese text. CommonMark closes `**` only where no punctuation stands before it, or a
//! space or punctuation behind (0.31.2, section 6.2); Chinese puts no spaces: `**一是权限：**它只能` would
//! keep its asterisks. A word joiner between mark and punctuation makes the mark one of emphasis; what
//! is written leaves joiners out.

use std::borrow::Cow;

/// The character that is put in, and left out again (U+2060).
pub(super) const JOINER: char = '\u{2060}';

fn punctuation(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
        || matches!(c, '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' | '“' | '”' | '‘' | '’' | '…' | '—')
}

/// The text with joiners between asterisks and the punctuation beside them.
pub(super) fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains('*') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut last = '\n';
    for c in text.chars() {
        if (c == '*' && punctuation(last)) || (last == '*' && punctuation(c)) {
            out.push(JOINER);
        }
        out.push(c);
        last = c;
    }
    Cow::Owned(out)
}
