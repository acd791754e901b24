//! Object headers (IEEE 1815 section 4.2.2.7), and what those of a request say.

use crate::{
    bytes::Bytes,
    decode::{Short, clean},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{Operation, Verb};

/// How many object headers of one request are named.
const MAX_NAMED: u32 = 4;

/// An object header.
pub(super) struct Header {
    pub(super) group: u8,
    pub(super) variation: u8,
    qualifier: u8,
    /// First point of a range.
    pub(super) start: Option<u32>,
    /// How many objects; `None` for all points.
    pub(super) count: Option<u32>,
}

impl Header {
    /// Group, variation and qualifier.
    pub(super) fn read(r: &mut Bytes<'_>) -> Option<Self> {
        let [group, variation, qualifier] = r.array::<3>()?;
        Some(Self { group, variation, qualifier, start: None, count: None })
    }

    /// The range field behind them, as the qualifier says (IEEE 1815 section 4.2.2.7.3).
    pub(super) fn range(&mut self, r: &mut Bytes<'_>) -> Option<()> {
        let mut span = |start: u32, stop: u32| {
            self.start = Some(start);
            stop.saturating_sub(start).saturating_add(1)
        };
        self.count = Some(match self.qualifier & 0x0f {
            // Start and stop.
            0 => span(u32::from(r.u8()?), u32::from(r.u8()?)),
            1 => span(u32::from(r.u16le()?), u32::from(r.u16le()?)),
            2 => span(r.u32le()?, r.u32le()?),
            // All points.
            6 => return Some(()),
            // A count.
            7 | 11 => u32::from(r.u8()?),
            8 => u32::from(r.u16le()?),
            9 => r.u32le()?,
            _ => return None,
        });
        Some(())
    }

    /// How many octets stand before each object.
    fn prefix(&self) -> usize {
        [0, 1, 2, 4, 1, 2, 4, 0][usize::from(self.qualifier >> 4 & 7)]
    }

    /// Whether those say how long it is, not which one.
    fn sized(&self) -> bool {
        matches!(self.qualifier >> 4 & 7, 4..=6)
    }

    /// The next object, of that many octets where nothing before it says how many.
    pub(super) fn object<'a>(&self, r: &mut Bytes<'a>, size: usize) -> Option<&'a [u8]> {
        let prefix = number(r.take(self.prefix())?);
        r.take(if self.sized() { prefix as usize } else { size })
    }

    /// Octets of one object (IEEE 1815 annex A), of those that requests carry.
    pub(super) fn size(&self) -> Option<usize> {
        Some(match (self.group, self.variation) {
            (34, 1) => 2,
            (41, 2) => 3,
            (34, 2 | 3) => 4,
            (41, 1 | 3) => 5,
            (50, 1 | 3) | (120, 3) => 6,
            (41, 4) => 9,
            (50, 2) => 10,
            (12, 1 | 2) | (50, 4) => 11,
            // Strings are as long as their variation says.
            (110 | 112, length) => usize::from(length),
            _ => return None,
        })
    }

    /// Moves past the objects behind the header in a request of that function.
    fn pass(&self, code: u8, r: &mut Bytes<'_>) -> Option<()> {
        let count = self.count.unwrap_or(0);
        // These name points without their values, but for a time and a proof who asks.
        let bare = match code {
            1 | 7..=10 | 20..=22 => self.group != 120,
            11 | 12 => !matches!(self.group, 50 | 120),
            _ => false,
        };
        let packed = !bare && matches!((self.group, self.variation), (1 | 10 | 80, 1));
        if packed && self.prefix() == 0 {
            return r.skip(count.div_ceil(8) as usize);
        }
        let size = match self.size() {
            _ if bare || self.sized() => 0,
            Some(size) => size,
            None if count == 0 => 0,
            None => return None,
        };
        if self.prefix() == 0 {
            return r.skip(size.saturating_mul(count as usize));
        }
        // Ends with the fragment at the latest: each has an octet before it.
        for _ in 0..count {
            self.object(r, size)?;
        }
        Some(())
    }

    /// How much it tells of what is asked: a proof of who asks and the restart indication least.
    fn weight(&self) -> u8 {
        match self.group {
            120 => 1,
            80 => 2,
            _ => 3,
        }
    }

    /// Which points, and the value for the first.
    fn tell(&self, op: &mut Operation, mut r: Bytes<'_>) -> Option<()> {
        op.address = self.start;
        op.count = self.count.filter(|_| !self.sized());
        if self.count.is_none_or(|count| count == 0) {
            return None;
        }
        let prefix = r.take(self.prefix())?;
        if !prefix.is_empty() && !self.sized() {
            op.address = Some(number(prefix));
        }
        op.value = match (self.group, self.variation) {
            // Control relay output block (IEEE 1815 A.8.1).
            (12, 1) => {
                let control = r.u8()?;
                CompactString::const_new(match (control >> 6, control & 0x0f) {
                    (1, 1) => "close pulse-on",
                    (2, 1) => "trip pulse-on",
                    (_, 1) => "pulse-on",
                    (_, 2) => "pulse-off",
                    (_, 3) => "latch-on",
                    (_, 4) => "latch-off",
                    _ => "nul",
                })
            }
            (41, 1) => format_compact!("{}", r.u32le()? as i32),
            (41, 2) => format_compact!("{}", r.u16le()? as i16),
            (41, 3) => format_compact!("{}", f32::from_bits(r.u32le()?)),
            (41, 4) => format_compact!("{}", f64::from_bits(r.u64le()?)),
            _ => return None,
        };
        Some(())
    }
}

/// Up to four octets, least significant first.
fn number(octets: &[u8]) -> u32 {
    octets.iter().rev().fold(0, |n, octet| n << 8 | u32::from(*octet))
}

/// Object, points and value of a request of that function, from all its object headers; and its
/// verb, where an object says more than the function.
pub(super) fn describe(op: &mut Operation, code: u8, mut r: Bytes<'_>) {
    let mut names = Short::default();
    let (mut headers, mut weight, mut file) = (0_u32, 0, None);
    while let Some(mut header) = Header::read(&mut r) {
        headers += 1;
        if headers <= MAX_NAMED {
            names.str(if headers > 1 { ", g" } else { "g" }).number(u32::from(header.group));
            names.str("v").number(u32::from(header.variation));
        }
        let readable = header.range(&mut r).is_some();
        if readable && header.weight() > weight {
            weight = header.weight();
            header.tell(op, r);
        }
        match (code, header.group, header.variation) {
            // Writing g50 sets the clock; writing g80 clears the restart indication.
            (2, 50, _) => op.verb = Verb::SetTime,
            // Points of class 0 report no events.
            (22, 60, 1) => op.verb = Verb::Unsubscribe,
            (25..=31, 70, variation) if readable => {
                let mut objects = r;
                let object = header.object(&mut objects, 0).unwrap_or_default();
                file = file.or_else(|| file_name(variation, object));
                // The mode: write or append.
                if code == 25
                    && variation == 3
                    && matches!(Bytes::at(object, 20).u16le(), Some(2 | 3))
                {
                    op.verb = Verb::Write;
                }
            }
            _ => {}
        }
        if !readable || header.pass(code, &mut r).is_none() {
            break;
        }
    }
    if headers > MAX_NAMED {
        names.str(" +").number(headers - MAX_NAMED);
    }
    op.object = names.text();
    if let Some(name) = file {
        op.object.push(' ');
        op.object.push_str(&clean(name));
    }
}

/// Name in a file command, a file descriptor or a file specification (IEEE 1815 annex A, group 70).
fn file_name(variation: u8, object: &[u8]) -> Option<&[u8]> {
    let mut r = Bytes::new(object);
    match variation {
        3 | 7 => {
            let (at, size) = (usize::from(r.u16le()?), usize::from(r.u16le()?));
            Bytes::at(object, at).take(size)
        }
        8 => Some(object),
        _ => None,
    }
}
