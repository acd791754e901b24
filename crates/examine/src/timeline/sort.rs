//! Rows in order, in bounded memory: sorted runs in a temporary file, merged at the end.

use super::row::Row;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    vec,
};

/// Bytes read at once of one run.
const BLOCK: usize = 64 << 10;

/// Collects rows; what does not fit goes to a temporary file that has no name and is gone with
/// the program.
pub(super) struct Sorter {
    buffer: usize,
    rows: Vec<Row>,
    held: usize,
    file: Option<File>,
    /// Beginning and end of each run in the file.
    runs: Vec<(u64, u64)>,
}

impl Sorter {
    pub(super) fn new(buffer: usize) -> Self {
        Self { buffer, rows: Vec::new(), held: 0, file: None, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Row) -> io::Result<()> {
        self.held += row.size();
        self.rows.push(row);
        if self.held > self.buffer { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.rows.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let start = self.runs.last().map_or(0, |(_, end)| *end);
        let mut out = BufWriter::with_capacity(BLOCK, file);
        let mut end = start;
        let mut line = Vec::new();
        for row in self.rows.drain(..) {
            line.clear();
            serde_json::to_writer(&mut line, &row)?;
            line.push(b'\n');
            out.write_all(&line)?;
            end += line.len() as u64;
        }
        out.flush()?;
        self.runs.push((start, end));
        self.held = 0;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Rows> {
        if self.runs.is_empty() {
            self.rows.sort_unstable();
            return Ok(Rows(Order::Memory(self.rows.into_iter())));
        }
        if !self.rows.is_empty() {
            self.spill()?;
        }
        let Some(file) = self.file else { return Ok(Rows(Order::Memory(Vec::new().into_iter()))) };
        let block = (self.buffer / self.runs.len()).clamp(4 << 10, BLOCK);
        let runs = self.runs.into_iter().map(|(at, end)| Run { at, end, bytes: VecDeque::new() });
        let mut merge = Merge { file, block, runs: runs.collect(), next: BinaryHeap::new() };
        for run in 0..merge.runs.len() {
            merge.refill(run)?;
        }
        Ok(Rows(Order::Merge(merge)))
    }
}

/// Rows by time, then place in the evidence.
#[derive(Debug)]
pub struct Rows(Order);

#[derive(Debug)]
enum Order {
    Memory(vec::IntoIter<Row>),
    Merge(Merge),
}

#[derive(Debug)]
struct Merge {
    file: File,
    block: usize,
    runs: Vec<Run>,
    /// The next row of each run, smallest first.
    next: BinaryHeap<Reverse<(Row, usize)>>,
}

#[derive(Debug)]
struct Run {
    at: u64,
    end: u64,
    bytes: VecDeque<u8>,
}

impl Merge {
    /// Reads the next row of a run.
    fn refill(&mut self, index: usize) -> io::Result<()> {
        let run = &mut self.runs[index];
        let mut line = Vec::new();
        loop {
            if let Some(end) = run.bytes.iter().position(|b| *b == b'\n') {
                line.extend(run.bytes.drain(..=end));
                let row = serde_json::from_slice(&line)?;
                self.next.push(Reverse((row, index)));
                return Ok(());
            }
            line.extend(run.bytes.drain(..));
            let wanted = self.block.min((run.end - run.at) as usize);
            if wanted == 0 {
                return Ok(());
            }
            let mut block = vec![0; wanted];
            self.file.seek(SeekFrom::Start(run.at))?;
            self.file.read_exact(&mut block)?;
            run.at += wanted as u64;
            run.bytes.extend(block);
        }
    }
}

impl Iterator for Rows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Order::Memory(rows) => rows.next().map(Ok),
            Order::Merge(merge) => {
                let Reverse((row, run)) = merge.next.pop()?;
                Some(merge.refill(run).map(|()| row))
            }
        }
    }
}
