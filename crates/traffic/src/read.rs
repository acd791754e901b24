//! Drives inputs through workers.
//!
//! Packets of two addresses always go to the same worker, in order. Each chunk's records come back
//! together, in the order of the packets that completed them, so that the number of threads changes
//! nothing but the time it takes.

use crate::{
    assets::AssetNotes,
    capture::{AnyReader, Chunk, open},
    fragment::Fragments,
    packet::{Content, IpPacket, rebuild, walk},
    worker::{Bounds, Limits, Worker},
};
use hangtu_evidence::{Input, InputSummary, ReadError, Source};
use hangtu_record::{FileAction, Operation, Record, Session, Time};
use std::{
    collections::BTreeMap,
    hash::BuildHasher,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Worker threads; 1 does everything on the calling thread.
    pub threads: usize,
    /// Flows followed at once, over all workers.
    pub max_flows: usize,
    /// Payload bytes kept at once, over all workers.
    pub max_payload: usize,
    /// Whether records are wanted, or only counts and assets.
    pub records: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().map_or(1, std::num::NonZero::get).min(16),
            max_flows: 64_000,
            max_payload: 40 << 20,
            records: true,
        }
    }
}

/// Records of one chunk.
#[derive(Debug, Default)]
pub struct Batch {
    /// Operations.
    pub operations: Vec<Operation>,
    /// File actions.
    pub files: Vec<FileAction>,
    /// Sessions that ended.
    pub sessions: Vec<Session>,
    order: Vec<(u32, u64, u8, u32)>,
}

impl Batch {
    fn clear(&mut self) {
        self.operations.clear();
        self.files.clear();
        self.sessions.clear();
    }

    /// Calls `f` with every record, in the order of their places in the evidence.
    pub fn each(&mut self, mut f: impl FnMut(&dyn Record)) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        let key = |r: &dyn Record| (r.origin().input, r.origin().number);
        let mut add = |kind: u8, i: usize, (input, number): (u32, u64)| {
            order.push((input, number, kind, i as u32));
        };
        self.operations.iter().enumerate().for_each(|(i, r)| add(0, i, key(r)));
        self.files.iter().enumerate().for_each(|(i, r)| add(1, i, key(r)));
        self.sessions.iter().enumerate().for_each(|(i, r)| add(2, i, key(r)));
        order.sort_unstable();
        for &(_, _, kind, i) in &order {
            let i = i as usize;
            match kind {
                0 => f(&self.operations[i]),
                1 => f(&self.files[i]),
                _ => f(&self.sessions[i]),
            }
        }
        self.order = order;
    }
}

/// Who is told what happens.
pub trait Observer {
    /// An input is opened; may wrap the file as stored (to hash or count it).
    fn open(&mut self, _index: u32, _input: &Input, file: Source) -> Source {
        file
    }
    /// Records of the next chunk.
    fn records(&mut self, _batch: &mut Batch) -> io::Result<()> {
        Ok(())
    }
    /// An input was read to its end, or as far as it could be.
    fn close(&mut self, _index: u32, _summary: &InputSummary) {}
}

/// What was read in all.
#[derive(Debug, Default)]
pub struct Summary {
    /// Per input, in the order given.
    pub inputs: Vec<InputSummary>,
    /// What was learnt about assets.
    pub assets: AssetNotes,
    /// What was lost.
    pub limits: Limits,
    /// Operations.
    pub operations: u64,
    /// File actions.
    pub files: u64,
    /// Sessions.
    pub sessions: u64,
    /// Messages that could not be read, by protocol.
    pub unreadable: BTreeMap<&'static str, u64>,
}

/// The route of a fragment: the datagram goes with the last one.
const NOBODY: u8 = u8::MAX;

/// A chunk on its way: who gets which packet is decided by the reading thread.
struct Parcel {
    input: u32,
    chunk: Chunk,
    /// Worker of each packet.
    route: Vec<u8>,
    clock: Time,
}

/// Chunks that reading may be ahead of a worker: evens out chunks that are mostly one worker's.
const AHEAD: usize = 16;

/// Reads the inputs one after the other.
pub fn read(
    inputs: &[Input],
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Summary, ReadError> {
    let threads = settings.threads.clamp(1, 64);
    let bounds = Bounds {
        flows: (settings.max_flows / threads).max(16),
        payload: settings.max_payload / threads,
        workers: threads,
    };
    let new = || Worker::new(bounds, settings.records);
    let mut summary = Summary::default();
    if threads == 1 {
        let mut worker = new();
        let mut batch = Batch::default();
        each_chunk(inputs, &mut summary, observer, &mut |input, chunk, clock, observer| {
            for packet in &chunk.packets {
                worker.packet(input, packet, chunk.bytes(packet));
            }
            worker.tick(clock);
            collect(&mut worker, &mut batch, observer)
        })?;
        worker.end();
        collect(&mut worker, &mut batch, observer)?;
        summary.take(worker);
        return Ok(summary);
    }
    thread::scope(|scope| {
        let pool: Arc<Mutex<Vec<Parcel>>> = Arc::default();
        let mut to: Vec<SyncSender<Arc<Parcel>>> = Vec::new();
        let mut from: Vec<Receiver<Batch>> = Vec::new();
        let mut handles = Vec::new();
        for index in 0..threads {
            let (send, parcels) = sync_channel::<Arc<Parcel>>(AHEAD);
            let (done, batches) = sync_channel::<Batch>(AHEAD + 1);
            to.push(send);
            from.push(batches);
            let pool = Arc::clone(&pool);
            let mut worker = new();
            handles.push(scope.spawn(move || {
                for parcel in parcels {
                    for (packet, _) in parcel
                        .chunk
                        .packets
                        .iter()
                        .zip(&parcel.route)
                        .filter(|(_, route)| usize::from(**route) == index)
                    {
                        worker.packet(parcel.input, packet, parcel.chunk.bytes(packet));
                    }
                    worker.tick(parcel.clock);
                    if let Ok(parcel) = Arc::try_unwrap(parcel) {
                        pool.lock().unwrap_or_else(PoisonError::into_inner).push(parcel);
                    }
                    if done.send(worker.batch()).is_err() {
                        break;
                    }
                }
                worker.end();
                let _ = done.send(worker.batch());
                worker
            }));
        }
        let mut router = Router { threads, fragments: Fragments::default() };
        let mut waiting = 0_usize;
        let merge = |observer: &mut dyn Observer| -> Result<(), ReadError> {
            let mut all = Batch::default();
            for batches in &from {
                if let Ok(mut batch) = batches.recv() {
                    all.operations.append(&mut batch.operations);
                    all.files.append(&mut batch.files);
                    all.sessions.append(&mut batch.sessions);
                }
            }
            Ok(observer.records(&mut all)?)
        };
        let result =
            each_chunk(inputs, &mut summary, observer, &mut |input, chunk, clock, observer| {
                let mut parcel =
                    pool.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(
                        || Parcel { input, chunk: Chunk::default(), route: Vec::new(), clock },
                    );
                std::mem::swap(&mut parcel.chunk, chunk);
                parcel.input = input;
                parcel.clock = clock;
                router.route(&mut parcel);
                let parcel = Arc::new(parcel);
                for worker in &to {
                    // A worker that is gone has panicked; the join below says so.
                    let _ = worker.send(Arc::clone(&parcel));
                }
                drop(parcel);
                waiting += 1;
                if waiting > AHEAD {
                    waiting -= 1;
                    merge(observer)?;
                }
                Ok(())
            });
        drop(to);
        if result.is_ok() {
            // The last chunks, and what ended with the evidence.
            for _ in 0..=waiting {
                merge(observer)?;
            }
        }
        drop(from);
        for handle in handles {
            match handle.join() {
                Ok(worker) => summary.take(worker),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        router.fragments.end();
        summary.limits.fragments_dropped += router.fragments.dropped;
        result.map(|()| summary)
    })
}

/// Decides which worker gets which packet: by the two addresses, so that a flow stays with one.
struct Router {
    threads: usize,
    /// Only a whole datagram tells what is in it, and so whose it is.
    fragments: Fragments,
}

impl Router {
    fn route(&mut self, parcel: &mut Parcel) {
        let Parcel { chunk, route, .. } = parcel;
        route.clear();
        for i in 0..chunk.packets.len() {
            let packet = chunk.packets[i];
            let bytes = chunk.bytes(&packet);
            // The usual packet, whole TCP in plain IPv4, needs no walk to be sent on its way.
            if packet.link == 1
                && let Some(h) = bytes.first_chunk::<34>()
                && h[12..15] == [8, 0, 0x45]
                && u16::from_be_bytes([h[20], h[21]]) & 0x3fff == 0
                && h[23] == 6
            {
                let bits =
                    |at| u128::from(u32::from_be_bytes([h[at], h[at + 1], h[at + 2], h[at + 3]]));
                route.push(self.pair(bits(26), bits(30)));
                continue;
            }
            let frame = walk(packet.link, bytes);
            let Content::Ip(ip) = frame.content else {
                route.push(0);
                continue;
            };
            let Some(part) = ip.fragment else {
                route.push(self.worker(&ip));
                continue;
            };
            let Some(whole) = self.fragments.add(packet.time, &ip, part) else {
                route.push(NOBODY);
                continue;
            };
            let (link, bytes) = rebuild(&frame, &ip, &whole);
            let start = chunk.data.len();
            let packet = &mut chunk.packets[i];
            (packet.link, packet.start, packet.len) = (link, start as u32, bytes.len() as u32);
            route.push(match walk(link, &bytes).content {
                Content::Ip(ip) => self.worker(&ip),
                _ => 0,
            });
            chunk.data.extend(bytes);
        }
    }

    fn worker(&self, ip: &IpPacket<'_>) -> u8 {
        let number = |ip: IpAddr| match ip {
            IpAddr::V4(v4) => u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        self.pair(number(ip.source), number(ip.destination))
    }

    fn pair(&self, a: u128, b: u128) -> u8 {
        let hash = foldhash::fast::FixedState::default().hash_one((a.min(b), a.max(b)));
        ((hash >> 32) as usize % self.threads) as u8
    }
}

type OnChunk<'a> =
    dyn FnMut(u32, &mut Chunk, Time, &mut dyn Observer) -> Result<(), ReadError> + 'a;

fn each_chunk(
    inputs: &[Input],
    summary: &mut Summary,
    observer: &mut dyn Observer,
    on_chunk: &mut OnChunk<'_>,
) -> Result<(), ReadError> {
    let mut clock = Time(i64::MIN);
    let mut chunk = Chunk::default();
    for (index, input) in inputs.iter().enumerate() {
        let index = index as u32;
        let (mut reader, compression) = open(input, |file| observer.open(index, input, file))?;
        let mut one = InputSummary::default();
        while reader.next_chunk(&mut chunk) {
            chunk.packets.iter().for_each(|p| one.at(p.time));
            clock = clock.max(chunk.packets.last().map_or(clock, |p| p.time));
            on_chunk(index, &mut chunk, clock, observer)?;
        }
        finish_input(&mut one, &reader, compression);
        observer.close(index, &one);
        summary.inputs.push(one);
    }
    Ok(())
}

fn finish_input(one: &mut InputSummary, reader: &AnyReader, compression: &str) {
    one.format = format!("{}{compression}", reader.format());
    one.entries = reader.packets();
    one.damages = reader.damages().clone();
    one.dropped = reader.dropped();
}

fn collect(
    worker: &mut Worker,
    batch: &mut Batch,
    observer: &mut dyn Observer,
) -> Result<(), ReadError> {
    batch.clear();
    std::mem::swap(&mut batch.operations, &mut worker.out.operations);
    std::mem::swap(&mut batch.files, &mut worker.out.files);
    std::mem::swap(&mut batch.sessions, &mut worker.out.sessions);
    Ok(observer.records(batch)?)
}

impl Worker {
    fn batch(&mut self) -> Batch {
        Batch {
            operations: std::mem::take(&mut self.out.operations),
            files: std::mem::take(&mut self.out.files),
            sessions: std::mem::take(&mut self.out.sessions),
            order: Vec::new(),
        }
    }
}

impl Summary {
    fn take(&mut self, worker: Worker) {
        self.operations += worker.out.operation_count;
        self.files += worker.out.file_count;
        self.sessions += worker.out.session_count;
        for (protocol, n) in worker.out.unreadable {
            *self.unreadable.entry(protocol).or_default() += n;
        }
        self.limits.add(&worker.limits);
        self.assets.merge(worker.out.assets);
    }
}
