//! One record to one event: programs run over the values of template instances.

use super::{
    bytes::{Broken, Result, u8_at, u64_at},
    chunk::RECORD_HEADER,
    naming::{Place, Shape},
    program::{Budget, Label, Op, Piece, Pieces, Program, Programs},
    token::{Instance, Tokens},
    value::{self, ARRAY, BINXML, FILETIME, NULL, STRING},
};
use hangtu_record::{Fields, Time};

/// How deep BinXML may stand in BinXML.
const MAX_NESTING: usize = 16;
/// Bytes of text and work allowed for one chunk: an honest one takes a tenth of it.
const CHUNK_BUDGET: usize = 16 << 20;
/// And for one record.
const RECORD_BUDGET: usize = 2 << 20;

/// A value of a template instance.
#[derive(Clone, Copy)]
struct Slot {
    at: usize,
    size: usize,
    kind: u8,
}

/// Decodes records; keeps what is learnt of a chunk's templates, and buffers.
pub(super) struct Decoder {
    programs: Programs,
    slots: Vec<Slot>,
    scratch: String,
    /// Left for the chunk, and for the record.
    left: usize,
    budget: Budget,
    time: Option<Time>,
}

/// What is read, and what it becomes.
struct Job<'a> {
    chunk: &'a [u8],
    event: &'a mut Fields,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            programs: Programs::default(),
            slots: Vec::new(),
            scratch: String::new(),
            left: 0,
            budget: Budget(0),
            time: None,
        }
    }

    /// Another chunk follows: offsets mean something else there.
    pub(super) fn next_chunk(&mut self) {
        self.programs.clear();
        self.left = CHUNK_BUDGET;
    }

    /// Fills the event from the record at `at`. Gives its time, and whether it was all read; what
    /// was read before something broke is in the event.
    pub(super) fn record(
        &mut self,
        chunk: &[u8],
        at: usize,
        size: usize,
        event: &mut Fields,
    ) -> (Time, Result<()>) {
        self.time = None;
        self.slots.clear();
        let allowed = self.left.min(RECORD_BUDGET);
        self.budget = Budget(allowed);
        let mut job = Job { chunk, event };
        let (start, end) = (at + RECORD_HEADER, chunk.len().min(at + size));
        let known = job.event.iter().count();
        let done = self.fragment(&mut job, (start, end), Place::Document, 0);
        // Nothing at all is not an event either.
        let done = done.and_then(|()| job.event.at(known).map(|_| ()).ok_or(Broken));
        self.left -= allowed - self.budget.0;
        let written = || u64_at(chunk, at + 16).ok().and_then(value::time);
        (self.time.or_else(written).unwrap_or_default(), done)
    }

    /// Reads BinXML from `start` to `end`.
    fn fragment(
        &mut self,
        job: &mut Job<'_>,
        (start, end): (usize, usize),
        place: Place,
        depth: usize,
    ) -> Result<()> {
        if depth == MAX_NESTING {
            return Err(Broken);
        }
        let mut tokens = Tokens { chunk: job.chunk, at: start, end, dependencies: depth == 0 };
        while tokens.at < end {
            match u8_at(job.chunk, tokens.at)? {
                0x00 => break,
                0x0f => tokens.at += 4,
                0x0c => {
                    tokens.at += 1;
                    let instance = tokens.instance()?;
                    tokens.at = self.instance(job, instance, end, place, depth)?;
                }
                _ => {
                    let program = self.programs.compile(&mut tokens, place, &mut self.budget)?;
                    let none = self.slots.len();
                    self.run(job, program, none, depth)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads a template instance, of which nothing lies behind `end`; gives where it ends.
    fn instance(
        &mut self,
        job: &mut Job<'_>,
        instance: Instance,
        end: usize,
        place: Place,
        depth: usize,
    ) -> Result<usize> {
        if depth == MAX_NESTING {
            return Err(Broken);
        }
        self.budget.spend(16 * instance.count)?;
        let definition = instance.definition;
        let program = self.programs.template(job.chunk, definition, place, &mut self.budget)?;
        let base = self.slots.len();
        let mut at = instance.values();
        for index in 0..instance.count {
            let (size, kind) = instance.descriptor(job.chunk, index)?;
            self.slots.push(Slot { at, size, kind });
            at += size;
        }
        let done = if at <= end { self.run(job, program, base, depth) } else { Err(Broken) };
        self.slots.truncate(base);
        done.map(|()| at)
    }

    fn run(
        &mut self,
        job: &mut Job<'_>,
        program: Program,
        base: usize,
        depth: usize,
    ) -> Result<()> {
        for at in program.start..program.end {
            match self.programs.op(at).ok_or(Broken)? {
                Op::Slot { name, slot, shape, empty, inner } => {
                    let slot = self.slot(base, slot);
                    if slot.kind == BINXML {
                        self.nested(job, slot, inner, depth)?;
                    } else {
                        let name = self.programs.text(name);
                        self.budget.spend(16 + name.len() + 2 * slot.size)?;
                        self.time = push(job, name, slot, shape, empty).or(self.time);
                    }
                }
                Op::Join { label, pieces, shape, empty, inner } => {
                    self.join(job, label, pieces, (shape, empty), base)?;
                    for i in 0..self.programs.pieces(pieces).len() {
                        if let Piece::Slot(slot) = self.programs.pieces(pieces)[i] {
                            let slot = self.slot(base, slot);
                            self.nested(job, slot, inner, depth)?;
                        }
                    }
                }
                Op::Nested { slot, inner } => {
                    let slot = self.slot(base, slot);
                    self.nested(job, slot, inner, depth)?;
                }
                Op::Instance { at, inner } => {
                    let at = at as usize + 1;
                    let end = job.chunk.len();
                    let mut tokens = Tokens { chunk: job.chunk, at, end, dependencies: true };
                    let instance = tokens.instance()?;
                    self.instance(job, instance, end, inner, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// A value that was not given is null.
    fn slot(&self, base: usize, slot: u16) -> Slot {
        let none = Slot { at: 0, size: 0, kind: NULL };
        self.slots.get(base + usize::from(slot)).copied().unwrap_or(none)
    }

    /// Reads a value as BinXML, if it is that.
    fn nested(&mut self, job: &mut Job<'_>, slot: Slot, inner: Place, depth: usize) -> Result<()> {
        self.budget.spend(16)?;
        if slot.kind != BINXML || slot.size == 0 {
            return Ok(());
        }
        self.fragment(job, (slot.at, slot.at + slot.size), inner, depth + 1)
    }

    fn join(
        &mut self,
        job: &mut Job<'_>,
        label: Label,
        pieces: Pieces,
        (shape, empty): (Shape, bool),
        base: usize,
    ) -> Result<()> {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        let done = self.gather(job.chunk, pieces, base, &mut text).and_then(|()| {
            let middle = text.len();
            if let Label::Made(pieces) = label {
                self.gather(job.chunk, pieces, base, &mut text)?;
            }
            let (value, made) = text.split_at(middle);
            let name = match label {
                Label::Fixed(name) => self.programs.text(name),
                Label::Made(_) if made.is_empty() => "Data",
                Label::Made(_) => made,
            };
            self.budget.spend(16 + name.len() + text.len())?;
            push_text(job.event, name, value, shape, empty);
            Ok(())
        });
        self.scratch = text;
        done
    }

    /// Appends what pieces make together.
    fn gather(
        &mut self,
        chunk: &[u8],
        pieces: Pieces,
        base: usize,
        out: &mut String,
    ) -> Result<()> {
        for piece in self.programs.pieces(pieces) {
            match *piece {
                Piece::Text(span) => {
                    let text = self.programs.text(span);
                    self.budget.spend(16 + text.len())?;
                    out.push_str(text);
                }
                Piece::Slot(slot) => {
                    let slot = self.slot(base, slot);
                    self.budget.spend(16 + 2 * slot.size)?;
                    let bytes = &chunk[slot.at..slot.at + slot.size];
                    if slot.kind & ARRAY == 0 {
                        if slot.kind != BINXML {
                            value::write(out, slot.kind, bytes);
                        }
                        continue;
                    }
                    let mut first = true;
                    value::elements(slot.kind, bytes, |kind, one| {
                        if !std::mem::take(&mut first) {
                            out.push(',');
                        }
                        value::write(out, kind, one);
                    });
                }
            }
        }
        Ok(())
    }
}

/// Pushes a value; gives it when it is the event's time.
fn push(job: &mut Job<'_>, name: &str, slot: Slot, shape: Shape, empty: bool) -> Option<Time> {
    let bytes = &job.chunk[slot.at..slot.at + slot.size];
    if shape == Shape::Time {
        return u64_at(bytes, 0).ok().filter(|_| slot.kind == FILETIME).and_then(value::time);
    }
    if slot.kind == NULL || bytes.is_empty() {
        if empty {
            job.event.push(name, "");
        }
    } else if slot.kind & ARRAY != 0 {
        value::elements(slot.kind, bytes, |kind, one| {
            job.event.push_with(name, |out| value::write(out, kind, one));
        });
    } else if shape == Shape::Int {
        if let Some(n) = value::int(slot.kind, bytes) {
            job.event.push(name, n);
        } else {
            let mut text = String::new();
            value::write(&mut text, slot.kind, bytes);
            push_text(job.event, name, &text, shape, empty);
        }
    } else if empty || slot.kind != STRING || bytes != [0, 0] {
        job.event.push_with(name, |out| value::write(out, slot.kind, bytes));
    }
    None
}

fn push_text(event: &mut Fields, name: &str, text: &str, shape: Shape, empty: bool) {
    match (shape, text.parse::<i64>()) {
        (Shape::Time, _) => {}
        (Shape::Int, Ok(n)) => event.push(name, n),
        _ if empty || !text.is_empty() => event.push(name, text),
        _ => {}
    }
}
