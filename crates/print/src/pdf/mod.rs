//! PDF: our own layout (docs/decisions/0004), written by krilla as PDF/A-2a and PDF/UA-1.
//!
//! Text becomes lines (`lines`, `kinsoku`, `face`), blocks become pages (`blocks`, `tables`, `grid`,
//! `flow`), pages become a file (`paint`). The body is laid out first, for the table of contents
//! tells its pages.

mod blocks;
mod contents;
mod face;
mod flow;
mod grid;
mod kinsoku;
mod lines;
mod look;
mod paint;
mod tables;
mod tags;
#[cfg(test)]
mod tests;

use crate::{Document, PrintError, image};
use flow::Flow;
use tags::{Role, Tags};

/// The document as a tagged PDF on A4 pages with its fonts embedded.
pub fn pdf(document: &Document) -> Result<Vec<u8>, PrintError> {
    let images = image::sizes(document)?;
    let pictures: Vec<(u32, u32)> = images.iter().map(|(_, w, h)| (*w, *h)).collect();
    let mut tags = Tags::default();
    let [front, list, body] = [(); 3].map(|()| tags.add(Role::Part, None));

    let cover = contents::cover(document, &mut tags, front);
    let mut flow = Flow::new(&mut tags, body);
    let mut writer =
        blocks::Writer { document, flow: &mut flow, pictures: &pictures, next_picture: 0 };
    for block in &document.blocks {
        writer.block(block);
    }
    let (pages, headings) = flow.finish();

    let mut sheets = paint::Sheets { covers: cover.len(), pages: cover, headings };
    if contents::wanted(&sheets.headings, pages.len()) {
        let of = |tags: &mut Tags, before| {
            contents::contents(document, tags, list, &sheets.headings, before)
        };
        // How many pages it takes does not depend on the numbers in it.
        let own = of(&mut Tags::default(), 0).len();
        let list = of(&mut tags, sheets.covers + own);
        sheets.pages.extend(list);
    }
    for heading in &mut sheets.headings {
        heading.page += sheets.pages.len();
    }
    sheets.pages.extend(pages);
    paint::paint(document, sheets, tags, &images)
}

/// Text cut to what titles, outlines and descriptions need: PDF/UA lets none of them be empty.
fn short(text: &str) -> String {
    const MOST: usize = 240;
    if text.trim().is_empty() {
        return "—".into();
    }
    let mut out: String = text.chars().take(MOST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
