//! What becomes of one enterprise: put on the roster, renamed, moved, merged, split up, closed,
//! invited; and that it submitted something.

use super::{Reach, lookup::yes};
use crate::{
    admin::Organisation,
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line, prose},
    route::{Access, Doc, Routes},
    supervise::{
        model::{self, Firm, History},
        picture::{Shift, held},
    },
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Catalog, credit_code, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("Put an enterprise on the roster").body::<New>().returns::<Named>();
    r.post("/supervise/enterprises", may, doc, add);
    let doc = Doc::new("Record what became of an enterprise").body::<What>();
    r.post("/supervise/enterprises/{code}/change", may, doc, change);
    let doc = Doc::new("Mark an enterprise as invited to submit");
    r.post("/supervise/enterprises/{code}/invite", may, doc, invite);
}

/// An enterprise to be supervised.
#[derive(Deserialize, JsonSchema)]
struct New {
    credit_code: String,
    #[serde(flatten)]
    is: Is,
}

/// What is told of an enterprise.
#[derive(Deserialize, JsonSchema)]
struct Is {
    name: String,
    /// Code of a region.
    region: String,
    #[serde(default)]
    city: String,
    /// GB/T 4754 division.
    industry: String,
    /// `yes` or `no`.
    above_scale: String,
}

/// What became of it.
#[derive(Deserialize, JsonSchema)]
struct What {
    /// `correct` (name, place, industry, scale as given), `merge`, `split`, `close` or `reopen`.
    what: String,
    #[serde(flatten)]
    is: Is,
    /// Credit code of who goes on in its place, of a merger or a split.
    #[serde(default)]
    successor: String,
    #[serde(default)]
    note: String,
}

/// An enterprise by its code.
#[derive(Serialize, JsonSchema)]
struct Named {
    credit_code: String,
}

impl Is {
    fn put(&self, catalog: &Catalog, reach: &Reach, firm: &mut Firm) -> Result<(), Error> {
        let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
        firm.name = line("name", &self.name, 100)?;
        firm.city = prose("city", &self.city, 60)?;
        if !catalog.regions.iter().any(|r| r.code == self.region) {
            return Err(choice("region"));
        }
        if !reach.has(&self.region) {
            return Err(Error::invalid("region", key::ROSTER_ELSEWHERE));
        }
        let industry = catalog.industries.iter().find(|i| i.code == self.industry);
        if industry.is_none_or(|i| i.section.is_none()) {
            return Err(choice("industry"));
        }
        firm.region.clone_from(&self.region);
        firm.industry.clone_from(&self.industry);
        firm.above_scale = i64::from(yes(&self.above_scale).ok_or_else(|| choice("above_scale"))?);
        Ok(())
    }
}

async fn reach(ctx: &Ctx) -> Result<Reach, Error> {
    Reach::of(&mut *ctx.app.db.read().await?, ctx.signed()?).await
}

fn page(code: &str) -> String {
    format!("/supervise/enterprises/{code}")
}

async fn add(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let code = credit_code(new.credit_code.trim())
        .map_err(|e| Error::Invalid("credit_code", e.message()))?;
    let now = clock::now();
    let mut firm = Firm {
        credit_code: code.as_str().to_owned(),
        status: "active".into(),
        added: now,
        changed: now,
        ..Firm::default()
    };
    new.is.put(&ctx.app.catalog, &reach(&ctx).await?, &mut firm)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    match model::find(&mut change, &supervisor, code.as_str()).await {
        Err(Error::NotFound) => {}
        Ok(_) => return Err(Error::conflict(key::ROSTER_THERE)),
        Err(e) => return Err(e),
    }
    enrol(&mut change, &firm).await?;
    change.commit().await?;
    let named = Named { credit_code: firm.credit_code };
    Ok(ctx.done(&named, &page(&named.credit_code), key::SUPERVISE_SAVED))
}

/// Puts an enterprise on the roster that was not there.
async fn enrol(change: &mut Change, firm: &Firm) -> Result<(), Error> {
    let (supervisor, code) = (change.organisation().to_owned(), firm.credit_code.as_str());
    model::put(change, &supervisor, &[firm]).await?;
    let mut history = History::new(change);
    history.add(change, code, "add", ["", &firm.name], "").await?;
    history.flush(change).await?;
    let mut shift = Shift::default();
    shift.add(firm, None, 1);
    shift.apply(change, &supervisor).await?;
    let detail = json!({ "name": firm.name, "region": firm.region, "industry": firm.industry });
    change.note("roster.add", format!("supervised/{code}"), detail);
    Ok(())
}

/// The same, where it is not there yet.
async fn ensure(change: &mut Change, firm: &Firm) -> Result<(), Error> {
    let supervisor = change.organisation().to_owned();
    match model::find(change, &supervisor, &firm.credit_code).await {
        Err(Error::NotFound) => enrol(change, firm).await,
        found => found.map(drop),
    }
}

/// Puts an enterprise that works in the same instance on the roster, and notes that it was invited.
pub(crate) async fn host(change: &mut Change, is: &Organisation) -> Result<(), Error> {
    let now = clock::now();
    let firm = Firm {
        credit_code: is.credit_code.clone(),
        name: is.name.clone(),
        region: is.region.clone(),
        industry: is.industry.clone(),
        status: "active".into(),
        added: now,
        changed: now,
        ..Firm::default()
    };
    ensure(change, &firm).await?;
    invited(change, &is.credit_code, now).await.map(drop)
}

/// Puts an enterprise that stands on the roster of somebody below on one's own; what was accepted of
/// it is taken in afterwards.
pub(in crate::supervise) async fn adopt(change: &mut Change, firm: &Firm) -> Result<(), Error> {
    let now = clock::now();
    let firm = Firm {
        added: now,
        changed: now,
        accepted: None,
        as_of: None,
        graded: 0,
        target: 0,
        open: 0,
        majors: 0,
        ..firm.clone()
    };
    ensure(change, &firm).await
}

/// Writes an enterprise as it is now, and moves the sums by the difference.
async fn replace(change: &mut Change, before: &Firm, after: &Firm) -> Result<(), Error> {
    let supervisor = change.organisation().to_owned();
    let facts = held(change, &supervisor, &after.credit_code).await?.map(|h| h.2);
    model::put(change, &supervisor, &[after]).await?;
    let mut shift = Shift::default();
    shift.add(before, facts.as_ref(), -1);
    shift.add(after, facts.as_ref(), 1);
    shift.apply(change, &supervisor).await
}

async fn change(
    ctx: Ctx,
    Path(code): Path<String>,
    Input(what): Input<What>,
) -> Result<Response, Error> {
    let note = prose("note", &what.note, 500)?;
    let reach = reach(&ctx).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let before = model::hold(&mut change, &supervisor, &code).await?;
    let mut after = before.clone();
    match what.what.as_str() {
        "correct" => what.is.put(&ctx.app.catalog, &reach, &mut after)?,
        word @ ("merge" | "split") => {
            let successor = credit_code(what.successor.trim())
                .map_err(|e| Error::Invalid("successor", e.message()))?;
            if successor.as_str() == code {
                return Err(Error::invalid("successor", key::FIRM_SUCCESSOR_SELF));
            }
            let known = model::find(&mut change, &supervisor, successor.as_str()).await;
            if matches!(known, Err(Error::NotFound)) {
                return Err(Error::invalid("successor", key::FIRM_SUCCESSOR_UNKNOWN));
            }
            known?;
            after.status = if word == "merge" { "merged" } else { "split" }.into();
            successor.as_str().clone_into(&mut after.successor);
        }
        "close" => {
            after.status = "closed".into();
            after.successor.clear();
        }
        "reopen" => {
            after.status = "active".into();
            after.successor.clear();
        }
        _ => return Err(Error::invalid("what", key::SERVER_FIELD_CHOICE)),
    }
    if after == before {
        return Err(Error::conflict(key::FIRM_NOTHING));
    }
    after.changed = clock::now();
    let mut history = History::new(&change);
    history.differences(&mut change, &before, &after, &note).await?;
    history.flush(&mut change).await?;
    replace(&mut change, &before, &after).await?;
    let detail = json!({
        "what": what.what, "name": after.name, "region": after.region,
        "industry": after.industry, "state": after.status, "successor": after.successor,
    });
    change.note("roster.change", format!("supervised/{code}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &page(&code), key::SUPERVISE_SAVED))
}

/// Notes within a change that an enterprise was invited to submit; says whether it was not yet.
pub(crate) async fn invited(
    change: &mut Change,
    credit_code: &str,
    time: i64,
) -> Result<bool, Error> {
    let supervisor = change.organisation().to_owned();
    let before = model::hold(change, &supervisor, credit_code).await?;
    if before.invited.is_some() {
        return Ok(false);
    }
    let after = Firm { invited: Some(time), ..before.clone() };
    replace(change, &before, &after).await?;
    change.note("roster.invite", format!("supervised/{credit_code}"), json!({}));
    Ok(true)
}

/// Notes within a change that an enterprise submitted something, whatever becomes of it. The
/// latest time counts.
pub(crate) async fn submitted(
    change: &mut Change,
    credit_code: &str,
    time: i64,
) -> Result<(), Error> {
    let supervisor = change.organisation().to_owned();
    let before = model::hold(change, &supervisor, credit_code).await?;
    let after = Firm { submitted: before.submitted.max(Some(time)), ..before.clone() };
    if after != before {
        replace(change, &before, &after).await?;
        change.note("roster.submit", format!("supervised/{credit_code}"), json!({}));
    }
    Ok(())
}

async fn invite(ctx: Ctx, Path(code): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if !invited(&mut change, &code, clock::now()).await? {
        return Err(Error::conflict(key::FIRM_NOTHING));
    }
    change.commit().await?;
    Ok(ctx.done(&json!({}), &page(&code), key::ROSTER_INVITE_DONE))
}
