//! Where a claim and an observation do not agree. Neither is changed by the other; a person changes
//! the claim or writes down why both hold.

use super::{
    round::{self, newest},
    sheet::{self, Card},
};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    examine::{self, Observed},
    input::{Input, line, prose},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// What does not agree: a claim, and what the latest run shows.
pub(super) fn between(means: &str, observed: Option<&Observed>) -> Option<&'static str> {
    let observed = observed.filter(|o| o.status == "measured")?;
    match (means, observed.findings) {
        ("met", 1..) => Some("met-found"),
        ("not-applicable", 1..) => Some("not-applicable-found"),
        // A clean run may not have looked everywhere: worth a second look, no more.
        ("unmet", 0) => Some("unmet-clean"),
        _ => None,
    }
}

/// Why both hold.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
#[allow(clippy::struct_field_names, reason = "the API's words")]
pub(super) struct Reason {
    pub(super) control: String,
    pub(super) means: String,
    pub(super) run: String,
    pub(super) reason: String,
    pub(super) given: i64,
    pub(super) given_name: String,
}

/// The reasons given in a round, in order.
pub(super) async fn reasons(
    c: &mut AnyConnection,
    organisation: &str,
    round: &str,
) -> Result<Vec<Reason>, Error> {
    Ok(sqlx::query_as(
        "SELECT control, means, run, reason, given, given_name FROM answer_reason \
         WHERE organisation = $1 AND round = $2 ORDER BY given, id",
    )
    .bind(organisation)
    .bind(round)
    .fetch_all(c)
    .await?)
}

/// The claims of the newest round that evidence contradicts.
#[derive(Serialize, JsonSchema)]
pub(super) struct Contradictions {
    round: Option<String>,
    /// Claims of something good that findings deny.
    open: Vec<Card>,
    /// Claims of a shortcoming where a run found none.
    review: Vec<Card>,
    /// With a reason.
    explained: Vec<Card>,
}

#[derive(Template)]
#[template(path = "answer/contradictions.html")]
struct ListPage<'a> {
    page: Page,
    data: &'a Contradictions,
    may: bool,
}

impl ListPage<'_> {
    fn parts(&self) -> [(key::Key, &[Card]); 3] {
        [
            (key::ANSWER_PART_OPEN, &self.data.open),
            (key::ANSWER_PART_REVIEW, &self.data.review),
            (key::ANSWER_PART_EXPLAINED, &self.data.explained),
        ]
    }
}

pub(super) async fn list(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let mut c = ctx.app.db.read().await?;
    let mut data =
        Contradictions { round: None, open: Vec::new(), review: Vec::new(), explained: Vec::new() };
    if let Some(round) = newest(&mut c, organisation).await? {
        for card in sheet::cards(&ctx.app.catalog, &mut c, organisation, &round).await? {
            match card.contradiction {
                Some(_) if card.reason.is_some() => data.explained.push(card),
                Some("unmet-clean") => data.review.push(card),
                Some(_) => data.open.push(card),
                None => {}
            }
        }
        data.round = Some(round.id);
    }
    let may = ctx.may(Right::Answer).is_ok();
    ctx.show(key::ANSWER_CONTRADICTIONS, &data, |page| ListPage { page, data: &data, may })
}

/// Why a claim and what the run found both hold.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Explain {
    round: String,
    control: String,
    /// The run whose observation it is.
    run: String,
    reason: String,
}

pub(super) async fn explain(ctx: Ctx, Input(form): Input<Explain>) -> Result<Response, Error> {
    line("reason", &form.reason.replace(['\n', '\r'], " "), 2000)?;
    let reason = prose("reason", &form.reason, 2000)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    // A finished round may be explained too: the claim stays, the reason is added.
    let round = round::one(&mut change, &organisation, &form.round).await?;
    let row = sheet::row(&mut change, &organisation, &round.id, &form.control).await?;
    super::save::may_answer(&ctx, &row)?;
    let observed = examine::observed(&mut change, &organisation).await?;
    let seen = observed.get(&row.control).filter(|o| o.run == form.run);
    if between(&row.means, seen).is_none() {
        return Err(Error::conflict(key::ANSWER_NO_CONTRADICTION));
    }
    sqlx::query(
        "INSERT INTO answer_reason (id, organisation, round, control, means, run, reason, given, \
         given_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new_id())
    .bind(&organisation)
    .bind(&round.id)
    .bind(&row.control)
    .bind(&row.means)
    .bind(&form.run)
    .bind(&reason)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({
        "round": round.number, "claim": row.means, "run": form.run, "reason": reason,
    });
    change.note("answer.explain", format!("answer/{}", row.control), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/answers/contradictions", key::ANSWER_SAID_EXPLAINED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(status: &str, findings: i64) -> Observed {
        Observed { run: "r".into(), time: 0, status: status.into(), findings }
    }

    #[test]
    fn only_a_measurement_contradicts() {
        let case = |means, status, n| between(means, Some(&observed(status, n)));
        assert_eq!(case("met", "measured", 2), Some("met-found"));
        assert_eq!(case("not-applicable", "measured", 1), Some("not-applicable-found"));
        assert_eq!(case("unmet", "measured", 0), Some("unmet-clean"));
        for (means, status, n) in [
            ("met", "measured", 0),
            ("met", "error", 2),
            ("unmet", "error", 0),
            ("unmet", "measured", 2),
            ("partly", "measured", 2),
            ("", "measured", 2),
        ] {
            assert_eq!(case(means, status, n), None, "{means} {status} {n}");
        }
        assert_eq!(between("met", None), None);
    }
}
