//! Captures in: pcap and pcapng, plain or compressed, as a stream of packets.
//!
//! A reader never maps a file and never trusts a length: it fills [`Chunk`]s of whole packets with
//! large reads, and where a record header makes no sense it looks for the next one that does,
//! noting the damage with its offset.

mod format;
mod input;
mod pcap;
mod pcapng;

pub use format::{CaptureReader, Damage, DamageKind};
pub use input::{AnyReader, CaptureError, Input, InputSummary, find, is_capture, open};

use hangtu_record::Time;

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
        let start = packet.start as usize;
        self.data.get(start..start + packet.len as usize).unwrap_or_default()
    }
}
