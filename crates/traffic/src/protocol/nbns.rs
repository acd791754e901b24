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
    also: &[],
    industrial: false,
    tcp: false,
    udp: true,
    ports: &[137],
    probe,
    make: || Box::new(Nbns),
};

/// Resource record types of RFC 1002 §4.2.1.3.
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
/// Resource records read of one message: none of RFC 1002 §4.2 has more than two.
const MAX_RECORDS: u32 = 8;
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
        let records = u32::from(answers) + u32::from(authority) + u32::from(additional);
        for _ in 0..records.min(MAX_RECORDS) {
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

#[cfg(test)]
mod tests {
    use super::{NB, NBSTAT, REGISTRATION};
    use crate::{
        assets::Inventory,
        decode::{Peek, Side, Verdict, drive},
        protocol::told,
    };
    use hangtu_record::Transport;

    /// A name as it is written without scope.
    fn encoded(name: &str, suffix: u8) -> Vec<u8> {
        let raw = format!("{name:15}").into_bytes().into_iter().chain([suffix]);
        let letters = raw.flat_map(|b| [b'A' + (b >> 4), b'A' + (b & 15)]);
        [0x20].into_iter().chain(letters).chain([0]).collect()
    }

    /// A message: flags, how many there are of each part, and the parts.
    fn message(flags: u16, counts: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0x12, 0x34];
        out.extend(flags.to_be_bytes());
        out.extend(counts.iter().flat_map(|n| [0, *n]));
        out.extend(parts.concat());
        out
    }

    fn kind(kind: u16) -> [u8; 4] {
        let [high, low] = kind.to_be_bytes();
        [high, low, 0, 1]
    }

    /// A host or a group registers a name for an address.
    fn registers(name: &str, flags: u8, ip: [u8; 4]) -> Vec<u8> {
        let mut data = vec![0xc0, 0x0c];
        data.extend(kind(NB));
        data.extend([0, 4, 0x93, 0xe0, 0, 6, flags, 0]);
        data.extend(ip);
        message(0x2910, [1, 0, 0, 1], &[&encoded(name, 0), &kind(NB), &data])
    }

    fn query() -> Vec<u8> {
        message(0x0110, [1, 0, 0, 0], &[&encoded("MES-01", 0x20), &kind(NB)])
    }

    /// A host tells its own name and that of its group.
    fn status() -> Vec<u8> {
        let names = b"\x02OPS-SHIFT-01   \x00\x04\x00LANSHAN        \x00\x84\x00";
        let mut data = vec![0, 0, 0, 0, 0, names.len() as u8];
        data.extend(names);
        message(0x8400, [0, 1, 0, 0], &[&encoded("*", 0), &kind(NBSTAT), &data])
    }

    #[test]
    fn hosts_are_named_and_groups_are_not() {
        let (query, status) = (query(), status());
        let (host, group) =
            (registers("HMI-7", 0, [10, 0, 0, 7]), registers("LANSHAN", 0x80, [10, 0, 0, 8]));
        let segments = [
            (Side::Client, &query[..]),
            (Side::Client, &host[..]),
            (Side::Client, &group[..]),
            (Side::Server, &status[..]),
            (Side::Client, &query[..20]),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Udp, segments);
        insta::assert_snapshot!(told(&out, &facts), @"
        dns.question.name = MES-01
        1 unreadable nbns
        ");
        let found = Inventory::new(vec![out.assets], 1);
        let mut names: Vec<String> = Vec::new();
        for asset in &found.assets {
            names.extend(asset.facts.iter().map(|f| format!("{} is {}", asset.key, f.value)));
        }
        names.sort();
        assert_eq!(names, ["10.0.0.7 is HMI-7", "192.0.2.2 is OPS-SHIFT-01"]);
    }

    #[test]
    fn of_a_message_only_so_many_records_are_read() {
        let record = |n: u8| {
            let (owner, data) = (encoded(&format!("HOST-{n}"), 0), [0_u8, 0, 0, 0, 0, 6, 0, 0]);
            [&owner[..], &kind(NB), &data, &[10, 0, 0, n]].concat()
        };
        let records: Vec<Vec<u8>> = (1..=12).map(record).collect();
        let parts: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let many = message(0x8500, [0, 4, 4, 4], &parts);
        let (out, _) = drive(&REGISTRATION, Transport::Udp, [(Side::Server, &many[..])]);
        assert_eq!(Inventory::new(vec![out.assets], 1).assets.len(), 8);
    }

    #[test]
    fn messages_are_recognised_by_their_names() {
        let peek = |bytes: &[u8]| {
            (REGISTRATION.probe)(Peek { bytes, by_port: None, transport: Transport::Udp })
        };
        assert_eq!(peek(&query()), Verdict::Yes(Some(Side::Client)));
        assert_eq!(peek(&status()), Verdict::Yes(Some(Side::Server)));
        let mut dns = query();
        // A letter that no half of a byte becomes.
        dns[13] = b'm';
        assert_eq!(peek(&dns), Verdict::No);
        assert_eq!(peek(&query()[..40]), Verdict::No);
    }
}
