//! The structure of a document, for those who hear it and for programs that read it.

use krilla::tagging::{
    Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use std::num::NonZeroU16;

/// An element of the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element(u32);

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// Cover, contents, body; callouts.
    Part,
    Title,
    /// Level and text.
    Heading(u8, String),
    Paragraph,
    /// Whether it is numbered.
    List(bool),
    Item,
    Label,
    ItemBody,
    Table,
    Row,
    ColumnHead,
    RowHead,
    Cell,
    Contents,
    Entry,
    /// A link, whose annotation is another leaf.
    Link,
    /// A picture and what it shows.
    Figure(String),
}

/// All elements, each after its parent.
#[derive(Debug, Default)]
pub(super) struct Tags {
    elements: Vec<(Role, Option<Element>)>,
}

impl Tags {
    pub(super) fn add(&mut self, role: Role, parent: Option<Element>) -> Element {
        self.elements.push((role, parent));
        Element(self.elements.len() as u32 - 1)
    }

    /// The tree, from what was drawn for each element, in the order it was drawn.
    pub(super) fn tree(self, language: &str, drawn: Vec<(Element, Identifier)>) -> TagTree {
        let mut children: Vec<Vec<Node>> = self.elements.iter().map(|_| Vec::new()).collect();
        // Turned around, so that leaves come after the elements they stand before.
        for (element, leaf) in drawn.into_iter().rev() {
            children[element.0 as usize].push(leaf.into());
        }
        let mut roots = Vec::new();
        for (at, (role, parent)) in self.elements.into_iter().enumerate().rev() {
            let mut mine = std::mem::take(&mut children[at]);
            let needed = matches!(role, Role::Cell | Role::ColumnHead | Role::RowHead);
            if mine.is_empty() && !needed {
                continue;
            }
            mine.reverse();
            let group = TagGroup::with_children(kind(role), mine).into();
            match parent {
                Some(parent) => children[parent.0 as usize].push(group),
                None => roots.push(group),
            }
        }
        roots.reverse();
        let mut tree = TagTree::from(roots);
        tree.lang = Some(language.to_owned());
        tree
    }
}

fn kind(role: Role) -> TagKind {
    match role {
        Role::Part => Tag::Div.into(),
        Role::Title => Tag::Title.into(),
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text)).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::List(true) => Tag::L(ListNumbering::Decimal).into(),
        Role::List(false) => Tag::L(ListNumbering::Disc).into(),
        Role::Item => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::ItemBody => Tag::LBody.into(),
        Role::Table => Tag::Table.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Contents => Tag::TOC.into(),
        Role::Entry => Tag::TOCI.into(),
        Role::Link => Tag::Link.into(),
        Role::Figure(alt) => Tag::Figure(Some(alt)).into(),
    }
}
