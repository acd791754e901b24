//! Capture files made by hand.

use std::io::Write as _;

/// A packet and its time in nanoseconds.
pub(crate) type Stamped = (i64, Vec<u8>);

/// Packets a 64th of a second apart: a time that every resolution can say.
pub(crate) fn stamped(packets: &[Vec<u8>]) -> Vec<Stamped> {
    let start = 1_700_000_000_000_000_000;
    packets.iter().enumerate().map(|(i, p)| (start + i as i64 * 15_625_000, p.clone())).collect()
}

/// Which pcap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pcap {
    pub(crate) big: bool,
    pub(crate) nanos: bool,
    /// Kuznetzov's longer record header.
    pub(crate) modified: bool,
}

pub(crate) const PLAIN: Pcap = Pcap { big: false, nanos: true, modified: false };

fn put32(out: &mut Vec<u8>, big: bool, n: u32) {
    out.extend(if big { n.to_be_bytes() } else { n.to_le_bytes() });
}

fn put16(out: &mut Vec<u8>, big: bool, n: u16) {
    out.extend(if big { n.to_be_bytes() } else { n.to_le_bytes() });
}

/// A pcap file.
pub(crate) fn pcap(kind: Pcap, link: u32, packets: &[Stamped]) -> Vec<u8> {
    let Pcap { big, nanos, modified } = kind;
    let mut out = Vec::new();
    put32(&mut out, big, if nanos { 0xa1b23c4d } else { 0xa1b2c3d4 });
    if modified {
        out.clear();
        put32(&mut out, big, 0xa1b2cd34);
    }
    put16(&mut out, big, 2);
    put16(&mut out, big, 4);
    [0, 0, 262_144, link].iter().for_each(|n| put32(&mut out, big, *n));
    for (time, packet) in packets {
        let fraction = time % 1_000_000_000 / if nanos { 1 } else { 1000 };
        let size = packet.len() as u32;
        for n in [(time / 1_000_000_000) as u32, fraction as u32, size, size] {
            put32(&mut out, big, n);
        }
        if modified {
            out.extend([0; 8]);
        }
        out.extend(packet);
    }
    out
}

/// A pcapng file, built block by block.
pub(crate) struct Pcapng {
    pub(crate) out: Vec<u8>,
    big: bool,
    /// Resolution and offset in seconds of each interface of the section.
    interfaces: Vec<(u8, i64)>,
}

impl Pcapng {
    pub(crate) fn new(big: bool) -> Self {
        let mut file = Self { out: Vec::new(), big, interfaces: Vec::new() };
        file.section(big);
        file
    }

    /// Begins a section.
    pub(crate) fn section(&mut self, big: bool) {
        self.big = big;
        self.interfaces.clear();
        let mut body = Vec::new();
        put32(&mut body, big, 0x1a2b3c4d);
        put16(&mut body, big, 1);
        put16(&mut body, big, 0);
        body.extend([0xff; 8]);
        self.block(0x0a0d0d0a, &body);
    }

    /// Any block.
    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) {
        let size = (body.len().next_multiple_of(4) + 12) as u32;
        put32(&mut self.out, self.big, kind);
        put32(&mut self.out, self.big, size);
        self.out.extend(body);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        put32(&mut self.out, self.big, size);
    }

    /// An interface with `if_tsresol` and `if_tsoffset`.
    pub(crate) fn interface(&mut self, link: u16, resolution: u8, offset: i64) {
        self.interfaces.push((resolution, offset));
        let mut body = Vec::new();
        put16(&mut body, self.big, link);
        put16(&mut body, self.big, 0);
        put32(&mut body, self.big, 0);
        put16(&mut body, self.big, 9);
        put16(&mut body, self.big, 1);
        body.extend([resolution, 0, 0, 0]);
        put16(&mut body, self.big, 14);
        put16(&mut body, self.big, 8);
        body.extend(if self.big { offset.to_be_bytes() } else { offset.to_le_bytes() });
        put32(&mut body, self.big, 0);
        self.block(1, &body);
    }

    fn ticks(&self, interface: usize, time: i64) -> [u32; 2] {
        let (resolution, offset) = self.interfaces[interface];
        let second = if resolution & 0x80 == 0 {
            10_i128.pow(u32::from(resolution))
        } else {
            1 << (resolution & 0x7f)
        };
        let nanos = i128::from(time) - i128::from(offset) * 1_000_000_000;
        let ticks = (nanos * second / 1_000_000_000) as u64;
        [(ticks >> 32) as u32, ticks as u32]
    }

    /// An enhanced packet block, or the obsolete one.
    pub(crate) fn packet(&mut self, interface: usize, packet: &Stamped, obsolete: bool) {
        let mut body = Vec::new();
        if obsolete {
            put16(&mut body, self.big, interface as u16);
            put16(&mut body, self.big, 0);
        } else {
            put32(&mut body, self.big, interface as u32);
        }
        let size = packet.1.len() as u32;
        let [high, low] = self.ticks(interface, packet.0);
        [high, low, size, size].iter().for_each(|n| put32(&mut body, self.big, *n));
        body.extend(&packet.1);
        self.block(if obsolete { 2 } else { 6 }, &body);
    }

    /// A simple packet block: no time, no interface.
    pub(crate) fn simple(&mut self, packet: &[u8]) {
        let mut body = Vec::new();
        put32(&mut body, self.big, packet.len() as u32);
        body.extend(packet);
        self.block(3, &body);
    }

    /// Interface statistics with so many dropped packets.
    pub(crate) fn statistics(&mut self, interface: u32, dropped: u64) {
        let mut body = Vec::new();
        [interface, 0, 0].iter().for_each(|n| put32(&mut body, self.big, *n));
        put16(&mut body, self.big, 5);
        put16(&mut body, self.big, 8);
        body.extend(if self.big { dropped.to_be_bytes() } else { dropped.to_le_bytes() });
        put32(&mut body, self.big, 0);
        self.block(5, &body);
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
