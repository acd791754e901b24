//! CIP messages (CIP volume 1, chapter 2): services on classes, instances and attributes, and what
//! travels inside others.

pub(super) mod identity;
mod path;
mod pccc;
mod service;
#[cfg(test)]
mod tests;
mod value;

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side},
};
use hangtu_record::{Operation, Origin, Outcome, Seen, Verb};
use path::Target;

/// How deep messages may travel inside messages.
const MAX_DEPTH: u8 = 3;
/// Messages taken out of one frame, nested ones included.
const MAX_MESSAGES: u16 = 64;
/// Connections whose identifiers are remembered.
const MAX_CONNECTIONS: usize = 32;
/// Status of an Unconnected Send that was forwarded, not answered in time (CIP volume 1, 3-5.5).
const TIMED_OUT: (u8, Option<u16>) = (0x01, Some(0x0204));

/// What tells requests apart that travel over one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// Without a connection: the context that the sender of the request chose.
    Context(u64),
    /// Over a connection, by the identifier that its receiver gave: each direction has its own.
    Connected { connection: u32, sequence: u16 },
}

/// Transaction, and place of the message within it.
type Key = (Transaction, u16);

/// Requests and responses of one session.
#[derive(Default)]
pub(super) struct Cip {
    pending: Pending<Key>,
    /// Identifiers of connections, by the side that sends with them.
    connections: Vec<[u32; 2]>,
}

impl Cip {
    pub(super) fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
    }

    /// One message; the transaction pairs requests with responses.
    pub(super) fn message(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        transaction: Transaction,
        b: &[u8],
    ) {
        let Some(service) = b.first() else { return };
        if service & 0x80 == 0 {
            self.request(cx, from, transaction, &mut 0, b, 0);
        } else {
            let transaction = self.asked_in(from, transaction);
            self.response(cx, from, transaction, &mut 0, b, 0);
        }
    }

    /// The carrier refused the message of that context, and with it all that travelled inside.
    pub(super) fn refused(&mut self, cx: &mut Context<'_>, context: u64, status: u32) {
        let transaction = Transaction::Context(context);
        let Some(asked) = self.pending.answer(cx, &(transaction, 0)) else { return };
        let origin = asked.origin;
        let mut refused = Some(asked);
        while let Some(mut op) = refused {
            op.outcome = Outcome::Error;
            op.error = Some(status);
            cx.emit(op);
            refused = self.carried(cx, transaction, 1, origin);
        }
    }

    /// Takes the next message that travelled inside the one asked there, from that place on. Its
    /// origin tells it from one of an earlier request in the same transaction.
    fn carried(
        &mut self,
        cx: &mut Context<'_>,
        transaction: Transaction,
        place: u16,
        origin: Origin,
    ) -> Option<Operation> {
        self.pending.answer_in_turn(cx, |(asked, at), op| {
            (*asked == transaction && *at >= place && op.origin == origin).then_some(())
        })
    }

    /// The transaction of the request that a response in this one belongs to. Which identifiers are
    /// those of one connection only its Forward Open tells; where that was not seen the sequence
    /// count decides, unless several connections wait with it.
    fn asked_in(&self, from: Side, answered: Transaction) -> Transaction {
        let Transaction::Connected { connection, sequence } = answered else { return answered };
        let (there, back) = (from.other() as usize, from as usize);
        if let Some(known) = self.connections.iter().find(|ids| ids[back] == connection) {
            return Transaction::Connected { connection: known[there], sequence };
        }
        let known = |id: u32| self.connections.iter().any(|ids| ids[there] == id);
        let mut waiting = self.pending.keys().filter_map(|(asked, _)| match *asked {
            Transaction::Connected { connection, sequence: count }
                if count == sequence && !known(connection) =>
            {
                Some(*asked)
            }
            _ => None,
        });
        if let Some(asked) = waiting.next()
            && waiting.all(|other| other == asked)
        {
            asked
        } else {
            answered
        }
    }

    /// What a Forward Open brought: the identifier from originator to target, and the one back (CIP
    /// volume 1, chapter 3).
    fn opened(&mut self, target: Side, mut r: Bytes<'_>) -> Option<()> {
        let mut ids = [0; 2];
        ids[target.other() as usize] = r.u32le()?;
        ids[target as usize] = r.u32le()?;
        // An identifier given anew is no longer that of an earlier connection.
        self.connections.retain(|known| known[0] != ids[0] && known[1] != ids[1]);
        if self.connections.len() >= MAX_CONNECTIONS {
            self.connections.remove(0);
        }
        self.connections.push(ids);
        Some(())
    }

    fn request(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        transaction: Transaction,
        place: &mut u16,
        b: &[u8],
        depth: u8,
    ) {
        let mut r = Bytes::new(b);
        let (Some(code), Some(words)) = (r.u8(), r.u8()) else { return cx.unreadable("cip") };
        let Some(epath) = r.take(usize::from(words) * 2) else { return cx.unreadable("cip") };
        let path = path::Path::read(epath);
        let target = path.target();
        let (verb, name) = service::service(code, target);
        let mut op = cx.operation(from, "cip", verb, u32::from(code), name);
        op.object = path.text();
        op.address = path.instance;
        op.count = path.attribute.map(|_| 1);
        let inner = r.rest();
        match (code, target) {
            (0x4b, Target::Class(0x67)) => pccc::request(&mut op, inner),
            _ => value::request(&mut op, code, target, inner),
        }
        let mine = *place;
        *place += 1;
        self.pending.ask(cx, (transaction, mine), op);
        if depth >= MAX_DEPTH {
            return;
        }
        match (code, target) {
            (0x0a, Target::Class(2)) => {
                for message in messages(inner) {
                    if *place >= MAX_MESSAGES {
                        return cx.unreadable("cip");
                    }
                    self.request(cx, from, transaction, place, message, depth + 1);
                }
            }
            // Unconnected Send: tick, timeout, length, message, route.
            (0x52, Target::Class(6)) => {
                let mut r = Bytes::new(inner);
                r.skip(2);
                if let Some(message) = r.u16le().and_then(|len| r.take(usize::from(len))) {
                    self.request(cx, from, transaction, place, message, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn response(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        transaction: Transaction,
        place: &mut u16,
        b: &[u8],
        depth: u8,
    ) {
        let mut r = Bytes::new(b);
        let head = (r.u8(), r.u8(), r.u8(), r.u8());
        let (Some(service), _, Some(status), Some(words)) = head else {
            return cx.unreadable("cip");
        };
        let code = service & 0x7f;
        let extended = r.u16le().filter(|_| words > 0);
        let mut r = Bytes::at(b, 4 + usize::from(words) * 2);
        let mut op = self.take(cx, from, (transaction, *place), code);
        *place += 1;
        let failed = !matches!(status, 0 | 6);
        // A Multiple Service Packet that brings no answers was refused with all that is inside.
        let mut refused =
            code == 0x0a && failed && status != 0x1e && messages(r.rest()).next().is_none();
        if op.code == 0x52 && op.object.starts_with("class 0x06") {
            // An Unconnected Send that was forwarded is answered by the message inside it; one that
            // was not answers for itself, and the message inside never arrived. Read Tag Fragmented
            // has the same number: there only a routing failure, with its extended status or the
            // size of the path that was left, is the carrier's own (CIP volume 1, 3-5.5.4).
            let inner = self.pending.answer(cx, &(transaction, *place));
            let routing = status == 1 && extended.is_some() || !r.is_empty();
            let alike = inner.as_ref().is_some_and(|inner| inner.code == 0x52);
            if code == 0x52 && failed && (routing || !alike) {
                refused = (status, extended) != TIMED_OUT;
                if let Some(mut inner) = inner {
                    *place += 1;
                    if refused {
                        conclude(&mut inner, status, extended);
                    } else {
                        (inner.seen, inner.delay) = (Seen::Request, None);
                    }
                    cx.emit(inner);
                }
            } else {
                op.outcome = Outcome::Success;
                cx.emit(op);
                op = inner.unwrap_or_else(|| unasked(cx, from, code));
                *place += 1;
            }
        }
        conclude(&mut op, status, extended);
        match code {
            0x01 | 0x03 | 0x0e if op.code == u32::from(code) => {
                identity::answered(cx, from, &op, status, r);
            }
            // A Forward Open; where its request was not seen the class is not known.
            0x54 | 0x5b
                if status == 0 && (op.object.is_empty() || op.object.starts_with("class 0x06")) =>
            {
                self.opened(from, r);
            }
            0x4b if status == 0 && op.object.starts_with("pccc ") => {
                pccc::answered(&mut op, r.rest());
            }
            // Of what a Multiple Service Packet holds, some was agreed to.
            0x0a if status == 0x1e => {
                let agreed = messages(r.rest()).any(|m| matches!(m.get(2), Some(0 | 6)));
                op.outcome = Outcome::refused(agreed);
            }
            // How many attributes, and of each its number and how that went (CIP volume 1, A-4.4).
            0x04 if status == 0x0a => {
                r.skip(2);
                let mut agreed = false;
                while let Some([_, _, low, high]) = r.array::<4>() {
                    agreed |= [low, high] == [0, 0];
                }
                op.outcome = Outcome::refused(agreed);
            }
            _ => {}
        }
        let origin = op.origin;
        cx.emit(op);
        // Deeper ones stand before others that were not refused.
        while refused
            && depth == 0
            && let Some(mut inner) = self.carried(cx, transaction, *place, origin)
        {
            conclude(&mut inner, status, extended);
            cx.emit(inner);
        }
        if code == 0x0a && depth < MAX_DEPTH {
            for message in messages(r.rest()) {
                if *place >= MAX_MESSAGES {
                    return cx.unreadable("cip");
                }
                self.response(cx, from, transaction, place, message, depth + 1);
            }
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, from: Side, key: Key, code: u8) -> Operation {
        self.pending.answer(cx, &key).unwrap_or_else(|| unasked(cx, from, code))
    }
}

/// The operation of a response whose request was not seen.
fn unasked(cx: &Context<'_>, from: Side, code: u8) -> Operation {
    let (verb, name) = service::service(code, Target::Unknown);
    let mut op = cx.operation(from.other(), "cip", verb, u32::from(code), name);
    op.seen = Seen::Response;
    op
}

fn conclude(op: &mut Operation, status: u8, extended: Option<u16>) {
    if status == 0 {
        op.outcome = Outcome::Success;
    } else if status == 6 {
        // Partial transfer: more follows in the next request.
        op.outcome = Outcome::Success;
        op.error = Some(6);
        op.error_name = "Partial transfer";
    } else {
        op.outcome = Outcome::Error;
        op.error = Some(u32::from(status) | extended.map_or(0, |e| u32::from(e) << 16));
        op.error_name = service::status(status);
    }
}

/// The messages of a Multiple Service Packet (CIP volume 1, appendix A): count, offsets from the
/// count, messages. One that does not begin behind the offsets and behind the message before it
/// comes as empty: no byte is read twice, so that there are no more operations than bytes.
fn messages(b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = Bytes::new(b).u16le().map_or(0, usize::from).min(b.len() / 2);
    let offset = move |i: usize| Bytes::at(b, 2 + 2 * i).u16le().map_or(b.len(), usize::from);
    let mut free = 2 + 2 * count;
    (0..count).map(move |i| {
        let start = offset(i);
        let end = if i + 1 < count { offset(i + 1).min(b.len()) } else { b.len() };
        match b.get(start..end) {
            Some(message) if start >= free => {
                free = end;
                message
            }
            _ => &[],
        }
    })
}

/// Verb of a service whose class is not known.
pub(super) const UNKNOWN: (Verb, &str) = (Verb::Other, "");
