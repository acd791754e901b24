//! EtherNet/IP encapsulation (CIP volume 2, chapter 2): sessions, identity, and CIP messages.

use super::cip::{self, Cip, Transaction};
use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Pending, Registration, Side, Verdict},
};
use hangtu_record::{Outcome, Seen, Verb};

/// EtherNet/IP explicit messaging.
pub(super) static REGISTRATION: Registration = Registration {
    name: "enip",
    also: &["cip"],
    industrial: true,
    tcp: true,
    udp: true,
    ports: &[44818],
    probe,
    make: || {
        Box::new(Enip {
            pending: Pending::default(),
            cip: Cip::default(),
            lost: [true; 2],
            heard: [false; 2],
        })
    },
};

/// EtherNet/IP implicit (I/O) messaging: recognised, not turned into operations.
pub(super) static IO: Registration = Registration {
    name: "enip-io",
    also: &[],
    industrial: false,
    tcp: false,
    udp: true,
    ports: &[2222],
    probe: probe_io,
    make: || Box::new(Io),
};

const HEADER: usize = 24;
/// Largest data part: the length field allows 65,511; CIP stays far below.
const MAX_DATA: usize = 65_511;

struct Header {
    command: u16,
    length: usize,
    status: u32,
    context: u64,
}

fn command_name(command: u16) -> Option<(Verb, &'static str)> {
    Some(match command {
        0x0000 => (Verb::Other, "NOP"),
        // Seen from old drivers; the standard only says "reserved for legacy".
        0x0001 => (Verb::Other, ""),
        // What it can do, not who it is: drivers ask before every session.
        0x0004 => (Verb::Other, "ListServices"),
        0x0063 => (Verb::Identify, "ListIdentity"),
        0x0064 => (Verb::Identify, "ListInterfaces"),
        0x0065 => (Verb::Connect, "RegisterSession"),
        0x0066 => (Verb::Disconnect, "UnRegisterSession"),
        0x006f => (Verb::Other, "SendRRData"),
        0x0070 => (Verb::Other, "SendUnitData"),
        0x0072 => (Verb::Other, "IndicateStatus"),
        0x0073 => (Verb::Other, "Cancel"),
        _ => return None,
    })
}

fn header(b: &[u8]) -> Option<Header> {
    let mut r = Bytes::new(b);
    let command = r.u16le()?;
    let length = usize::from(r.u16le()?);
    let _session = r.u32le()?;
    let status = r.u32le()?;
    let context = r.u64le()?;
    let options = r.u32le()?;
    command_name(command)?;
    // Statuses are small numbers (0x00–0x69); options are reserved and 0.
    (length <= MAX_DATA && status <= 0xffff && options == 0).then_some(Header {
        command,
        length,
        status,
        context,
    })
}

/// Whether a header found in the middle of a stream fits what follows it; zeroes and text look
/// like the rarer commands.
fn likely(h: &Header, body: &[u8]) -> bool {
    match h.command {
        0x6f | 0x70 => (16..4096).contains(&h.length) && body.iter().take(4).all(|b| *b == 0),
        0x65 => h.length == 4,
        0x63 => h.length == 0 || h.length > 30 && body.get(2..4).is_none_or(|k| k == [0x0c, 0]),
        0x66 => h.length == 0,
        0x04 => h.length > 4 && body.get(2..4).is_none_or(|k| k == [0, 1]),
        _ => false,
    }
}

fn probe(peek: Peek<'_>) -> Verdict {
    let b = peek.bytes;
    if b.len() < HEADER {
        let fits = b.len() >= 2 && command_name(u16::from_le_bytes([b[0], b[1]])).is_some();
        return if fits && peek.by_port.is_some() { Verdict::More } else { Verdict::No };
    }
    let Some(h) = header(b) else { return Verdict::No };
    // A command of zeros with nothing in it is what many other things look like.
    let strict = peek.by_port.is_some() || h.command != 0 && b.len() == HEADER + h.length;
    if !strict {
        return Verdict::No;
    }
    let body = &b[HEADER..];
    let who = match (h.command, h.length) {
        (0x0063 | 0x0004 | 0x0064, 0) => Some(Side::Client),
        (0x0063 | 0x0004 | 0x0064, _) => Some(Side::Server),
        (0x006f | 0x0070, _) => cip_part(h.context, body).map(|(_, message)| {
            if message.first().is_some_and(|s| s & 0x80 != 0) { Side::Server } else { Side::Client }
        }),
        _ => None,
    };
    Verdict::Yes(who.or(peek.by_port))
}

/// The CIP message of a SendRRData or SendUnitData body, and what pairs it with its answer.
fn cip_part(context: u64, body: &[u8]) -> Option<(Transaction, &[u8])> {
    let mut r = Bytes::at(body, 6);
    let items = r.u16le()?;
    let mut connection = 0;
    for _ in 0..items.min(8) {
        let (kind, len) = (r.u16le()?, usize::from(r.u16le()?));
        let item = r.take(len.min(r.remaining()))?;
        match kind {
            0x00a1 => connection = Bytes::new(item).u32le().unwrap_or(0),
            0x00b2 => return Some((Transaction::Context(context), item)),
            0x00b1 => {
                let (sequence, message) = item.split_first_chunk()?;
                let sequence = u16::from_le_bytes(*sequence);
                return Some((Transaction::Connected { connection, sequence }, message));
            }
            _ => {}
        }
    }
    None
}

struct Enip {
    pending: Pending<(u16, u64)>,
    cip: Cip,
    /// Sides whose next header must be looked for: after a gap, and where the capture joined.
    lost: [bool; 2],
    /// Sides that were heard: the first header of a side need not be looked for.
    heard: [bool; 2],
}

impl Decoder for Enip {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if bytes.len() < HEADER {
            return 0;
        }
        let lost = std::mem::take(&mut self.lost[from as usize]);
        let first = !std::mem::replace(&mut self.heard[from as usize], true);
        let header = header(bytes).filter(|h| {
            let usual = from == Side::Client || h.command > 0;
            !lost || first && usual && h.length < 4096 || likely(h, &bytes[HEADER..])
        });
        let Some(h) = header else {
            if !lost {
                cx.unreadable("enip");
            }
            let next = (1..=bytes.len() - HEADER).find(|i| {
                self::header(&bytes[*i..]).is_some_and(|h| likely(&h, &bytes[*i + HEADER..]))
            });
            self.lost[from as usize] = next.is_none();
            return next.unwrap_or(bytes.len() - HEADER + 1);
        };
        let Some(body) = bytes.get(HEADER..HEADER + h.length) else { return 0 };
        match h.command {
            0x006f | 0x0070 if h.length > 0 => match cip_part(h.context, body) {
                Some((transaction, message)) => {
                    self.cip.message(cx, from, transaction, message);
                }
                None => cx.unreadable("enip"),
            },
            _ => self.command(cx, from, &h, body),
        }
        HEADER + h.length
    }

    fn gap(&mut self, _cx: &mut Context<'_>, from: Side) {
        self.lost[from as usize] = true;
        self.heard[from as usize] = true;
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
        self.cip.end(cx);
    }
}

impl Enip {
    fn command(&mut self, cx: &mut Context<'_>, from: Side, h: &Header, body: &[u8]) {
        let Some((verb, name)) = command_name(h.command) else { return };
        let code = u32::from(h.command);
        let key = (h.command, h.context);
        if from == Side::Client {
            let mut op = cx.operation(from, "enip", verb, code, name);
            // NOP and UnRegisterSession get no reply.
            if matches!(h.command, 0x0000 | 0x0066) {
                op.outcome = Outcome::NoneExpected;
                cx.emit(op);
            } else {
                self.pending.ask(cx, key, op);
            }
            return;
        }
        if h.command == 0x0063 {
            identity(cx, from, body);
        }
        if h.status != 0 && matches!(h.command, 0x006f | 0x0070) {
            // The encapsulation refused a CIP message.
            return self.cip.refused(cx, h.context, h.status);
        }
        let mut op = self.pending.answer(cx, &key).unwrap_or_else(|| {
            let mut op = cx.operation(Side::Client, "enip", verb, code, name);
            op.seen = Seen::Response;
            op
        });
        op.outcome = if h.status == 0 { Outcome::Success } else { Outcome::Error };
        op.error = (h.status != 0).then_some(h.status);
        cx.emit(op);
    }
}

/// ListIdentity response: item 0x0c (CIP volume 2, table 2-4.4).
fn identity(cx: &mut Context<'_>, from: Side, body: &[u8]) -> Option<()> {
    let mut r = Bytes::new(body);
    let items = r.u16le()?;
    for _ in 0..items.min(8) {
        let (kind, len) = (r.u16le()?, usize::from(r.u16le()?));
        let item = r.take(len)?;
        if kind == 0x000c {
            let mut r = Bytes::at(item, 18);
            cip::identity::all(cx, from, &mut r);
        }
    }
    Some(())
}

fn probe_io(peek: Peek<'_>) -> Verdict {
    // Two items: sequenced address of eight bytes, then connected data (CIP volume 2, 3-2.2.1).
    match peek.bytes {
        [2, 0, 0x02, 0x80, 8, 0, _, _, _, _, _, _, _, _, 0xb1, 0x00, ..] => {
            Verdict::Yes(peek.by_port)
        }
        _ => Verdict::No,
    }
}

struct Io;

impl Decoder for Io {
    fn data(&mut self, _cx: &mut Context<'_>, _from: Side, _bytes: &[u8]) -> usize {
        DONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode::drive, protocol::show};
    use hangtu_record::Transport;

    fn frame(command: u16, context: u64, body: &[u8]) -> Vec<u8> {
        let mut out = command.to_le_bytes().to_vec();
        out.extend((body.len() as u16).to_le_bytes());
        out.extend([7, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(context.to_le_bytes());
        out.extend([0; 4]);
        out.extend(body);
        out
    }

    fn rr(context: u64, message: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0];
        body.extend((message.len() as u16).to_le_bytes());
        body.extend(message);
        frame(0x6f, context, &body)
    }

    #[test]
    fn services_are_no_identity() {
        let segments = [(Side::Client, frame(0x04, 1, &[])), (Side::Client, frame(0x63, 2, &[]))];
        let (out, _) =
            drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
        let asked: Vec<_> = out.records.operations.iter().map(|o| (o.function, o.verb)).collect();
        assert_eq!(asked, [("ListServices", Verb::Other), ("ListIdentity", Verb::Identify)]);
    }

    #[test]
    fn cip_services_and_identity() {
        let mut identity = vec![1, 0, 0x0c, 0, 44, 0, 1, 0];
        identity.extend([0; 16]);
        identity.extend([1, 0, 14, 0, 55, 0, 20, 11, 0x60, 0, 0x78, 0x56, 0x34, 0x12, 10]);
        identity.extend(b"1756-L61/B");
        identity.push(3);
        let multiple = [
            0x0a, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0, 12, 0, 0x0e, 2, 0x20, 1, 0x24, 1, 0x07, 2, 0x20,
            0x8e, 0x24, 1,
        ];
        let segments = [
            (Side::Client, frame(0x63, 0, &[])),
            (Side::Server, frame(0x63, 0, &identity)),
            // Stop the program of class 0x8e, refused for lack of privilege.
            (Side::Client, rr(5, &[0x07, 2, 0x20, 0x8e, 0x24, 1])),
            (Side::Server, rr(5, &[0x87, 0, 0x0f, 0])),
            // Write a tag by name, inside an Unconnected Send.
            (
                Side::Client,
                rr(
                    6,
                    &[
                        0x52, 2, 0x20, 6, 0x24, 1, 7, 0xe9, 14, 0, 0x4d, 3, 0x91, 4, b'P', b'u',
                        b'm', b'p', 0xc3, 0, 1, 0, 1, 0, 1, 0,
                    ],
                ),
            ),
            (Side::Server, rr(6, &[0xcd, 0, 0, 0])),
            (Side::Client, rr(7, &multiple)),
            (
                Side::Server,
                rr(7, &[0x8a, 0, 0, 0, 2, 0, 6, 0, 10, 0, 0x8e, 0, 0, 0, 0x87, 0, 8, 0]),
            ),
        ];
        let (out, _) =
            drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
        insta::assert_snapshot!(show(&out));
    }
}
