//! Pages under construction: what stands where.

use super::{
    lines::Line,
    look::{BOTTOM, Colour, LEFT, TOP},
    tags::{Element, Tags},
};

/// A rectangle: left, top, width, height.
pub(super) type Area = [f32; 4];

/// What stands on a page. Without an element it is ornament: repeated headers, leaders.
#[derive(Debug)]
pub(super) enum Item {
    /// A line.
    Line { set: Set, x: f32, y: f32 },
    /// Which picture, and where.
    Picture { at: usize, area: Area, element: Element },
}

/// A line with its looks.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) line: Line,
    pub(super) size: f32,
    /// From this line's top to the next line's.
    pub(super) height: f32,
    pub(super) colour: Colour,
    pub(super) element: Option<Element>,
    /// From the left edge of its box.
    pub(super) x: f32,
}

/// A place that leads to a heading, by its number.
#[derive(Debug)]
pub(super) struct Jump {
    pub(super) area: Area,
    pub(super) heading: usize,
    pub(super) element: Element,
}

/// A page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Drawn first.
    pub(super) fills: Vec<(Area, Colour)>,
    pub(super) items: Vec<Item>,
    pub(super) jumps: Vec<Jump>,
}

/// A heading that was placed.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) text: String,
    /// Counted from the first page of the flow.
    pub(super) page: usize,
    pub(super) y: f32,
}

/// A heading that waits for what follows it.
struct Held {
    heading: Heading,
    sets: Vec<Set>,
    above: f32,
    below: f32,
}

/// Blocks flowing into pages.
pub(super) struct Flow<'a> {
    pub(super) tags: &'a mut Tags,
    /// What new elements belong to.
    pub(super) root: Element,
    pub(super) pages: Vec<Page>,
    pub(super) headings: Vec<Heading>,
    pub(super) y: f32,
    /// Room to be left before what comes next, unless a page begins with it.
    gap: f32,
    held: Vec<Held>,
}

/// Headings in a row that are kept together, at most: a third of a page.
const MOST_HELD: f32 = (BOTTOM - TOP) / 3.0;

impl<'a> Flow<'a> {
    pub(super) fn new(tags: &'a mut Tags, root: Element) -> Self {
        let (pages, headings, held) = (vec![Page::default()], Vec::new(), Vec::new());
        Self { tags, root, pages, headings, y: TOP, gap: 0.0, held }
    }

    pub(super) fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.pages.push(Page::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    pub(super) fn at_top(&self) -> bool {
        self.y <= TOP
    }

    /// A new page.
    pub(super) fn turn(&mut self) {
        self.pages.push(Page::default());
        (self.y, self.gap) = (TOP, 0.0);
    }

    /// A new page, unless this one is empty.
    pub(super) fn turn_if_used(&mut self) {
        self.place_held(0.0);
        let page = self.page();
        if !page.items.is_empty() || !page.fills.is_empty() {
            self.turn();
        }
    }

    /// Leaves at least this much room before what comes next.
    pub(super) fn space(&mut self, room: f32) {
        self.gap = self.gap.max(room);
    }

    /// What is left of the page.
    pub(super) fn left(&self) -> f32 {
        BOTTOM - self.y - if self.at_top() { 0.0 } else { self.gap }
    }

    /// Goes to where something this high, of which no part may stand alone, can be placed: below
    /// the headings that wait for it.
    pub(super) fn room(&mut self, height: f32) {
        self.place_held(height);
        if self.left() < height && !self.at_top() {
            self.turn();
        }
        self.close_gap();
    }

    fn close_gap(&mut self) {
        if !self.at_top() {
            self.y += self.gap;
        }
        self.gap = 0.0;
    }

    /// Takes a heading, to be placed together with what follows it.
    pub(super) fn heading(&mut self, level: u8, text: String, sets: Vec<Set>, room: (f32, f32)) {
        let held: f32 = self.held.iter().map(Held::height).sum();
        if held > MOST_HELD {
            self.place_held(0.0);
        }
        let heading = Heading { level, text, page: 0, y: 0.0 };
        self.held.push(Held { heading, sets, above: room.0, below: room.1 });
    }

    fn place_held(&mut self, follows: f32) {
        let held = std::mem::take(&mut self.held);
        let Some(first) = held.first() else { return };
        self.space(first.above);
        let whole = held.iter().map(Held::height).sum::<f32>() - first.above + follows;
        if self.left() < whole && !self.at_top() {
            self.turn();
        }
        for Held { mut heading, sets, above, below } in held {
            self.space(above);
            let mut placed = None;
            for set in sets {
                if self.left() < set.height && !self.at_top() {
                    self.turn();
                }
                self.close_gap();
                placed.get_or_insert((self.pages.len() - 1, self.y));
                self.put(set, LEFT);
            }
            if let Some(place) = placed {
                (heading.page, heading.y) = place;
                self.headings.push(heading);
            }
            self.space(below);
        }
    }

    /// Places a line at the cursor, in a box that begins at `left`.
    pub(super) fn put(&mut self, set: Set, left: f32) {
        let (x, y) = (left + set.x, self.y);
        self.y += set.height;
        self.page().items.push(Item::Line { set, x, y });
    }

    /// Places the lines of a paragraph. No page begins or ends with one of several.
    pub(super) fn paragraph(&mut self, sets: Vec<Set>, left: f32) {
        let count = sets.len();
        let Some(height) = sets.first().map(|set| set.height) else { return };
        let together = if count <= 3 { count } else { 2 };
        self.room(height * together as f32);
        for (at, set) in sets.into_iter().enumerate() {
            let rest = if at + 2 == count && at > 0 { 2.0 } else { 1.0 };
            if self.left() < height * rest - 0.01 && !self.at_top() {
                self.turn();
            }
            self.put(set, left);
        }
    }

    /// All pages and headings.
    pub(super) fn finish(mut self) -> (Vec<Page>, Vec<Heading>) {
        self.place_held(0.0);
        while self.pages.last().is_some_and(|p| p.items.is_empty() && p.fills.is_empty()) {
            self.pages.pop();
        }
        (self.pages, self.headings)
    }
}

impl Held {
    fn height(&self) -> f32 {
        self.above + self.sets.iter().map(|set| set.height).sum::<f32>() + self.below
    }
}
