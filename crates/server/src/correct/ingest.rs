//! A run meets the findings: new ones open, known ones are seen again, absent ones close where the
//! run proves it. Everything is decided in memory and written in few statements.

use super::{
    Claim, Drilled, Outcome, Tested, claim,
    model::{self, READ, Row, Said},
    policy::{self, Rules},
    state::{State, Step},
};
use crate::{
    auth::new_id,
    clock,
    db::{Actor, Batch, Change},
    error::Error,
};
use hangtu_catalog::{Bilingual, Catalog, Level, key, sha256};
use hangtu_examine::{
    Known, Retest,
    model::{Examination, Finding},
    retest_reason, span,
};
use jiff::Timestamp;
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::{HashMap, HashSet};

/// Rounded up: a moment that is kept must not lie before what it stands for.
fn moment(text: &str) -> Option<i64> {
    let time: Timestamp = text.parse().ok()?;
    i64::try_from((time.as_nanosecond() + 999).div_euclid(1_000)).ok()
}

/// What the run is, beside what it found.
struct Run<'a> {
    id: &'a str,
    source: &'static str,
    /// Names the evidence and what judged it.
    evidence: String,
    first: i64,
    last: i64,
    span: i64,
    /// As which it re-tests what was known, when it is an examination.
    retest: Option<Retest<'a>>,
}

impl Run<'_> {
    /// What a re-test of this finding must match.
    fn saw(&self, row: &mut Row) {
        row.span = self.span;
        if let Some(retest) = &self.retest {
            row.seen = retest.seen(&row.subject);
            retest.own(&row.rule).clone_into(&mut row.filter);
        }
    }
}

/// The findings of one source while a run is taken in.
struct Book {
    rows: Vec<Row>,
    /// The latest finding of each fingerprint.
    latest: HashMap<String, usize>,
    changed: HashSet<usize>,
    details: HashMap<usize, String>,
    sightings: Vec<(usize, i64)>,
    /// What happened: the finding, the step, the reason.
    told: Vec<(usize, Step, Bilingual, String)>,
    last: i64,
    now: i64,
    /// How long each level may stay.
    rules: Rules,
    outcome: Outcome,
}

/// See [`super::ingest`].
pub(super) async fn ingest(
    catalog: &Catalog,
    change: &mut Change,
    run: &str,
    tested: Tested<'_>,
) -> Result<Outcome, Error> {
    let now = clock::now();
    let run = match tested {
        Tested::Examination(e) => Run {
            id: run,
            source: "examination",
            evidence: evidence(e),
            first: e.coverage.first.as_deref().and_then(clock::parse).unwrap_or(0),
            last: e.coverage.last.as_deref().and_then(moment).unwrap_or(0),
            span: span(e),
            retest: Some(Retest::new(e)),
        },
        Tested::Answers(_) => {
            let evidence = run.into();
            let (first, last, span) = (now, now, 0);
            Run { id: run, source: "answers", evidence, first, last, span, retest: None }
        }
        Tested::Drill(d) => Run {
            id: run,
            source: "drill",
            evidence: run.into(),
            first: d.first,
            last: d.last,
            span: 0,
            retest: None,
        },
    };
    let last = model::lock(change).await?;
    if taken(change, &run).await? {
        return Ok(Outcome::default());
    }
    let mut book = Book::open(catalog, change, &run, last, now).await?;
    book.lapse();
    match tested {
        Tested::Examination(e) => book.examination(&run, e)?,
        Tested::Answers(claims) => book.answers(catalog, &run, claims)?,
        Tested::Drill(drilled) => book.drill(&run, drilled)?,
    }
    book.write(change, &run).await
}

/// Names evidence and what judged it: other rules over the same evidence may open findings.
fn evidence(of: &Examination) -> String {
    let mut parts: Vec<&str> = of.run.inputs.iter().map(|i| i.sha256.as_str()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.extend([of.run.rules_sha256.as_str(), of.run.matrix_sha256.as_str()]);
    parts.extend(of.run.authorisations.iter().map(|a| a.sha256.as_str()));
    sha256(parts.join(" ").as_bytes())
}

async fn taken(change: &mut Change, run: &Run<'_>) -> Result<bool, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM taken_in WHERE organisation = $1 AND (run = $2 OR evidence = $3)",
    )
    .bind(change.organisation().to_owned())
    .bind(run.id)
    .bind(&run.evidence)
    .fetch_one(&mut **change)
    .await?;
    Ok(n > 0)
}

impl Book {
    async fn open(
        catalog: &Catalog,
        change: &mut Change,
        run: &Run<'_>,
        last: i64,
        now: i64,
    ) -> Result<Self, Error> {
        let sql = format!(
            "SELECT {READ} FROM finding WHERE organisation = $1 AND source = $2 ORDER BY number"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(change.organisation().to_owned())
            .bind(run.source)
            .fetch_all(&mut **change)
            .await?;
        let latest = rows.iter().enumerate().map(|(at, r)| (r.fingerprint.clone(), at)).collect();
        let organisation = change.organisation().to_owned();
        Ok(Self {
            rules: policy::rules(catalog, change, &organisation).await?,
            rows,
            latest,
            changed: HashSet::new(),
            details: HashMap::new(),
            sightings: Vec::new(),
            told: Vec::new(),
            last,
            now,
            outcome: Outcome::default(),
        })
    }

    /// Takes a step that the machine allows; what it does not allow is left.
    fn step(&mut self, at: usize, step: Step, reason: Bilingual, text: &str) {
        if self.rows[at].take(step).is_ok() {
            self.changed.insert(at);
            self.told.push((at, step, reason, text.into()));
        }
    }

    fn lapse(&mut self) {
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            let lapsed = row.accepted_until.is_some_and(|until| until < self.now);
            if row.state() == State::Accepted && lapsed {
                self.step(at, Step::Lapse, Bilingual::default(), "");
            }
        }
    }

    fn examination(&mut self, run: &Run<'_>, e: &Examination) -> Result<(), Error> {
        for finding in &e.findings {
            self.detected(run, finding)?;
        }
        let found: HashSet<&str> = e.findings.iter().map(|f| f.fingerprint.as_str()).collect();
        let Some(retest) = &run.retest else { return Ok(()) };
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            if !row.state().needs_work() || found.contains(row.fingerprint.as_str()) {
                continue;
            }
            let judged = retest.judge(&Known {
                fingerprint: &row.fingerprint,
                rule: &row.rule,
                subject: &row.subject,
                after: clock::stamp(row.settled()),
                span: row.span,
                seen: row.seen,
                own: &row.filter,
                // Neither link addresses nor zones of that run are kept with the finding.
                macs: &[],
                moved: false,
            });
            if judged.is_ok() {
                let reason = retest_reason(&row.subject, judged);
                self.prove(at, run, reason);
            } else {
                self.outcome.not_retested += 1;
            }
        }
        Ok(())
    }

    fn prove(&mut self, at: usize, run: &Run<'_>, reason: Bilingual) {
        self.step(at, Step::Prove, reason, "");
        let row = &mut self.rows[at];
        row.closed = Some(self.now);
        row.barrier = row.barrier.max(run.first);
        self.outcome.closed += 1;
    }

    /// The run found it.
    fn detected(&mut self, run: &Run<'_>, d: &Finding) -> Result<(), Error> {
        let (Some(first), Some(last)) = (clock::parse(&d.first), moment(&d.last)) else {
            return Err(Error::internal(format!("{}: times", d.fingerprint)));
        };
        let count = d.count as i64;
        let at = match self.latest.get(&d.fingerprint).copied() {
            None => self.new_row(run, d, first, last, ""),
            Some(at) => {
                let row = &self.rows[at];
                let over = matches!(row.state(), State::Closed | State::NotApplicable);
                if over && last > row.settled() {
                    let earlier = row.id.clone();
                    self.new_row(run, d, first, last, &earlier)
                } else {
                    self.outcome.seen += 1;
                    if !over {
                        self.again(at, run, d, first, last)?;
                    }
                    self.sightings.push((at, count));
                    return Ok(());
                }
            }
        };
        self.details.insert(at, serde_json::to_string(d).map_err(Error::internal)?);
        self.sightings.push((at, count));
        self.outcome.opened += 1;
        Ok(())
    }

    /// Known and seen again; evidence of an earlier time only completes what is known.
    fn again(
        &mut self,
        at: usize,
        run: &Run<'_>,
        d: &Finding,
        first: i64,
        last: i64,
    ) -> Result<(), Error> {
        let row = &mut self.rows[at];
        // Where the spans overlap, the same occurrences must not count twice.
        let apart = first > row.last_seen || last < row.first_seen;
        let count = d.count as i64;
        row.count = if apart { row.count + count } else { row.count.max(count) };
        row.first_seen = row.first_seen.min(first);
        self.changed.insert(at);
        if last <= row.last_seen {
            return Ok(());
        }
        row.last_seen = last;
        run.saw(row);
        run.id.clone_into(&mut row.run_last);
        describe(row, d);
        let disproved = row.state() == State::Retest && last > row.barrier;
        self.details.insert(at, serde_json::to_string(d).map_err(Error::internal)?);
        if disproved {
            self.step(at, Step::Seen, Bilingual::default(), "");
        }
        Ok(())
    }

    fn new_row(&mut self, run: &Run<'_>, d: &Finding, first: i64, last: i64, of: &str) -> usize {
        self.last += 1;
        let mut row = Row {
            id: new_id(),
            number: self.last,
            source: run.source.into(),
            fingerprint: d.fingerprint.clone(),
            rule: d.rule.clone(),
            subject: d.subject.clone(),
            peer: d.peer.clone().unwrap_or_default(),
            class: d.class.clone().unwrap_or_default(),
            state: State::Open.word().into(),
            due: Some(self.rules.due(d.level)),
            opened: self.now,
            first_seen: first,
            last_seen: last,
            count: d.count as i64,
            run_first: run.id.into(),
            run_last: run.id.into(),
            recurrence_of: of.into(),
            ..Row::default()
        };
        run.saw(&mut row);
        describe(&mut row, d);
        let at = self.rows.len();
        self.rows.push(row);
        self.latest.insert(d.fingerprint.clone(), at);
        self.changed.insert(at);
        at
    }

    fn answers(&mut self, catalog: &Catalog, run: &Run<'_>, claims: &[Claim]) -> Result<(), Error> {
        let mut told = HashSet::new();
        for c in claims {
            let Some(finding) = claim::finding(catalog, c, self.now) else { continue };
            told.insert(finding.fingerprint.clone());
            let known = self.latest.get(&finding.fingerprint).copied();
            let working = known.filter(|at| self.rows[*at].state().needs_work());
            match (c.means, working) {
                ("unmet" | "partly", _) => self.detected(run, &finding)?,
                ("met", Some(at)) => self.prove(at, run, claim::proof()),
                ("not-applicable", Some(at)) => {
                    self.step(at, Step::Answer, Bilingual::default(), &c.note);
                    self.rows[at].barrier = self.now;
                    self.outcome.closed += 1;
                }
                _ => {}
            }
        }
        let left = |r: &&Row| r.state().needs_work() && !told.contains(&r.fingerprint);
        self.outcome.not_retested = self.rows.iter().filter(left).count() as u64;
        Ok(())
    }

    /// A later drill that tries the same action proves that it is mastered now.
    fn drill(&mut self, run: &Run<'_>, drilled: &Drilled) -> Result<(), Error> {
        for finding in &drilled.failed {
            self.detected(run, finding)?;
        }
        let failed = |r: &Row| drilled.failed.iter().any(|f| f.fingerprint == r.fingerprint);
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            if !row.state().needs_work() || failed(row) {
                continue;
            }
            // What was mended after the drill had begun is not proven by it.
            if drilled.met.contains(&row.fingerprint) && run.first > row.settled() {
                self.prove(at, run, Bilingual::message(key::FINDING_DRILL_MET, &[]));
            } else {
                self.outcome.not_retested += 1;
            }
        }
        Ok(())
    }

    async fn write(mut self, change: &mut Change, run: &Run<'_>) -> Result<Outcome, Error> {
        let organisation = change.organisation().to_owned();
        let system = Actor::system(&organisation);
        for (at, ..) in self.told.clone() {
            // What is over waits for nobody.
            if !self.rows[at].state().needs_work() {
                model::drop_request(change, &mut self.rows[at]).await?;
            }
        }
        let mut changed: Vec<usize> = self.changed.iter().copied().collect();
        changed.sort_unstable();
        let mut batch = model::rows();
        for at in changed {
            batch.add(change, self.rows[at].values(&organisation)).await?;
        }
        batch.flush(change).await?;
        let mut batch = Batch::put("finding_detail", &["finding", "organisation", "detail"]);
        for (at, detail) in std::mem::take(&mut self.details) {
            let id = (&self.rows[at].id).into();
            batch.add(change, [id, organisation.as_str().into(), detail.as_str().into()]).await?;
        }
        batch.flush(change).await?;
        let mut batch = Batch::insert("sighting", &["organisation", "run", "finding", "count"]);
        for (at, count) in &self.sightings {
            let id = (&self.rows[*at].id).into();
            let row = [organisation.as_str().into(), run.id.into(), id, (*count).into()];
            batch.add(change, row).await?;
        }
        batch.flush(change).await?;
        let mut batch = model::events();
        for (at, step, reason, text) in &self.told {
            let row = &self.rows[*at];
            let said = Said { text, reason: Some(reason), run: run.id };
            batch.add(change, model::event(&system, row, *step, said)).await?;
            let detail = json!({ "number": row.number, "run": run.id, "state": row.state });
            change.note(step.action(), format!("finding/{}", row.id), detail);
        }
        batch.flush(change).await?;
        self.close(change, run).await
    }

    async fn close(self, change: &mut Change, run: &Run<'_>) -> Result<Outcome, Error> {
        let organisation = change.organisation().to_owned();
        sqlx::query("UPDATE finding_counter SET last = $2 WHERE organisation = $1")
            .bind(&organisation)
            .bind(self.last)
            .execute(&mut **change)
            .await?;
        let levels: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT level_rank, COUNT(*) FROM finding WHERE organisation = $1 AND work = 1 \
             GROUP BY level_rank",
        )
        .bind(&organisation)
        .fetch_all(&mut **change)
        .await?;
        let mut work = [0_i64; Level::ALL.len()];
        for (rank, n) in levels {
            work[usize::try_from(rank).map_err(Error::internal)?] = n;
        }
        let Outcome { opened, seen, closed, not_retested } = self.outcome;
        sqlx::query(
            "INSERT INTO taken_in (organisation, run, source, evidence, time, first, last, opened, \
             seen, closed, not_retested, work) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
             $11, $12)",
        )
        .bind(&organisation)
        .bind(run.id)
        .bind(run.source)
        .bind(&run.evidence)
        .bind(self.now)
        .bind(run.first)
        .bind(run.last)
        .bind(opened as i64)
        .bind(seen as i64)
        .bind(closed as i64)
        .bind(not_retested as i64)
        .bind(json!(work).to_string())
        .execute(&mut **change)
        .await?;
        let counts = json!({ "opened": opened, "seen": seen, "closed": closed,
            "not_retested": not_retested });
        change.note("finding.ingest", format!("run/{}", run.id), counts);
        Ok(self.outcome)
    }
}

/// What the rule says of it now.
fn describe(row: &mut Row, d: &Finding) {
    row.title_zh = d.title.zh.to_string();
    row.title_en = d.title.en.to_string();
    row.scenario = d.scenario.name().into();
    row.level = d.level.name().into();
    row.controls = format!(" {} ", d.controls.join(" "));
}
