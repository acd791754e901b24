//! A document as the values the template takes.

use crate::{Align, Block, Document, Emphasis, Run, Table, text};
use hangtu_catalog::{Language, key};
use serde_json::{Value, json};

/// The text area is 453 points wide. Characters of a column as narrow as they come are about this
/// wide; a word that does not fit may break anywhere.
const TEXT_WIDTH: u32 = 453;
const CELL_PADDING: u32 = 12;
const CHARACTER: u32 = 7;

/// Stands for a character no embedded font has: the printer's mark for a missing sort.
const MISSING: char = '〓';

struct Writer<'a> {
    covered: &'a dyn Fn(char) -> bool,
}

/// The whole document.
pub(super) fn document(document: &Document, covered: &dyn Fn(char) -> bool) -> Value {
    let w = Writer { covered };
    let zh = document.language == Language::Chinese;
    let bars = [key::PRINT_ITEM, key::PRINT_COUNT, key::PRINT_SHARE].map(|k| document.word(k));
    let mut images = 0;
    let mut block = |block: &Block| w.block(block, &mut images);
    json!({
        "lang": if zh { "zh" } else { "en" },
        "region": if zh { "CN" } else { "GB" },
        "title": w.lines(&document.title, TEXT_WIDTH / 2),
        "plain-title": w.line(&document.title),
        "subtitle": w.lines(&document.subtitle, TEXT_WIDTH),
        "running": [short(&w.line(&document.title), 60), short(&w.line(&document.number), 32)],
        "organisation": w.line(&document.organisation),
        "date": [document.date.year(), document.date.month(), document.date.day()],
        "cover": document.cover().iter().map(|(name, value)| json!([
            w.lines(name, 140), w.lines(value, 260),
        ])).collect::<Vec<_>>(),
        "page": document.page_of(),
        "bars": bars,
        "blocks": document.blocks.iter().map(&mut block).collect::<Vec<_>>(),
    })
}

impl Writer<'_> {
    fn block(&self, block: &Block, images: &mut usize) -> Value {
        match block {
            Block::Heading { level, text } => json!({
                "kind": "heading", "level": (*level).clamp(1, 4),
                "text": self.lines(text, TEXT_WIDTH / 2),
            }),
            Block::Paragraph(runs) => json!({"kind": "paragraph", "runs": self.runs(runs, 0)}),
            Block::List { numbered, items } => json!({
                "kind": "list", "numbered": numbered,
                "items": items.iter().map(|i| self.runs(i, 40)).collect::<Vec<_>>(),
            }),
            Block::Table(table) => self.table(table),
            Block::Pairs(pairs) => json!({
                "kind": "pairs",
                "pairs": pairs.iter().map(|(name, value)| json!([
                    self.lines(name, 110), self.runs(value, 140),
                ])).collect::<Vec<_>>(),
            }),
            Block::Callout { tone, title, text } => json!({
                "kind": "callout", "tone": tone.name(), "title": self.lines(title, 400),
                "runs": self.runs(text, 40),
            }),
            Block::Bars(bars) => json!({
                "kind": "bars",
                "bars": bars.iter().map(|bar| json!({
                    "label": self.lines(&bar.label, 150), "count": bar.count(),
                    "share": bar.share(), "permille": bar.permille().unwrap_or(0),
                })).collect::<Vec<_>>(),
            }),
            Block::Image(image) => {
                *images += 1;
                json!({"kind": "image", "at": *images - 1, "alt": self.line(&image.alt)})
            }
            Block::PageBreak => json!({"kind": "page-break"}),
        }
    }

    fn table(&self, table: &Table) -> Value {
        let widths = table.widths(TEXT_WIDTH);
        let header = table.columns.iter().zip(&widths);
        let rows = table.cells().map(|row| {
            let cells = row.into_iter().zip(&widths).map(|((_, cell), width)| {
                let (text, tone) = cell.map_or(("", "neutral"), |c| (&*c.text, c.tone.name()));
                json!({"text": self.lines(text, width.saturating_sub(CELL_PADDING)), "tone": tone})
            });
            cells.collect::<Value>()
        });
        json!({
            "kind": "table",
            "widths": widths,
            "aligns": table.columns.iter().map(|c| match c.align {
                Align::Left => "left",
                Align::Centre => "center",
                Align::Right => "right",
            }).collect::<Vec<_>>(),
            "header": header.map(|(c, width)| {
                self.lines(&c.title, width.saturating_sub(CELL_PADDING))
            }).collect::<Vec<_>>(),
            "rows": rows.collect::<Vec<_>>(),
        })
    }

    /// Runs in a place that is `less` points narrower than the page.
    fn runs(&self, runs: &[Run], less: u32) -> Value {
        let run = |run: &Run| {
            let look = match run.emphasis {
                Emphasis::Plain => "plain",
                Emphasis::Bold => "bold",
                Emphasis::Code => "code",
            };
            json!({"look": look, "lines": self.lines(&run.text, TEXT_WIDTH - less)})
        };
        runs.iter().map(run).collect()
    }

    /// Lines of pieces; a line may be broken between two pieces, besides where it may anyway.
    fn lines(&self, text: &str, width: u32) -> Value {
        let fits = (width / CHARACTER).max(2) as usize;
        let lines = text::clean(text);
        lines.split('\n').map(|line| pieces(&self.printable(line), fits)).collect()
    }

    fn line(&self, text: &str) -> String {
        self.printable(&text::line(text))
    }

    /// The text in characters that the fonts have. Joiners and selectors of what they do not have
    /// go with it.
    fn printable(&self, text: &str) -> String {
        let invisible = |c: &char| {
            matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}')
                || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}')
        };
        let known = |c| if (self.covered)(c) { c } else { MISSING };
        text.chars().filter(|c| !invisible(c)).map(known).collect()
    }
}

/// What of a text fits into the running header.
fn short(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// Cuts words longer than `fits` to crumbs, so that the line can break anywhere within them.
fn pieces(line: &str, fits: usize) -> Value {
    let mut pieces = vec![String::new()];
    // Han text breaks between any two characters by itself.
    let unbroken = |c: char| !c.is_whitespace() && c < '\u{2E80}';
    for word in line.split_inclusive(|c| !unbroken(c)) {
        let length = word.chars().count();
        let crumb = if length <= fits { length } else { (length / 4096).clamp(1, fits) };
        for (at, c) in word.chars().enumerate() {
            if length > fits && at > 0 && at % crumb == 0 {
                pieces.push(String::new());
            }
            pieces.last_mut().expect("there is always one").push(c);
        }
    }
    pieces.into()
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn long_words_break_and_short_ones_do_not() {
        assert_eq!(pieces("plain words 与汉字", 8), serde_json::json!(["plain words 与汉字"]));
        assert_eq!(pieces("a abcd", 3), serde_json::json!(["a a", "b", "c", "d"]));
    }
}
