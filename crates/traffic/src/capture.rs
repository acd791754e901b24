//! Captures in: pcap and pcapng, plain or compressed, as a stream of packets.
//!
//! A reader never maps a file and never trusts a length: it fills [`Chunk`]s of whole packets with
//! large reads, and where a record header makes no sense it looks for the next one that does,
//! noting the damage with its offset.

mod format;
mod pcap;
mod pcapng;

pub use format::CaptureReader;

use hangtu_evidence::{EvidenceError, Input, Source};
use hangtu_record::Time;

/// A reader over any input.
pub type AnyReader = CaptureReader<Source>;

/// Opens an input as a capture. `tee` wraps the bytes as stored. Also says how it is compressed.
pub fn open(
    input: &Input,
    tee: impl FnOnce(Source) -> Source,
) -> Result<(AnyReader, &'static str), EvidenceError> {
    let mut opened = hangtu_evidence::open(input, tee)?;
    match CaptureReader::new(std::mem::replace(&mut opened.source, Box::new(std::io::empty()))) {
        Ok(Some(reader)) => Ok((reader, opened.compression)),
        Ok(None) => Err(opened.unrecognised()),
        Err(e) => Err(opened.failed(e)),
    }
}

/// The time of the first packet (`Time(0)` for an empty capture); `None` when not a capture.
pub fn first_time(input: &Input) -> Option<Time> {
    let (mut reader, _) = open(input, |r| r).ok()?;
    let mut chunk = Chunk::default();
    reader.next_chunk(&mut chunk);
    Some(chunk.packets.first().map_or(Time(0), |p| p.time))
}

/// Largest packet record believed; anything larger is taken as damage.
pub const MAX_PACKET: usize = 1 << 20;

/// How many bytes a chunk aims at.
pub const CHUNK: usize = 256 << 10;

/// One packet inside a [`Chunk`].
#[derive(Clone, Copy, Debug)]
pub struct PacketRef {
    /// Start in the chunk's bytes.
    pub start: u32,
    /// Captured bytes.
    pub len: u32,
    /// Bytes the packet had on the wire.
    pub wire_len: u32,
    /// Link-layer type (LINKTYPE_ number).
    pub link: u16,
    /// Capture time.
    pub time: Time,
    /// Number in its input, from 1.
    pub number: u64,
    /// Offset of its record in the (uncompressed) input.
    pub offset: u64,
}

impl PacketRef {
    /// The captured bytes, among those of the chunk.
    #[inline(always)]
    pub(crate) fn bytes<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        data.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// Whole packets from one input.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Bytes of the packets, and the headers between them.
    pub data: Vec<u8>,
    /// The packets, in the order of the input.
    pub packets: Vec<PacketRef>,
}

impl Chunk {
    /// The captured bytes of a packet of this chunk.
    pub fn bytes(&self, packet: &PacketRef) -> &[u8] {
        packet.bytes(&self.data)
    }
}
