//! Linux audit log, raw or enriched (`/var/log/audit/audit.log`, `ausearch --raw`).
//!
//! An event is all records of one node, time and serial. They need not stand together: the
//! records of several events may be mixed, and the end of an event may come before its parts, as
//! long as they are within a window of lines.

mod event;
mod record;
mod syscall;

use crate::{
    Sink,
    format::Format,
    lines::{self, Charset, Entries},
};
use event::Part;
use hangtu_evidence::{DamageKind, Source};
use hangtu_record::Time;
use record::Line;
use std::{
    collections::{HashMap, VecDeque},
    io,
};

/// Raw and enriched audit logs.
pub(crate) const AUDITD: Format = Format { name: "auditd", recognise, read };

/// Lines after its last record after which an event is complete.
const WINDOW: u64 = 1024;
/// The same for an event whose end (EOE) was seen.
const ENDED_WINDOW: u64 = 128;
/// Bytes of one event; what is more is left out, and damage.
const MAX_EVENT: usize = 1 << 21;
/// Bytes of all events that wait.
const MAX_HELD: usize = 16 << 20;

fn recognise(head: &[u8], _name: &str) -> bool {
    let head = lines::head(head);
    let mut lines = head.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.by_ref().take(20).any(|l| Line::parse(l).is_some())
}

struct Pending {
    node: String,
    id: String,
    time: Time,
    number: u64,
    offset: u64,
    last: u64,
    ended: bool,
    size: usize,
    parts: Vec<Part>,
}

/// Events that wait for more records, in the order of their first ones.
#[derive(Default)]
struct Waiting {
    queue: VecDeque<Pending>,
    /// Events taken off the queue's front so far.
    gone: u64,
    places: HashMap<String, u64>,
    held: usize,
    key: String,
}

fn read(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut entries = Entries::new(source, lines::Line, Charset::Auto);
    let mut waiting = Waiting::default();
    while let Some(entry) = entries.next(sink) {
        let text = entry.text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match Line::parse(text) {
            Some(line) => waiting.add(line, entry.number, entry.offset, sink),
            None => sink.damage(entry.offset, DamageKind::BadEntry),
        }
        waiting.emit(Some(entry.number), sink)?;
    }
    waiting.emit(None, sink)
}

impl Waiting {
    fn add(&mut self, line: Line<'_>, number: u64, offset: u64, sink: &mut Sink<'_>) {
        self.key.clear();
        self.key.extend([line.node, " ", line.id]);
        let next = self.gone + self.queue.len() as u64;
        let place = self.places.get(&self.key).copied().unwrap_or(next);
        if place == next {
            self.places.insert(self.key.clone(), place);
            self.queue.push_back(Pending {
                node: line.node.into(),
                id: line.id.into(),
                time: line.time,
                number,
                offset,
                last: number,
                ended: false,
                size: 0,
                parts: Vec::new(),
            });
        }
        let Some(event) = self.queue.get_mut((place - self.gone) as usize) else { return };
        event.last = number;
        if line.kind == "EOE" {
            event.ended = true;
            return;
        }
        // What a record costs even when it is short counts too.
        let size = line.kind.len() + line.body.len() + 64;
        if event.size + size > MAX_EVENT {
            sink.damage(offset, DamageKind::BadEntry);
            return;
        }
        event.size += size;
        self.held += size;
        event.parts.push(Part::new(line.kind, line.body));
    }

    /// Emits what is complete by line `now`; everything at the end.
    fn emit(&mut self, now: Option<u64>, sink: &mut Sink<'_>) -> io::Result<()> {
        while let Some(first) = self.queue.front() {
            let window = if first.ended { ENDED_WINDOW } else { WINDOW };
            let ripe = now.is_none_or(|now| now - first.last >= window);
            if !ripe && self.held <= MAX_HELD && self.queue.len() <= 2 * WINDOW as usize {
                break;
            }
            let Some(mut event) = self.queue.pop_front() else { break };
            self.gone += 1;
            self.held -= event.size;
            self.key.clear();
            self.key.extend([event.node.as_str(), " ", &event.id]);
            self.places.remove(&self.key);
            event::fill(&mut sink.event, &event.node, &event.id, &mut event.parts);
            sink.emit(event.time, event.number, event.offset)?;
        }
        Ok(())
    }
}
