//! The job that examines: the same examination as the command line, kept with what it saw.

use super::{runs, store};
use crate::{
    App, authorise, clock,
    correct::{self, Tested},
    db::{Actor, Change},
    error::Error,
    jobs::{Ending, Job, Progress},
    supervise,
};
use futures_util::future::BoxFuture;
use hangtu_catalog::{Arg, Bilingual, Catalog, Level, Scenario, key, key::Key};
use hangtu_evidence::{EvidenceError, Input, ReadError};
use hangtu_examine::{
    AuthorisationsFile, Evidence, Reading, Rules, Setup, SoFar,
    authorise::CHINA,
    examine, model,
    model::{CheckStatus, Examination},
    stopped,
};
use hangtu_record::Time;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Level of compression of what is kept.
const COMPRESSION: i32 = 6;

pub(crate) fn run(
    app: App,
    job: Job,
    progress: Arc<Progress>,
) -> BoxFuture<'static, Result<Ending, Error>> {
    Box::pin(async move {
        let id = job.subject.strip_prefix("run/").unwrap_or_default().to_owned();
        let plan = {
            let mut connection = app.db.read().await?;
            let run = runs::load(&mut connection, &job.organisation, &id).await?;
            if run.examined.is_some() {
                // The program ended between the run's end and the job's.
                return Ok(Ending::Done);
            }
            let evidence = store::of_run(&mut connection, &job.organisation, &id).await?;
            let packs = supervise::packs(&mut connection, &job.organisation).await?;
            Plan { packs, ..Plan::new(&app, &run.folder, &evidence) }
        };
        let plan = Plan { authorisations: authorise::file(&app, &job.organisation).await?, ..plan };
        let document = runs::document(&app, &id);
        let work = {
            let app = app.clone();
            move || plan.examine(&app, &progress, &document)
        };
        match tokio::task::spawn_blocking(work).await.map_err(Error::internal)? {
            Ok(Some(done)) => {
                let mut change = app.db.change(&Actor::system(&job.organisation)).await?;
                keep(&app.catalog, &mut change, &id, &done).await?;
                // Last: it may go on on behalf of a supervisor.
                let ran = &done.examination.run.rule_ids;
                supervise::examined(&mut change, ran, done.examined).await?;
                change.commit().await?;
                Ok(Ending::Done)
            }
            Ok(None) => Ok(Ending::Cancelled),
            Err(why) => {
                let mut change = app.db.change(&Actor::system(&job.organisation)).await?;
                fail(&mut change, &id, &why).await?;
                change.commit().await?;
                Err(Error::Internal(why.en.to_string()))
            }
        }
    })
}

/// What is to be read and how.
struct Plan {
    paths: Vec<PathBuf>,
    called: BTreeMap<PathBuf, String>,
    authorisations: Option<AuthorisationsFile>,
    /// Rules of bulletins, beside those of the program: name and text.
    packs: Vec<(String, String)>,
}

/// An examination that is done and stored.
struct Done {
    examination: Examination,
    examined: i64,
    others: Vec<String>,
}

fn say(key: Key, args: &[(&str, Arg<'_>)]) -> Bilingual {
    Bilingual::message(key, args)
}

fn disk(error: &impl std::fmt::Display) -> Bilingual {
    say(key::RUN_FAILED_DISK, &[("why", error.to_string().as_str().into())])
}

impl Plan {
    fn new(app: &App, folder: &str, evidence: &[store::Evidence]) -> Self {
        let mut called = BTreeMap::new();
        let mut names = BTreeSet::new();
        let mut paths: Vec<PathBuf> =
            (!folder.is_empty()).then(|| folder.into()).into_iter().collect();
        for one in evidence {
            let path = store::path(app, &one.sha256);
            // Two files of one name are told apart by their content.
            let name = if names.insert(one.name.as_str()) {
                one.name.clone()
            } else {
                format!("{} ({})", one.name, &one.sha256[..8])
            };
            called.insert(path.clone(), name);
            paths.push(path);
        }
        Self { paths, called, authorisations: None, packs: Vec::new() }
    }

    fn name(&self, path: &str) -> String {
        self.called.get(Path::new(path)).cloned().unwrap_or_else(|| path.to_owned())
    }

    fn unreadable(&self, error: &EvidenceError) -> Bilingual {
        match error {
            EvidenceError::Io { path, source } => say(
                key::RUN_FAILED_FILE,
                &[
                    ("path", self.name(path).as_str().into()),
                    ("why", source.to_string().as_str().into()),
                ],
            ),
            EvidenceError::Unrecognised { path, .. } => {
                say(key::RUN_FAILED_KIND, &[("path", self.name(path).as_str().into())])
            }
        }
    }

    /// The evidence there is; chosen files of no known kind are told, not fatal.
    fn find(&self, reading: &Reading) -> Result<(Evidence, Vec<String>), Bilingual> {
        let (mut known, mut others) = (Vec::new(), Vec::new());
        for path in &self.paths {
            match Evidence::find(std::slice::from_ref(path), reading) {
                Ok(_) => known.push(path.clone()),
                Err(EvidenceError::Unrecognised { path, .. }) => others.push(self.name(&path)),
                Err(e) => return Err(self.unreadable(&e)),
            }
        }
        let mut evidence = Evidence::find(&known, reading).map_err(|e| self.unreadable(&e))?;
        if evidence.inputs.is_empty() {
            return Err(say(key::RUN_FAILED_NOTHING, &[]));
        }
        evidence.called.clone_from(&self.called);
        others.extend(evidence.others.iter().map(|p| p.display().to_string()));
        Ok((evidence, others))
    }

    /// Examines and stores what came of it; nothing when it was asked to end.
    fn examine(
        self,
        app: &App,
        progress: &Progress,
        document: &Path,
    ) -> Result<Option<Done>, Bilingual> {
        let site = app.config.data.join("rules");
        let sites = if site.is_dir() { vec![site] } else { Vec::new() };
        let rules = Rules::load_with(&app.catalog, &sites, &self.packs).map_err(|e| disk(&e))?;
        let offset = self.authorisations.as_ref().map_or(CHINA, |a| a.authorisations.utc_offset);
        let examined = clock::now();
        let now = Time(examined.saturating_mul(1_000));
        let reading = Reading::new(offset as i32, now);
        let (evidence, others) = self.find(&reading)?;
        let total = evidence.inputs.iter().filter_map(Input::size).sum();
        progress.total.store(total, Ordering::Relaxed);
        let setup = Setup {
            catalog: &app.catalog,
            rules: &rules,
            authorisations: self.authorisations.as_ref(),
            reading: &reading,
            now,
        };
        let examination = match examine(&evidence, &setup, &mut Told(progress)) {
            Ok(examination) => examination,
            Err(e) if stopped(&e) => return Ok(None),
            Err(ReadError::Evidence(e)) => return Err(self.unreadable(&e)),
            Err(ReadError::Observer(e)) => return Err(disk(&e)),
        };
        if progress.ends() {
            return Ok(None);
        }
        write(document, &examination).map_err(|e| disk(&e))?;
        Ok(Some(Done { examination, examined, others }))
    }
}

/// Tells the queue how far it is.
struct Told<'a>(&'a Progress);

impl hangtu_examine::Progress for Told<'_> {
    fn at(&mut self, so_far: SoFar) -> ControlFlow<()> {
        self.0.bytes.store(so_far.bytes, Ordering::Relaxed);
        self.0.records.store(so_far.records, Ordering::Relaxed);
        self.0.findings.store(so_far.findings, Ordering::Relaxed);
        if self.0.ends() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Keeps the whole examination, durable before the run says that it is done.
fn write(path: &Path, examination: &Examination) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let begun = path.with_extension("part");
    let file = io::BufWriter::new(fs::File::create(&begun)?);
    let mut packed = zstd::Encoder::new(file, COMPRESSION)?;
    serde_json::to_writer(&mut packed, examination)?;
    let mut file = packed.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(&begun, path)?;
    store::sync(folder)
}

async fn fail(change: &mut Change, id: &str, why: &Bilingual) -> Result<(), Error> {
    sqlx::query("UPDATE run SET error_zh = $3, error_en = $4 WHERE id = $1 AND organisation = $2")
        .bind(id)
        .bind(change.organisation().to_owned())
        .bind(why.zh.to_string())
        .bind(why.en.to_string())
        .execute(&mut **change)
        .await?;
    change.note("run.fail", format!("run/{id}"), json!({ "why": why.en }));
    Ok(())
}

/// Findings by level and by scenario.
fn tallies(examination: &Examination) -> Value {
    let count =
        |f: &dyn Fn(&model::Finding) -> bool| examination.findings.iter().filter(|x| f(x)).count();
    let levels: serde_json::Map<String, Value> = Level::ALL
        .iter()
        .map(|l| (l.name().to_owned(), count(&|f| f.level == *l).into()))
        .collect();
    let scenarios: serde_json::Map<String, Value> = Scenario::ALL
        .iter()
        .map(|s| (s.name().to_owned(), count(&|f| f.scenario == *s).into()))
        .collect();
    json!({ "levels": levels, "scenarios": scenarios })
}

/// The run, what it observed and what it did to the findings, in one change.
async fn keep(catalog: &Catalog, change: &mut Change, id: &str, done: &Done) -> Result<(), Error> {
    let (examination, coverage) = (&done.examination, &done.examination.coverage);
    let organisation = change.organisation().to_owned();
    observe(change, id, done).await?;
    let time = |text: &Option<String>| text.as_deref().and_then(clock::parse);
    let measured = coverage.checks.iter().filter(|c| c.status == CheckStatus::Measured).count();
    let json = |value: serde_json::Result<String>| value.map_err(Error::internal);
    sqlx::query(
        "UPDATE run SET examined = $3, first = $4, last = $5, complete = $6, records = $7, \
         findings = $8, rules = $9, measured = $10, checks = $11, inputs = $12, coverage = $13, \
         tallies = $14, others = $15, error_zh = '', error_en = '' \
         WHERE id = $1 AND organisation = $2",
    )
    .bind(id)
    .bind(&organisation)
    .bind(done.examined)
    .bind(time(&coverage.first))
    .bind(time(&coverage.last))
    .bind(i64::from(coverage.complete))
    .bind(coverage.records.values().sum::<u64>() as i64)
    .bind(examination.findings.len() as i64)
    .bind(examination.run.rules as i64)
    .bind(measured as i64)
    .bind(coverage.checks.len() as i64)
    .bind(json(serde_json::to_string(&examination.run.inputs))?)
    .bind(json(serde_json::to_string(coverage))?)
    .bind(tallies(examination).to_string())
    .bind(json(serde_json::to_string(&done.others))?)
    .execute(&mut **change)
    .await?;
    let outcome = correct::ingest(catalog, change, id, Tested::Examination(examination)).await?;
    let outcome = json!({
        "opened": outcome.opened,
        "seen": outcome.seen,
        "closed": outcome.closed,
        "not_retested": outcome.not_retested,
    });
    sqlx::query("UPDATE run SET outcome = $3 WHERE id = $1 AND organisation = $2")
        .bind(id)
        .bind(&organisation)
        .bind(outcome.to_string())
        .execute(&mut **change)
        .await?;
    let hashes: Vec<&str> = examination.run.inputs.iter().map(|i| i.sha256.as_str()).collect();
    let detail = json!({
        "findings": examination.findings.len(),
        "complete": coverage.complete,
        "inputs": hashes,
        "rules_sha256": examination.run.rules_sha256,
        "outcome": outcome,
    });
    change.note("run.done", format!("run/{id}"), detail);
    Ok(())
}

async fn observe(change: &mut Change, id: &str, done: &Done) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    for check in &done.examination.coverage.checks {
        let (status, speaks) = match check.status {
            CheckStatus::Measured => ("measured", true),
            CheckStatus::NotMeasured => ("not-measured", false),
            CheckStatus::Error => ("error", true),
        };
        if speaks {
            sqlx::query(
                "UPDATE observation SET latest = 0 \
                 WHERE organisation = $1 AND latest = 1 AND control = $2",
            )
            .bind(&organisation)
            .bind(&check.id)
            .execute(&mut **change)
            .await?;
        }
        sqlx::query(
            "INSERT INTO observation (run, organisation, control, status, findings, time, latest) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(&organisation)
        .bind(&check.id)
        .bind(status)
        .bind(check.findings as i64)
        .bind(done.examined)
        .bind(i64::from(speaks))
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}
