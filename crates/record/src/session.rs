//! A session: two assets talked.

use crate::{
    Endpoint, Field, FieldName, JsonWriter, Kind, Origin, OwnedValue, Record, Text, Time, Value,
    field::walk,
    operation::{names, text},
};
use std::net::IpAddr;

names! {
    /// What carried the session.
    Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// Another IP protocol.
        Ip = "ip",
        /// Straight on the link layer.
        Link = "link",
    }
}

/// Two assets talked.
#[derive(Clone, Debug)]
pub struct Session {
    /// First packet.
    pub start: Time,
    /// Last packet.
    pub end: Time,
    /// First packet's place.
    pub origin: Origin,
    /// The client; where neither a handshake nor the protocol tells, by ports, then who spoke first.
    pub source: Endpoint,
    /// The server.
    pub destination: Endpoint,
    /// 802.1Q identifier.
    pub vlan: Option<u16>,
    /// What carried it.
    pub transport: Transport,
    /// Protocol name; empty when not recognised.
    pub protocol: &'static str,
    /// Payload bytes from the source.
    pub source_bytes: u64,
    /// Payload bytes from the destination.
    pub destination_bytes: u64,
    /// Packets from the source.
    pub source_packets: u64,
    /// Packets from the destination.
    pub destination_packets: u64,
    /// `complete`, `refused`, `unanswered` or `midstream`; empty for datagrams.
    pub state: &'static str,
    /// Bytes the capture does not hold.
    pub lost: u64,
    /// Identity and content facts of the protocol, each name possibly more than once.
    pub facts: Vec<(FieldName, OwnedValue)>,
}

/// Whether an address belongs to the Internet at large rather than to a site.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || v6.segments()[0] & 0xe000 == 0x2000 && v6.segments()[..2] != [0x2001, 0x0db8],
            |v4| is_public(IpAddr::V4(v4)),
        ),
    }
}

/// `internal`, `outbound`, `inbound` or `external` (ECS `network.direction`).
///
/// Two addresses of one /16 (IPv4) or /48 (IPv6) are neighbours whatever their registry says: many
/// plants number their own network from public space.
pub fn direction(source: &Endpoint, destination: &Endpoint) -> &'static str {
    let neighbours = match (source.ip, destination.ip) {
        (Some(IpAddr::V4(a)), Some(IpAddr::V4(b))) => a.octets()[..2] == b.octets()[..2],
        (Some(IpAddr::V6(a)), Some(IpAddr::V6(b))) => a.octets()[..6] == b.octets()[..6],
        _ => false,
    };
    if neighbours {
        return "internal";
    }
    let public = |e: &Endpoint| e.ip.is_some_and(is_public);
    match (public(source), public(destination)) {
        (false, false) => "internal",
        (false, true) => "outbound",
        (true, false) => "inbound",
        (true, true) => "external",
    }
}

impl Session {
    walk! {
        Timestamp RecordKind NetworkProtocol NetworkTransport NetworkDirection SourceIp SourcePort
        SourceMac DestinationIp DestinationPort DestinationMac VlanId EventStart EventEnd
        EventDuration SourceBytes SourcePackets DestinationBytes DestinationPackets SessionState
        SessionLost EvidenceNumber
    }

    /// Hands on each name of the facts, in the order they were first met, with all of its values.
    fn facts<'a>(&'a self, mut f: impl FnMut(FieldName, &mut dyn Iterator<Item = Value<'a>>)) {
        for (i, (name, _)) in self.facts.iter().enumerate() {
            if self.facts[..i].iter().all(|(earlier, _)| earlier != name) {
                let rest = self.facts[i..].iter().filter(|(n, _)| n == name);
                f(*name, &mut rest.map(|(_, value)| value.as_value()));
            }
        }
    }

    /// The first fact of that name as text.
    pub fn fact(&self, name: FieldName) -> Option<&Text> {
        self.facts.iter().find_map(|(n, v)| match v {
            OwnedValue::Str(s) if *n == name => Some(s),
            _ => None,
        })
    }

    #[inline(always)]
    fn get(&self, name: FieldName) -> Option<Value<'_>> {
        use FieldName as F;
        match name {
            F::Timestamp | F::EventStart => Some(Value::Time(self.start)),
            F::EventEnd => Some(Value::Time(self.end)),
            F::EventDuration => Some(Value::Int(self.end.since(self.start))),
            F::RecordKind => Some(Value::Str("session")),
            F::NetworkProtocol => text(self.protocol),
            F::NetworkTransport => Some(Value::Str(self.transport.name())),
            F::NetworkDirection => Some(Value::Str(direction(&self.source, &self.destination))),
            F::VlanId => self.vlan.map(|v| Value::Int(i64::from(v))),
            F::SourceBytes => Some(Value::Int(self.source_bytes as i64)),
            F::DestinationBytes => Some(Value::Int(self.destination_bytes as i64)),
            F::SourcePackets => Some(Value::Int(self.source_packets as i64)),
            F::DestinationPackets => Some(Value::Int(self.destination_packets as i64)),
            F::SessionState => text(self.state),
            F::SessionLost => (self.lost > 0).then_some(Value::Int(self.lost as i64)),
            F::EvidenceNumber => Some(Value::Int(self.origin.number as i64)),
            F::EvidenceOffset => Some(Value::Int(self.origin.offset as i64)),
            _ => self.source.get(&self.destination, name),
        }
    }
}

impl Record for Session {
    fn kind(&self) -> Kind {
        Kind::Session
    }

    fn time(&self) -> Time {
        self.start
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
        let Some(name) = field.known else { return };
        if let Some(value) = self.get(name) {
            return f(value);
        }
        for (fact, value) in &self.facts {
            if *fact == name {
                f(value.as_value());
            }
        }
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        self.walk(f);
        self.facts(|name, values| values.for_each(|value| f(name.name(), value)));
    }

    fn json(&self, json: &mut JsonWriter, out: &mut Vec<u8>) {
        self.write(json, out);
        self.facts(|name, values| json.list(out, name, values));
    }
}
