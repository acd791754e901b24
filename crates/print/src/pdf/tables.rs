//! Tables, pairs and bars.

use super::{
    blocks::{Setting, Writer},
    grid::{Cell, Grid, Row},
    lines::{Text, single, widest_word},
    look::{ACCENT, Colour, FAINT, LEFT, RULE, SMALL, WASH, WHITE, WIDTH, palette},
    tags::{Element, Role},
};
use crate::{Align, Bar, Column, Emphasis, Run, Table};
use hangtu_catalog::key;

const IN_TABLE: Setting = Setting::plain(SMALL, 1.42);

/// The room beside the text of a cell, at both sides.
const BESIDE: f32 = 12.5;

impl Writer<'_, '_, '_> {
    pub(super) fn table(&mut self, table: &Table) {
        if table.columns.is_empty() {
            return;
        }
        let element = self.add(Role::Table, None);
        let mut grid = Grid { widths: widths(table), rule: Some(RULE), ..Grid::default() };
        let measures: Vec<f32> = grid.measures().collect();
        let titles = table.columns.iter().map(|c| (Text::new(&c.title, Emphasis::Bold), c.align));
        grid.header = Some(self.header(element, titles, &measures));
        self.flow.space(12.0);
        if table.rows.is_empty() {
            grid.begin(self.flow, None);
        }
        for (at, cells) in table.cells().enumerate() {
            let row = self.add(Role::Row, Some(element));
            let cells = cells.into_iter().zip(&measures).map(|((column, cell), width)| {
                let element = self.flow.tags.add(Role::Cell, Some(row));
                let Some(cell) = cell else { return Cell::default() };
                let tone = palette(cell.tone);
                let setting = Setting { colour: tone.ink, align: column.align, ..IN_TABLE };
                let text = Text::new(&cell.text, Emphasis::Plain);
                Cell {
                    sets: setting.sets(&text, *width, Some(element)),
                    fill: tone.fill,
                    bar: None,
                }
            });
            let row = Row { cells: cells.collect() };
            if at == 0 {
                grid.begin(self.flow, Some(&row));
            }
            grid.row(self.flow, row);
        }
        self.flow.space(14.0);
    }

    fn header(
        &mut self,
        table: Element,
        titles: impl Iterator<Item = (Text, Align)>,
        measures: &[f32],
    ) -> Row {
        let row = self.add(Role::Row, Some(table));
        let cells = titles.zip(measures).map(|((title, align), width)| {
            let element = self.flow.tags.add(Role::ColumnHead, Some(row));
            let setting = Setting { colour: WHITE, align, ..IN_TABLE };
            let sets = setting.sets(&title, *width, Some(element));
            Cell { sets, fill: Some(ACCENT), bar: None }
        });
        Row { cells: cells.collect() }
    }

    pub(super) fn pairs(&mut self, pairs: &[(String, Vec<Run>)]) {
        let name = |name: &str| Text::new(name, Emphasis::Bold);
        let pairs = pairs.iter().map(|(n, value)| (name(n), Text::runs(value)));
        let grid =
            Grid { widths: vec![WIDTH * 0.26, WIDTH * 0.74], rule: Some(RULE), ..Grid::default() };
        self.flow.space(12.0);
        self.named(grid, pairs, IN_TABLE, Some(WASH));
        self.flow.space(14.0);
    }

    /// The facts of the cover.
    pub(super) fn facts(&mut self, facts: &[(String, String)]) {
        let text = |text: &str| Text::new(text, Emphasis::Plain);
        let facts = facts.iter().map(|(name, value)| (text(name), text(value)));
        let whole = WIDTH * 0.84;
        let grid = Grid {
            left: LEFT + (WIDTH - whole) / 2.0,
            widths: vec![whole * 0.34, whole * 0.66],
            inset: (4.0, 6.5),
            rule: Some(RULE),
            ..Grid::default()
        };
        self.named(grid, facts, Setting::plain(11.0, 1.4), None);
    }

    fn named(
        &mut self,
        mut grid: Grid,
        pairs: impl Iterator<Item = (Text, Text)>,
        setting: Setting,
        fill: Option<Colour>,
    ) {
        let element = self.add(Role::Table, None);
        let measures: Vec<f32> = grid.measures().collect();
        for (at, (name, value)) in pairs.enumerate() {
            let row = self.add(Role::Row, Some(element));
            let head = self.add(Role::RowHead, Some(row));
            let body = self.add(Role::Cell, Some(row));
            let colour = if fill.is_some() { setting.colour } else { FAINT };
            let sets = Setting { colour, ..setting }.sets(&name, measures[0], Some(head));
            let name = Cell { sets, fill, bar: None };
            let sets = setting.sets(&value, measures[1], Some(body));
            let row = Row { cells: vec![name, Cell { sets, ..Cell::default() }] };
            if at == 0 {
                grid.begin(self.flow, Some(&row));
                let (top, width) = (self.flow.y - 0.25, grid.widths.iter().sum());
                self.flow.page().fills.push(([grid.left, top, width, 0.5], RULE));
            }
            grid.row(self.flow, row);
        }
    }

    pub(super) fn bars(&mut self, bars: &[Bar]) {
        if bars.is_empty() {
            return;
        }
        let element = self.add(Role::Table, None);
        let title = |key| Text::new(&self.document.word(key), Emphasis::Bold);
        let [item, count, share] = [key::PRINT_ITEM, key::PRINT_COUNT, key::PRINT_SHARE].map(title);
        let titles = [item, Text::default(), count, share];
        let wide = |text: &Text| single(text, SMALL).width + BESIDE;
        let plain = |text: &str| Text::new(text, Emphasis::Plain);
        let widest = |title: &Text, of: &dyn Fn(&Bar) -> String| {
            let all = bars.iter().map(|bar| wide(&plain(&of(bar)))).fold(wide(title), f32::max);
            all.min(WIDTH * 0.22)
        };
        let count = widest(&titles[2], &Bar::count);
        let share = widest(&titles[3], &Bar::share);
        let label = WIDTH * 0.34;
        let mut grid = Grid {
            widths: vec![label, WIDTH - label - count - share, count, share],
            rule: Some(RULE),
            ..Grid::default()
        };
        let measures: Vec<f32> = grid.measures().collect();
        let aligns = [Align::Left, Align::Left, Align::Right, Align::Right];
        grid.header = Some(self.header(element, titles.into_iter().zip(aligns), &measures));
        self.flow.space(12.0);
        for (at, bar) in bars.iter().enumerate() {
            let row = self.add(Role::Row, Some(element));
            let mut cell = |text: &str, column: usize, role: Role| {
                let element = self.flow.tags.add(role, Some(row));
                let setting = Setting { align: aligns[column], ..IN_TABLE };
                let sets = setting.sets(&plain(text), measures[column], Some(element));
                Cell { sets, ..Cell::default() }
            };
            let label = cell(&bar.label, 0, Role::RowHead);
            let chart = Cell { bar: Some(bar.permille().unwrap_or(0)), ..cell("", 1, Role::Cell) };
            let (count, share) =
                (cell(&bar.count(), 2, Role::Cell), cell(&bar.share(), 3, Role::Cell));
            let row = Row { cells: vec![label, chart, count, share] };
            if at == 0 {
                grid.begin(self.flow, Some(&row));
            }
            grid.row(self.flow, row);
        }
        self.flow.space(14.0);
    }
}

/// The widths of the columns: as the table weighs them, but no narrower than their short words.
fn widths(table: &Table) -> Vec<f32> {
    /// Longer words may be broken.
    const LONGEST: f32 = 80.0;
    /// So many rows tell what a table holds.
    const ROWS: usize = 200;
    let weights: Vec<f32> = table.columns.iter().map(|c| f32::from(c.width.max(1))).collect();
    let word = |text: &str, look| widest_word(&Text::new(text, look), SMALL, LONGEST);
    let need = |(at, column): (usize, &Column)| {
        let cells = table.rows.iter().take(ROWS).filter_map(|row| row.get(at));
        let cells = cells.map(|cell| word(&cell.text, Emphasis::Plain));
        cells.fold(word(&column.title, Emphasis::Bold), f32::max) + BESIDE
    };
    let needs: Vec<f32> = table.columns.iter().enumerate().map(need).collect();
    let share =
        |free: f32, of: f32| -> Vec<f32> { weights.iter().map(|w| w * free / of).collect() };
    let mut made = share(WIDTH, weights.iter().sum());
    if needs.iter().sum::<f32>() > WIDTH {
        return made;
    }
    let mut fixed = vec![false; weights.len()];
    // Each time some columns take what they need from the others; it settles after a few.
    for _ in 0..weights.len().min(16) {
        let mut settled = true;
        for at in 0..weights.len() {
            if !fixed[at] && made[at] < needs[at] {
                (fixed[at], settled) = (true, false);
            }
        }
        if settled {
            break;
        }
        let (mut free, mut of) = (WIDTH, 0.0);
        for at in 0..weights.len() {
            if fixed[at] { free -= needs[at] } else { of += weights[at] }
        }
        let shared = share(free, if of > 0.0 { of } else { 1.0 });
        for at in 0..weights.len() {
            made[at] = if fixed[at] { needs[at] } else { shared[at] };
        }
    }
    made
}
