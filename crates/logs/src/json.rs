//! JSON objects one after the other: a line each, spread over lines, or in an array.

use crate::{
    Sink,
    lines::{Charset, Entries, Split},
};
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::{Fields, Time};
use serde_json::{Map, Value};
use std::io;

/// Entries are objects. One that is not closed ends where a line begins another one, no further
/// in than itself.
#[derive(Default)]
pub(crate) struct Objects {
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// Nothing but blanks stood on this line.
    fresh: bool,
    column: usize,
    /// Column at which the entry began.
    start: usize,
}

impl Split for Objects {
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            if *byte == b'\n' {
                // No text of JSON goes over a line end.
                (self.in_text, self.escaped, self.fresh, self.column) = (false, false, true, 0);
                continue;
            }
            let fresh = self.fresh;
            self.fresh &= byte.is_ascii_whitespace();
            let column = self.column;
            self.column += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text && self.depth > 0,
                _ if self.in_text => {}
                b'{' if self.depth == 0 => (self.depth, self.start) = (1, column),
                b'{' if fresh && column <= self.start => {
                    (self.depth, self.fresh, self.column) = (0, true, column);
                    return Some(at);
                }
                b'{' => self.depth += 1,
                b'}' if self.depth == 1 => {
                    self.depth = 0;
                    return Some(at + 1);
                }
                b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    }
}

/// Reads objects; `each` fills the event, and says its time or that this is no event.
pub(crate) fn read(
    source: Source,
    sink: &mut Sink<'_>,
    each: fn(&mut Fields, Map<String, Value>, utc_offset: i32) -> Option<Time>,
) -> io::Result<()> {
    let mut entries = Entries::new(source, Objects::default(), Charset::Auto);
    let mut number = 0;
    while let Some(entry) = entries.next(sink) {
        let Some(start) = entry.text.find('{') else {
            let between = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',' | '\u{1e}');
            if !entry.text.trim_matches(between).is_empty() {
                sink.damage(entry.offset, DamageKind::BadEntry);
            }
            continue;
        };
        number += 1;
        let offset = entry.offset_of(start);
        let event = serde_json::from_str(&entry.text[start..])
            .ok()
            .and_then(|object| each(&mut sink.event, object, sink.settings.utc_offset));
        if let Some(time) = event {
            sink.emit(time, number, offset)?;
        } else {
            sink.event.clear();
            let whole = entry.whole;
            sink.damage(offset, if whole { DamageKind::BadEntry } else { DamageKind::Truncated });
        }
    }
    Ok(())
}
