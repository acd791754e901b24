//! NetBIOS names and the NetBIOS name service (RFC 1001, RFC 1002): which host calls itself what.

use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, Text};
use std::net::{IpAddr, Ipv4Addr};

/// NetBIOS name service on UDP 137.
pub(super) static REGISTRATION: Registration = Registration {
    name: "nbns",
    tcp: false,
    udp: true,
    ports: &[137],
    probe,
    make: || Box::new(Nbns),
};

/// Resource record types of RFC 1002 §4.2.1.3.
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
/// Suffixes that name a host: workstation and file server.
const WORKSTATION: u8 = 0x00;
const FILE_SERVER: u8 = 0x20;
/// The group bit of NB_FLAGS and NAME_FLAGS: the name belongs to many, so not to a host.
const GROUP: u16 = 0x8000;

/// A first-level encoded name (RFC 1001 §14.1): 15 characters and a suffix, each as two letters.
pub(super) fn decode_name(encoded: &[u8]) -> Option<(Text, u8)> {
    let encoded: &[u8; 32] = encoded.first_chunk()?;
    let mut name = [0_u8; 16];
    for (byte, pair) in name.iter_mut().zip(encoded.chunks_exact(2)) {
        let [high, low] = [pair[0].wrapping_sub(b'A'), pair[1].wrapping_sub(b'A')];
        if high > 15 || low > 15 {
            return None;
        }
        *byte = high << 4 | low;
    }
    Some((clean(name[..15].trim_ascii_end()), name[15]))
}

/// A name in a message.
enum Name {
    Written(Text, u8),
    /// A pointer to the one name that such messages hold, the question's.
    Pointer,
}

/// Reads a whole encoded name with its length byte and scope, or a pointer to one.
fn name(b: &mut Bytes<'_>) -> Option<Name> {
    match b.u8()? {
        0x20 => {
            let (text, suffix) = decode_name(b.take(32)?)?;
            // A scope, label by label, may follow; hosts of industry have none.
            while let length @ 1.. = b.u8()? {
                b.skip(usize::from(length))?;
            }
            Some(Name::Written(text, suffix))
        }
        0xc0.. => b.u8().map(|_| Name::Pointer),
        _ => None,
    }
}

fn probe(peek: Peek<'_>) -> Verdict {
    let mut b = Bytes::at(peek.bytes, 2);
    let read = || -> Option<bool> {
        let flags = b.u16be()?;
        let questions = b.u16be()?;
        let rest = [b.u16be()?, b.u16be()?, b.u16be()?];
        let opcode = flags >> 11 & 15;
        if questions > 1 || rest.iter().any(|n| *n > 1) || !matches!(opcode, 0 | 5..=9) {
            return None;
        }
        let Name::Written(..) = name(&mut b)? else { return None };
        let kind = b.u16be()?;
        (matches!(kind, NB | NBSTAT) && b.u16be()? == 1).then_some(flags & 0x8000 != 0)
    };
    match { read }() {
        Some(response) => Verdict::Yes(Some(if response { Side::Server } else { Side::Client })),
        None => Verdict::No,
    }
}

struct Nbns;

impl Nbns {
    fn message(cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> Option<()> {
        let mut b = Bytes::at(bytes, 2);
        let flags = b.u16be()?;
        let [questions, answers, authority, additional] =
            [b.u16be()?, b.u16be()?, b.u16be()?, b.u16be()?];
        let opcode = flags >> 11 & 15;
        let mut asked = None;
        if questions > 0 {
            if let Name::Written(text, suffix) = name(&mut b)? {
                asked = Some((text, suffix));
            }
            b.skip(4)?;
            if let (Some((text, _)), 0, 0) = (&asked, opcode, flags & 0x8000) {
                cx.fact(FieldName::DnsQuestionName, hangtu_record::OwnedValue::Str(text.clone()));
            }
        }
        for _ in 0..u32::from(answers) + u32::from(authority) + u32::from(additional).min(8) {
            let owner = match name(&mut b)? {
                Name::Written(text, suffix) => Some((text, suffix)),
                Name::Pointer => asked.clone(),
            };
            let kind = b.u16be()?;
            b.skip(6)?;
            let length = usize::from(b.u16be()?);
            let mut data = Bytes::new(b.take(length)?);
            match (kind, owner) {
                // Registration, refresh and positive answer carry the owner's address.
                (NB, Some((text, suffix))) => {
                    while let (Some(flags), Some(ip)) = (data.u16be(), data.array::<4>()) {
                        let ip = Ipv4Addr::from(ip);
                        if flags & GROUP == 0
                            && matches!(suffix, WORKSTATION | FILE_SERVER)
                            && !ip.is_unspecified()
                        {
                            cx.about_address(IpAddr::V4(ip), FieldName::HostName, &text);
                        }
                    }
                }
                (NBSTAT, _) => {
                    for _ in 0..data.u8()? {
                        let raw = data.take(16)?;
                        let flags = data.u16be()?;
                        if flags & GROUP == 0 && raw[15] == WORKSTATION {
                            let text = clean(raw[..15].trim_ascii_end());
                            cx.about(from, FieldName::HostName, &text);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}

impl Decoder for Nbns {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if Self::message(cx, from, bytes).is_none() {
            cx.unreadable("nbns");
        }
        bytes.len()
    }
}
