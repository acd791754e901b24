//! Templates compiled: what to push for each slot of their substitutions.
//!
//! An event is a tree of elements, but what is kept of it is a list of named values. So the tree
//! is walked once for a template, and for each event only the list.

use super::{
    bytes::{Broken, Result, push_utf16, u32_at},
    naming::{Naming, Place, Shape},
    token::{self, Name, Token, Tokens},
};

/// How deep elements may stand in each other.
const MAX_DEPTH: usize = 64;

/// A piece of the arena's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(u32, u32);

/// A run of the arena's pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces(u32, u32);

/// A piece of a value or a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    Text(Span),
    Slot(u16),
}

/// How a field comes to its name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    Fixed(Span),
    /// Only the event says it.
    Made(Pieces),
}

/// One thing to do for an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Push what a slot holds; if that is BinXML, read it as children at `inner`.
    Slot { name: Span, slot: u16, shape: Shape, empty: bool, inner: Place },
    /// Push what pieces make together.
    Join { label: Label, pieces: Pieces, shape: Shape, empty: bool, inner: Place },
    /// Read the BinXML a slot holds, if it does, as children at `inner`.
    Nested { slot: u16, inner: Place },
    /// Read the template instance that stands in the chunk at `at`.
    Instance { at: u32, inner: Place },
}

/// A run of the arena's operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What may still be spent on a chunk: bounds how far a few bytes can be blown up.
pub(super) struct Budget(pub(super) usize);

impl Budget {
    pub(super) fn spend(&mut self, cost: usize) -> Result<()> {
        self.0 = self.0.checked_sub(cost).ok_or(Broken)?;
        Ok(())
    }
}

/// An element that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    name: Span,
    /// Where it stands.
    place: Place,
    /// Where its children stand.
    inner: Place,
    /// What its `Name` calls its text.
    label: Option<Label>,
    leaf: bool,
}

/// The programs of one chunk, in one arena.
#[derive(Default)]
pub(super) struct Programs {
    ops: Vec<Op>,
    pieces: Vec<Piece>,
    text: String,
    open: Vec<Open>,
    pending: Vec<Piece>,
    known: Vec<(u32, Place, Program)>,
}

impl Programs {
    pub(super) fn clear(&mut self) {
        self.ops.clear();
        self.pieces.clear();
        self.text.clear();
        self.known.clear();
    }

    pub(super) fn op(&self, at: u32) -> Option<Op> {
        self.ops.get(at as usize).copied()
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.0 as usize..span.1 as usize]
    }

    pub(super) fn pieces(&self, pieces: Pieces) -> &[Piece] {
        &self.pieces[pieces.0 as usize..pieces.1 as usize]
    }

    /// The program of the template whose definition's offset is `at`, compiled when it is new.
    pub(super) fn template(
        &mut self,
        chunk: &[u8],
        at: u32,
        place: Place,
        budget: &mut Budget,
    ) -> Result<Program> {
        // The latest are the likeliest.
        if let Some(known) = self.known.iter().rev().find(|k| (k.0, k.1) == (at, place)) {
            return Ok(known.2);
        }
        let start = at as usize + token::DEFINITION;
        let size = u32_at(chunk, start - 4)? as usize;
        let end = start.checked_add(size).filter(|end| *end <= chunk.len()).ok_or(Broken)?;
        let mut tokens = Tokens { chunk, at: start, end, dependencies: true };
        let program = self.compile(&mut tokens, place, budget)?;
        self.known.push((at, place, program));
        Ok(program)
    }

    /// Compiles elements up to the end of the fragment.
    pub(super) fn compile(
        &mut self,
        tokens: &mut Tokens<'_>,
        place: Place,
        budget: &mut Budget,
    ) -> Result<Program> {
        let start = self.ops.len() as u32;
        self.open.clear();
        self.pending.clear();
        let mut attribute: Option<Span> = None;
        while let Some(token) = tokens.next()? {
            budget.spend(32)?;
            match token {
                Token::End => break,
                Token::Header | Token::Instruction => {}
                Token::Open(name) => {
                    self.flush(place);
                    let name = self.name(tokens, name, budget)?;
                    let here = self.open.last().map_or(place, |open| open.inner);
                    if self.open.len() == MAX_DEPTH {
                        return Err(Broken);
                    }
                    let inner = here.inside(self.text(name));
                    self.open.push(Open { name, place: here, inner, label: None, leaf: true });
                }
                Token::Attribute(name) => {
                    self.attribute(attribute.take());
                    attribute = Some(self.name(tokens, name, budget)?);
                }
                Token::Content => self.attribute(attribute.take()),
                Token::Close => {
                    self.attribute(attribute.take());
                    self.close()?;
                }
                Token::Text(utf16) => {
                    budget.spend(utf16.len())?;
                    let text = self.utf16(utf16);
                    self.pending.push(Piece::Text(text));
                }
                Token::Char(c) => {
                    let text = self.arena(|out| out.push(c));
                    self.pending.push(Piece::Text(text));
                }
                Token::Entity(name) => {
                    let name = self.name(tokens, name, budget)?;
                    let text = self.entity(name);
                    self.pending.push(Piece::Text(text));
                }
                Token::Slot(slot) => self.pending.push(Piece::Slot(slot)),
                Token::Instance(at) => {
                    self.flush(place);
                    let inner = self.open.last().map_or(place, |open| open.inner);
                    self.ops.push(Op::Instance { at: at as u32, inner });
                }
            }
        }
        // An element that nothing closes: what it has so far stands.
        let whole = self.open.is_empty();
        self.flush(place);
        let program = Program { start, end: self.ops.len() as u32 };
        if whole { Ok(program) } else { Err(Broken) }
    }

    /// A child follows: what stood before it is no field, but may hold BinXML.
    fn flush(&mut self, place: Place) {
        let inner = match self.open.last_mut() {
            Some(open) => {
                open.leaf = false;
                open.inner
            }
            None => place,
        };
        for piece in self.pending.drain(..) {
            if let Piece::Slot(slot) = piece {
                self.ops.push(Op::Nested { slot, inner });
            }
        }
    }

    /// An attribute's value is complete.
    fn attribute(&mut self, name: Option<Span>) {
        let Some(name) = name else { return };
        let Some(open) = self.open.last().copied() else { return };
        let (element, attribute) = (self.text(open.name), self.text(name));
        if open.place.names(element, attribute) {
            let label = match *self.pending {
                [Piece::Text(text)] => Label::Fixed(text),
                _ => Label::Made(self.keep()),
            };
            if let Some(open) = self.open.last_mut() {
                open.label = Some(label);
            }
        } else {
            let field = self.field(open.place.attribute(element, attribute), open.name, name);
            if let Some((name, shape)) = field {
                self.value(Label::Fixed(name), shape, false, Place::Section);
            }
        }
        self.pending.clear();
    }

    /// An element ends.
    fn close(&mut self) -> Result<()> {
        let open = self.open.last().copied().ok_or(Broken)?;
        let naming = open.place.text(self.text(open.name));
        match self.field(naming, open.name, open.name).filter(|_| open.leaf) {
            Some((name, shape)) => {
                let label = open.label.unwrap_or(Label::Fixed(name));
                let empty = open.place.keeps_empty(self.text(open.name));
                self.value(label, shape, empty, open.inner);
            }
            None => self.flush(open.inner),
        }
        self.pending.clear();
        self.open.pop();
        Ok(())
    }

    /// The name of a field.
    fn field(&mut self, naming: Naming, element: Span, attribute: Span) -> Option<(Span, Shape)> {
        Some(match naming {
            Naming::None => return None,
            Naming::Element(shape) => (element, shape),
            Naming::Plain(name, shape) => (self.arena(|out| out.push_str(name)), shape),
            Naming::Joined(shape) => {
                let start = self.text.len() as u32;
                self.text.extend_from_within(element.0 as usize..element.1 as usize);
                self.text.push('_');
                self.text.extend_from_within(attribute.0 as usize..attribute.1 as usize);
                (Span(start, self.text.len() as u32), shape)
            }
        })
    }

    /// The pending pieces are a field's value.
    fn value(&mut self, label: Label, shape: Shape, empty: bool, inner: Place) {
        let op = match (label, &*self.pending) {
            (_, []) if !empty => return,
            (Label::Fixed(name), [Piece::Slot(slot)]) => {
                Op::Slot { name, slot: *slot, shape, empty, inner }
            }
            _ => Op::Join { label, pieces: self.keep(), shape, empty, inner },
        };
        self.ops.push(op);
    }

    fn keep(&mut self) -> Pieces {
        let start = self.pieces.len() as u32;
        self.pieces.append(&mut self.pending);
        Pieces(start, self.pieces.len() as u32)
    }

    fn arena(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let start = self.text.len() as u32;
        write(&mut self.text);
        Span(start, self.text.len() as u32)
    }

    fn utf16(&mut self, bytes: &[u8]) -> Span {
        self.arena(|out| push_utf16(out, bytes))
    }

    /// A name without its prefix; what declares a prefix is called `xmlns`.
    fn name(&mut self, tokens: &Tokens<'_>, name: Name, budget: &mut Budget) -> Result<Span> {
        let utf16 = tokens.name(name)?;
        budget.spend(utf16.len())?;
        let Span(start, end) = self.utf16(utf16);
        let text = &self.text[start as usize..end as usize];
        Ok(match text.split_once(':') {
            Some(("xmlns", _)) => Span(start, start + 5),
            Some((prefix, _)) => Span(start + prefix.len() as u32 + 1, end),
            None => Span(start, end),
        })
    }

    /// What an entity stands for.
    fn entity(&mut self, name: Span) -> Span {
        let text = match self.text(name) {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            other => &*format!("&{other};"),
        };
        self.arena(|out| out.push_str(text))
    }
}
