//! The cover and the table of contents.

use super::{
    blocks::{Setting, Writer},
    flow::{Flow, Heading, Item, Jump, Page, Set},
    lines::{Text, single},
    look::{ACCENT, BODY, BOTTOM, FAINT, INK, LEFT, TOP, WIDTH},
    tags::{Element, Role, Tags},
};
use crate::{Align, Document, Emphasis};
use hangtu_catalog::key;

/// Headings down to this level are listed.
const DEEPEST: u8 = 3;

/// The cover; it ends where its facts do.
pub(super) fn cover(document: &Document, tags: &mut Tags, root: Element) -> Vec<Page> {
    let mut flow = Flow::new(tags, root);
    flow.y += 108.0;
    rule(&mut flow, 1.6);
    flow.y += 26.0;
    let title = Text::new(&document.title, Emphasis::Bold);
    let element = flow.tags.add(Role::Title, Some(root));
    let setting = Setting { colour: ACCENT, align: Align::Centre, ..Setting::plain(25.0, 1.4) };
    flow.paragraph(setting.sets(&title, WIDTH, Some(element)), LEFT);
    let subtitle = Text::new(&document.subtitle, Emphasis::Plain);
    if !subtitle.is_empty() {
        flow.y += 10.0;
        let element = flow.tags.add(Role::Paragraph, Some(root));
        let setting = Setting { colour: FAINT, align: Align::Centre, ..Setting::plain(13.5, 1.5) };
        flow.paragraph(setting.sets(&subtitle, WIDTH, Some(element)), LEFT);
    }
    flow.y += 26.0;
    rule(&mut flow, 0.6);
    let facts = document.cover();
    let place = |flow: &mut Flow<'_>| {
        Writer { document, flow, pictures: &[], next_picture: 0 }.facts(&facts);
    };
    let mut scratch = Tags::default();
    let mut alone = Flow::new(&mut scratch, root);
    place(&mut alone);
    let height = alone.y - TOP;
    // At the foot of the page, if they leave that much free.
    let from = BOTTOM - 40.0 - height;
    if alone.pages.len() == 1 && from > flow.y + 26.0 {
        flow.y = from;
    } else {
        flow.space(26.0);
    }
    place(&mut flow);
    flow.finish().0
}

fn rule(flow: &mut Flow<'_>, thick: f32) {
    let y = flow.y;
    flow.page().fills.push(([LEFT, y, WIDTH, thick], ACCENT));
    flow.y += thick;
}

/// Whether a document has so much in it that a table of contents helps.
pub(super) fn wanted(headings: &[Heading], pages: usize) -> bool {
    pages >= 3 && headings.iter().filter(|h| h.level <= DEEPEST).count() >= 3
}

/// The table of contents, `before` being the number of the page before the first of the body.
pub(super) fn contents(
    document: &Document,
    tags: &mut Tags,
    root: Element,
    headings: &[Heading],
    before: usize,
) -> Vec<Page> {
    const NUMBER: f32 = 40.0;
    let mut flow = Flow::new(tags, root);
    let title = Text::new(&document.word(key::PRINT_CONTENTS), Emphasis::Bold);
    let element = flow.tags.add(Role::Paragraph, Some(root));
    let setting = Setting { colour: ACCENT, ..Setting::plain(16.0, 1.35) };
    flow.paragraph(setting.sets(&title, WIDTH, Some(element)), LEFT);
    flow.space(12.0);
    let list = flow.tags.add(Role::Contents, Some(root));
    for (at, heading) in headings.iter().enumerate().filter(|(_, h)| h.level <= DEEPEST) {
        let entry = flow.tags.add(Role::Entry, Some(list));
        let link = flow.tags.add(Role::Link, Some(entry));
        let first = heading.level == 1;
        let look = if first { Emphasis::Bold } else { Emphasis::Plain };
        let indent = f32::from(heading.level - 1) * 16.0;
        let setting = Setting::plain(BODY, 1.5);
        let width = WIDTH - indent - NUMBER;
        let sets = setting.sets(&Text::new(&heading.text, look), width, Some(link));
        let height: f32 = sets.iter().map(|set| set.height).sum();
        flow.space(if first { 6.0 } else { 0.0 });
        flow.room(height);
        let top = flow.y;
        let mut end = 0.0;
        for set in sets {
            end = LEFT + indent + set.x + set.line.width;
            flow.put(set, LEFT + indent);
        }
        let y = flow.y - BODY * 1.5;
        let number = single(&Text::new(&(before + heading.page + 1).to_string(), look), BODY);
        let right = LEFT + WIDTH;
        let mut put = |line, x, colour, element| {
            let set = Set { line, size: BODY, height: BODY * 1.5, colour, element, x };
            flow.page().items.push(Item::Line { set, x, y });
        };
        let free = right - number.width - end - 12.0;
        let dots =
            single(&Text::new(&" .".repeat((free / 5.1).max(0.0) as usize), Emphasis::Plain), BODY);
        let from = right - number.width - 6.0 - dots.width;
        put(dots, from, FAINT, None);
        let from = right - number.width;
        put(number, from, INK, Some(link));
        let area = [LEFT + indent, top, WIDTH - indent, flow.y - top];
        flow.page().jumps.push(Jump { area, heading: at, element: link });
    }
    flow.finish().0
}
