//! Workers, and the threads that drive them.
//!
//! There are as many threads as workers, the reading one among them. A thread drives whichever worker is furthest
//! behind and not driven yet. (A thread that only read, beside one for each worker, waited for a core while
//! another was idle.)

use crate::{
    batch::{Batch, Share},
    capture::{CHUNK, Chunk, MAX_PACKET},
    route::Walked,
    worker::Worker,
};
use hangtu_record::Time;
use std::{
    collections::VecDeque,
    io, iter,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// Packets of one worker for which a parcel keeps room: more come in a chunk only when they are nearly empty.
const ROOM: usize = 4_096;

/// A chunk on its way: who gets which packet was decided by the reading thread.
#[derive(Default)]
pub(crate) struct Parcel {
    pub(crate) input: u32,
    pub(crate) chunk: Chunk,
    /// Each worker's packets.
    pub(crate) packets: Vec<Vec<Walked>>,
    pub(crate) clock: Time,
    /// When the next input begins.
    pub(crate) next: Option<Time>,
    /// Whether the evidence ends with it.
    pub(crate) last: bool,
}

/// A worker, its parcels in their order, and what it made of earlier ones.
struct Lane {
    /// Not here while a thread drives it.
    worker: Option<Box<Worker>>,
    parcels: VecDeque<Arc<Parcel>>,
    done: VecDeque<Share>,
    /// Room of records that have been told.
    spare: Vec<Share>,
}

struct State {
    lanes: Vec<Lane>,
    pool: Vec<Parcel>,
    over: bool,
}

/// One parcel of one worker.
struct Job {
    lane: usize,
    worker: Box<Worker>,
    parcel: Arc<Parcel>,
    share: Share,
}

impl Job {
    fn run(&mut self) {
        let Self { worker, parcel, share, lane } = self;
        share.clear();
        for packet in &parcel.packets[*lane] {
            worker.packet(parcel.input, packet, packet.payload(&parcel.chunk.data));
        }
        worker.tick(parcel.clock, parcel.next);
        if parcel.last {
            worker.end();
        }
        std::mem::swap(share, &mut worker.out.records);
    }
}

impl State {
    /// The next parcel of the lane that has most of them waiting.
    fn job(&mut self) -> Option<Job> {
        let idle = self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.worker.is_some());
        let (i, lane) = idle.max_by_key(|(_, lane)| lane.parcels.len())?;
        let parcel = lane.parcels.pop_front()?;
        let share = lane.spare.pop().unwrap_or_default();
        lane.worker.take().map(|worker| Job { lane: i, worker, parcel, share })
    }

    fn done(&mut self, job: Job) {
        let lane = &mut self.lanes[job.lane];
        lane.worker = Some(job.worker);
        lane.done.push_back(job.share);
        self.pool.extend(Arc::into_inner(job.parcel));
    }
}

/// The workers.
pub(crate) struct Team {
    state: Mutex<State>,
    changed: Condvar,
}

/// Ends the work of all threads when one leaves, so that none waits for what will not come.
pub(crate) struct Leaving<'a>(&'a Team);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

impl Team {
    pub(crate) fn new(workers: impl Iterator<Item = Worker>) -> Self {
        let lane = |worker| Lane {
            worker: Some(Box::new(worker)),
            parcels: VecDeque::new(),
            done: VecDeque::new(),
            spare: Vec::new(),
        };
        let lanes = workers.map(lane).collect();
        let state = Mutex::new(State { lanes, pool: Vec::new(), over: false });
        Self { state, changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what there is to do, or waits until something has changed.
    fn step<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let Some(mut job) = state.job() else {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        job.run();
        let mut state = self.lock();
        state.done(job);
        self.changed.notify_all();
        state
    }

    /// To be held by a thread for as long as it takes part.
    pub(crate) fn leaving(&self) -> Leaving<'_> {
        Leaving(self)
    }

    /// What a thread does that does not read, until all is over.
    pub(crate) fn help(&self) {
        let _leaving = self.leaving();
        let mut state = self.lock();
        while !state.over {
            state = self.step(state);
        }
    }

    /// A parcel to fill, the one used last: it is at hand.
    pub(crate) fn parcel(&self) -> Parcel {
        let mut state = self.lock();
        let lanes = state.lanes.len();
        let mut parcel = state.pool.pop().unwrap_or_default();
        drop(state);
        // Datagrams put together from fragments stand behind the chunk they were completed in; few are that long.
        parcel.chunk.data.clear();
        parcel.chunk.data.shrink_to(CHUNK + MAX_PACKET);
        parcel.packets.resize_with(lanes, Vec::new);
        for packets in &mut parcel.packets {
            packets.clear();
            packets.shrink_to(ROOM);
        }
        parcel
    }

    /// Takes a parcel back that was not needed.
    pub(crate) fn give_back(&self, parcel: Parcel) {
        self.lock().pool.push(parcel);
    }

    /// Gives every worker its packets of a parcel.
    pub(crate) fn send(&self, parcel: Parcel) {
        let parcel = Arc::new(parcel);
        let mut state = self.lock();
        for (lane, parcel) in state.lanes.iter_mut().zip(iter::repeat(parcel)) {
            lane.parcels.push_back(parcel);
        }
        self.changed.notify_all();
    }

    /// What became of the oldest parcel that was sent and not received, by all workers; meanwhile helps.
    /// An error when a thread was lost; that it panicked is said by whoever joins it.
    pub(crate) fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        let mut state = self.lock();
        for (lane, share) in state.lanes.iter_mut().zip(batch.shares.drain(..)) {
            lane.spare.push(share);
        }
        while !state.over {
            if state.lanes.iter().all(|lane| !lane.done.is_empty()) {
                batch.shares.extend(state.lanes.iter_mut().filter_map(|l| l.done.pop_front()));
                return Ok(());
            }
            state = self.step(state);
        }
        Err(io::Error::other("a thread was lost"))
    }

    /// The workers, when all is done.
    pub(crate) fn workers(self) -> impl Iterator<Item = Worker> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.lanes.into_iter().filter_map(|lane| lane.worker.map(|w| *w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Bounds;
    use std::{panic, thread};

    /// A worker that meets what it did not expect, on another thread.
    #[test]
    fn a_lost_thread_ends_the_others() {
        let bounds = Bounds { flows: 16, payload: 1 << 20, workers: 3 };
        let mut told = Ok(());
        let read = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let team = Team::new((0..3).map(|_| Worker::new(bounds, true)));
            thread::scope(|scope| {
                let _leaving = team.leaving();
                (1..3).for_each(|_| {
                    scope.spawn(|| team.help());
                });
                // None for the last one: an index that is not there.
                team.send(Parcel { packets: vec![Vec::new(); 2], ..Parcel::default() });
                while !team.lock().lanes[2].parcels.is_empty() {
                    thread::yield_now();
                }
                told = team.receive(&mut Batch::default());
            });
        }));
        assert!(read.is_err(), "the panic is told");
        assert!(told.is_err(), "and nothing else is waited for");
    }
}
