//! Texts that others wrote, on a terminal.

use std::borrow::Cow;

/// The text on one line, without what a terminal obeys: nothing that stands in evidence, rules or names
/// of files may steer it, or look like a line of ours.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        text.replace(char::is_control, " ").into()
    } else {
        text.into()
    }
}
