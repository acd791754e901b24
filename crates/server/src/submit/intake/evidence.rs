//! Evidence that a supervisor asked for: whether a file was under a package's commitment when it was
//! signed. The file itself need not come; where it does, it is hashed and not kept.

use super::SUPERVISE;
use crate::{
    ctx::Ctx,
    error::Error,
    files::{Files, Sent},
    route::{Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{key, sha256};
use hangtu_ledger::{Membership, Package, Submission};
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

fn proof(bytes: &[u8], submission: &Submission, digest: &str) -> (String, &'static str) {
    let read =
        std::str::from_utf8(bytes).ok().and_then(|text| Membership::parse(text.trim_end()).ok());
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

/// Checks all that came; a file counts as its best proof.
fn checked(sent: &[Sent], package: &Package, digest: &str) -> Vec<Checked> {
    let name = |name: &str| name.chars().filter(|c| !c.is_control()).take(200).collect();
    let is_proof = |s: &&Sent| s.bytes.starts_with(Membership::BEGINS);
    let proofs = sent.iter().filter(is_proof).map(|sent| {
        let (sha256, outcome) = proof(&sent.bytes, package.submission(), digest);
        Checked { file: name(&sent.name), sha256, outcome }
    });
    let mut out: Vec<Checked> = proofs.collect();
    let own = out.len();
    for sent in sent.iter().filter(|s| !is_proof(s)) {
        let sha256 = sha256(&sent.bytes);
        let of = || out[..own].iter().filter(|c| c.sha256 == sha256).map(|c| c.outcome);
        let best = of().find(|o| *o == "proven").or_else(|| of().next());
        let outcome = best.unwrap_or("unproven");
        out.push(Checked { file: name(&sent.name), sha256, outcome });
    }
    out
}

async fn check(ctx: Ctx, Path(id): Path<String>, sent: Files) -> Result<Response, Error> {
    let (package, digest) = {
        let c = &mut *ctx.app.db.read().await?;
        super::review::held_package(c, ctx.organisation()?, &id).await?
    };
    let look = move || checked(&sent.files, &package, &digest);
    let checked = tokio::task::spawn_blocking(look).await.map_err(Error::internal)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
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
