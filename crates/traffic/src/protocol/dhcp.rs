//! DHCP for IPv4 (RFC 2131, RFC 2132): who got which address and what it says of itself.

use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, OwnedValue, Text};
use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Range,
};

/// DHCP on UDP 67 and 68.
pub(super) static REGISTRATION: Registration = Registration {
    name: "dhcp",
    also: &[],
    industrial: false,
    tcp: false,
    udp: true,
    ports: &[67],
    probe,
    make: || Box::new(Dhcp),
};

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const OPTIONS: usize = 240;
/// The fields `sname` and `file`, which may hold options too.
const SERVER_NAME: Range<usize> = 44..108;
const FILE: Range<usize> = 108..236;

const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const NAK: u8 = 6;
const INFORM: u8 = 8;

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    let side = match bytes.first() {
        Some(1) => Side::Client,
        Some(2) => Side::Server,
        _ => return Verdict::No,
    };
    // Hardware address length and type, then the magic cookie (RFC 2131 §3).
    let hardware = bytes.get(1..3).is_some_and(|h| h[0] > 0 && h[1] <= 16);
    if hardware && bytes.get(236..OPTIONS) == Some(&COOKIE) {
        Verdict::Yes(Some(side))
    } else {
        Verdict::No
    }
}

/// Message types (RFC 2132 §9.6).
fn type_name(kind: u8) -> &'static str {
    match kind {
        1 => "discover",
        OFFER => "offer",
        REQUEST => "request",
        4 => "decline",
        ACK => "ack",
        NAK => "nak",
        7 => "release",
        INFORM => "inform",
        _ => "",
    }
}

/// The operating system that a vendor class (option 60) gives away.
fn system(vendor: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 7] = [
        ("MSFT 5.0", "Windows"),
        ("MSFT 98", "Windows 98"),
        ("MSFT ", "Windows"),
        ("android-dhcp", "Android"),
        ("udhcp", "Linux"),
        ("dhcpcd", "Linux"),
        ("systemd", "Linux"),
    ];
    KNOWN.iter().find(|(start, _)| vendor.starts_with(start)).map(|(_, name)| *name)
}

/// The options that matter.
#[derive(Debug, Default)]
struct Options {
    kind: u8,
    host: Text,
    vendor: Text,
    /// The server that answers.
    server: Option<Ipv4Addr>,
    /// Which fields hold options too, by bits: `file` 1, `sname` 2.
    overload: u8,
}

impl Options {
    /// Reads options: code, length, content; 0 pads and 255 ends (RFC 2132 §2). Whether all could be read.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let mut options = Bytes::new(bytes);
        while let Some(code @ 0..=254) = options.u8() {
            if code == 0 {
                continue;
            }
            let Some(value) = options.u8().and_then(|n| options.take(usize::from(n))) else {
                return false;
            };
            match (code, value) {
                (12, _) => self.host = clean(value),
                (52, &[n @ 1..=3]) => self.overload = n,
                (53, &[n]) => self.kind = n,
                (54, &[a, b, c, d]) => self.server = Some(Ipv4Addr::new(a, b, c, d)),
                (60, _) => self.vendor = clean(value),
                // Client FQDN: flags and two codes before the name (RFC 4702 §2).
                (81, [_, _, _, name @ ..]) if self.host.is_empty() && value[0] & 4 == 0 => {
                    self.host = clean(name);
                }
                _ => {}
            }
        }
        true
    }

    /// What they say of the client.
    fn says(&self) -> [(FieldName, &str); 3] {
        [
            (FieldName::HostName, &self.host),
            (FieldName::DhcpVendor, &self.vendor),
            (FieldName::HostOs, system(&self.vendor).unwrap_or_default()),
        ]
    }
}

struct Dhcp;

fn message(cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> Option<()> {
    let mut b = Bytes::at(bytes, 4);
    let transaction = b.u32be()?;
    b.skip(4)?;
    let current = Ipv4Addr::from(b.array::<4>()?);
    let yours = Ipv4Addr::from(b.array::<4>()?);
    b.skip(4)?;
    let relay = Ipv4Addr::from(b.array::<4>()?);
    let client = (transaction, b.array::<16>()?);
    let mut options = Options::default();
    let mut whole = options.read(bytes.get(OPTIONS..)?);
    // RFC 2132 §9.3; in this order by RFC 2131 §4.1.
    let overload = options.overload;
    for (bit, field) in [(1, FILE), (2, SERVER_NAME)] {
        if overload & bit != 0 {
            whole &= options.read(bytes.get(field)?);
        }
    }
    if !whole {
        cx.unreadable("dhcp");
    }
    let sender = cx.parties.of(from).ip;
    let kind = options.kind;
    cx.fact(FieldName::DhcpType, OwnedValue::Str(Text::const_new(type_name(kind))));
    if bytes.first() == Some(&1) {
        cx.fact(FieldName::HostName, OwnedValue::Str(options.host.clone()));
        cx.fact(FieldName::DhcpVendor, OwnedValue::Str(options.vendor.clone()));
        let uses = !current.is_unspecified() && sender == Some(IpAddr::V4(current));
        for (name, text) in options.says() {
            if uses && matches!(kind, REQUEST | INFORM) {
                cx.about(from, name, text);
            } else if kind == REQUEST {
                // The address is only wished for until a server acknowledges it.
                cx.out.assets.asked(client, name, text, (*cx.protocol, cx.origin));
            }
        }
        return Some(());
    }
    // A relay passes the answers of others on, and leaves its own address in them (RFC 2131 §4.1).
    let own = relay.is_unspecified() || options.server.map(IpAddr::V4) == sender;
    if own && matches!(kind, OFFER | ACK | NAK) {
        cx.about(from, FieldName::DhcpType, type_name(kind));
    }
    if kind == ACK && !yours.is_unspecified() {
        cx.fact(FieldName::DhcpAddress, OwnedValue::Ip(IpAddr::V4(yours)));
        cx.out.assets.leased(client, IpAddr::V4(yours), cx.time);
    }
    Some(())
}

impl Decoder for Dhcp {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if bytes.len() < OPTIONS || message(cx, from, bytes).is_none() {
            cx.unreadable("dhcp");
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Side, drive};
    use hangtu_record::Transport;

    fn message(op: u8, yours: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 236];
        out[..8].copy_from_slice(&[op, 1, 6, 0, 0xca, 0xfe, 0, 1]);
        out[16..20].copy_from_slice(&yours);
        out.extend_from_slice(&super::COOKIE);
        out.extend_from_slice(options);
        out
    }

    #[test]
    fn options_stand_in_other_fields_too() {
        let mut request = message(1, [0; 4], b"\x35\x01\x03\x34\x01\x03\xff");
        request[108..118].copy_from_slice(b"\x0c\x07HMI-OVL\xff");
        request[44..55].copy_from_slice(b"\x3c\x08MSFT 5.0\xff");
        let told = |request: &[u8]| {
            let (out, facts) = drive(&REGISTRATION, Transport::Udp, [(Side::Client, request)]);
            crate::protocol::told(&out, &facts)
        };
        insta::assert_snapshot!(told(&request), @r#"
        dhcp.message_type = request
        host.hostname = HMI-OVL
        dhcp.vendor_class = MSFT 5.0
        "#);
        // Only where the options say so: else a boot file is named there.
        request[245] = 1;
        assert!(!told(&request).contains("MSFT"));
        request[109] = 200;
        assert!(told(&request).contains("unreadable"));
    }

    #[test]
    fn a_lease_names_the_host() {
        let request = message(1, [0; 4], b"\x35\x01\x03\x0c\x05HMI-7\x3c\x08MSFT 5.0\xff");
        let ack = message(2, [10, 0, 0, 7], b"\x35\x01\x05\xff");
        let segments = [(Side::Client, &request[..]), (Side::Server, &ack[..])];
        let (out, facts) = drive(&REGISTRATION, Transport::Udp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        dhcp.message_type = request
        host.hostname = HMI-7
        dhcp.vendor_class = MSFT 5.0
        dhcp.message_type = ack
        dhcp.assigned_ip = 10.0.0.7
        "#);
    }
}
