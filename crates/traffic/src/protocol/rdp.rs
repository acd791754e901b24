//! RDP's connection sequence (MS-RDPBCGR §1.3.1.1): who connects, by which security. Then it is
//! TLS, or RDP's own encryption.

use super::tls::Tls;
use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict, clean_utf16},
};
use hangtu_record::{FieldName, OwnedValue, Text};

/// RDP on TCP 3389; elsewhere by its cookie or negotiation.
pub(super) static REGISTRATION: Registration = Registration {
    name: "rdp",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[3389],
    probe,
    make: || Box::<Rdp>::default(),
};

/// X.224 units (RFC 905 §13): connection request, connection confirm, data.
const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
const COOKIE: &[u8] = b"Cookie: mstshash=";
/// Negotiation (§2.2.1.1.1, §2.2.1.2.1, §2.2.1.2.2).
const ASKS: u8 = 1;
const AGREES: u8 = 2;
const REFUSES: u8 = 3;

/// One X.224 unit in its TPKT (RFC 1006 §6): kind, and what follows the fixed part.
struct Unit<'a> {
    kind: u8,
    rest: &'a [u8],
    length: usize,
}

fn unit(bytes: &[u8]) -> Option<Unit<'_>> {
    let mut b = Bytes::new(bytes);
    let (version, _, length) = (b.u8()?, b.u8()?, usize::from(b.u16be()?));
    let (header, kind) = (usize::from(b.u8()?), b.u8()?);
    if version != 3 || length < 7 || header < 2 || header + 5 > length {
        return None;
    }
    let fixed = if kind == DATA { 7 } else { 11 };
    let whole = bytes.get(..length)?;
    Some(Unit { kind, rest: whole.get(fixed..).unwrap_or_default(), length })
}

/// Flags, then the protocols or code of a negotiation structure of that kind.
fn negotiation(bytes: &[u8], kind: u8) -> Option<u32> {
    let mut b = Bytes::new(bytes);
    let (found, _flags, length) = (b.u8()?, b.u8()?, b.u16le()?);
    (found == kind && length == 8).then(|| b.u32le())?
}

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    if bytes.len() < 11 {
        let begun = bytes.iter().zip([3, 0]).all(|(a, b)| *a == b);
        return if begun { Verdict::More } else { Verdict::No };
    }
    // Siemens and MMS use the same units: only what RDP puts into them counts.
    match unit(bytes) {
        Some(Unit { kind: REQUEST, rest, .. })
            if rest.starts_with(b"Cookie: msts")
                || negotiation(rest, ASKS).is_some()
                || (rest.is_empty() && peek.by_port == Some(Side::Client)) =>
        {
            Verdict::Yes(Some(Side::Client))
        }
        Some(Unit { kind: CONFIRM, rest, .. })
            if negotiation(rest, AGREES).or(negotiation(rest, REFUSES)).is_some()
                || (rest.is_empty() && peek.by_port == Some(Side::Server)) =>
        {
            Verdict::Yes(Some(Side::Server))
        }
        None if bytes[..2] == [3, 0] && bytes.len() < 128 && bytes[5] == REQUEST => Verdict::More,
        _ => Verdict::No,
    }
}

/// The names of security protocols (§2.2.1.1.1).
fn security(protocols: u32) -> &'static str {
    match protocols {
        0 => "standard RDP security",
        _ if protocols & 0x10 != 0 => "RDSAAD",
        _ if protocols & 0x8 != 0 => "CredSSP with early user authorisation",
        _ if protocols & 0x4 != 0 => "RDSTLS",
        _ if protocols & 0x2 != 0 => "CredSSP",
        _ => "TLS",
    }
}

#[derive(Debug, Default)]
struct Rdp {
    requested: Option<u32>,
    selected: Option<u32>,
    tls: Option<Tls>,
}

impl Rdp {
    fn request(&mut self, cx: &mut Context<'_>, mut rest: &[u8]) {
        if rest.starts_with(b"Cookie: ")
            && let Some(end) = rest.windows(2).position(|w| w == b"\r\n")
        {
            if let Some(user) = rest[..end].strip_prefix(COOKIE) {
                // Cut to nine characters by Microsoft's client; a domain may stand before it.
                let mut parts = user.rsplit(|b| *b == b'\\');
                cx.fact_text(FieldName::UserName, parts.next().unwrap_or_default());
                cx.fact_text(FieldName::UserDomain, parts.next().unwrap_or_default());
            }
            rest = &rest[end + 2..];
        }
        self.requested = Some(negotiation(rest, ASKS).unwrap_or(0));
    }

    fn confirm(&mut self, cx: &mut Context<'_>, rest: &[u8]) {
        if let Some(code) = negotiation(rest, REFUSES) {
            let text = format!("negotiation failure {code}");
            cx.fact(FieldName::ServiceName, OwnedValue::Str(text.into()));
            return;
        }
        let selected = negotiation(rest, AGREES).unwrap_or(0);
        self.selected = Some(selected);
        let name = Text::const_new(security(selected));
        cx.fact(FieldName::ServiceName, OwnedValue::Str(name));
        if selected != 0 {
            self.tls = Some(Tls::default());
        }
    }

    /// The client's name in the core data of its first MCS message (§2.2.1.3.2).
    fn core(cx: &mut Context<'_>, rest: &[u8]) {
        /// Type 0xC001.
        const CORE: [u8; 2] = [0x01, 0xc0];
        for at in rest.windows(2).enumerate().filter(|(_, w)| **w == CORE).map(|(at, _)| at).take(4)
        {
            let mut b = Bytes::at(rest, at + 2);
            // Length, minor and major version of the block.
            let (Some(56..=1024), Some(_), Some(4..=16)) = (b.u16le(), b.u16le(), b.u16le()) else {
                continue;
            };
            // Desktop size, colours, keyboard and build stand before the name.
            let Some(name) = b.skip(16).and_then(|()| b.take(32)) else { continue };
            let name = clean_utf16(name);
            cx.about(Side::Client, FieldName::HostName, &name);
            cx.fact(FieldName::HostName, OwnedValue::Str(name));
            return;
        }
    }
}

impl Decoder for Rdp {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if let Some(tls) = &mut self.tls {
            return tls.data(cx, from, bytes);
        }
        let Some(header) = bytes.first_chunk::<4>() else { return 0 };
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header[0] != 3 || length < 7 {
            // A client may begin TLS in the segment of its request, before the answer is seen.
            if from == Side::Client && header[0] == 22 && self.selected.is_none() {
                return self.tls.insert(Tls::default()).data(cx, from, bytes);
            }
            return DONE;
        }
        if bytes.len() < length {
            return 0;
        }
        let Some(unit) = unit(bytes) else {
            cx.unreadable("rdp");
            return DONE;
        };
        match (from, unit.kind) {
            (Side::Client, REQUEST) => self.request(cx, unit.rest),
            (Side::Server, CONFIRM) => self.confirm(cx, unit.rest),
            (Side::Client, DATA) => {
                Self::core(cx, unit.rest);
                return DONE;
            }
            _ => return DONE,
        }
        unit.length
    }

    fn gap(&mut self, cx: &mut Context<'_>, from: Side) {
        if let Some(tls) = &mut self.tls {
            tls.gap(cx, from);
        }
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        if let (Some(requested), None) = (self.requested, self.selected) {
            let text = format!("requested {}", security(requested));
            cx.fact(FieldName::ServiceName, OwnedValue::Str(text.into()));
        }
        if let Some(tls) = &mut self.tls {
            tls.end(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Peek, Side, Verdict, drive};
    use hangtu_record::Transport;

    #[test]
    fn user_and_security_are_read_and_s7_is_not_taken_for_rdp() {
        let request = b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=PLANT\\li\r\n\
            \x01\0\x08\0\x03\0\0\0";
        let confirm = b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\x02\0\0\0";
        let s7 = b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02";
        let peek =
            |bytes| (REGISTRATION.probe)(Peek { bytes, by_port: None, transport: Transport::Tcp });
        assert_eq!(peek(request), Verdict::Yes(Some(Side::Client)));
        assert_eq!(peek(confirm), Verdict::Yes(Some(Side::Server)));
        assert_eq!(peek(s7), Verdict::No);
        let segments = [(Side::Client, &request[..]), (Side::Server, &confirm[..])];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        user.name = li
        user.domain = PLANT
        service.name = CredSSP
        "#);
    }
}
