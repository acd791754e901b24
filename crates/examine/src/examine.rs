//! One examination: inputs through decoders and rules to an [`Examination`].

use crate::{
    assets,
    authorise::Authorisations,
    coverage::{self, Given, Ran, Seen},
    evidence::{self, Evidence, Reading},
    judge::{Judge, Judged},
    logs::LogNotes,
    model::{AuthorisationsUsed, Examination, Input as InputModel, Problem, Run, SCHEMA},
    rules::Rules,
};
use hangtu_catalog::{Arg, Bilingual, Catalog, hex, key, sha256};
use hangtu_evidence::{Damage, DamageKind, Input, InputSummary, ReadError, Source};
use hangtu_record::{FieldName, Kind, Record, Time};
use sha2::{Digest, Sha256};
use std::{
    io::{self, Read},
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// The authorisations file as given.
#[derive(Debug)]
pub struct AuthorisationsFile {
    /// Path as given.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub authorisations: Authorisations,
}

/// What an examination is done with.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Control points, matrix.
    pub catalog: &'a Catalog,
    /// Rules.
    pub rules: &'a Rules,
    /// What was approved, when a file says so.
    pub authorisations: Option<&'a AuthorisationsFile>,
    /// How to read evidence.
    pub reading: &'a Reading,
    /// The moment of the examination, for the report only.
    pub now: Time,
}

/// How far an examination has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Bytes read of the files as stored.
    pub bytes: u64,
    /// Records made of them.
    pub records: u64,
    /// Findings among them; those that need the whole evidence are yet to come.
    pub findings: u64,
}

/// Is told how far an examination has come, and may end it.
pub trait Progress {
    /// Called every few hundred records; `Break` ends the examination, which [`stopped`] tells.
    fn at(&mut self, so_far: SoFar) -> ControlFlow<()>;
}

/// Nobody looks.
impl Progress for () {
    fn at(&mut self, _so_far: SoFar) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The reason of an examination that its [`Progress`] ended.
#[derive(Debug, thiserror::Error)]
#[error("stopped on request")]
struct Stopped;

/// Whether the examination ended because its [`Progress`] asked for it.
pub fn stopped(error: &ReadError) -> bool {
    match error {
        ReadError::Observer(e) => {
            e.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Stopped>)
        }
        ReadError::Evidence(_) => false,
    }
}

struct Hashed {
    hash: String,
    bytes: u64,
}

/// Hashes and counts what is read of a file; the rest too when it is closed early, unless the
/// whole examination is.
struct Tee {
    inner: Source,
    hash: Sha256,
    bytes: u64,
    total: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    done: Arc<Mutex<Option<Hashed>>>,
}

impl Read for Tee {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hash.update(&buf[..n]);
        self.bytes += n as u64;
        self.total.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        let mut rest = vec![0; 1 << 16];
        while self.read(&mut rest).is_ok_and(|n| n > 0) {}
        let hash = hex(&std::mem::take(&mut self.hash).finalize());
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        *done = Some(Hashed { hash, bytes: self.bytes });
    }
}

struct Watcher<'a, 'p> {
    judge: Judge<'a>,
    seen: Seen,
    logs: LogNotes,
    progress: &'p mut dyn Progress,
    read: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    hashes: Vec<Arc<Mutex<Option<Hashed>>>>,
}

impl evidence::Observer for Watcher<'_, '_> {
    fn open(&mut self, _index: u32, _input: &Input, file: Source) -> Source {
        let done = Arc::default();
        self.hashes.push(Arc::clone(&done));
        let (total, stop) = (Arc::clone(&self.read), Arc::clone(&self.stop));
        Box::new(Tee { inner: file, hash: Sha256::new(), bytes: 0, total, stop, done })
    }

    fn record(&mut self, record: &dyn Record) {
        self.seen.record(record);
        self.logs.record(record);
        self.judge.record(record);
    }

    fn rest(&mut self) -> io::Result<()> {
        let so_far = SoFar {
            bytes: self.read.load(Ordering::Relaxed),
            records: self.seen.records(),
            findings: self.judge.findings(),
        };
        if self.progress.at(so_far).is_break() {
            self.stop.store(true, Ordering::Relaxed);
            return Err(io::Error::other(Stopped));
        }
        Ok(())
    }
}

/// Examines captures and logs.
pub fn examine(
    evidence: &Evidence,
    setup: &Setup<'_>,
    progress: &mut dyn Progress,
) -> Result<Examination, ReadError> {
    let none = Authorisations { utc_offset: crate::authorise::CHINA, ..Authorisations::default() };
    let authorisations = setup.authorisations.map(|a| &a.authorisations);
    let names = evidence.names();
    let rules = setup.rules;
    let judge = Judge::new(&rules.ruleset, &rules.infos, authorisations, &none, &names);
    let mut watcher = Watcher {
        judge,
        seen: Seen::default(),
        logs: LogNotes::new(evidence.captures < evidence.inputs.len()),
        progress,
        read: Arc::default(),
        stop: Arc::default(),
        hashes: Vec::new(),
    };
    let mut summary = evidence::read(evidence, setup.reading, &mut watcher)?;
    let Watcher { mut judge, mut seen, logs, hashes, .. } = watcher;
    let newest = summary.inputs.iter().filter_map(|i| i.last).max().unwrap_or_default();
    for setting in logs.settings(newest) {
        seen.record(&setting);
        judge.record(&setting);
    }
    let threads = setup.reading.traffic.threads;
    let found = summary.inventory(threads);
    summary.limit("logs", logs.dropped);
    let Judged { findings, covered, correlations, dropped, forgotten } = judge.finish();
    summary.limit("correlations", correlations);
    summary.limit("findings", dropped);
    summary.limit("covered", forgotten);
    let assets = assets::inventory(found.assets, &logs.hosts(), authorisations, &names, threads);
    let given = Given {
        inputs: &summary.inputs,
        captures: evidence.captures,
        logs: logs.sources(),
        seen: &seen,
    };
    let zones = authorisations.is_some_and(|a| !a.zones.is_empty());
    let could = rules.ran(&|kind| given.yields(kind), true, None);
    let ran =
        rules.ran(&|kind| seen.kinds.contains_key(kind.name()), zones, logs.samples().as_deref());
    let of = Ran { could: &could, ran: &ran };
    let coverage = coverage::coverage(
        setup.catalog,
        of,
        given,
        &summary.limits,
        &findings,
        &summary.unreadable,
    );
    let run = Run {
        version: env!("CARGO_PKG_VERSION").into(),
        examined_at: setup.now.to_rfc3339(),
        inputs: inputs_of(&names, &summary.inputs, &hashes),
        rules: ran.len(),
        rule_ids: ran.iter().map(|i| i.id.clone()).collect(),
        rules_sha256: rules.sha256.clone(),
        rule_problems: rules.left_out(),
        own_sha256: rules.own_sha256(),
        covered,
        matrix: setup.catalog.matrix.id.clone(),
        matrix_sha256: setup.catalog.matrix.sha256.clone(),
        authorisations: setup.authorisations.map(|a| AuthorisationsUsed {
            path: a.path.clone(),
            sha256: sha256(a.text.as_bytes()),
            entries: a.authorisations.list.len(),
            zones: a.authorisations.zones.kinds(),
        }),
    };
    Ok(Examination {
        schema: SCHEMA.into(),
        run,
        coverage,
        findings,
        assets,
        conversations: assets::conversations(found.conversations),
        comparison: None,
    })
}

fn inputs_of(
    names: &[String],
    summaries: &[InputSummary],
    hashes: &[Arc<Mutex<Option<Hashed>>>],
) -> Vec<InputModel> {
    names
        .iter()
        .zip(summaries)
        .zip(hashes)
        .map(|((name, one), hashed)| {
            let hashed = hashed.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (sha256, bytes) = hashed.map_or_else(Default::default, |h| (h.hash, h.bytes));
            InputModel {
                path: name.clone(),
                sha256,
                bytes,
                format: one.format.clone(),
                entries: one.entries,
                first: one.first.map(Time::to_rfc3339),
                last: one.last.map(Time::to_rfc3339),
                problems: problems(one),
            }
        })
        .collect()
}

/// What was wrong with an input, as people read it.
pub fn problems(of: &InputSummary) -> Vec<Problem> {
    let damages = &of.damages;
    let mut out: Vec<Problem> = damages.list.iter().map(problem).collect();
    if damages.more > 0 {
        let count = [("count", Arg::Number(damages.more))];
        out.push(Problem {
            offset: damages.list.last().map_or(0, |d| d.offset),
            what: Bilingual::message(key::DAMAGE_MORE, &count),
        });
    }
    out
}

fn problem(damage: &Damage) -> Problem {
    let message = |key, skipped: Option<u64>| {
        Bilingual::message(key, &[("bytes", Arg::Number(skipped.unwrap_or(0)))])
    };
    let what = match damage.kind {
        DamageKind::Truncated => message(key::DAMAGE_TRUNCATED, None),
        DamageKind::BadHeader { skipped } => message(key::DAMAGE_HEADER, Some(skipped)),
        DamageKind::Unreadable { skipped } => message(key::DAMAGE_UNREADABLE, Some(skipped)),
        DamageKind::Stream => message(key::DAMAGE_STREAM, None),
        DamageKind::UnknownInterface => message(key::DAMAGE_INTERFACE, None),
        DamageKind::BadEntry => message(key::DAMAGE_ENTRY, None),
        DamageKind::NoTime => message(key::DAMAGE_NO_TIME, None),
    };
    Problem { offset: damage.offset, what }
}

impl Seen {
    fn record(&mut self, record: &dyn Record) {
        let protocol = match record.first(&FieldName::NetworkProtocol.into()) {
            Some(hangtu_record::Value::Str(name)) => name,
            _ => "",
        };
        self.add(record.kind(), protocol);
    }

    fn add(&mut self, kind: Kind, protocol: &str) {
        *self.kinds.entry(kind.name()).or_default() += 1;
        if let Some(counts) = self.protocols.get_mut(protocol) {
            counts.add(kind);
        } else {
            let mut counts = coverage::Counts::default();
            counts.add(kind);
            self.protocols.insert(protocol.to_owned(), counts);
        }
    }
}
