//! Which protocol the two speak, and who of them is the client.

use super::{Flow, MAX_UNKNOWN, State};
use crate::{
    decode::{Output, Side},
    detect,
    ends::At,
};
use hangtu_record::{Endpoint, Transport};

/// A segment shorter than this is not looked at without what came before it.
const MIN_BEGINNING: usize = 4;

/// UDP ports of services that no decoder of ours knows: tunnels and remote control. Their servers speak as often as
/// their clients, so that a capture may begin with either.
const SERVICES: [u16; 5] = [
    1194,  // OpenVPN
    1701,  // L2TP
    4500,  // IPsec behind address translation
    21116, // RustDesk
    51820, // WireGuard
];

impl Flow {
    /// New bytes of one direction while the protocol is not known.
    pub(super) fn undecided(&mut self, at: At, low: bool, bytes: &[u8], out: &mut Output) {
        let side = self.side(low);
        let stream = &mut self.streams[side as usize];
        // Most first segments tell at once, without being copied.
        if stream.pending.is_empty() {
            if self.detect(side, bytes, true) {
                self.start(at, low, bytes, out);
            } else if matches!(self.state, State::Detecting(_)) {
                let keep = bytes.len().min(MAX_UNKNOWN);
                self.streams[side as usize].pending.extend_from_slice(&bytes[..keep]);
            }
            return;
        }
        let room = MAX_UNKNOWN.saturating_sub(stream.pending.len());
        stream.pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let pending = std::mem::take(&mut stream.pending);
        if self.detect(side, &pending, true) {
            let rest = bytes.get(room..).unwrap_or_default();
            self.start(at, low, &pending, out);
            if !rest.is_empty() {
                self.deliver(at, low, rest, out);
            }
        } else if bytes.len() >= MIN_BEGINNING && self.detect(side, bytes, false) {
            // What was kept began inside a message; the new segment did not.
            self.start(at, low, bytes, out);
        } else if matches!(self.state, State::Detecting(_)) {
            self.streams[side as usize].pending = pending;
        }
    }

    /// Tries to recognise the protocol; `true` when decoding begins. A look that `counts` is one of
    /// the few that a flow gets.
    pub(super) fn detect(&mut self, side: Side, bytes: &[u8], counts: bool) -> bool {
        let State::Detecting(detection) = &mut self.state else { return false };
        match detect::detect(detection, &self.parties, side, bytes, counts) {
            detect::Found::Protocol(registration, sender) => {
                self.protocol = registration.name;
                self.state = State::Decoding((registration.make)());
                // A broadcast or group address never is the one who asks.
                let group = self
                    .parties
                    .server
                    .ip
                    .is_some_and(|ip| ip.is_multicast() || ip == std::net::Ipv4Addr::BROADCAST);
                if sender.is_some_and(|s| s != side) && !group {
                    self.swap();
                }
                true
            }
            detect::Found::NotYet => false,
            detect::Found::Nothing => {
                self.state = State::Off;
                for stream in &mut self.streams {
                    stream.skip = u64::MAX;
                    stream.pending = Vec::new();
                }
                false
            }
        }
    }

    /// Decoding begins: first what the other side said before, then these bytes.
    fn start(&mut self, at: At, low: bool, bytes: &[u8], out: &mut Output) {
        let other = self.side(!low);
        let earlier = std::mem::take(&mut self.streams[other as usize].pending);
        if !earlier.is_empty() {
            self.feed(at, other, &earlier, out);
        }
        let side = self.side(low);
        self.streams[side as usize].pending = Vec::new();
        self.feed(at, side, bytes, out);
        self.tally(out);
    }
}

/// Who is the client when no handshake was seen: the one whose peer has the better-known port.
pub(crate) fn sender_is_client(
    source: &Endpoint,
    destination: &Endpoint,
    transport: Transport,
) -> bool {
    let multicast = destination.ip.is_some_and(|ip| ip.is_multicast());
    let known = |e: &Endpoint| {
        detect::has_port(e.port, transport)
            || transport == Transport::Udp && SERVICES.contains(&e.port)
    };
    match (known(source), known(destination)) {
        (true, false) => multicast,
        (false, true) => true,
        _ if multicast => true,
        _ => match (source.port < 1024, destination.port < 1024) {
            (true, false) => false,
            (false, true) => true,
            // Ephemeral ports lie high; equal ports go to who spoke first.
            _ if transport == Transport::Tcp => source.port >= destination.port,
            _ => true,
        },
    }
}
