//! The self-examination report as a document, made from its facts.

use super::facts::{ControlFacts, Facts, FindingFacts, RunFacts};
use crate::clock;
use hangtu_catalog::{Arg, Language, Level, Scenario, grouped, key, key::Key, text};
use hangtu_print::{Align, Bar, Block, Cell, Column, Document, Run, Table, Tone, plain};

/// Writes in one language.
struct Writer<'a> {
    facts: &'a Facts,
    language: Language,
    blocks: Vec<Block>,
}

/// The report.
pub(super) fn document(facts: &Facts, language: Language) -> Document {
    let mut w = Writer { facts, language, blocks: Vec::new() };
    w.summary();
    w.evidence();
    w.controls();
    w.findings();
    w.trust();
    let region = facts.organisation.region.get(language);
    let industry = facts.organisation.industry.get(language);
    Document {
        language,
        title: w.t(key::REPORT_SELF_TITLE),
        subtitle: facts.organisation.name.clone(),
        number: facts.number.clone(),
        date: clock::day(facts.made),
        organisation: facts.organisation.name.clone(),
        facts: vec![
            (w.t(key::SETUP_CREDIT_CODE), facts.organisation.credit_code.clone()),
            (w.t(key::SETUP_REGION), region.to_owned()),
            (w.t(key::SETUP_INDUSTRY), industry.to_owned()),
            (w.t(key::REPORT_SELF_BY), facts.person_name.clone()),
        ],
        blocks: w.blocks,
    }
}

fn column(title: String, width: u16) -> Column {
    Column { title, width, align: Align::Left }
}

fn number(title: String, width: u16) -> Column {
    Column { title, width, align: Align::Right }
}

impl Writer<'_> {
    fn t(&self, key: Key) -> String {
        text(self.language, key, &[])
    }

    fn word(&self, prefix: &str, word: &str) -> String {
        Key::find(&format!("{prefix}-{word}")).map_or_else(|| word.to_owned(), |k| self.t(k))
    }

    fn heading(&mut self, level: u8, key: Key) {
        let text = self.t(key);
        self.blocks.push(Block::Heading { level, text });
    }

    fn paragraph(&mut self, key: Key, args: &[(&str, Arg<'_>)]) {
        self.blocks.push(Block::Paragraph(plain(text(self.language, key, args))));
    }

    /// The verdict, and the four scenarios with their denominators.
    fn summary(&mut self) {
        self.heading(1, key::REPORT_SELF_SUMMARY);
        let open = |level: Level| {
            let open = self.facts.findings.iter().filter(|f| f.is_open());
            open.filter(|f| f.level == level.name()).count() as u64
        };
        let (major, high) = (open(Level::Major), open(Level::High));
        let spoken = self.facts.controls.iter().filter(|c| c.spoken_of()).count() as u64;
        let all = self.facts.controls.len() as u64;
        let closed = self.facts.findings.iter().filter(|f| f.state == "closed").count() as u64;
        let (tone, title) = match (major, spoken == all) {
            (1.., _) => (Tone::Bad, key::REPORT_SELF_MAJOR),
            (0, false) => (Tone::Warn, key::REPORT_SELF_PARTIAL),
            (0, true) => (Tone::Good, key::REPORT_SELF_CLEAR),
        };
        let args = [
            ("major", Arg::Number(major)),
            ("high", Arg::Number(high)),
            ("closed", Arg::Number(closed)),
            ("spoken", Arg::Number(spoken)),
            ("all", Arg::Number(all)),
        ];
        let callout = Block::Callout {
            tone,
            title: text(self.language, title, &args),
            text: plain(text(self.language, key::REPORT_SELF_VERDICT, &args)),
        };
        self.blocks.push(callout);
        let rows = Scenario::ALL
            .iter()
            .map(|s| {
                let mine: Vec<&ControlFacts> = self
                    .facts
                    .controls
                    .iter()
                    .filter(|c| c.scenarios.iter().any(|x| x == s.name()))
                    .collect();
                let count = |f: &dyn Fn(&ControlFacts) -> bool| {
                    grouped(mine.iter().filter(|c| f(c)).count() as u64)
                };
                let findings: Vec<&FindingFacts> =
                    self.facts.findings.iter().filter(|f| f.scenario == s.name()).collect();
                let open = findings.iter().filter(|f| f.is_open()).count() as u64;
                vec![
                    Cell::new(self.word("scenario", s.name())),
                    Cell::new(count(&|c| c.observed.as_deref() == Some("measured"))),
                    Cell::new(count(&|c| {
                        c.claim.is_some() && c.observed.as_deref() != Some("measured")
                    })),
                    Cell::new(count(&|c| !c.spoken_of())),
                    Cell::new(grouped(mine.len() as u64)),
                    Cell::new(grouped(open)).tone(if open > 0 {
                        Tone::Warn
                    } else {
                        Tone::Neutral
                    }),
                    Cell::new(grouped(findings.len() as u64)),
                ]
            })
            .collect();
        let columns = vec![
            column(self.t(key::REPORT_SELF_SCENARIO), 6),
            number(self.t(key::REPORT_SELF_MEASURED), 3),
            number(self.t(key::REPORT_SELF_CLAIMED), 3),
            number(self.t(key::REPORT_SELF_NEVER), 3),
            number(self.t(key::REPORT_SELF_CONTROLS_ALL), 3),
            number(self.t(key::REPORT_SELF_OPEN), 3),
            number(self.t(key::REPORT_SELF_FOUND), 3),
        ];
        self.blocks.push(Block::Table(Table { columns, rows }));
        self.paragraph(key::REPORT_SELF_NOTE, &[]);
    }

    /// What was examined: without it no finding and no silence means anything.
    fn evidence(&mut self) {
        self.heading(1, key::REPORT_SELF_EVIDENCE);
        if self.facts.runs.is_empty() {
            self.paragraph(key::REPORT_SELF_NO_RUNS, &[]);
            return;
        }
        let span = |r: &RunFacts| match (r.first, r.last) {
            (Some(a), Some(b)) => {
                format!("{} – {}", clock::shown(a, self.language), clock::shown(b, self.language))
            }
            _ => "–".into(),
        };
        let rows = self
            .facts
            .runs
            .iter()
            .map(|r| {
                let (word, tone) = if r.complete {
                    (key::REPORT_SELF_COMPLETE, Tone::Neutral)
                } else {
                    (key::REPORT_SELF_DAMAGED, Tone::Warn)
                };
                vec![
                    Cell::new(r.number.to_string()),
                    Cell::new(clock::shown(r.time, self.language)),
                    Cell::new(span(r)),
                    Cell::new(grouped(r.inputs)),
                    Cell::new(grouped(r.records)),
                    Cell::new(self.t(word)).tone(tone),
                ]
            })
            .collect();
        let columns = vec![
            number(self.t(key::REPORT_SELF_RUN), 2),
            column(self.t(key::REPORT_SELF_WHEN), 5),
            column(self.t(key::REPORT_SELF_SPAN), 8),
            number(self.t(key::REPORT_SELF_INPUTS), 3),
            number(self.t(key::REPORT_SELF_RECORDS), 4),
            column(self.t(key::REPORT_SELF_STATE), 4),
        ];
        self.blocks.push(Block::Table(Table { columns, rows }));
    }

    fn controls(&mut self) {
        self.heading(1, key::REPORT_SELF_CONTROLS);
        let rows = self
            .facts
            .controls
            .iter()
            .map(|c| {
                let claim = c.claim.as_deref().map_or_else(
                    || Cell::new("–"),
                    |claim| {
                        let tone = if claim == "unmet" { Tone::Bad } else { Tone::Neutral };
                        Cell::new(self.word("report-self-claim", claim)).tone(tone)
                    },
                );
                let observed = match (c.observed.as_deref(), c.open) {
                    (None, _) => Cell::new(self.t(key::REPORT_SELF_NEVER)),
                    (Some("measured"), 0) => {
                        Cell::new(self.t(key::REPORT_SELF_CLEAN)).tone(Tone::Good)
                    }
                    (Some(state), 0) => {
                        Cell::new(self.word("report-self-observed", state)).tone(Tone::Warn)
                    }
                    (Some(_), n) => {
                        let n = [("n", Arg::Number(n))];
                        Cell::new(text(self.language, key::REPORT_SELF_OPEN_N, &n)).tone(Tone::Bad)
                    }
                };
                vec![Cell::new(&c.id), Cell::new(c.title.get(self.language)), claim, observed]
            })
            .collect();
        let columns = vec![
            column(self.t(key::REPORT_SELF_CODE), 3),
            column(self.t(key::REPORT_SELF_CONTROL), 11),
            column(self.t(key::REPORT_SELF_CLAIM), 4),
            column(self.t(key::REPORT_SELF_OBSERVED), 5),
        ];
        self.blocks.push(Block::Table(Table { columns, rows }));
    }

    /// Open findings in full, worst first; the others as a list.
    fn findings(&mut self) {
        self.heading(1, key::REPORT_SELF_FINDINGS);
        let total = self.facts.findings.len() as u64;
        let bars = Level::ALL
            .iter()
            .rev()
            .map(|level| Bar {
                label: self.word("level", level.name()),
                value: self
                    .facts
                    .findings
                    .iter()
                    .filter(|f| f.is_open() && f.level == level.name())
                    .count() as u64,
                denominator: total,
            })
            .collect();
        self.blocks.push(Block::Bars(bars));
        let mut open: Vec<&FindingFacts> =
            self.facts.findings.iter().filter(|f| f.is_open()).collect();
        let rank = |f: &FindingFacts| Level::from_name(&f.level);
        open.sort_by(|a, b| rank(b).cmp(&rank(a)).then(a.number.cmp(&b.number)));
        for finding in &open {
            self.finding(finding);
        }
        let rest: Vec<Vec<Cell>> = self
            .facts
            .findings
            .iter()
            .filter(|f| !f.is_open())
            .map(|f| {
                vec![
                    Cell::new(f.number.to_string()),
                    Cell::new(f.title.get(self.language)),
                    Cell::new(&f.subject),
                    Cell::new(self.word("finding-state", &f.state)),
                ]
            })
            .collect();
        if !rest.is_empty() {
            self.heading(2, key::REPORT_SELF_SETTLED);
            let columns = vec![
                number(self.t(key::REPORT_SELF_NUMBER), 2),
                column(self.t(key::REPORT_SELF_FINDING), 10),
                column(self.t(key::REPORT_SELF_SUBJECT), 5),
                column(self.t(key::REPORT_SELF_STATE), 4),
            ];
            self.blocks.push(Block::Table(Table { columns, rows: rest }));
        }
    }

    fn finding(&mut self, f: &FindingFacts) {
        let title = format!("{} {}", f.number, f.title.get(self.language));
        self.blocks.push(Block::Heading { level: 3, text: title });
        let seen = format!(
            "{} – {}",
            clock::shown(f.first, self.language),
            clock::shown(f.last, self.language)
        );
        let due = f.due.map_or_else(|| "–".into(), |d| clock::shown_day(d, self.language));
        let pair = |key: Key, value: String| (self.t(key), plain(value));
        let pairs = vec![
            pair(key::REPORT_SELF_LEVEL, self.word("level", &f.level)),
            pair(key::REPORT_SELF_SCENARIO, self.word("scenario", &f.scenario)),
            (self.t(key::REPORT_SELF_SUBJECT), vec![Run::code(&f.subject)]),
            pair(key::REPORT_SELF_SEEN, seen),
            pair(key::REPORT_SELF_COUNT, grouped(f.count.unsigned_abs())),
            pair(key::REPORT_SELF_STATE, self.word("finding-state", &f.state)),
            pair(key::REPORT_SELF_OWNER, f.owner.clone().unwrap_or_else(|| "–".into())),
            pair(key::REPORT_SELF_DUE, due),
            pair(key::REPORT_SELF_WHY, f.description.get(self.language).to_owned()),
            pair(key::REPORT_SELF_ADVICE, f.advice.get(self.language).to_owned()),
        ];
        self.blocks.push(Block::Pairs(pairs));
    }

    /// How the reader can check that nothing was rewritten.
    fn trust(&mut self) {
        self.heading(1, key::REPORT_SELF_TRUST);
        self.paragraph(key::REPORT_SELF_TRUST_TEXT, &[("n", Arg::Number(self.facts.ledger_size))]);
        let root = Run::code(self.facts.ledger_root.clone());
        self.blocks.push(Block::Paragraph(vec![root]));
    }
}
