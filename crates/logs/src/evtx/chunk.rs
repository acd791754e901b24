//! Records in a chunk: where they begin and end, also when the chunk does not say it rightly
//! (libyal "EVTX" 3 chunk and 4 event record).

use super::bytes::{u32_at, u64_at};
use hangtu_evidence::DamageKind;

/// Bytes of a chunk.
pub(super) const CHUNK: usize = 0x1_0000;
/// What a chunk begins with.
pub(super) const MAGIC: &[u8; 8] = b"ElfChnk\0";
/// Bytes of its header, with the tables of strings and templates.
pub(super) const HEADER: usize = 512;
/// What a record begins with.
const RECORD: &[u8; 4] = b"**\0\0";
/// Bytes of a record's header, and of the copy of its size at the end.
pub(super) const RECORD_HEADER: usize = 24;
const TRAILER: usize = 4;
/// FILETIMEs of 1990 and 2200: a record of another time is none.
const TIMES: std::ops::Range<u64> = 0x01b4_1e2a_0000_0000..0x02a0_0000_0000_0000;

/// Where records are in a chunk.
#[derive(Default)]
pub(super) struct Walk {
    /// Their offsets and sizes.
    pub(super) records: Vec<(usize, usize)>,
    /// What lies between them and is none.
    pub(super) damages: Vec<(usize, DamageKind)>,
    /// Whether records stood one behind the other to the end.
    pub(super) clean: bool,
}

impl Walk {
    /// Finds the records of a chunk, of which the input may not hold all.
    pub(super) fn over(&mut self, chunk: &[u8]) {
        self.records.clear();
        self.damages.clear();
        self.clean = false;
        let free = u32_at(chunk, 48).map_or(0, |free| free as usize);
        let (mut at, mut last_id, mut sound) = (HEADER, None, true);
        loop {
            // A log that was not closed may have more records than the chunk's header knows, which
            // go on counting. Others behind the end are left from an earlier use of the chunk.
            if at == free && !whole_after(chunk, at, last_id) {
                self.clean = sound;
                return;
            }
            if !chunk.get(at..).is_some_and(|rest| rest.starts_with(RECORD)) {
                let Some(next) = self.lost(chunk, at, free) else {
                    self.clean &= sound;
                    return;
                };
                (at, sound) = (next, false);
            }
            last_id = u64_at(chunk, at + 8).ok();
            let size = u32_at(chunk, at + 4).map_or(0, |size| size as usize);
            let next = at.saturating_add(size);
            let size = if whole(chunk, at) || (size > 0 && likely(chunk, next)) {
                size
            } else {
                // Its size is wrong, or its end is damaged: it goes as far as the next one.
                sound = false;
                search(chunk, at + RECORD.len()).unwrap_or(chunk.len()) - at
            };
            self.records.push((at, size));
            at += size;
        }
    }

    /// Goes on behind what is no record; `None` at the end of the chunk.
    fn lost(&mut self, chunk: &[u8], at: usize, free: usize) -> Option<usize> {
        let rest = chunk.get(at..).unwrap_or_default();
        if rest.iter().all(|b| *b == 0) {
            // Not written yet, whatever the header says.
            self.clean = chunk.len() == CHUNK || rest.len() >= TRAILER;
            return None;
        }
        let next = search(chunk, at);
        let skipped = next.unwrap_or(chunk.len()) - at;
        let kind = match next {
            Some(_) => DamageKind::BadHeader { skipped: skipped as u64 },
            None => DamageKind::Unreadable { skipped: skipped as u64 },
        };
        // Behind the end there may be anything.
        if next.is_some() || at < free || free < HEADER {
            self.damages.push((at, kind));
        }
        next
    }
}

/// Whether the bytes begin with a chunk that was written as one.
pub(super) fn is_chunk(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) && u32_at(bytes, 40) == Ok(128)
}

/// Whether the bytes are a chunk but for its header.
pub(super) fn is_headless(bytes: &[u8]) -> bool {
    whole(bytes, HEADER)
}

/// A record whose size stands at both ends.
fn whole(chunk: &[u8], at: usize) -> bool {
    let Some(record) = chunk.get(at..).filter(|rest| rest.starts_with(RECORD)) else {
        return false;
    };
    let size = u32_at(record, 4).map_or(0, |size| size as usize);
    size >= RECORD_HEADER + TRAILER
        && u32_at(record, size - TRAILER).is_ok_and(|copy| copy as usize == size)
}

/// A record's beginning, going by its time and size.
fn likely(chunk: &[u8], at: usize) -> bool {
    let Some(record) = chunk.get(at..).filter(|rest| rest.starts_with(RECORD)) else {
        return false;
    };
    u64_at(record, 16).is_ok_and(|time| TIMES.contains(&time))
        && u32_at(record, 4).is_ok_and(|size| (28..=CHUNK as u32).contains(&size))
}

/// A record that is the first, or the next by its number.
fn whole_after(chunk: &[u8], at: usize, last_id: Option<u64>) -> bool {
    whole(chunk, at) && last_id.is_none_or(|id| u64_at(chunk, at + 8) == Ok(id.wrapping_add(1)))
}

/// The next record from `at`.
fn search(chunk: &[u8], at: usize) -> Option<usize> {
    let rest = chunk.get(at..)?;
    memchr::memmem::find_iter(rest, RECORD)
        .map(|found| at + found)
        .find(|found| whole(chunk, *found) || likely(chunk, *found))
}
