//! Inviting an enterprise: the supervisor's keys and address, and a secret for the first package.

use super::{super::supervisor::Invitation, SUPERVISE, not_on_roster};
use crate::{
    auth::{once, random},
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Doc, Routes},
    supervise,
};
use axum::response::Response;
use hangtu_catalog::{credit_code, hex, key, sha256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Invites an enterprise; the invitation is shown once");
    let doc = doc.body::<Whom>().returns::<Invited>();
    r.post("/intake/invite", SUPERVISE, doc, invite);
}

/// Who is invited.
#[derive(Deserialize, JsonSchema)]
struct Whom {
    /// Unified social credit code.
    code: String,
}

/// The invitation.
#[derive(Serialize, JsonSchema)]
struct Invited {
    /// One line, which the enterprise's administrator pastes.
    invitation: String,
}

async fn invite(ctx: Ctx, Input(whom): Input<Whom>) -> Result<Response, Error> {
    let code = credit_code(whom.code.trim()).map_err(|e| Error::Invalid("code", e.message()))?;
    let code = code.as_str().to_owned();
    let who = ctx.signed()?;
    let organisation = who.organisation.clone();
    let secret = hex(&random::<24>()?);
    let config = &ctx.app.config;
    let base = config.url(config.listen);
    let address = format!("{}/api/v1/receive/{organisation}", base.trim_end_matches('/'));
    // An address that nobody may send to is left out: such a site takes files.
    let address = crate::outward::address(&address).map(|_| address).unwrap_or_default();
    let invitation = Invitation {
        supervisor: who.organisation_name.clone(),
        code: code.clone(),
        key: ctx.app.signer.key(&organisation)?.verifier().to_string(),
        witness: ctx.app.signer.witness(&organisation)?.verifier().to_string(),
        address,
        token: secret.clone(),
    };
    let text = invitation.write()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    supervise::roster::invited(&mut change, &code, clock::now()).await.map_err(not_on_roster)?;
    sqlx::query(
        "INSERT INTO sender (organisation, code, token, invited) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organisation, code) DO UPDATE SET token = excluded.token, \
         invited = excluded.invited",
    )
    .bind(&organisation)
    .bind(&code)
    .bind(sha256(secret.as_bytes()))
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    change.note("intake.invite", format!("sender/{code}"), json!({ "code": code }));
    change.commit().await?;
    let said = (key::INTAKE_INVITE_SHOWN, key::INTAKE_INVITE_HINT);
    once::show(&ctx, &Invited { invitation: text.clone() }, said, vec![text], "/intake")
}
