//! The decoder interface: probe → decode → records, over the contiguous bytes of each direction.
//!
//! A protocol is one [`Registration`]: a name, its usual ports, a probe that recognises it by
//! content, and a constructor. The stream layer (`flow`, `stream`) owns reassembly, buffering and
//! limits; a decoder sees bytes and a [`Context`] and answers how far it got. Decoders never fail:
//! what cannot be read is skipped to the next plausible frame.

mod drive;
mod pending;

#[cfg(test)]
pub(crate) use drive::held;
pub use drive::{Piece, drive};
pub use pending::Pending;

use crate::{assets::AssetNotes, batch::Share};
use hangtu_record::{
    Endpoint, FieldName, FileAction, Operation, Origin, Outcome, OwnedValue, Seen, Text, Time,
    Transport, Verb,
};
use std::net::IpAddr;

/// One side of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that opened the connection or asks.
    Client,
    /// The one that answers.
    Server,
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a probe may look at: the first bytes of one direction, and what the ports suggest.
#[derive(Clone, Copy, Debug)]
pub struct Peek<'a> {
    /// Contiguous bytes from one sender, from where the capture joined.
    pub bytes: &'a [u8],
    /// Who sent them, when one of the protocol's own ports was used on exactly one side.
    pub by_port: Option<Side>,
    /// TCP or UDP.
    pub transport: Transport,
}

/// A probe's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not this protocol.
    No,
    /// Cannot say before more bytes come.
    More,
    /// This protocol; who sent the bytes, where the content tells.
    Yes(Option<Side>),
}

/// One protocol.
pub struct Registration {
    /// The value of `network.protocol`.
    pub name: &'static str,
    /// Others that its decoder tells: of what it carries, and of near kin.
    pub also: &'static [&'static str],
    /// Whether stations operate controllers by it.
    pub industrial: bool,
    /// Whether it runs over TCP.
    pub tcp: bool,
    /// Whether it runs over UDP.
    pub udp: bool,
    /// Usual server ports: tried first, and evidence where content is weak.
    pub ports: &'static [u16],
    /// Recognises the protocol by content. Must be cheap: it sees the first bytes of many flows.
    pub probe: fn(Peek<'_>) -> Verdict,
    /// A decoder for one flow.
    pub make: fn() -> Box<dyn Decoder>,
}

impl Registration {
    /// Every name that its records carry.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }
}

/// A decoder's state for one flow.
pub trait Decoder: Send {
    /// Reads contiguous bytes from one side and returns how many it has done with. The rest comes
    /// again with more behind it. More than `bytes.len()` skips what comes next without looking;
    /// [`DONE`] skips all that comes from this side. For datagrams `bytes` is one whole datagram
    /// and the answer is not used.
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize;

    /// Bytes from this side are missing (not captured, or not understood and dropped).
    fn gap(&mut self, _cx: &mut Context<'_>, _from: Side) {}

    /// The flow ended: emit what still waits.
    fn end(&mut self, _cx: &mut Context<'_>) {}
}

/// Answer of [`Decoder::data`] that skips all further bytes of that side.
pub const DONE: usize = usize::MAX;

/// How many bytes one text from the wire has at most.
const MAX_TEXT: usize = 200;

/// How many facts one session keeps.
pub const MAX_FACTS: usize = 96;

/// The unchanging part of a flow, as decoders see it.
#[derive(Clone, Debug)]
pub struct Parties {
    /// Who asks.
    pub client: Endpoint,
    /// Who answers.
    pub server: Endpoint,
    /// 802.1Q identifier.
    pub vlan: Option<u16>,
    /// TCP, UDP or link.
    pub transport: Transport,
}

impl Parties {
    /// The endpoint of a side.
    pub const fn of(&self, side: Side) -> &Endpoint {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// Where decoders put what they found, and what they may know about the moment.
pub struct Context<'a> {
    /// Time of the packet that brought the last byte.
    pub time: Time,
    /// Place of that packet.
    pub origin: Origin,
    /// The two sides.
    pub parties: &'a Parties,
    /// Facts of this flow's session record.
    pub facts: &'a mut Vec<(FieldName, OwnedValue)>,
    /// The protocol name of the session; a decoder may refine it.
    pub protocol: &'a mut &'static str,
    /// Bytes the decoder keeps of this flow beyond what it was handed; a flow that makes all of them
    /// together too many is ended. A decoder sets it whenever what it keeps changes noticeably.
    pub held: &'a mut usize,
    /// Records and notes made so far.
    pub out: &'a mut Output,
}

/// Operations by verb, in the order of [`Verb::ALL`].
pub type VerbCounts = [u32; Verb::ALL.len()];

/// What decoding yields.
#[derive(Debug, Default)]
pub struct Output {
    /// Whether records are kept for the reader, or only counted.
    pub keep_records: bool,
    /// Operations emitted since the flow layer last looked.
    pub verbs: VerbCounts,
    /// Whether there are any of those.
    pub fresh: bool,
    /// Operations emitted in all.
    pub operation_count: u64,
    /// Requests that wait for their responses now, over all flows of this worker.
    pub waiting: usize,
    /// Workers that share the room for those; 0 where nobody shares it.
    pub workers: usize,
    /// File actions emitted in all.
    pub file_count: u64,
    /// Sessions emitted in all.
    pub session_count: u64,
    /// Records of this chunk.
    pub records: Share,
    /// What was learnt about assets.
    pub assets: AssetNotes,
    /// Frames or messages that could not be read, by protocol.
    pub unreadable: Vec<(&'static str, u64)>,
}

impl Context<'_> {
    /// An operation of this moment asked by `from` of the other side, unanswered so far.
    pub fn operation(
        &self,
        from: Side,
        protocol: &'static str,
        verb: Verb,
        code: u32,
        function: &'static str,
    ) -> Operation {
        Operation {
            time: self.time,
            origin: self.origin,
            source: *self.parties.of(from),
            destination: *self.parties.of(from.other()),
            vlan: self.parties.vlan,
            protocol,
            verb,
            code,
            function,
            unit: None,
            object: Text::const_new(""),
            address: None,
            count: None,
            value: Text::const_new(""),
            outcome: Outcome::Unanswered,
            error: None,
            error_name: "",
            seen: Seen::Request,
            delay: None,
        }
    }

    /// Emits an operation.
    pub fn emit(&mut self, operation: Operation) {
        self.out.verbs[operation.verb as usize] += 1;
        self.out.fresh = true;
        self.out.operation_count += 1;
        if self.out.keep_records {
            self.out.records.operations.push(operation);
        }
    }

    /// Emits a file action.
    pub fn emit_file(&mut self, action: FileAction) {
        self.out.file_count += 1;
        if self.out.keep_records {
            self.out.records.files.push(action);
        }
    }

    /// Adds a fact to the session: distinct values only, at most [`MAX_FACTS`].
    pub fn fact(&mut self, name: FieldName, value: impl Into<OwnedValue>) {
        let value = value.into();
        if self.facts.len() >= MAX_FACTS || matches!(&value, OwnedValue::Str(s) if s.is_empty()) {
            return;
        }
        // What comes again mostly came lately.
        if !self.facts.iter().rev().any(|(n, v)| *n == name && *v == value) {
            self.facts.push((name, value));
        }
    }

    /// How many facts of that name were added.
    pub fn told(&self, name: FieldName) -> usize {
        self.facts.iter().filter(|(known, _)| *known == name).count()
    }

    /// As [`Self::fact`], at most so many of that name.
    pub fn fact_of(&mut self, name: FieldName, value: impl Into<OwnedValue>, most: usize) {
        if self.told(name) < most {
            self.fact(name, value);
        }
    }

    /// Adds a text fact, cut to a sane length and free of control characters.
    pub fn fact_text(&mut self, name: FieldName, bytes: &[u8]) {
        let value = clean(bytes);
        self.fact(name, OwnedValue::Str(value));
    }

    /// Notes something an asset said of itself or showed: a device identity, host name, ….
    pub fn about(&mut self, side: Side, name: FieldName, text: &str) {
        if let Some(ip) = self.parties.of(side).ip {
            self.about_address(ip, name, text);
        }
    }

    /// As [`Self::about`], for an address that is not a side of this flow.
    pub fn about_address(&mut self, ip: IpAddr, name: FieldName, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.out.assets.fact(ip, name, text, self.protocol, (self.time, self.origin));
        }
    }

    /// Counts a frame or message that could not be read.
    pub fn unreadable(&mut self, protocol: &'static str) {
        match self.out.unreadable.iter_mut().find(|(p, _)| *p == protocol) {
            Some((_, n)) => *n += 1,
            None => self.out.unreadable.push((protocol, 1)),
        }
    }
}

/// Text from the wire made fit to show: lossy UTF-8, no control characters, at most 200 bytes.
pub fn clean(bytes: &[u8]) -> Text {
    let bytes = &bytes[..bytes.len().min(MAX_TEXT)];
    if let Ok(plain) = std::str::from_utf8(bytes)
        && bytes.iter().all(|b| (0x20..0x7f).contains(b))
    {
        return plain.trim().into();
    }
    shown(String::from_utf8_lossy(bytes).chars(), MAX_TEXT).trim().into()
}

/// UTF-16LE text from the wire made fit to show: no control characters, at most 200 bytes.
pub fn clean_utf16(bytes: &[u8]) -> Text {
    text_utf16(bytes, MAX_TEXT)
}

/// The same of a path, which its end tells more of than its beginning: the 260 characters of Windows.
pub(crate) fn path_utf16(bytes: &[u8]) -> Text {
    text_utf16(bytes, 260 * 3)
}

fn text_utf16(bytes: &[u8], most: usize) -> Text {
    let units = bytes.chunks_exact(2).take(260).map(|c| u16::from_le_bytes([c[0], c[1]]));
    shown(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)), most)
}

/// Characters without those that control, in so many bytes at most.
fn shown(chars: impl Iterator<Item = char>, most: usize) -> Text {
    let mut out = Text::const_new("");
    for c in chars.filter(|c| !c.is_control()) {
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

/// A byte as two hex digits.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|nibble| b"0123456789abcdef"[usize::from(nibble)])
}

/// A short ASCII text built without formatting machinery: object names go through here once for
/// every operation.
#[derive(Clone, Copy, Debug)]
pub struct Short {
    bytes: [u8; 64],
    len: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self { bytes: [0; 64], len: 0 }
    }
}

impl Short {
    fn byte(&mut self, b: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = b;
            self.len += 1;
        }
    }

    /// Adds ASCII text; what does not fit is left out.
    pub fn str(&mut self, s: &'static str) -> &mut Self {
        let n = s.len().min(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        self
    }

    /// Adds a number in decimal.
    pub fn number(&mut self, mut n: u32) -> &mut Self {
        let mut digits = [0_u8; 10];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        digits[at..].iter().for_each(|d| self.byte(*d));
        self
    }

    /// Adds a number as `0x0f`.
    pub fn hex(&mut self, n: u32) -> &mut Self {
        self.str("0x");
        let digits = (32 - n.leading_zeros()).div_ceil(4).max(2);
        for i in (0..digits).rev() {
            self.byte(b"0123456789abcdef"[(n >> (4 * i) & 15) as usize]);
        }
        self
    }

    /// Adds bytes as hex digits: the first eight, and a mark when there are more.
    pub fn dump(&mut self, bytes: &[u8]) -> &mut Self {
        bytes.iter().take(8).flat_map(|b| hex(*b)).for_each(|digit| self.byte(digit));
        if bytes.len() > 8 {
            self.str("...");
        }
        self
    }

    /// The text.
    pub fn text(&self) -> Text {
        Text::from(str::from_utf8(&self.bytes[..self.len]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_utf16};

    #[test]
    fn text_from_the_wire_ends_within_a_bound_and_between_characters() {
        let wide: Vec<u8> = "厂".repeat(100).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(clean_utf16(&wide), "厂".repeat(66));
        assert_eq!(clean("厂".repeat(100).as_bytes()), "厂".repeat(66));
        assert_eq!(clean(&[0xff; 300]), "\u{fffd}".repeat(66));
        assert_eq!(clean(&[b'x'; 300]), "x".repeat(200));
    }
}
