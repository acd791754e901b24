//! What every page shares: the frame, the texts, the habits of each language.

mod assets;
mod nav;

use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    route::{Access, Routes},
};
use askama::Template;
use hangtu_catalog::{Arg, Bilingual, Language, Level, Scenario, grouped, key, key::Key, text};
use std::borrow::Borrow;

pub(crate) use nav::Item;

pub(crate) fn routes(r: &mut Routes) {
    r.page("/assets/{name}", Access::Open, assets::serve);
    r.page("/language/{tag}", Access::Open, assets::language);
}

/// The frame of a page, and the words and habits of its reader's language.
pub(crate) struct Page {
    pub(crate) ctx: Ctx,
    pub(crate) title: String,
}

/// Says why something was not done.
#[derive(Template)]
#[template(path = "ui/problem.html")]
pub(crate) struct ProblemPage {
    pub(crate) page: Page,
    pub(crate) status: u16,
}

/// What templates count: none is negative, and they hold references as often as values.
pub(crate) trait Count {
    fn count(&self) -> u64;
}

impl Count for u64 {
    fn count(&self) -> u64 {
        *self
    }
}

impl Count for i64 {
    fn count(&self) -> u64 {
        u64::try_from(*self).unwrap_or(0)
    }
}

impl Count for usize {
    fn count(&self) -> u64 {
        *self as u64
    }
}

impl<T: Count> Count for &T {
    fn count(&self) -> u64 {
        (**self).count()
    }
}

#[allow(
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    reason = "templates call methods, with references"
)]
impl Page {
    pub(crate) fn new(ctx: &Ctx, title: String) -> Self {
        Self { ctx: ctx.clone(), title }
    }

    /// A message.
    pub(crate) fn t(&self, key: impl Borrow<Key>) -> String {
        text(self.ctx.language, *key.borrow(), &[])
    }

    /// A message that counts: its argument is `n`.
    pub(crate) fn n(&self, key: Key, n: impl Count) -> String {
        text(self.ctx.language, key, &[("n", n.count().into())])
    }

    /// A message with one text argument.
    pub(crate) fn a(&self, key: Key, name: &str, value: impl AsRef<str>) -> String {
        text(self.ctx.language, key, &[(name, value.as_ref().into())])
    }

    /// A message with several arguments.
    pub(crate) fn args(&self, key: Key, args: &[(&str, Arg<'_>)]) -> String {
        text(self.ctx.language, key, args)
    }

    /// A message named by data: `prefix-word`; the word itself where there is none.
    pub(crate) fn word(&self, prefix: &str, word: impl AsRef<str>) -> String {
        let word = word.as_ref();
        Key::find(&format!("{prefix}-{word}")).map_or_else(|| word.to_owned(), |key| self.t(key))
    }

    /// A text in both languages.
    pub(crate) fn b<'b>(&self, text: &'b Bilingual) -> &'b str {
        text.get(self.ctx.language)
    }

    /// Date and time.
    pub(crate) fn when(&self, time: &i64) -> String {
        clock::shown(*time, self.ctx.language)
    }

    /// A day.
    pub(crate) fn day(&self, time: &i64) -> String {
        clock::shown_day(*time, self.ctx.language)
    }

    /// A number with its thousands apart.
    pub(crate) fn number(&self, n: impl Count) -> String {
        grouped(n.count())
    }

    /// A size in bytes, in the largest unit that leaves a whole part.
    pub(crate) fn bytes(&self, n: impl Count) -> String {
        let n = n.count();
        let unit =
            [("GB", 30), ("MB", 20), ("kB", 10)].into_iter().find(|(_, shift)| n >> shift > 0);
        unit.map_or_else(
            || format!("{n} B"),
            |(unit, shift)| format!("{:.1} {unit}", n as f64 / (1u64 << shift) as f64),
        )
    }

    /// Whether the reader holds a right.
    pub(crate) fn may(&self, right: Right) -> bool {
        self.ctx.may(right).is_ok()
    }

    /// A level's name.
    pub(crate) fn level(&self, level: impl Borrow<Level>) -> String {
        self.word("level", level.borrow().name())
    }

    /// A scenario's name.
    pub(crate) fn scenario(&self, scenario: impl Borrow<Scenario>) -> String {
        self.word("scenario", scenario.borrow().name())
    }

    pub(crate) fn tag(&self) -> &'static str {
        self.ctx.language.tag()
    }

    pub(crate) fn other_language(&self) -> (&'static str, &'static str) {
        match self.ctx.language {
            Language::Chinese => ("en", "English"),
            Language::English => ("zh-CN", "中文"),
        }
    }

    pub(crate) fn nav(&self) -> Vec<&'static Item> {
        nav::items(&self.ctx)
    }

    pub(crate) fn here(&self, item: &Item) -> bool {
        let path = self.ctx.path.split('?').next().unwrap_or_default();
        // The picture stands above the other pages of its name, and is not one of them.
        let above = ["/", "/supervise"].contains(&item.path);
        item.path == path || !above && path.starts_with(item.path)
    }

    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}
