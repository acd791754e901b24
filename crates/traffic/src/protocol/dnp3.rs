//! DNP3 (IEEE 1815): link frames, transport segments, application fragments, over TCP or UDP.
//! Link checksums are cut out, not checked.

mod application;
mod objects;
mod status;
#[cfg(test)]
mod tests;

use crate::decode::{Context, Decoder, Peek, Pending, Registration, Side, Verdict};
use application::Key;

/// DNP3.
pub(super) static REGISTRATION: Registration = Registration {
    name: "dnp3",
    also: &[],
    industrial: true,
    tcp: true,
    udp: true,
    ports: &[20000, 19999],
    probe,
    make: || Box::new(Dnp3::default()),
};

/// Start octets, length, control, destination, source, checksum.
const HEADER: usize = 10;
/// Longest application fragment put together.
const MAX_FRAGMENT: usize = 8192;
/// Links (pairs of stations) followed on one connection.
const MAX_LINKS: usize = 32;

/// Size of the frame that starts here: the length counts neither checksums nor the first three
/// octets (IEEE 1815 section 9.2.4).
fn frame_size(b: &[u8]) -> Option<usize> {
    let length = usize::from(*b.get(2)?);
    (b[0] == 0x05 && b[1] == 0x64 && length >= 5).then(|| {
        let data = length - 5;
        HEADER + data + 2 * data.div_ceil(16)
    })
}

fn probe(peek: Peek<'_>) -> Verdict {
    match peek.bytes {
        [0x05] | [0x05, 0x64] => Verdict::More,
        b if b.len() >= 4 && frame_size(b).is_some() => {
            // DIR says whether the master sent it; the master asks.
            let master = b[3] & 0x80 != 0;
            Verdict::Yes(Some(if master { Side::Client } else { Side::Server }))
        }
        _ => Verdict::No,
    }
}

struct Link {
    source: u16,
    destination: u16,
    /// Application fragment so far; `None` before its first segment.
    fragment: Option<Vec<u8>>,
}

#[derive(Default)]
struct Dnp3 {
    links: Vec<Link>,
    pending: Pending<Key>,
}

impl Decoder for Dnp3 {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, mut bytes: &[u8]) -> usize {
        let whole = bytes.len();
        // A datagram may hold several frames.
        while bytes.len() >= HEADER {
            let Some(size) = frame_size(bytes) else {
                cx.unreadable("dnp3");
                let next = (1..bytes.len() - 1).find(|i| bytes[*i..].starts_with(&[0x05, 0x64]));
                bytes = &bytes[next.unwrap_or(bytes.len() - 1)..];
                continue;
            };
            if bytes.len() < size {
                break;
            }
            self.frame(cx, from, &bytes[..size]);
            let fragments = self.links.iter().filter_map(|l| l.fragment.as_ref());
            *cx.held = fragments.map(Vec::capacity).sum();
            bytes = &bytes[size..];
        }
        whole - bytes.len()
    }

    fn gap(&mut self, _cx: &mut Context<'_>, _from: Side) {
        self.links.iter_mut().for_each(|l| l.fragment = None);
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
    }
}

impl Dnp3 {
    fn frame(&mut self, cx: &mut Context<'_>, from: Side, b: &[u8]) {
        // Only the primary's (un)confirmed user data carries anything (IEEE 1815 table 9-1).
        if b[3] & 0x40 == 0 || !matches!(b[3] & 0x0f, 3 | 4) {
            return;
        }
        let destination = u16::from_le_bytes([b[4], b[5]]);
        let source = u16::from_le_bytes([b[6], b[7]]);
        // User data in blocks of sixteen with a checksum behind each.
        let mut blocks = b[HEADER..].chunks(18).map(|c| &c[..c.len().saturating_sub(2)]);
        let Some(first) = blocks.next().filter(|b| !b.is_empty()) else { return };
        let (transport, first) = (first[0], &first[1..]);
        let (fin, fir) = (transport & 0x80 != 0, transport & 0x40 != 0);
        let at = self.links.iter().position(|l| (l.source, l.destination) == (source, destination));
        let link = if let Some(at) = at {
            &mut self.links[at]
        } else {
            if self.links.len() >= MAX_LINKS {
                self.links.remove(0);
            }
            self.links.push(Link { source, destination, fragment: None });
            let last = self.links.len() - 1;
            &mut self.links[last]
        };
        if fir {
            link.fragment.get_or_insert_default().clear();
        }
        // A segment whose beginning was not captured cannot be read.
        let Some(fragment) = &mut link.fragment else { return };
        if fragment.len() < MAX_FRAGMENT {
            fragment.extend_from_slice(first);
            blocks.for_each(|b| fragment.extend_from_slice(b));
        }
        if fin {
            let whole = link.fragment.take().unwrap_or_default();
            let pair = (source, destination);
            if application::read(cx, &mut self.pending, from, pair, &whole).is_none() {
                cx.unreadable("dnp3");
            }
        }
    }
}
