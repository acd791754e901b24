//! Capture files: classic pcap and pcapng, plain or compressed.

use super::{host::Segment, net::Frame, wire};
use flate2::{Compression, GzBuilder};
use std::io::{self, Write};

/// Ethernet (tcpdump.org/linktypes.html).
const ETHERNET: u32 = 1;
const SNAP: u32 = 65_535;

/// A pcap with microseconds.
pub(super) fn pcap<'a>(frames: impl Iterator<Item = &'a Frame>) -> Vec<u8> {
    let mut out = header(0xa1b2_c3d4);
    for frame in frames {
        packet(&mut out, frame.time.0 / 1_000_000, frame.time.0 % 1_000_000, &frame.bytes);
    }
    out
}

/// A pcap with nanoseconds, from the trunk: frames carry the tag of their segment.
pub(super) fn trunk_pcap<'a>(frames: impl Iterator<Item = &'a Frame>) -> Vec<u8> {
    let mut out = header(0xa1b2_3c4d);
    for frame in frames {
        let bytes = wire::tagged(&frame.bytes, frame.segment.vlan());
        packet(&mut out, frame.time.0 / 1_000_000, frame.time.0 % 1_000_000 * 1000, &bytes);
    }
    out
}

fn header(magic: u32) -> Vec<u8> {
    let words = [magic, 0x0004_0002, 0, 0, SNAP, ETHERNET];
    words.map(u32::to_le_bytes).concat()
}

fn packet(out: &mut Vec<u8>, seconds: u64, fraction: u64, bytes: &[u8]) {
    let length = bytes.len() as u32;
    let head = [seconds as u32, fraction as u32, length, length];
    out.extend(head.map(u32::to_le_bytes).concat());
    out.extend(bytes);
}

/// A pcapng with an interface for each segment (draft-ietf-opsawg-pcapng).
pub(super) fn pcapng<'a>(segments: &[Segment], frames: impl Iterator<Item = &'a Frame>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut section = [0x1a2b_3c4d_u32, 1].map(u32::to_le_bytes).concat();
    section.extend([0xff; 8]);
    option(&mut section, 4, b"cargo xtask plant");
    option(&mut section, 0, &[]);
    block(&mut out, 0x0a0d_0d0a, &section);
    for segment in segments {
        let mut interface = [ETHERNET, SNAP].map(u32::to_le_bytes).concat();
        option(&mut interface, 2, segment.name().as_bytes());
        option(&mut interface, 0, &[]);
        block(&mut out, 1, &interface);
    }
    for frame in frames {
        let interface = segments.iter().position(|s| *s == frame.segment).unwrap_or(0) as u32;
        let (high, low) = ((frame.time.0 >> 32) as u32, frame.time.0 as u32);
        let length = frame.bytes.len() as u32;
        let mut body = [interface, high, low, length, length].map(u32::to_le_bytes).concat();
        body.extend(&frame.bytes);
        body.resize(body.len().next_multiple_of(4), 0);
        block(&mut out, 6, &body);
    }
    out
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len() as u32).to_le_bytes();
    out.extend(kind.to_le_bytes());
    out.extend(length);
    out.extend(body);
    out.extend(length);
}

pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

pub(super) fn zstd(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::encode_all(bytes, 19)
}
