//! Packages that came as files, one or many.

use super::{
    SUPERVISE,
    take::{self, Became, By},
};
use crate::{
    ctx::Ctx,
    db::nothing_to_change,
    error::Error,
    files::Files,
    route::{Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Takes in package files, any number of times and in any order");
    let doc = doc.takes("application/octet-stream").returns::<Vec<Outcome>>();
    r.post("/intake/files", SUPERVISE, doc, upload);
}

/// What became of a file.
#[derive(Serialize, JsonSchema)]
struct Outcome {
    file: String,
    /// `new`, `known`, `convicted` or `refused`.
    outcome: &'static str,
    /// Id of the package; empty when it was refused.
    id: String,
    code: String,
    sequence: u64,
    /// Why it was refused.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

#[derive(Template)]
#[template(path = "submit/intake/upload.html")]
struct UploadPage<'a> {
    page: Page,
    outcomes: &'a [Outcome],
}

async fn upload(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let actor = ctx.actor()?;
    let mut outcomes = Vec::new();
    for file in sent.files {
        let name: String = file.name.chars().filter(|c| !c.is_control()).take(200).collect();
        let (outcome, taken, why) =
            match take::take(&ctx.app, &actor, &file.bytes, By::Person).await {
                Ok(taken) => {
                    let outcome = match taken.became {
                        Became::New => "new",
                        Became::Known => "known",
                        Became::Convicted => "convicted",
                    };
                    (outcome, Some(taken), None)
                }
                Err(Error::Invalid(_, why)) => ("refused", None, Some(why)),
                Err(e) => return Err(e),
            };
        let (id, code, sequence) = taken.map(|t| (t.id, t.code, t.sequence)).unwrap_or_default();
        outcomes.push(Outcome { file: name, outcome, id, code, sequence, why });
    }
    // Files that were refused change nothing.
    nothing_to_change();
    ctx.show(key::INTAKE_RESULTS, &outcomes, |page| UploadPage { page, outcomes: &outcomes })
}
