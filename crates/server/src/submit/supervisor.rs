//! Whom the organisation submits to: set by the administrator, who pastes an invitation.

use super::draft;
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hangtu_catalog::{Bilingual, key, sha256};
use hangtu_ledger::{Note, VerifierKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

const READERS: &[Right] = &[Right::Read, Right::System];
/// What an invitation begins with; the number is its version.
const PREFIX: &str = "hangtu-invitation-1.";
const LONGEST: usize = 8_000;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Whom the organisation submits to").returns::<Shown>();
    r.get("/submissions/supervisor", Access::Any(READERS), doc, page);
    let doc = Doc::new("Sets whom the organisation submits to, by an invitation");
    r.post("/submissions/supervisor", Access::May(Right::System), doc.body::<Typed>(), save);
}

/// What a supervisor gives to an enterprise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Invitation {
    /// Name of the supervisor.
    pub(super) supervisor: String,
    /// Credit code of the enterprise.
    pub(super) code: String,
    /// Verifier key of the receipts.
    pub(super) key: String,
    /// Verifier key of the cosignatures.
    pub(super) witness: String,
    /// Where packages may be sent.
    pub(super) address: String,
    /// Shown with the first package.
    pub(super) token: String,
}

impl Invitation {
    /// One line that can be pasted; a part of it is none.
    pub(super) fn write(&self) -> Result<String, Error> {
        let json = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(&json), &sha256(&json)[..8]))
    }

    fn read(text: &str) -> Option<Self> {
        let text: String = text.split_whitespace().collect();
        if text.len() > LONGEST {
            return None;
        }
        let (json, check) = text.strip_prefix(PREFIX)?.rsplit_once('.')?;
        let json = URL_SAFE_NO_PAD.decode(json).ok()?;
        if sha256(&json)[..8] != *check {
            return None;
        }
        let invitation: Self = serde_json::from_slice(&json).ok()?;
        let fine = |key: &str, witness: bool| {
            key.parse::<VerifierKey>().is_ok_and(|k| k.is_witness() == witness)
        };
        let short = |text: &str| text.chars().count() <= 300 && !text.chars().any(char::is_control);
        let i = &invitation;
        let texts = [&i.supervisor, &i.code, &i.address, &i.token];
        let whole = fine(&i.key, false) && fine(&i.witness, true) && texts.iter().all(|t| short(t));
        (whole && (i.address.is_empty() || crate::outward::address(&i.address).is_some()))
            .then_some(invitation)
    }
}

/// Whom the organisation submits to.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Supervisor {
    pub(super) name: String,
    /// Verifier key of the receipts.
    pub(super) key: String,
    /// Verifier key of the cosignatures.
    pub(super) witness: String,
    /// Where packages may be sent; empty for nowhere.
    pub(super) address: String,
    /// 1 when the administrator allowed to send by network.
    pub(super) online: i64,
    /// Id of the supervising organisation, where it works in this instance.
    #[serde(skip)]
    pub(super) inside: String,
    #[serde(skip)]
    pub(super) token: String,
}

impl Supervisor {
    /// Whether packages reach it without anybody carrying them.
    pub(super) fn reached(&self) -> bool {
        !self.inside.is_empty() || self.online == 1 && !self.address.is_empty()
    }
}

pub(super) async fn read(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Supervisor>, Error> {
    Ok(sqlx::query_as(
        "SELECT name, key, witness, address, online, inside, token FROM submit_to \
         WHERE organisation = $1",
    )
    .bind(organisation)
    .fetch_optional(c)
    .await?)
}

/// Sets a supervisor of the same instance for an enterprise that it hosts: the change's organisation.
pub(super) async fn inside(
    app: &App,
    change: &mut Change,
    [supervisor, name]: [&str; 2],
    person: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO submit_to (organisation, name, key, witness, address, token, online, changed, \
         person_name, inside) VALUES ($1, $2, $3, $4, '', '', 0, $5, $6, $7)",
    )
    .bind(change.organisation().to_owned())
    .bind(name)
    .bind(app.signer.key(supervisor)?.verifier().to_string())
    .bind(app.signer.witness(supervisor)?.verifier().to_string())
    .bind(clock::now())
    .bind(person)
    .bind(supervisor)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "name": name });
    change.note("submission.supervisor", "submissions", detail);
    Ok(())
}

/// The verifier key of whom the organisation submits to.
pub(crate) async fn key_of(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<String>, Error> {
    Ok(read(c, organisation).await?.map(|s| s.key))
}

/// That a receipt and the log do not agree.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Warning {
    /// `forked` or `rolled-back`.
    pub(super) kind: String,
    /// When it showed.
    pub(super) time: i64,
    /// The checkpoint that was signed before.
    pub(super) earlier: String,
    /// The one that cannot be true beside it.
    pub(super) later: String,
    /// Whether both are signed by this organisation's own key.
    #[sqlx(skip)]
    pub(super) ours: bool,
}

pub(super) async fn warning(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Warning>, Error> {
    let found: Option<Warning> = sqlx::query_as(
        "SELECT warning AS kind, warned AS time, earlier, later FROM submit_to \
         WHERE organisation = $1 AND warning <> ''",
    )
    .bind(organisation)
    .fetch_optional(c)
    .await?;
    let Some(mut warning) = found else { return Ok(None) };
    let key = app.signer.key(organisation)?;
    let ours =
        |text: &str| text.parse::<Note>().is_ok_and(|note| note.verify(key.verifier()).is_ok());
    warning.ours = ours(&warning.earlier) && ours(&warning.later);
    Ok(Some(warning))
}

/// The setting.
#[derive(Serialize, JsonSchema)]
struct Shown {
    supervisor: Option<Supervisor>,
    /// The key of this organisation's packages, to be compared by another way.
    key: String,
}

#[derive(Template)]
#[template(path = "submit/supervisor.html")]
struct SupervisorPage<'a> {
    page: Page,
    shown: &'a Shown,
}

async fn page(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let supervisor = read(&mut *ctx.app.db.read().await?, organisation).await?;
    let key = ctx.app.signer.key(organisation)?.verifier().to_string();
    let shown = Shown { supervisor, key };
    ctx.show(key::SUBMIT_SUPERVISOR, &shown, |page| SupervisorPage { page, shown: &shown })
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Typed {
    /// The line that the supervisor gave; empty leaves the supervisor as it is.
    invitation: String,
    /// `yes` allows to send by network.
    online: String,
}

async fn save(ctx: Ctx, Input(typed): Input<Typed>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let online = i64::from(typed.online == "yes");
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let person = change.actor().name.clone();
    if typed.invitation.trim().is_empty() {
        let done = sqlx::query(
            "UPDATE submit_to SET online = $2, changed = $3, person_name = $4 \
             WHERE organisation = $1",
        )
        .bind(&organisation)
        .bind(online)
        .bind(clock::now())
        .bind(person)
        .execute(&mut *change)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::invalid("invitation", key::SERVER_FIELD_EMPTY));
        }
        change.note("submission.supervisor", "submissions", json!({ "online": online }));
        change.commit().await?;
        let next = "/submissions/supervisor";
        return Ok(ctx.done(&json!({}), next, key::SUBMIT_SUPERVISOR_SAVED));
    }
    let invitation = Invitation::read(&typed.invitation)
        .ok_or_else(|| Error::invalid("invitation", key::SUBMIT_INVITATION_BAD))?;
    if invitation.code != draft::code(&mut change, &organisation).await? {
        let code = [("code", invitation.code.as_str().into())];
        let text = Bilingual::message(key::SUBMIT_INVITATION_OTHER, &code);
        return Err(Error::Invalid("invitation", text));
    }
    let token =
        ctx.app.auth.seal(&format!("submit/{organisation}"), invitation.token.as_bytes())?;
    sqlx::query(
        "INSERT INTO submit_to (organisation, name, key, witness, address, token, online, changed, \
         person_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (organisation) DO UPDATE SET name = excluded.name, key = excluded.key, \
         witness = excluded.witness, address = excluded.address, token = excluded.token, \
         inside = '', online = excluded.online, changed = excluded.changed, \
         person_name = excluded.person_name",
    )
    .bind(&organisation)
    .bind(&invitation.supervisor)
    .bind(&invitation.key)
    .bind(&invitation.witness)
    .bind(&invitation.address)
    .bind(token)
    .bind(online)
    .bind(clock::now())
    .bind(person)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "name": invitation.supervisor, "key": invitation.key,
        "witness": invitation.witness, "address": invitation.address, "online": online });
    change.note("submission.supervisor", "submissions", detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/submissions/supervisor", key::SUBMIT_SUPERVISOR_SAVED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_ledger::{SignerKey, WitnessKey};

    #[test]
    fn a_part_of_an_invitation_is_none() {
        let key = SignerKey::from_seed("s/1", &[1; 32]).unwrap().verifier().to_string();
        let witness = WitnessKey::from_seed("s/1/w", &[2; 32]).unwrap().verifier().to_string();
        let invitation = Invitation {
            supervisor: "湖北省经信厅".into(),
            code: "91420100MA4KX1234B".into(),
            key: key.clone(),
            witness,
            address: "https://province.example/receive/1".into(),
            token: "t".into(),
        };
        let text = invitation.write().unwrap();
        assert_eq!(Invitation::read(&format!(" {text}\n")).unwrap().code, invitation.code);
        for cut in 0..text.len() {
            assert!(Invitation::read(&text[..cut]).is_none(), "{cut}");
        }
        let swapped = Invitation { witness: key, ..invitation.clone() };
        assert!(Invitation::read(&swapped.write().unwrap()).is_none());
        let plain = Invitation { address: "http://province.example/".into(), ..invitation };
        assert!(Invitation::read(&plain.write().unwrap()).is_none());
    }
}
