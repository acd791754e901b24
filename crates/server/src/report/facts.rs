//! What a report says, gathered once and frozen: every file of a report is made of these facts.

use crate::{
    App, answer, audit,
    auth::Who,
    correct::{self, state::State},
    error::Error,
    examine, home, people,
};
use futures_util::TryStreamExt;
use hangtu_catalog::{Bilingual, Catalog};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

/// The facts of a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Schema of this file.
    pub(super) schema: String,
    pub(super) id: String,
    /// As people read it, e.g. `2026-0001`.
    pub(super) number: String,
    pub(super) made: i64,
    pub(super) person_name: String,
    pub(super) organisation: OrganisationFacts,
    /// Version of the questionnaire's content.
    pub(super) catalogue: u32,
    pub(super) runs: Vec<RunFacts>,
    pub(super) controls: Vec<ControlFacts>,
    pub(super) findings: Vec<FindingFacts>,
    /// The ledger's size and root when the report was made.
    pub(super) ledger_size: u64,
    pub(super) ledger_root: String,
}

/// Whom it is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OrganisationFacts {
    pub(super) name: String,
    pub(super) credit_code: String,
    pub(super) region: Bilingual,
    pub(super) industry: Bilingual,
}

/// An examination it rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunFacts {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) time: i64,
    /// The span of the evidence.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Whether it was read to its end without damage.
    pub(super) complete: bool,
    pub(super) inputs: u64,
    pub(super) bytes: u64,
    pub(super) records: u64,
}

/// A control point: what was claimed and what was observed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ControlFacts {
    pub(super) id: String,
    pub(super) title: Bilingual,
    pub(super) scenarios: Vec<String>,
    /// `met`, `partly`, `unmet`, `not-applicable`; absent while blank.
    pub(super) claim: Option<String>,
    /// `measured`, `stale` or `error`; absent while never measured.
    pub(super) observed: Option<String>,
    /// Open findings on it.
    pub(super) open: u64,
}

impl ControlFacts {
    /// Whether anybody or anything has said something of it.
    pub(super) fn spoken_of(&self) -> bool {
        self.claim.is_some() || self.observed.is_some()
    }
}

/// A finding and the state of its correction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FindingFacts {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) fingerprint: String,
    pub(super) rule: String,
    pub(super) subject: String,
    pub(super) title: Bilingual,
    pub(super) description: Bilingual,
    pub(super) advice: Bilingual,
    pub(super) scenario: String,
    pub(super) level: String,
    pub(super) state: String,
    pub(super) owner: Option<String>,
    pub(super) due: Option<i64>,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: i64,
    pub(super) controls: Vec<String>,
}

impl FindingFacts {
    /// Whether something is still to be done, or is only tolerated.
    pub(super) fn is_open(&self) -> bool {
        let settled = [State::Closed, State::NotApplicable];
        !State::from_word(&self.state).is_some_and(|s| settled.contains(&s))
    }
}

/// Everything that is known at this moment.
pub(super) async fn gather(app: &App, who: &Who, id: &str) -> Result<Facts, Error> {
    let organisation = who.organisation.as_str();
    correct::settle(app, organisation).await;
    let c = &mut *app.db.read().await?;
    let findings = findings(c, organisation).await?;
    let edge = audit::committed(c, organisation).await?;
    Ok(Facts {
        schema: "hangtu-report-1".into(),
        id: id.into(),
        number: String::new(),
        made: crate::clock::now(),
        person_name: who.name.clone(),
        organisation: self::organisation(&app.catalog, c, organisation).await?,
        catalogue: app.catalog.questionnaire.version,
        runs: runs(c, organisation).await?,
        controls: controls(&app.catalog, c, organisation, &findings).await?,
        findings,
        ledger_size: edge.size(),
        ledger_root: edge.root().to_string(),
    })
}

async fn organisation(
    catalog: &Catalog,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<OrganisationFacts, Error> {
    let (name, credit_code, region, industry): (String, String, String, String) = sqlx::query_as(
        "SELECT name, credit_code, region, industry FROM organisation WHERE id = $1",
    )
    .bind(organisation)
    .fetch_one(c)
    .await?;
    let unknown = |code: &str| Bilingual::new(code, code);
    let of_region = catalog.regions.iter().find(|r| r.code == region);
    let of_industry = catalog.industries.iter().find(|i| i.code == industry);
    Ok(OrganisationFacts {
        name,
        credit_code,
        region: of_region.map_or_else(|| unknown(&region), |r| r.name.clone()),
        industry: of_industry.map_or_else(|| unknown(&industry), |i| i.name.clone()),
    })
}

async fn runs(c: &mut AnyConnection, organisation: &str) -> Result<Vec<RunFacts>, Error> {
    let runs = examine::done(c, organisation).await?;
    Ok(runs
        .into_iter()
        .map(|run| RunFacts {
            id: run.id,
            number: run.number,
            time: run.examined,
            first: run.first,
            last: run.last,
            complete: run.complete,
            inputs: run.inputs,
            bytes: run.bytes,
            records: run.records,
        })
        .collect())
}

async fn findings(c: &mut AnyConnection, organisation: &str) -> Result<Vec<FindingFacts>, Error> {
    let people = people::colleagues(c, organisation).await?;
    let name = |id: &str| people.iter().find(|p| p.id == id).map(|p| p.name.clone());
    correct::facts::all(c, organisation)
        .map_ok(|(row, last)| FindingFacts {
            title: row.title(),
            controls: row.controls().map(str::to_owned).collect(),
            owner: name(&row.owner),
            due: row.due.filter(|_| row.state().needs_work()),
            id: row.id,
            number: row.number,
            fingerprint: row.fingerprint,
            rule: row.rule,
            subject: row.subject,
            description: last.description,
            advice: last.advice,
            scenario: row.scenario,
            level: row.level,
            state: row.state,
            first: row.first_seen,
            last: row.last_seen,
            count: row.count,
        })
        .try_collect()
        .await
}

async fn controls(
    catalog: &Catalog,
    c: &mut AnyConnection,
    organisation: &str,
    findings: &[FindingFacts],
) -> Result<Vec<ControlFacts>, Error> {
    let observed = examine::observed(c, organisation).await?;
    let claims = answer::claims(c, organisation).await?;
    let now = crate::clock::now();
    let control = |control: &hangtu_catalog::Control| {
        let against = findings.iter().filter(|f| f.is_open() && f.controls.contains(&control.id));
        let observed = observed.get(&control.id).map(|o| match o.status.as_str() {
            "measured" if home::fresh(o.time, now) => "measured",
            "measured" => "stale",
            _ => "error",
        });
        ControlFacts {
            id: control.id.clone(),
            title: Bilingual::from(&control.title),
            scenarios: control.scenarios.iter().map(|s| s.name().to_owned()).collect(),
            claim: claims.get(&control.id).map(|c| c.means.clone()),
            observed: observed.map(str::to_owned),
            open: against.count() as u64,
        }
    };
    Ok(catalog.controls.iter().map(control).collect())
}
