//! The blocks of a document, placed one after the other.

use super::{
    flow::{Flow, Item, Set},
    grid::{Cell, Grid, Row},
    lines::{Line, Measure, Text, lines, single},
    look::{ACCENT, BODY, Colour, HEADINGS, INK, LEFT, WIDTH, palette},
    tags::{Element, Role},
};
use crate::{Align, Block, Document, Emphasis, Run, Tone};
use hangtu_catalog::Language;

/// How a text is set in its box.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) size: f32,
    /// From line to line.
    pub(super) pitch: f32,
    pub(super) colour: Colour,
    pub(super) align: Align,
    pub(super) indent: f32,
    pub(super) justify: bool,
}

impl Setting {
    pub(super) const fn plain(size: f32, pitch: f32) -> Self {
        Self { size, pitch, colour: INK, align: Align::Left, indent: 0.0, justify: false }
    }

    /// The lines of a text in a box this wide.
    pub(super) fn sets(self, text: &Text, width: f32, element: Option<Element>) -> Vec<Set> {
        let Self { size, indent, justify, .. } = self;
        let broken = lines(text, &Measure { size, width, indent, justify });
        let mut first = true;
        let mut set = |line: Line| {
            let x = match self.align {
                Align::Left if std::mem::take(&mut first) => indent,
                Align::Left => 0.0,
                Align::Centre => (width - line.width) / 2.0,
                Align::Right => width - line.width,
            };
            Set { line, size, height: size * self.pitch, colour: self.colour, element, x }
        };
        broken.into_iter().map(&mut set).collect()
    }
}

/// Writes the blocks of one document.
pub(super) struct Writer<'d, 'f, 't> {
    pub(super) document: &'d Document,
    pub(super) flow: &'f mut Flow<'t>,
    /// Width and height of each picture in pixels.
    pub(super) pictures: &'d [(u32, u32)],
    pub(super) next_picture: usize,
}

impl Writer<'_, '_, '_> {
    fn chinese(&self) -> bool {
        self.document.language == Language::Chinese
    }

    pub(super) fn add(&mut self, role: Role, parent: Option<Element>) -> Element {
        let root = self.flow.root;
        self.flow.tags.add(role, Some(parent.unwrap_or(root)))
    }

    fn running(&self) -> Setting {
        let chinese = self.chinese();
        Setting { justify: chinese, ..Setting::plain(BODY, if chinese { 1.62 } else { 1.45 }) }
    }

    pub(super) fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, text } => self.heading(*level, text),
            Block::Paragraph(runs) => {
                let element = self.add(Role::Paragraph, None);
                let indent = if self.chinese() { 2.0 * BODY } else { 0.0 };
                let setting = Setting { indent, ..self.running() };
                self.flow.space(BODY * 0.6);
                self.flow.paragraph(setting.sets(&Text::runs(runs), WIDTH, Some(element)), LEFT);
                self.flow.space(BODY * 0.6);
            }
            Block::List { numbered, items } => self.list(*numbered, items),
            Block::Table(table) => self.table(table),
            Block::Pairs(pairs) => self.pairs(pairs),
            Block::Callout { tone, title, text } => self.callout(*tone, title, text),
            Block::Bars(bars) => self.bars(bars),
            Block::Image(image) => self.picture(&image.alt),
            Block::PageBreak => self.flow.turn_if_used(),
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let level = level.clamp(1, 4);
        let (size, above, below) = HEADINGS[usize::from(level) - 1];
        let text = Text::new(text, Emphasis::Bold);
        let shown = super::short(&text.plain());
        let element = self.add(Role::Heading(level, shown.clone()), None);
        let colour = if level < 3 { ACCENT } else { INK };
        let sets = Setting { colour, ..Setting::plain(size, 1.35) };
        let sets = sets.sets(&text, WIDTH, Some(element));
        self.flow.heading(level, shown, sets, (above, below));
    }

    fn list(&mut self, numbered: bool, items: &[Vec<Run>]) {
        let setting = self.running();
        let list = self.add(Role::List(numbered), None);
        let label = |at: usize| {
            let label = if numbered { format!("{}.", at + 1) } else { "•".into() };
            single(&Text::new(&label, Emphasis::Plain), BODY)
        };
        let indent = label(items.len()).width.max(10.0) + 14.0;
        self.flow.space(BODY * 0.5);
        for (at, item) in items.iter().enumerate() {
            let element = self.add(Role::Item, Some(list));
            let marker = self.add(Role::Label, Some(element));
            let body = self.add(Role::ItemBody, Some(element));
            let sets = setting.sets(&Text::runs(item), WIDTH - indent, Some(body));
            let height = sets.first().map_or(0.0, |set| set.height);
            self.flow.room(height * (if sets.len() <= 3 { sets.len() } else { 2 }) as f32);
            let line = label(at);
            let x = LEFT + indent - 6.0 - line.width;
            let set = Set { line, size: BODY, height, colour: ACCENT, element: Some(marker), x };
            let y = self.flow.y;
            self.flow.page().items.push(Item::Line { set, x, y });
            self.flow.paragraph(sets, LEFT + indent);
            self.flow.space(BODY * 0.3);
        }
        self.flow.space(BODY * 0.8);
    }

    fn callout(&mut self, tone: Tone, title: &str, text: &[Run]) {
        let palette = palette(tone);
        let element = self.add(Role::Part, None);
        let mut grid = Grid {
            widths: vec![WIDTH],
            inset: (13.0, 10.0),
            edge: Some(palette.edge),
            ..Grid::default()
        };
        let width = grid.measures().next().unwrap_or(WIDTH);
        let mut sets = Vec::new();
        if !title.is_empty() {
            let element = self.add(Role::Paragraph, Some(element));
            let setting = Setting { colour: palette.ink, justify: false, ..self.running() };
            sets = setting.sets(&Text::new(title, Emphasis::Bold), width, Some(element));
            if let Some(last) = sets.last_mut() {
                last.height += 3.0;
            }
        }
        let element = self.add(Role::Paragraph, Some(element));
        sets.extend(self.running().sets(&Text::runs(text), width, Some(element)));
        let row = Row { cells: vec![Cell { sets, fill: Some(palette.wash), bar: None }] };
        self.flow.space(13.0);
        grid.begin(self.flow, Some(&row));
        grid.row(self.flow, row);
        self.flow.space(14.0);
    }

    /// A picture, 96 pixels to the inch, and no larger than fits.
    fn picture(&mut self, alt: &str) {
        const PIXEL: f32 = 0.75;
        const HIGHEST: f32 = 567.0;
        let at = self.next_picture;
        self.next_picture += 1;
        let (width, height) = self.pictures[at];
        let (width, height) = (width as f32 * PIXEL, height as f32 * PIXEL);
        let scale = (WIDTH / width).min(HIGHEST / height).min(1.0);
        let (width, height) = (width * scale, height * scale);
        let alt = super::short(&Text::new(alt, Emphasis::Plain).plain());
        let element = self.add(Role::Figure(alt), None);
        self.flow.space(14.0);
        self.flow.room(height);
        let area = [LEFT + (WIDTH - width) / 2.0, self.flow.y, width, height];
        self.flow.page().items.push(Item::Picture { at, area, element });
        self.flow.y += height;
        self.flow.space(14.0);
    }
}
