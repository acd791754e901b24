//! The crate through its public door: text in, events out.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod bytes;
mod formats;
mod maps;
mod powershell;
mod real;

use hangtu_evidence::{Input, InputSummary};
use hangtu_logs::{LogMap, Observer, Settings, read};
use hangtu_record::{Fields, Time, Value};
use std::{fmt::Write, io};

struct Keep(Vec<Fields>);

impl Observer for Keep {
    fn event(&mut self, event: &Fields) -> io::Result<()> {
        self.0.push(event.clone());
        Ok(())
    }
}

pub(crate) fn settings() -> Settings {
    let now = Time(1_798_675_200_000_000_000);
    Settings { utc_offset: 8 * 3600, now, maps: maps(), ..Settings::default() }
}

/// The maps the program ships.
pub(crate) fn maps() -> Vec<LogMap> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/logmaps");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        LogMap::parse(&path.display().to_string(), &text).unwrap_or_else(|e| panic!("{e}"))
    };
    files.iter().map(read).collect()
}

/// What is read from bytes; nothing when they are no log.
pub(crate) fn try_events(bytes: &[u8]) -> Option<(Vec<Fields>, InputSummary)> {
    let mut keep = Keep(Vec::new());
    let input = Input::Memory("log".into(), bytes.into());
    let mut summary = read(&[input], 0, &settings(), &mut keep).ok()?;
    Some((keep.0, summary.inputs.remove(0)))
}

pub(crate) fn events(bytes: &[u8]) -> (Vec<Fields>, InputSummary) {
    try_events(bytes).expect("a log")
}

/// Events as lines, for snapshots.
pub(crate) fn show(bytes: &[u8]) -> String {
    let (events, summary) = events(bytes);
    let mut out = summary.format.clone();
    for event in &events {
        let origin = event.origin;
        write!(out, "\n{} #{} @{}", event.time.to_rfc3339(), origin.number, origin.offset).unwrap();
        for (name, value) in event.iter() {
            match value {
                Value::Str(text) => write!(out, "\n  {name}: {text:?}").unwrap(),
                value => write!(out, "\n  {name}: {value}").unwrap(),
            }
        }
    }
    for damage in &summary.damages.list {
        write!(out, "\n! {} {:?}", damage.offset, damage.kind).unwrap();
    }
    out
}
