//! DHCP for IPv4 (RFC 2131, RFC 2132): who got which address and what it says of itself.

use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, OwnedValue, Text};
use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr},
};

/// DHCP on UDP 67 and 68.
pub(super) static REGISTRATION: Registration = Registration {
    name: "dhcp",
    tcp: false,
    udp: true,
    ports: &[67],
    probe,
    make: || Box::<Dhcp>::default(),
};

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const OPTIONS: usize = 240;
/// Requests of how many clients are remembered on one flow (a relay's has many).
const MAX_WAITING: usize = 64;

const REQUEST: u8 = 3;
const ACK: u8 = 5;
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
        2 => "offer",
        REQUEST => "request",
        4 => "decline",
        ACK => "ack",
        6 => "nak",
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

/// What a client said of itself.
#[derive(Debug, Default)]
struct Said {
    transaction: u32,
    host: Text,
    vendor: Text,
}

impl Said {
    fn memory(&self) -> usize {
        size_of::<Self>() + self.host.len() + self.vendor.len()
    }

    fn note(&self, cx: &mut Context<'_>, ip: Ipv4Addr) {
        if ip.is_unspecified() {
            return;
        }
        let ip = IpAddr::V4(ip);
        cx.about_address(ip, FieldName::HostName, &self.host);
        cx.about_address(ip, FieldName::DhcpVendor, &self.vendor);
        if let Some(system) = system(&self.vendor) {
            cx.about_address(ip, FieldName::HostOs, system);
        }
    }
}

#[derive(Debug, Default)]
struct Dhcp {
    waiting: VecDeque<Said>,
}

impl Dhcp {
    fn message(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<()> {
        let mut b = Bytes::at(bytes, 4);
        let transaction = b.u32be()?;
        b.skip(4)?;
        let current = Ipv4Addr::from(b.array::<4>()?);
        let yours = Ipv4Addr::from(b.array::<4>()?);
        let mut said = Said { transaction, ..Said::default() };
        let mut requested = Ipv4Addr::UNSPECIFIED;
        let mut kind = 0;
        let mut options = Bytes::at(bytes, OPTIONS);
        // Options are code, length, content; 0 pads and 255 ends (RFC 2132 §2).
        while let Some(code @ 0..=254) = options.u8() {
            if code == 0 {
                continue;
            }
            let Some(value) = options.u8().and_then(|n| options.take(usize::from(n))) else {
                cx.unreadable("dhcp");
                break;
            };
            match (code, value) {
                (12, _) => said.host = clean(value),
                (50, &[a, b, c, d]) => requested = Ipv4Addr::new(a, b, c, d),
                (53, &[n]) => kind = n,
                (60, _) => said.vendor = clean(value),
                // Client FQDN: flags and two codes before the name (RFC 4702 §2).
                (81, [_, _, _, name @ ..]) if said.host.is_empty() && value[0] & 4 == 0 => {
                    said.host = clean(name);
                }
                _ => {}
            }
        }
        cx.fact(FieldName::DhcpType, OwnedValue::Str(Text::const_new(type_name(kind))));
        if bytes[0] == 1 {
            cx.fact(FieldName::HostName, OwnedValue::Str(said.host.clone()));
            cx.fact(FieldName::DhcpVendor, OwnedValue::Str(said.vendor.clone()));
            // The request names the address it is about to get: the answer often goes to the
            // broadcast address, which is another flow.
            if kind == REQUEST || kind == INFORM {
                said.note(cx, if current.is_unspecified() { requested } else { current });
            }
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(said);
            *cx.held = self.waiting.iter().map(Said::memory).sum();
        } else if kind == ACK && !yours.is_unspecified() {
            cx.fact(FieldName::DhcpAddress, OwnedValue::Ip(IpAddr::V4(yours)));
            let asked = self.waiting.iter().rposition(|w| w.transaction == transaction);
            if let Some(asked) = asked.and_then(|at| self.waiting.remove(at)) {
                *cx.held = cx.held.saturating_sub(asked.memory());
                asked.note(cx, yours);
            }
        }
        Some(())
    }
}

impl Decoder for Dhcp {
    fn data(&mut self, cx: &mut Context<'_>, _from: Side, bytes: &[u8]) -> usize {
        if bytes.len() < OPTIONS || self.message(cx, bytes).is_none() {
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
