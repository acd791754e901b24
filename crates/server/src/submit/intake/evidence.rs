//! Evidence that a supervisor asked for: whether a file was under a package's commitment when it was
//! signed. The file itself need not come; where it does, it is hashed and not kept.

use super::SUPERVISE;
use crate::{
    ctx::Ctx,
    error::Error,
    files::Files,
    route::{Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{key, sha256};
use hangtu_ledger::{Membership, Submission};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Checks proofs of evidence against a package, and files against the proofs");
    let doc = doc.takes("application/octet-stream").returns::<Vec<Checked>>();
    r.post("/intake/{id}/evidence", SUPERVISE, doc, check);
}

/// What a file is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Checked {
    file: String,
    /// SHA-256 of the evidence.
    sha256: String,
    /// `proven`: it was under the commitment; `unproven`: no proof came with it; `wrong`: the proof
    /// does not hold; `other`: the proof is one for another package; `broken`: it is no proof.
    outcome: &'static str,
}

#[derive(Template)]
#[template(path = "submit/intake/evidence.html")]
struct EvidencePage<'a> {
    page: Page,
    id: &'a str,
    checked: &'a [Checked],
}

/// What a proof begins with (`hangtu.evidence-proof/1`, its members sorted).
const PROOF: &[u8] = b"{\"evidence\":\"";

fn proof(bytes: &[u8], submission: &Submission, digest: &str) -> (String, &'static str) {
    let read = std::str::from_utf8(bytes).ok().and_then(|text| Membership::parse(text).ok());
    let Some(membership) = read else { return (String::new(), "broken") };
    let outcome = if membership.package.to_string() != digest {
        "other"
    } else if submission.evidence.holds(&membership) {
        "proven"
    } else {
        "wrong"
    };
    (membership.file.to_string(), outcome)
}

async fn check(ctx: Ctx, Path(id): Path<String>, sent: Files) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (package, digest) = super::review::held_package(&mut change, &organisation, &id).await?;
    let (proofs, files): (Vec<_>, Vec<_>) =
        sent.files.into_iter().partition(|f| f.bytes.starts_with(PROOF));
    let name = |name: &str| name.chars().filter(|c| !c.is_control()).take(200).collect();
    let mut checked: Vec<Checked> = Vec::with_capacity(proofs.len() + files.len());
    for sent in &proofs {
        let (sha256, outcome) = proof(&sent.bytes, package.submission(), &digest);
        checked.push(Checked { file: name(&sent.name), sha256, outcome });
    }
    for sent in &files {
        let sha256 = sha256(&sent.bytes);
        let outcome = checked.iter().find(|c| c.sha256 == sha256).map_or("unproven", |c| c.outcome);
        checked.push(Checked { file: name(&sent.name), sha256, outcome });
    }
    let found: Vec<_> =
        checked.iter().map(|c| json!({ "sha256": c.sha256, "outcome": c.outcome })).collect();
    change.note("intake.evidence", format!("intake/{id}"), json!({ "files": found }));
    change.commit().await?;
    ctx.show(key::INTAKE_EVIDENCE, &checked, |page| EvidencePage {
        page,
        id: &id,
        checked: &checked,
    })
}
