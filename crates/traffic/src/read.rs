//! Drives inputs through workers.
//!
//! Packets of two addresses always go to the same worker, in order. Each chunk's records come back
//! together, in the order of their places in the evidence, so that the number of threads changes
//! nothing but the time it takes, while no bound is hit: each worker has its share of them.

use crate::{
    assets::AssetNotes,
    batch::Batch,
    capture::{AnyReader, PacketRef, first_time, open},
    route::Router,
    team::{Parcel, Team},
    worker::{Bounds, Limits, Worker},
};
use hangtu_evidence::{Input, InputSummary, ReadError, Source};
use hangtu_record::Time;
use std::{collections::BTreeMap, io, thread};

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
            max_flows: 60_000,
            max_payload: 40 << 20,
            records: true,
        }
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
    /// What each worker learnt about assets.
    pub assets: Vec<AssetNotes>,
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

/// No more threads than this, whatever is asked for.
pub(crate) const MAX_THREADS: usize = 64;

/// Chunks that reading is ahead of the slowest worker: evens out chunks that are mostly one worker's.
const AHEAD: usize = 8;

/// Packets at the end of a chunk of which the earliest says how late it is: interfaces whose clocks disagree must not
/// end each other's flows.
const NEWEST: usize = 64;

/// Reads the inputs one after the other. They stand in the order of their first packets: what fell silent in
/// one may go on in the next.
pub fn read(
    inputs: &[Input],
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Summary, ReadError> {
    let threads = settings.threads.clamp(1, MAX_THREADS);
    let bounds = Bounds {
        flows: (settings.max_flows / threads).max(16),
        payload: settings.max_payload / threads,
        workers: threads,
    };
    let team = Team::new((0..threads).map(|_| Worker::new(bounds, settings.records)));
    // Alone, what was read is looked at while it is at hand.
    let ahead = if threads == 1 { 0 } else { AHEAD };
    let mut router = Router::default();
    let mut summary = Summary::default();
    thread::scope(|scope| {
        let _leaving = team.leaving();
        for _ in 1..threads {
            scope.spawn(|| team.help());
        }
        let mut batch = Batch::default();
        let mut told = |observer: &mut dyn Observer| {
            team.receive(&mut batch)?;
            observer.records(&mut batch)
        };
        let mut waiting = 0;
        each_parcel(inputs, &mut summary, observer, &team, &mut |mut parcel, observer| {
            router.route(&mut parcel);
            team.send(parcel);
            waiting += 1;
            if waiting > ahead {
                waiting -= 1;
                told(observer)?;
            }
            Ok(())
        })?;
        // What ends with the evidence, in a parcel without packets.
        team.send(Parcel { last: true, ..team.parcel() });
        for _ in 0..=waiting {
            told(observer)?;
        }
        Ok::<_, ReadError>(())
    })?;
    team.workers().for_each(|worker| summary.take(worker));
    summary.limits.add(&router.end());
    Ok(summary)
}

type OnParcel<'a> = dyn FnMut(Parcel, &mut dyn Observer) -> Result<(), ReadError> + 'a;

fn each_parcel(
    inputs: &[Input],
    summary: &mut Summary,
    observer: &mut dyn Observer,
    team: &Team,
    on_parcel: &mut OnParcel<'_>,
) -> Result<(), ReadError> {
    let mut clock = Time(i64::MIN);
    for (index, input) in inputs.iter().enumerate() {
        let index = index as u32;
        let (mut reader, compression) = open(input, |file| observer.open(index, input, file))?;
        let mut one = InputSummary::default();
        let next = begins(&inputs[index as usize + 1..]);
        loop {
            let mut parcel = team.parcel();
            if !reader.next_chunk(&mut parcel.chunk) {
                team.give_back(parcel);
                break;
            }
            if let [earlier @ .., latest] = &*parcel.chunk.packets {
                let both = |(first, last): (Time, Time), p: &PacketRef| {
                    (first.min(p.time), last.max(p.time))
                };
                let (first, last) = earlier.iter().fold((latest.time, latest.time), both);
                one.during(first, last);
                let newest = parcel.chunk.packets.iter().rev().take(NEWEST).map(|p| p.time);
                clock = newest.min().unwrap_or(first);
            }
            (parcel.input, parcel.clock, parcel.next) = (index, clock, next);
            on_parcel(parcel, observer)?;
        }
        finish_input(&mut one, &reader, compression);
        observer.close(index, &one);
        summary.inputs.push(one);
    }
    Ok(())
}

/// When the first of the inputs begins of which that is known: a pipe is not read before its turn.
fn begins(inputs: &[Input]) -> Option<Time> {
    inputs.iter().filter(|input| !matches!(input, Input::Pipe(_))).find_map(first_time)
}

fn finish_input(one: &mut InputSummary, reader: &AnyReader, compression: &str) {
    one.format = format!("{}{compression}", reader.format());
    one.entries = reader.packets();
    one.damages = reader.damages().clone();
    one.dropped = reader.dropped();
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
        self.assets.push(worker.out.assets);
    }
}
