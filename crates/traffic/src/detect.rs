//! Which protocol a flow speaks: by content first, by port second.
//!
//! Ports only order the probes; every claim is made by a probe that looked at the bytes.

use crate::{
    decode::{Parties, Peek, Registration, Side, Verdict},
    flow::MAX_UNKNOWN,
    protocol::REGISTRY,
};
use hangtu_record::Transport;
use std::{collections::BTreeMap, sync::LazyLock};

/// Looks at one direction before its bytes are given up.
const MAX_LOOKS: u8 = 6;
/// A beginning shorter than this that a probe wants to see more of costs no look: a stream may
/// come byte by byte.
const BEGINNING: usize = 256;

/// What detection knows so far.
#[derive(Debug, Default)]
pub(crate) struct Detection {
    looks: [u8; 2],
}

impl Detection {
    pub(crate) fn swap(&mut self) {
        self.looks.swap(0, 1);
    }
}

/// The outcome of one look.
pub(crate) enum Found {
    /// This protocol; the role of who sent the bytes, where the content tells.
    Protocol(&'static Registration, Option<Side>),
    /// Not yet.
    NotYet,
    /// Looked long enough.
    Nothing,
}

/// Which protocols usually use a port.
struct Ports {
    /// A bit for each port that any of them uses: nearly all that are asked for are nobody's.
    any: [u64; 1024],
    /// Those ports in order, and the protocols as bits of [`REGISTRY`].
    used: Vec<(u16, u64)>,
}

impl Ports {
    fn of(&self, port: u16) -> u64 {
        if self.any[usize::from(port / 64)] >> (port % 64) & 1 == 0 {
            return 0;
        }
        self.used.binary_search_by_key(&port, |(port, _)| *port).map_or(0, |at| self.used[at].1)
    }
}

static PORTS: LazyLock<Ports> = LazyLock::new(|| {
    let mut used = BTreeMap::new();
    let mut any = [0; 1024];
    for (bit, registration) in REGISTRY.iter().enumerate() {
        for port in registration.ports {
            *used.entry(*port).or_default() |= 1 << bit;
            any[usize::from(port / 64)] |= 1 << (port % 64);
        }
    }
    Ports { any, used: used.into_iter().collect() }
});

/// Whether a protocol of ours usually uses the port.
pub(crate) fn has_port(port: u16, transport: Transport) -> bool {
    let mut bits = PORTS.of(port);
    while bits != 0 {
        if carries(REGISTRY[bits.trailing_zeros() as usize], transport) {
            return true;
        }
        bits &= bits - 1;
    }
    false
}

fn carries(registration: &Registration, transport: Transport) -> bool {
    match transport {
        Transport::Tcp => registration.tcp,
        Transport::Udp => registration.udp,
        _ => false,
    }
}

/// Looks at bytes from one side.
pub(crate) fn detect(
    detection: &mut Detection,
    parties: &Parties,
    side: Side,
    bytes: &[u8],
    counts: bool,
) -> Found {
    let sender = PORTS.of(parties.of(side).port);
    let receiver = PORTS.of(parties.of(side.other()).port);
    let mut more = false;
    let mut look = |bit: usize| -> Option<Found> {
        let registration = REGISTRY[bit];
        if !carries(registration, parties.transport) {
            return None;
        }
        let by_port = match (sender >> bit & 1, receiver >> bit & 1) {
            (1, 0) => Some(Side::Server),
            (0, 1) => Some(Side::Client),
            // Both ends on the port (DNS servers among themselves): as the flow has it.
            (1, 1) => Some(side),
            _ => None,
        };
        match (registration.probe)(Peek { bytes, by_port, transport: parties.transport }) {
            Verdict::Yes(who) => Some(Found::Protocol(registration, who.or(by_port))),
            Verdict::More => {
                more = true;
                None
            }
            Verdict::No => None,
        }
    };
    let mut bits = sender | receiver;
    while bits != 0 {
        if let Some(found) = look(bits.trailing_zeros() as usize) {
            return found;
        }
        bits &= bits - 1;
    }
    for bit in 0..REGISTRY.len() {
        if (sender | receiver) >> bit & 1 == 0
            && let Some(found) = look(bit)
        {
            return found;
        }
    }
    if !counts || more && parties.transport == Transport::Tcp && bytes.len() < BEGINNING {
        return Found::NotYet;
    }
    let looks = &mut detection.looks[side as usize];
    *looks = looks.saturating_add(1);
    if !more && bytes.len() >= MAX_UNKNOWN {
        *looks = MAX_LOOKS;
    }
    let other = detection.looks[side.other() as usize];
    // A side that never spoke must not keep the flow waiting for ever.
    let spent = detection.looks[side as usize];
    // On a port of ours, a connection joined inside a message deserves more patience.
    let patience = if sender | receiver == 0 { MAX_LOOKS } else { 3 * MAX_LOOKS };
    if spent >= patience && (other >= 2 || other == 0 && spent >= 2 * patience)
        || spent >= 4 * patience
    {
        return Found::Nothing;
    }
    Found::NotYet
}
