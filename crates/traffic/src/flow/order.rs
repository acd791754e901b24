//! Segments that do not come in their order.

use super::Flow;
use crate::{decode::Output, ends::At, stream::Released};

impl Flow {
    /// Delivers held segments that follow on now; `force` gives up the first hole.
    pub(super) fn release(&mut self, low: bool, mut force: bool, out: &mut Output) {
        loop {
            let side = self.side(low);
            let stream = &mut self.streams[side as usize];
            let Some(Released { seq, hole, bytes, cut, at }) = stream.release(force) else {
                return;
            };
            force = false;
            stream.advance(seq, bytes.len(), cut);
            if hole > 0 {
                self.gap(at, low, u64::from(hole), out);
            }
            self.deliver(at, low, &bytes, out);
            if cut > 0 {
                self.gap(at, low, u64::from(cut), out);
            }
        }
    }

    /// The other side has acknowledged what came from this one up to there.
    pub(super) fn acknowledged(&mut self, low: bool, ack: u32, out: &mut Output) {
        while self.streams[self.side(low) as usize].missed(ack) {
            self.release(low, true, out);
        }
        if self.streams[self.side(low) as usize].confirmed(ack) {
            self.jump(low, out);
        }
    }

    /// A segment far from all before it: forged, or much was not captured, or the connection is another one.
    pub(super) fn far(
        &mut self,
        at: At,
        low: bool,
        seq: u32,
        payload: &[u8],
        cut: u32,
        out: &mut Output,
    ) {
        let side = self.side(low);
        let stream = &mut self.streams[side as usize];
        if !stream.confirmed(seq) {
            self.lost += stream.doubt(seq, at, payload, cut);
            return;
        }
        self.jump(low, out);
        // Near now; detection may have exchanged the sides.
        let side = self.side(low);
        let wait = self.streams[side as usize].hold(seq, at, payload, cut);
        self.release(low, !wait, out);
    }

    /// Goes on at the far segment, behind what was held before it came.
    fn jump(&mut self, low: bool, out: &mut Output) {
        while self.streams[self.side(low) as usize].holds() {
            self.release(low, true, out);
        }
        let side = self.side(low);
        let Some(at) = self.streams[side as usize].jump() else { return };
        self.gap(at, low, 0, out);
        self.release(low, false, out);
    }
}
