//! Records of one chunk, from however many workers.

use hangtu_record::{FileAction, Operation, Record, Session};

/// Records of a kind for which a worker keeps room from chunk to chunk, whether they come or not.
const ROOM: usize = 2_048;

/// What one worker made of one chunk.
#[derive(Debug, Default)]
pub struct Share {
    /// Operations.
    pub operations: Vec<Operation>,
    /// File actions.
    pub files: Vec<FileAction>,
    /// Sessions that ended.
    pub sessions: Vec<Session>,
}

impl Share {
    /// Lets go of the records and keeps the room that the next chunk may need: a quarter of it was used, or it is little.
    pub(crate) fn clear(&mut self) {
        fn clear<T>(records: &mut Vec<T>) {
            let used = records.len();
            records.clear();
            if records.capacity() / 4 > used {
                records.shrink_to(ROOM);
            }
        }
        clear(&mut self.operations);
        clear(&mut self.files);
        clear(&mut self.sessions);
    }
}

/// Records of one chunk.
#[derive(Debug, Default)]
pub struct Batch {
    /// Of each worker, as they were completed.
    pub shares: Vec<Share>,
    /// Input (32 bits), number (56), kind (2), share (6) and place in it (32), which compare as one.
    order: Vec<u128>,
}

impl Batch {
    /// Calls `f` with every record, in the order of their places in the evidence.
    pub fn each(&mut self, mut f: impl FnMut(&dyn Record)) {
        let Self { shares, order } = self;
        order.clear();
        for (share, records) in shares.iter().enumerate() {
            let mut add = |kind: u128, i: usize, r: &dyn Record| {
                let at = r.origin();
                let (input, number) = (u128::from(at.input), u128::from(at.number));
                order.push(
                    input << 96 | number << 40 | kind << 38 | (share as u128) << 32 | i as u128,
                );
            };
            records.operations.iter().enumerate().for_each(|(i, r)| add(0, i, r));
            records.files.iter().enumerate().for_each(|(i, r)| add(1, i, r));
            records.sessions.iter().enumerate().for_each(|(i, r)| add(2, i, r));
        }
        order.sort_unstable();
        for at in &*order {
            let (records, i) = (&shares[(at >> 32) as usize & 63], *at as u32 as usize);
            match at >> 38 & 3 {
                0 => f(&records.operations[i]),
                1 => f(&records.files[i]),
                _ => f(&records.sessions[i]),
            }
        }
    }
}
