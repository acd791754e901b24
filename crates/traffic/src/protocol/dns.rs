//! DNS over UDP and TCP (RFC 1035), and its local kin mDNS (RFC 6762) and LLMNR (RFC 4795).

#[cfg(test)]
mod tests;

use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, MAX_FACTS, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, OwnedValue, Text, Transport};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// DNS, mDNS and LLMNR.
pub(super) static REGISTRATION: Registration = Registration {
    name: "dns",
    also: &["mdns", "llmnr"],
    industrial: false,
    tcp: true,
    udp: true,
    ports: &[53, 5353, 5355],
    probe,
    make: || Box::<Dns>::default(),
};

const MDNS: u16 = 5353;
const LLMNR: u16 = 5355;
const RESPONSE: u16 = 0x8000;
/// How much of a message over TCP is waited for.
const HEAD: usize = 16 * 1024;
/// The longest name (§2.3.4), and how many pointers may lead through one.
const MAX_NAME: usize = 255;
const MAX_HOPS: usize = 64;
/// How many of each kind of fact one session keeps, so that none takes the room of another. Names tell most.
const MAX_NAMES: usize = 72;
const MAX_ADDRESSES: usize = 12;
const MAX_TYPES: usize = 8;
const MAX_CODES: usize = 4;
const _: () = assert!(MAX_NAMES + MAX_ADDRESSES + MAX_TYPES + MAX_CODES <= MAX_FACTS);

const A: u16 = 1;
const AAAA: u16 = 28;

/// The name of a record type (RFC 1035 §3.2.2 and the IANA registry).
fn type_name(kind: u16) -> Text {
    Text::const_new(match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        43 => "DS",
        46 => "RRSIG",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        other => return Text::from(format!("TYPE{other}")),
    })
}

/// The name of a response code (RFC 1035 §4.1.1, RFC 2136 §2.2).
fn code_name(code: u16) -> Text {
    Text::const_new(match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        other => return Text::from(format!("RCODE{other}")),
    })
}

#[derive(Clone, Copy)]
struct Header {
    flags: u16,
    questions: u16,
    answers: u16,
    authority: u16,
    additional: u16,
}

fn header(b: &mut Bytes<'_>) -> Option<Header> {
    b.skip(2)?;
    Some(Header {
        flags: b.u16be()?,
        questions: b.u16be()?,
        answers: b.u16be()?,
        authority: b.u16be()?,
        additional: b.u16be()?,
    })
}

/// How many labels and pointers are worth reading in a message: pointers make much of few bytes.
fn steps(message: &[u8]) -> usize {
    1024 + 2 * message.len()
}

/// Reads a name of at most that many labels and pointers, and takes them off. Pointers (§4.1.4) are
/// followed backwards only.
fn name(message: &[u8], b: &mut Bytes<'_>, steps: &mut usize) -> Option<Text> {
    let mut out = Text::const_new("");
    let mut at = b.position();
    let mut lowest = at;
    let mut end = None;
    let (mut octets, mut hops) = (0, 0);
    loop {
        *steps = steps.checked_sub(1)?;
        let length = usize::from(*message.get(at)?);
        match length {
            0 => {
                b.skip(end.unwrap_or(at + 1) - b.position())?;
                return Some(out);
            }
            1..=63 => {
                let label = message.get(at + 1..at + 1 + length)?;
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(&clean(label));
                at += 1 + length;
                octets += 1 + length;
                if octets > MAX_NAME || out.len() > MAX_NAME + 64 {
                    return None;
                }
            }
            0xc0.. => {
                let low = usize::from(*message.get(at + 1)?);
                end.get_or_insert(at + 2);
                at = (length & 0x3f) << 8 | low;
                hops += 1;
                if at >= lowest || hops > MAX_HOPS {
                    return None;
                }
                lowest = at;
            }
            _ => return None,
        }
    }
}

/// Whether a message begins as DNS does, and its header.
fn looks_right(message: &[u8]) -> Option<Header> {
    let mut b = Bytes::new(message);
    let h = header(&mut b)?;
    let opcode = h.flags >> 11 & 15;
    let counted =
        h.questions <= 128 && h.answers <= 512 && h.authority <= 256 && h.additional <= 256;
    // The Z bit is zero (RFC 2535 took its neighbours); a query has no response code.
    let flagged = h.flags & 0x40 == 0 && matches!(opcode, 0 | 4 | 5);
    let asks = h.flags & RESPONSE != 0 || (h.flags.trailing_zeros() >= 4 && h.questions > 0);
    if !(counted && flagged && asks) || h.questions + h.answers == 0 {
        return None;
    }
    let text = name(message, &mut b, &mut steps(message))?;
    let (kind, class) = (b.u16be()?, b.u16be()?);
    // mDNS puts a flag in the top bit of the class (RFC 6762 §5.4, §10.2).
    let class_right = matches!(class & 0x7fff, 1 | 3 | 254 | 255);
    let kind_right = matches!(kind, 1..=31 | 33..=65 | 99 | 249..=258 | 32769);
    let text_right = text.bytes().all(|c| c.is_ascii_graphic() || c == b' ' || c >= 0x80);
    (class_right && kind_right && text_right).then_some(h)
}

fn probe(peek: Peek<'_>) -> Verdict {
    let message = if peek.transport == Transport::Udp {
        peek.bytes
    } else {
        let mut b = Bytes::new(peek.bytes);
        let Some(length) = b.u16be() else { return Verdict::More };
        // Without the port, a message that fills its segment; segments may hold several.
        if length < 17 || (peek.by_port.is_none() && usize::from(length) != b.remaining()) {
            return Verdict::No;
        }
        if b.remaining() < usize::from(length).min(64) {
            return Verdict::More;
        }
        b.rest()
    };
    match looks_right(message) {
        // An announcement that nobody asked for comes from a peer, not from a server.
        Some(h) if h.flags & RESPONSE != 0 && h.questions == 0 => Verdict::Yes(None),
        Some(h) if h.flags & RESPONSE != 0 => Verdict::Yes(Some(Side::Server)),
        Some(_) => Verdict::Yes(Some(Side::Client)),
        None => Verdict::No,
    }
}

#[derive(Debug, Default)]
struct Dns {
    known: bool,
    local: bool,
}

impl Dns {
    fn message(&mut self, cx: &mut Context<'_>, message: &[u8]) -> Option<()> {
        if !self.known {
            self.known = true;
            let ports = [cx.parties.client.port, cx.parties.server.port];
            if ports.contains(&MDNS) {
                *cx.protocol = "mdns";
            } else if ports.contains(&LLMNR) {
                *cx.protocol = "llmnr";
            }
            self.local = *cx.protocol != "dns";
        }
        let mut b = Bytes::new(message);
        let h = header(&mut b)?;
        let response = h.flags & RESPONSE != 0;
        let mut steps = steps(message);
        for _ in 0..h.questions {
            let text = name(message, &mut b, &mut steps)?;
            let (kind, _class) = (b.u16be()?, b.u16be()?);
            cx.fact_of(FieldName::DnsQuestionName, OwnedValue::Str(text), MAX_NAMES);
            cx.fact_of(FieldName::DnsQuestionType, OwnedValue::Str(type_name(kind)), MAX_TYPES);
        }
        if !response {
            return Some(());
        }
        if !self.local {
            let code = OwnedValue::Str(code_name(h.flags & 15));
            cx.fact_of(FieldName::DnsResponseCode, code, MAX_CODES);
            // Nothing in the answers could be told.
            if cx.told(FieldName::DnsResolvedIp) >= MAX_ADDRESSES {
                return Some(());
            }
        }
        // Hosts name themselves in the additional section of mDNS too.
        let extra = if self.local { u32::from(h.authority) + u32::from(h.additional) } else { 0 };
        for _ in 0..u32::from(h.answers) + extra {
            let owner = name(message, &mut b, &mut steps)?;
            let kind = b.u16be()?;
            b.skip(6)?;
            let length = usize::from(b.u16be()?);
            let mut data = Bytes::new(b.take(length)?);
            let ip = match kind {
                A => data.array::<4>().map(|a| IpAddr::V4(Ipv4Addr::from(a))),
                AAAA => data.array::<16>().map(|a| IpAddr::V6(Ipv6Addr::from(a))),
                _ => None,
            };
            let Some(ip) = ip else { continue };
            cx.fact_of(FieldName::DnsResolvedIp, OwnedValue::Ip(ip), MAX_ADDRESSES);
            if self.local {
                let host = owner.strip_suffix(".local").unwrap_or(&owner);
                cx.about_address(ip, FieldName::HostName, host);
            }
        }
        Some(())
    }
}

impl Decoder for Dns {
    fn data(&mut self, cx: &mut Context<'_>, _from: Side, bytes: &[u8]) -> usize {
        if cx.parties.transport == Transport::Udp {
            if self.message(cx, bytes).is_none() {
                cx.unreadable("dns");
            }
            return bytes.len();
        }
        // Over TCP each message stands behind its length (RFC 1035 §4.2.2).
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= 2) {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            if rest.len() - 2 < length.min(HEAD) {
                break;
            }
            let message = &rest[2..rest.len().min(2 + length)];
            if looks_right(message).is_none() {
                // Out of step, after a gap for one: nothing marks the next message.
                cx.unreadable("dns");
                return bytes.len();
            }
            if self.message(cx, message).is_none() && message.len() == length {
                cx.unreadable("dns");
            }
            at += 2 + length;
        }
        at
    }
}
