//! Drives inputs through the reader of their format.

use crate::{
    LogMap,
    format::{FORMATS, Format, Settings, Sink},
};
use hangtu_evidence::{EvidenceError, Input, InputSummary, Opened, ReadError, Source, open};
use hangtu_record::{Fields, Time};
use std::{
    io::{self, Cursor, Read},
    iter,
};

/// Bytes looked at to recognise a format.
const HEAD: u64 = 64 << 10;

/// Who is told what happens.
pub trait Observer {
    /// An input is opened; may wrap the bytes as stored (to hash or count them).
    fn open(&mut self, _index: u32, _input: &Input, file: Source) -> Source {
        file
    }
    /// The next event.
    fn event(&mut self, event: &Fields) -> io::Result<()>;
}

/// What was read in all: per input, in the order given.
#[derive(Debug, Default)]
pub struct Summary {
    /// Per input.
    pub inputs: Vec<InputSummary>,
}

/// Reads inputs one after the other. The first has the number `first_index` in records' origins.
pub fn read(
    inputs: &[Input],
    first_index: u32,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Summary, ReadError> {
    let mut summary = Summary::default();
    for (input, index) in inputs.iter().zip(first_index..) {
        let opened = open(input, |file| observer.open(index, input, file))?;
        let compression = opened.compression;
        let (reader, source) = recognise(opened, &input.name(), settings)?;
        let format = format!("{}{compression}", reader.name());
        let mut one = InputSummary { format, ..Default::default() };
        reader.read(source, &mut Sink::new(settings, index, &mut one, observer))?;
        summary.inputs.push(one);
    }
    Ok(summary)
}

/// What reads an input.
enum Reader<'a> {
    Format(&'static Format),
    Map(&'a LogMap),
}

impl Reader<'_> {
    fn name(&self) -> String {
        match self {
            Self::Format(format) => format.name.into(),
            Self::Map(map) => format!("{} ({})", map.format(), map.name()),
        }
    }

    fn read(&self, source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
        match self {
            Self::Format(format) => (format.read)(source, sink),
            Self::Map(map) => map.read(source, sink),
        }
    }
}

/// Finds the reader by the first bytes, and puts them back.
fn recognise<'a>(
    mut opened: Opened,
    name: &str,
    settings: &'a Settings,
) -> Result<(Reader<'a>, Source), EvidenceError> {
    let mut head = Vec::new();
    if let Err(e) = opened.source.by_ref().take(HEAD).read_to_end(&mut head)
        && head.is_empty()
    {
        return Err(opened.failed(e));
    }
    // Tables and lines are text, which holds no NUL unless it is UTF-16 and says so.
    let start = &head[..head.len().min(512)];
    let text =
        !start.contains(&0) || start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
    let map = || {
        let shipped = iter::once_with(settings.shipped).flatten();
        let mut known = settings.maps.iter().chain(shipped);
        text.then(|| known.find(|map| map.recognises(&head)))?.map(Reader::Map)
    };
    let format = || FORMATS.iter().find(|f| (f.recognise)(&head, name)).map(Reader::Format);
    match map().or_else(format) {
        Some(reader) => Ok((reader, Box::new(Cursor::new(head).chain(opened.source)))),
        None => Err(opened.unrecognised()),
    }
}

/// The time of the first event (`Time(0)` for a log without any); `None` when not a log.
pub fn first_time(input: &Input, settings: &Settings) -> Option<Time> {
    struct First(Time);
    impl Observer for First {
        fn event(&mut self, event: &Fields) -> io::Result<()> {
            self.0 = event.time;
            Err(io::Error::other("seen"))
        }
    }
    let opened = open(input, |r| r).ok()?;
    let (reader, source) = recognise(opened, &input.name(), settings).ok()?;
    let (mut first, mut one) = (First(Time(0)), InputSummary::default());
    // Ends with the first event, on purpose.
    let _ = reader.read(source, &mut Sink::new(settings, 0, &mut one, &mut first));
    Some(first.0)
}
