//! The after-action report as a document.

use super::report::{lane, milestone};
use hangtu_catalog::{Arg, Language, key, key::Key, text};
use hangtu_drill::exercise::AfterAction;
use hangtu_print::{Align, Block, Cell, Column, Document, Run, Table, Tone, plain};

struct Writer {
    language: Language,
    blocks: Vec<Block>,
}

impl Writer {
    fn t(&self, key: Key) -> String {
        text(self.language, key, &[])
    }

    fn word(&self, prefix: &str, word: &str) -> String {
        Key::find(&format!("{prefix}-{word}")).map_or_else(|| word.to_owned(), |k| self.t(k))
    }

    fn heading(&mut self, key: Key) {
        let text = self.t(key);
        self.blocks.push(Block::Heading { level: 1, text });
    }

    fn table(&mut self, columns: &[(Key, u16, Align)], rows: Vec<Vec<Cell>>) {
        let columns = columns
            .iter()
            .map(|(title, width, align)| Column {
                title: self.t(*title),
                width: *width,
                align: *align,
            })
            .collect();
        self.blocks.push(Block::Table(Table { columns, rows }));
    }
}

fn percent(part: Option<f64>) -> Cell {
    Cell::new(part.map_or_else(|| "—".into(), |p| format!("{:.0} %", p * 100.0)))
}

/// The report of one drill in one language.
pub(super) fn document(
    after: &AfterAction,
    number: i64,
    organisation: &str,
    language: Language,
) -> Document {
    let mut w = Writer { language, blocks: Vec::new() };
    w.heading(key::DRILL_SUMMARY);
    for sentence in &after.summary {
        w.blocks.push(Block::Paragraph(plain(sentence.text.get(language))));
    }
    w.heading(key::DRILL_SCORES);
    w.blocks.push(Block::Paragraph(plain(w.t(key::DRILL_SCORES_NOTE))));
    let rows = after.scores.dimensions.iter().map(|(d, s)| {
        vec![
            Cell::new(w.word("drill-dimension", d.name())),
            percent(s.checklist),
            percent(s.rated),
            percent(s.value),
        ]
    });
    let rows = rows.collect();
    w.table(
        &[
            (key::DRILL_DIMENSION, 4, Align::Left),
            (key::DRILL_CHECKLIST, 2, Align::Right),
            (key::DRILL_RATED_SCORE, 2, Align::Right),
            (key::DRILL_VALUE, 2, Align::Right),
        ],
        rows,
    );
    if !after.scores.technical.is_empty() {
        w.heading(key::DRILL_TECHNICAL);
        let rows = after.scores.technical.iter().map(|t| {
            vec![
                Cell::new(w.word("drill-measure", &t.what)),
                Cell::new(format!("{} {}", t.value, t.unit)),
            ]
        });
        let rows = rows.collect();
        w.table(&[(key::DRILL_WHAT, 4, Align::Left), (key::DRILL_VALUE, 2, Align::Right)], rows);
    }
    points(&mut w, after);
    timeline(&mut w, after);
    if let Some(c) = &after.comparison {
        w.heading(key::DRILL_COMPARISON);
        let args: [(&str, Arg<'_>); 3] = [
            ("closed", (c.closed.len() as u64).into()),
            ("still", (c.still.len() as u64).into()),
            ("worse", (c.worse.len() as u64).into()),
        ];
        let words = text(language, key::DRILL_COMPARED, &args);
        w.blocks.push(Block::Paragraph(plain(words)));
    }
    w.blocks.push(Block::Callout {
        tone: Tone::Neutral,
        title: w.t(key::DRILL_TRUST),
        text: vec![
            Run::plain(w.t(key::DRILL_TRUST_NOTE)),
            Run::plain("\n"),
            Run::code(format!("{} v{} {}", after.exercise, after.version, after.sha256)),
        ],
    });
    let last = after.timeline.last().map(|r| r.at.wall.as_microsecond());
    Document {
        language,
        title: w.t(key::DRILL_REPORT),
        subtitle: after.title.get(language).to_owned(),
        number: number.to_string(),
        date: crate::clock::day(last.unwrap_or_default()),
        organisation: organisation.to_owned(),
        facts: vec![(w.t(key::DRILL_STATE), w.word("drill-state", after.state.name()))],
        blocks: w.blocks,
    }
}

fn points(w: &mut Writer, after: &AfterAction) {
    let language = w.language;
    w.heading(key::DRILL_STRENGTHS);
    let items: Vec<Vec<Run>> =
        after.strengths.iter().map(|p| plain(p.sentence.text.get(language))).collect();
    w.blocks.push(if items.is_empty() {
        Block::Paragraph(plain("—"))
    } else {
        Block::List { numbered: false, items }
    });
    w.heading(key::DRILL_SHORTCOMINGS);
    let rows = after.shortcomings.iter().map(|s| {
        vec![
            Cell::new(w.word("drill-status", s.status.name())).tone(Tone::Bad),
            Cell::new(s.sentence.text.get(language)),
            Cell::new(s.finding.control.as_str()),
        ]
    });
    let rows = rows.collect();
    w.table(
        &[
            (key::DRILL_STATE, 2, Align::Left),
            (key::DRILL_WHAT, 9, Align::Left),
            (key::DRILL_CONTROL, 2, Align::Left),
        ],
        rows,
    );
}

fn timeline(w: &mut Writer, after: &AfterAction) {
    let language = w.language;
    w.heading(key::DRILL_TIMELINE);
    let rows = after.timeline.iter().map(|r| {
        let lane = lane(r.lane)
            .map_or_else(|| w.t(key::DRILL_LANE_JUDGEMENT), |(_, name)| w.word("drill-lane", name));
        let mut what = r.text.get(language).to_owned();
        if let Some(m) = r.milestone {
            what = format!("{what} [{}]", w.word("drill-milestone", milestone(m)));
        }
        vec![
            Cell::new((r.at.exercise / 60_000).to_string()),
            Cell::new(lane),
            Cell::new(r.who.as_ref().map_or("", |who| who.get(language))),
            Cell::new(what),
        ]
    });
    let rows = rows.collect();
    w.table(
        &[
            (key::DRILL_MINUTE, 1, Align::Right),
            (key::DRILL_LANE, 2, Align::Left),
            (key::DRILL_WHO, 3, Align::Left),
            (key::DRILL_WHAT, 9, Align::Left),
        ],
        rows,
    );
}
