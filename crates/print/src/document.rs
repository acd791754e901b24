//! The model.

use hangtu_catalog::{Arg, Language, key, text};
use jiff::civil::Date;

/// A document: a cover and blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The language of the texts; typographic habits follow it.
    pub language: Language,
    /// What it is: "Self-examination report on industrial data security".
    pub title: String,
    /// About whom or what; may be empty.
    pub subtitle: String,
    /// The document's number; may be empty.
    pub number: String,
    /// The date it bears.
    pub date: Date,
    /// Who answers for it; may be empty.
    pub organisation: String,
    /// More lines of the cover: name and value.
    pub facts: Vec<(String, String)>,
    /// What stands after the cover.
    pub blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading.
    Heading {
        /// 1 to 4; other numbers are taken as the nearest of them.
        level: u8,
        /// Its text, with its number if it has one.
        text: String,
    },
    /// A paragraph.
    Paragraph(Vec<Run>),
    /// A list.
    List {
        /// Numbered, and not with bullets.
        numbered: bool,
        /// One item each.
        items: Vec<Vec<Run>>,
    },
    /// A table.
    Table(Table),
    /// Names and values.
    Pairs(Vec<(String, Vec<Run>)>),
    /// Something to be seen first.
    Callout {
        /// How bad it is.
        tone: Tone,
        /// Its title; may be empty.
        title: String,
        /// Its text.
        text: Vec<Run>,
    },
    /// Shares, as a chart and a table in one.
    Bars(Vec<Bar>),
    /// A picture.
    Image(Image),
    /// What follows begins on a new page.
    PageBreak,
}

/// Text in one look. A line feed breaks the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The text.
    pub text: String,
    /// The look.
    pub emphasis: Emphasis,
}

/// The look of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// None.
    Plain,
    /// Bold.
    Bold,
    /// Names, paths, values: a fixed-width face.
    Code,
}

impl Run {
    /// A plain run.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Plain }
    }

    /// A bold run.
    pub fn bold(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Bold }
    }

    /// A run in a fixed-width face.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Code }
    }
}

/// One plain run, for paragraphs, items and callouts without emphasis.
pub fn plain(text: impl Into<String>) -> Vec<Run> {
    vec![Run::plain(text)]
}

/// A table. Its first row is repeated where a page breaks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows below the header. Missing cells are empty, those beyond the columns are not written.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What the header says.
    pub title: String,
    /// How wide it is, relative to the others; 0 is taken as 1.
    pub width: u16,
    /// How its cells stand.
    pub align: Align,
}

/// How text stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left: text.
    Left,
    /// In the middle: short codes.
    Centre,
    /// At the right: numbers.
    Right,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its text, which must say by itself what the tone only underlines.
    pub text: String,
    /// Its tone.
    pub tone: Tone,
}

impl Cell {
    /// A cell without a tone.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Neutral }
    }

    /// The same with a tone.
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// Whether something is good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    Neutral,
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// To be put right.
    Bad,
}

impl Tone {
    /// Its name in style sheets and templates.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A bar of a chart: `value` of `denominator`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// How many.
    pub value: u64,
    /// Of how many. With 0 there is no share and no bar.
    pub denominator: u64,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// A PNG file.
    pub png: Vec<u8>,
    /// What it shows, for those who do not see it.
    pub alt: String,
}

impl Document {
    /// A message in the document's language.
    pub(crate) fn word(&self, key: key::Key) -> String {
        text(self.language, key, &[])
    }

    /// The date as the language writes it.
    pub(crate) fn date_text(&self) -> String {
        let form = match self.language {
            Language::Chinese => "%-Y年%-m月%-d日",
            Language::English => "%-d %B %-Y",
        };
        self.date.strftime(form).to_string()
    }

    /// The text around the two numbers of "page x of y": before, between, after.
    pub(crate) fn page_of(&self) -> [String; 3] {
        const PAGE: char = '\u{1}';
        const PAGES: char = '\u{2}';
        let args = [("page", Arg::Text("\u{1}")), ("pages", Arg::Text("\u{2}"))];
        let whole = text(self.language, key::PRINT_PAGE, &args);
        let (before, rest) = whole.split_once(PAGE).unwrap_or((&whole, ""));
        let (between, after) = rest.split_once(PAGES).unwrap_or((rest, ""));
        [before, between, after].map(str::to_owned)
    }

    /// Every line of the cover's block: the given facts, then number, organisation and date.
    pub(crate) fn cover(&self) -> Vec<(String, String)> {
        let known = [
            (key::PRINT_NUMBER, self.number.clone()),
            (key::PRINT_ORGANISATION, self.organisation.clone()),
            (key::PRINT_DATE, self.date_text()),
        ];
        let known = known.into_iter().filter(|(_, v)| !v.is_empty());
        self.facts
            .iter()
            .cloned()
            .chain(known.map(|(key, value)| (self.word(key), value)))
            .collect()
    }
}

impl Table {
    /// The widths of the columns in parts of `whole`.
    pub(crate) fn widths(&self, whole: u32) -> Vec<u32> {
        let sum: u64 = self.columns.iter().map(|c| u64::from(c.width.max(1))).sum();
        let part = |c: &Column| u64::from(c.width.max(1)) * u64::from(whole) / sum.max(1);
        self.columns.iter().map(|c| part(c).max(1) as u32).collect()
    }

    /// The cells of each row, one for each column.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Vec<(&Column, Option<&Cell>)>> {
        self.rows.iter().map(|row| {
            self.columns.iter().enumerate().map(|(at, column)| (column, row.get(at))).collect()
        })
    }
}
