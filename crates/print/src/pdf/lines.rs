//! Text broken into lines.

use super::{
    face::{self, Glyph},
    kinsoku,
};
use crate::{Emphasis, Run, text::clean};

/// Text with looks, fit to print.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    text: String,
    /// Where each look ends, in bytes.
    looks: Vec<(usize, Emphasis)>,
}

impl Text {
    pub(super) fn new(text: &str, look: Emphasis) -> Self {
        let mut made = Self::default();
        made.push(text, look);
        made
    }

    pub(super) fn runs(runs: &[Run]) -> Self {
        let mut made = Self::default();
        for run in runs {
            made.push(&run.text, run.emphasis);
        }
        made
    }

    fn push(&mut self, text: &str, look: Emphasis) {
        let fit = |c| if c == '\n' { c } else { face::printable(c) };
        self.text.extend(clean(text).chars().map(fit));
        self.looks.push((self.text.len(), look));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    #[cfg(test)]
    pub(super) fn plain_lines(&self) -> String {
        self.text.replace('\n', "")
    }

    /// As one line of plain text.
    pub(super) fn plain(&self) -> String {
        self.text.replace('\n', " ")
    }
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    text: Text,
    /// What stands around it in its paragraph: the room of signs depends on their neighbours.
    around: (Option<char>, Option<char>),
    /// The width of what is seen of it.
    pub(super) width: f32,
    /// How much wider each gap is made, so that the lines of a paragraph end alike.
    stretch: f32,
}

/// The measure lines are broken to, in points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub(super) size: f32,
    pub(super) width: f32,
    /// How much the first line stands in.
    pub(super) indent: f32,
    /// Whether lines are made to end alike.
    pub(super) justify: bool,
}

/// A character with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    pub(super) c: char,
    pub(super) look: Emphasis,
    pub(super) glyph: Glyph,
    /// Size, room before it (none at the beginning of a line) and own width in points.
    pub(super) size: f32,
    lead: f32,
    pub(super) advance: f32,
}

fn shape(text: &Text, size: f32, around: (Option<char>, Option<char>)) -> Vec<Sort> {
    let mut looks = text.looks.iter();
    let mut look = looks.next();
    let mut chars = text.text.char_indices().peekable();
    let mut before = around.0;
    let mut sorts = Vec::with_capacity(text.text.len());
    while let Some((at, c)) = chars.next() {
        while look.is_some_and(|(end, _)| at >= *end) {
            look = looks.next();
        }
        let look = look.map_or(Emphasis::Plain, |(_, look)| *look);
        let after = chars.peek().map(|(_, c)| *c).or(around.1);
        let glyph = face::glyph(c, look, kinsoku::alone(before, after));
        let own = size * face::scale(look);
        let lead = before.map_or(0.0, |b| kinsoku::between(b, c)) * size;
        sorts.push(Sort { c, look, glyph, size: own, lead, advance: glyph.advance * own });
        before = Some(c);
    }
    sorts
}

impl Line {
    /// Its characters, each with its distance from the beginning.
    pub(super) fn sorts(&self, size: f32) -> Vec<(f32, Sort)> {
        let sorts = shape(&self.text, size, self.around);
        let mut x = 0.0;
        let mut placed: Vec<(f32, Sort)> = Vec::with_capacity(sorts.len());
        for sort in sorts {
            if let Some((_, last)) = placed.last() {
                x += sort.lead + if gap(last.c, sort.c) { self.stretch } else { 0.0 };
            }
            placed.push((x, sort));
            x += sort.advance;
        }
        placed
    }

    pub(super) fn text(&self) -> &str {
        &self.text.text
    }

    /// What the next line begins with, if it belongs to the same paragraph.
    #[cfg(test)]
    pub(super) fn next(&self) -> Option<char> {
        self.around.1
    }

    #[cfg(test)]
    pub(super) fn justified(&self) -> bool {
        self.stretch > 0.0
    }
}

/// Whether room may be added between these two.
fn gap(a: char, b: char) -> bool {
    a == ' ' || (b != ' ' && (kinsoku::square(a) || kinsoku::square(b)))
}

/// The text in lines. There is always one.
pub(super) fn lines(text: &Text, measure: &Measure) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut from, mut look) = (0, 0);
    let mut indent = measure.indent;
    for hard in text.text.split_inclusive('\n') {
        let end = from + hard.len();
        let shown = hard.strip_suffix('\n').unwrap_or(hard);
        let mut part = Text { text: shown.to_owned(), looks: Vec::new() };
        while let Some((until, emphasis)) = text.looks.get(look) {
            part.looks.push((until.saturating_sub(from), *emphasis));
            if *until >= end {
                break;
            }
            look += 1;
        }
        from = end;
        break_line(&shape(&part, measure.size, (None, None)), measure, &mut indent, &mut lines);
    }
    if text.text.is_empty() || text.text.ends_with('\n') {
        lines.push(line(&[], (None, None), 0.0, 0.0));
    }
    lines
}

/// One line as wide as it is.
pub(super) fn single(text: &Text, size: f32) -> Line {
    let text = Text { text: text.plain(), looks: text.looks.clone() };
    let measure = Measure { size, width: f32::INFINITY, indent: 0.0, justify: false };
    lines(&text, &measure).swap_remove(0)
}

/// The width of the widest word, at most `most`.
pub(super) fn widest_word(text: &Text, size: f32, most: f32) -> f32 {
    let (mut widest, mut width) = (0.0_f32, 0.0);
    let mut last: Option<char> = None;
    for sort in shape(text, size, (None, None)) {
        let parted = sort.c == ' ' || sort.c == '\n';
        if parted || last.is_some_and(|a| kinsoku::may_break(None, a, sort.c, false)) {
            width = 0.0;
        }
        width += if parted { 0.0 } else { sort.advance };
        widest = widest.max(width);
        if widest >= most {
            return most;
        }
        last = Some(sort.c);
    }
    widest
}

fn break_line(sorts: &[Sort], measure: &Measure, indent: &mut f32, lines: &mut Vec<Line>) {
    let mut start = 0;
    loop {
        let room = (measure.width - *indent).max(0.0);
        let (end, width) = fit(sorts, start, room);
        let around = (start.checked_sub(1).map(|at| sorts[at].c), sorts.get(end).map(|s| s.c));
        let seen = &sorts[start..end];
        let solid = seen.iter().rposition(|s| s.c != ' ').map_or(0, |at| at + 1);
        let gaps = seen[..solid].windows(2).filter(|w| gap(w[0].c, w[1].c)).count();
        let stretch = if measure.justify && end < sorts.len() && gaps > 0 {
            (room - width) / gaps as f32
        } else {
            0.0
        };
        // Beyond an eighth of a square the line would look like a row of words.
        let stretch = if stretch < 0.125 * measure.size { stretch.max(0.0) } else { 0.0 };
        lines.push(line(seen, around, width, stretch));
        *indent = 0.0;
        start = end;
        if start >= sorts.len() {
            return;
        }
    }
}

/// Where the line that begins at `start` ends, and the width of what is seen of it.
fn fit(sorts: &[Sort], start: usize, room: f32) -> (usize, f32) {
    let (mut x, mut seen) = (0.0_f32, 0.0);
    let mut best = None;
    let mut solid: Option<usize> = None;
    for (at, sort) in sorts.iter().enumerate().skip(start) {
        if sort.c != ' ' {
            if let Some(last) = solid {
                let before = last.checked_sub(1).map(|b| sorts[b].c);
                if kinsoku::may_break(before, sorts[last].c, sort.c, last + 1 < at) {
                    best = Some((at, seen));
                }
            } else if at > start {
                best = Some((at, 0.0));
            }
        }
        let begins = if at > start { x + sort.lead } else { 0.0 };
        x = begins + sort.advance;
        if sort.c != ' ' {
            if x > room + 0.01 && at > start {
                return best.unwrap_or_else(|| tear(sorts, start, at));
            }
            (seen, solid) = (x, Some(at));
        }
    }
    (sorts.len(), seen)
}

/// Breaks a word wider than the line, `sorts[start..at]` being what fits: after a seam near the end,
/// or at the end, wherever the rules of punctuation are kept if they can be.
fn tear(sorts: &[Sort], start: usize, at: usize) -> (usize, f32) {
    let keeps = |p: usize| {
        let (a, b) = (sorts[p - 1].c, sorts[p].c);
        !kinsoku::closes(b) && !kinsoku::opens(a) && a != ' ' && b != ' '
    };
    let near = start + 1 + (at - start) * 2 / 3;
    let seam = (near..=at).rev().find(|p| kinsoku::seam(sorts[p - 1].c) && keeps(*p));
    let end = seam.or_else(|| (start + 1..=at).rev().find(|p| keeps(*p))).unwrap_or(at);
    let seen = sorts[start..end].iter().rposition(|s| s.c != ' ').map_or(start, |n| start + n + 1);
    let parts = sorts[start..seen].iter().enumerate();
    (end, parts.map(|(n, s)| s.advance + if n > 0 { s.lead } else { 0.0 }).sum())
}

fn line(sorts: &[Sort], around: (Option<char>, Option<char>), width: f32, stretch: f32) -> Line {
    // A large table holds a million of these; they take no more memory than they need.
    let bytes = sorts.iter().map(|sort| sort.c.len_utf8()).sum();
    let mut text = Text { text: String::with_capacity(bytes), looks: Vec::with_capacity(1) };
    for (at, sort) in sorts.iter().enumerate() {
        text.text.push(sort.c);
        if sorts.get(at + 1).is_none_or(|next| next.look != sort.look) {
            text.looks.push((text.text.len(), sort.look));
        }
    }
    Line { text, around, width, stretch }
}
