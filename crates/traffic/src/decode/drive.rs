//! One decoder alone, for tests and fuzz targets.

use super::{Context, DONE, Output, Parties, Registration, Side};
use hangtu_record::{Endpoint, FieldName, Origin, OwnedValue, Time, Transport};
use std::net::IpAddr;

/// More than any decoder may keep of one flow.
const MAX_HELD: usize = 1 << 20;

/// What [`drive`] hands to a decoder next.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'s> {
    /// The next bytes of that side (over UDP: one datagram).
    Bytes(&'s [u8]),
    /// Bytes of that side are missing here.
    Gap,
}

impl<'s> From<&'s [u8]> for Piece<'s> {
    fn from(bytes: &'s [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Runs one decoder over segments, as the stream layer would. For tests, fuzz targets and whoever
/// wants one decoder alone. Returns the output and the session's facts.
pub fn drive<'s, P: Into<Piece<'s>>>(
    registration: &Registration,
    transport: Transport,
    segments: impl IntoIterator<Item = (Side, P)>,
) -> (Output, Vec<(FieldName, OwnedValue)>) {
    let (out, facts, _) = run(registration, transport, segments);
    (out, facts)
}

/// How many bytes the decoder says it keeps behind these segments.
#[cfg(test)]
pub(crate) fn held<'s>(
    registration: &Registration,
    segments: impl IntoIterator<Item = (Side, &'s [u8])>,
) -> usize {
    let transport = if registration.tcp { Transport::Tcp } else { Transport::Udp };
    run(registration, transport, segments).2
}

fn run<'s, P: Into<Piece<'s>>>(
    registration: &Registration,
    transport: Transport,
    segments: impl IntoIterator<Item = (Side, P)>,
) -> (Output, Vec<(FieldName, OwnedValue)>, usize) {
    let end = |last: u8, port: u16| Endpoint {
        ip: Some(IpAddr::from([192, 0, 2, last])),
        port,
        mac: None,
    };
    let parties = Parties {
        client: end(1, 49152),
        server: end(2, registration.ports.first().copied().unwrap_or(0)),
        vlan: None,
        transport,
    };
    let mut out = Output { keep_records: true, ..Output::default() };
    let mut facts = Vec::new();
    let mut protocol = registration.name;
    let mut held = 0;
    let mut decoder = (registration.make)();
    let mut buffers: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
    let mut skip = [0_usize; 2];
    let mut cx = Context {
        time: Time(0),
        origin: Origin::default(),
        parties: &parties,
        facts: &mut facts,
        protocol: &mut protocol,
        held: &mut held,
        out: &mut out,
    };
    for (side, piece) in segments {
        cx.origin.number += 1;
        cx.time = Time(cx.origin.number as i64 * 1_000_000);
        let (buffer, skip) = (&mut buffers[side as usize], &mut skip[side as usize]);
        let bytes = match piece.into() {
            Piece::Bytes(bytes) if transport == Transport::Udp => {
                decoder.data(&mut cx, side, bytes);
                continue;
            }
            Piece::Bytes(bytes) => bytes,
            Piece::Gap => {
                if *skip != DONE {
                    buffer.clear();
                    *skip = 0;
                    decoder.gap(&mut cx, side);
                }
                continue;
            }
        };
        let skipped = bytes.len().min(*skip);
        if *skip != DONE {
            *skip -= skipped;
        }
        buffer.extend_from_slice(&bytes[skipped..]);
        while !buffer.is_empty() {
            let used = decoder.data(&mut cx, side, buffer);
            if used == 0 {
                break;
            }
            *skip = if used == DONE { DONE } else { used.saturating_sub(buffer.len()) };
            buffer.drain(..used.min(buffer.len()));
        }
    }
    let kept = *cx.held;
    debug_assert!(kept <= MAX_HELD, "{} keeps {kept} bytes", registration.name);
    decoder.end(&mut cx);
    (out, facts, kept)
}
