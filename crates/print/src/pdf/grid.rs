//! Rows of cells: tables, pairs, bars, callouts, and the facts of the cover.

use super::{
    flow::{Area, Flow, Item, Set},
    look::{ACCENT, BOTTOM, Colour, LEFT, TOP, TRACK},
};

/// A cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) sets: Vec<Set>,
    pub(super) fill: Option<Colour>,
    /// A bar, in thousandths of the cell's width.
    pub(super) bar: Option<u32>,
}

/// A row of cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
}

/// Where the rows stand and how.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) left: f32,
    /// The width of each column.
    pub(super) widths: Vec<f32>,
    /// Room within the cells: at each side, and above and below.
    pub(super) inset: (f32, f32),
    /// The line below each row.
    pub(super) rule: Option<Colour>,
    /// A thick line at the left edge.
    pub(super) edge: Option<Colour>,
    /// Repeated at the top of each page.
    pub(super) header: Option<Row>,
}

/// A header higher than this is not repeated.
const HIGHEST_HEADER: f32 = (BOTTOM - TOP) / 4.0;

/// A row higher than this is torn where a page ends; others are kept whole.
const HIGHEST_WHOLE: f32 = (BOTTOM - TOP) * 0.6;

/// Of a row that is torn, at least this much stands at the foot of a page.
const LEAST_PIECE: f32 = 60.0;

impl Cell {
    fn height(&self) -> f32 {
        let bar = self.bar.map_or(0.0, |_| BAR);
        self.sets.iter().map(|set| set.height).sum::<f32>().max(bar)
    }
}

const BAR: f32 = 9.0;

impl Default for Grid {
    fn default() -> Self {
        let (widths, inset) = (Vec::new(), (6.0, 5.0));
        Self { left: LEFT, widths, inset, rule: None, edge: None, header: None }
    }
}

impl Grid {
    /// The room for text in each column.
    pub(super) fn measures(&self) -> impl Iterator<Item = f32> {
        self.widths.iter().map(|width| width - 2.0 * inset(*width, self.inset.0))
    }

    /// Places the header, where there is room for it and a row this high.
    pub(super) fn begin(&mut self, flow: &mut Flow<'_>, first: Option<&Row>) {
        let first = first.map_or(0.0, |row| self.height(row));
        let least = if first <= HIGHEST_WHOLE { first } else { LEAST_PIECE };
        let Some(header) = self.header.take() else {
            return flow.room(least);
        };
        let height = self.height(&header);
        if height > HIGHEST_HEADER {
            flow.room(LEAST_PIECE);
            return self.row(flow, header);
        }
        flow.room(height + least);
        let again = header.clone();
        self.draw(flow, header, height);
        self.header = Some(without_elements(again));
    }

    /// Places a row, torn where it is higher than a page.
    pub(super) fn row(&self, flow: &mut Flow<'_>, mut row: Row) {
        let height = self.height(&row);
        if height <= flow.left() {
            return self.draw(flow, row, height);
        }
        if height <= HIGHEST_WHOLE || flow.left() < LEAST_PIECE {
            self.turn(flow);
        }
        loop {
            let height = self.height(&row);
            if height <= flow.left() {
                return self.draw(flow, row, height);
            }
            let room = flow.left() - 2.0 * self.inset.1;
            let piece = Row { cells: row.cells.iter_mut().map(|c| tear(c, room)).collect() };
            let height = self.height(&piece);
            self.draw(flow, piece, height);
            self.turn(flow);
        }
    }

    fn turn(&self, flow: &mut Flow<'_>) {
        flow.turn();
        if let Some(header) = &self.header {
            self.draw(flow, header.clone(), self.height(header));
        }
    }

    fn height(&self, row: &Row) -> f32 {
        row.cells.iter().map(Cell::height).fold(0.0, f32::max) + 2.0 * self.inset.1
    }

    fn draw(&self, flow: &mut Flow<'_>, row: Row, height: f32) {
        let (mut x, top) = (self.left, flow.y);
        let whole: f32 = self.widths.iter().sum();
        for (cell, width) in row.cells.into_iter().zip(&self.widths) {
            let page = flow.page();
            if let Some(fill) = cell.fill {
                page.fills.push(([x, top, *width, height], fill));
            }
            let left = x + inset(*width, self.inset.0);
            if let Some(part) = cell.bar {
                let full = width - 2.0 * inset(*width, self.inset.0);
                let area = |w: f32| -> Area { [left, top + (height - BAR) / 2.0, w, BAR] };
                page.fills.push((area(full), TRACK));
                page.fills.push((area(full * part as f32 / 1000.0), ACCENT));
            }
            let mut y = top + self.inset.1;
            for set in cell.sets {
                let (at, down) = (left + set.x, set.height);
                page.items.push(Item::Line { set, x: at, y });
                y += down;
            }
            x += width;
        }
        let page = flow.page();
        if let Some(edge) = self.edge {
            page.fills.push(([self.left, top, 3.0, height], edge));
        }
        if let Some(rule) = self.rule {
            page.fills.push(([self.left, top + height - 0.25, whole, 0.5], rule));
        }
        flow.y += height;
    }
}

/// The room at each side of a cell, less in one that has none to give.
fn inset(width: f32, wanted: f32) -> f32 {
    wanted.min(width * 0.15)
}

/// Takes from a cell what fits into the room, and at least a line.
fn tear(cell: &mut Cell, room: f32) -> Cell {
    let mut height = 0.0;
    let fits = |set: &&Set| {
        height += set.height;
        height <= room
    };
    let count = cell.sets.iter().take_while(fits).count().max(1).min(cell.sets.len());
    let rest = cell.sets.split_off(count);
    let sets = std::mem::replace(&mut cell.sets, rest);
    Cell { sets, fill: cell.fill, bar: cell.bar.take() }
}

fn without_elements(mut row: Row) -> Row {
    for set in row.cells.iter_mut().flat_map(|cell| &mut cell.sets) {
        set.element = None;
    }
    row
}
