//! Words that several pages of notices share.

use super::{
    answer::Reply,
    model::{Item, Member, Notice, standing},
};
use crate::{clock, ui::Page};

/// The colour of a tag for how something stands.
pub(super) fn tone(stands: &str) -> &'static str {
    match stands {
        "done" | "acknowledged" | "accepted" => "good",
        "missing" | "overdue" | "returned" => "bad",
        "late" | "answered" => "warn",
        _ => "note",
    }
}

/// The colour of a tag for a colour of warnings.
pub(super) fn shade(colour: &str) -> &'static str {
    match colour {
        "red" => "major",
        "orange" => "orange",
        "yellow" => "yellow",
        _ => "blue",
    }
}

/// An item with how it stands, for a page.
pub(super) struct Row<'a> {
    pub(super) place: usize,
    pub(super) item: &'a Item,
    pub(super) stand: &'static str,
    pub(super) owed: bool,
    pub(super) due: i64,
    /// Whether the limit of what is owed is over.
    pub(super) over: bool,
    pub(super) replies: Vec<&'a Reply>,
}

/// The items of a notice with what was answered.
pub(super) fn rows<'a>(items: &'a [Item], replies: &'a [Reply], now: i64) -> Vec<Row<'a>> {
    let stands = standing(items, replies);
    let row = |(place, item): (usize, &'a Item)| {
        let (stand, due) = stands[place];
        Row {
            place,
            item,
            stand: stand.word(),
            owed: stand.owed(),
            due,
            over: stand.owed() && due < now,
            replies: replies.iter().filter(|r| r.place == place as i64).collect(),
        }
    };
    items.iter().enumerate().map(row).collect()
}

/// A notice in a list or on its page, as templates ask for it.
pub(super) struct Told<'a> {
    pub(super) page: &'a Page,
    pub(super) n: &'a Notice,
}

impl Told<'_> {
    pub(super) fn title(&self) -> &str {
        self.n.title(self.page.ctx.language)
    }

    pub(super) fn shade(&self) -> &'static str {
        shade(&self.n.colour)
    }

    /// Label and text of what is written, by kind.
    pub(super) fn parts(&self) -> Vec<(String, &str)> {
        let l = self.page.ctx.language;
        let n = self.n;
        let label = |what: &str| self.page.word(&format!("steer-{what}"), &n.kind);
        let parts = [
            (label("reason"), n.reason(l)),
            (label("text"), n.text(l)),
            (label("todo"), n.todo(l)),
        ];
        parts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    pub(super) fn basis(&self) -> &str {
        self.n.basis(self.page.ctx.language)
    }
}

/// How an enterprise stands, for a tag.
pub(super) fn stands(n: &Notice, m: &Member) -> &'static str {
    m.stands(n, clock::now())
}
