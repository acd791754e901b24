//! Who looked at an enterprise's page: entered before the page is shown, many looks in one transaction.

use crate::{App, ctx::Ctx, db::Actor, error::Error, hand::Hand, supervise::model::Firm};
use serde_json::{Value, json};

/// Somebody's look at an enterprise.
pub(crate) struct Look {
    actor: Actor,
    subject: String,
    detail: Value,
}

/// The way to the hand that enters looks.
pub(crate) type Looks = Hand<Look, ()>;

/// Enters who looked at an enterprise's page.
pub(in crate::supervise) async fn looked(ctx: &Ctx, firm: &Firm) -> Result<(), Error> {
    let subject = format!("supervised/{}", firm.credit_code);
    let detail = json!({ "address": ctx.address });
    let own = Look { actor: ctx.actor()?, subject: subject.clone(), detail };
    ctx.app.looks.bring(own).await?;
    // An enterprise that works in this instance reads it in its own trail, too.
    let hosted = crate::admin::hosted(&mut *ctx.app.db.read().await?, &firm.credit_code).await?;
    if let Some(organisation) = hosted {
        let who = ctx.signed()?;
        let name = format!("{} {}", who.organisation_name, who.name);
        let actor = Actor { organisation, id: who.person.clone(), name };
        ctx.app.looks.bring(Look { actor, subject, detail: json!({}) }).await?;
    }
    Ok(())
}

pub(in crate::supervise) fn start(app: &App) {
    let key = |l: &Look| (l.actor.organisation.clone(), l.actor.id.clone());
    app.looks.start(app, key, enter);
}

async fn enter(app: App, looks: Vec<Look>) -> Result<Vec<Result<(), Error>>, Error> {
    let mut entered = Vec::with_capacity(looks.len());
    // One log at a time: who holds one and wants another may meet somebody who does it the other way round.
    for of_one in looks.chunk_by(|a, b| a.actor.organisation == b.actor.organisation) {
        let done = one_log(&app, of_one).await;
        entered.extend(of_one.iter().map(|_| done.clone()));
    }
    Ok(entered)
}

async fn one_log(app: &App, looks: &[Look]) -> Result<(), Error> {
    let Some(first) = looks.first() else { return Ok(()) };
    let mut change = app.db.change(&first.actor).await?;
    for look in looks {
        change.turn(&look.actor).await?;
        change.note("enterprise.look", look.subject.clone(), look.detail.clone());
    }
    change.commit().await
}
