//! The steps that people take on one finding.

use super::{
    finding::{Request, taker},
    model::{self, Row, Said},
    policy::{self, Rules},
    state::{Asked, State, Step},
};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, prose},
    people::{self, Colleague},
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Who may take some step on some finding.
pub(super) const HANDS: Access = Access::Any(&[Right::Correct, Right::Work, Right::Accept]);

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Take a step on a finding: assign it, mend it, ask, approve, comment");
    r.post("/findings/{id}/step", HANDS, doc.body::<Act>().returns::<Acted>(), act);
}

/// A step and what it needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct Act {
    /// `assign`, `due`, `start`, `ready`, `back`, `dispute`, `ask-accept`, `ask-not-applicable`,
    /// `approve`, `refuse`, `withdraw`, `reopen` or `comment`.
    pub(super) step: String,
    /// Reason, comment or note.
    #[serde(default)]
    pub(super) text: String,
    /// Id of the person in charge, to assign.
    #[serde(default)]
    pub(super) owner: String,
    /// The last day to correct it, `2026-09-30`; by policy when empty.
    #[serde(default)]
    pub(super) due: String,
    /// The compensating measure, to have a risk accepted.
    #[serde(default)]
    pub(super) measure: String,
    /// The last day of the acceptance.
    #[serde(default)]
    pub(super) until: String,
    /// When the work was done, `2026-09-30T16:20` in the plant's time; now when empty. Evidence of
    /// before does not prove it.
    #[serde(default)]
    pub(super) fixed: String,
}

/// The state after a step.
#[derive(Serialize, JsonSchema)]
struct Acted {
    state: State,
}

async fn act(ctx: Ctx, Path(id): Path<String>, Input(act): Input<Act>) -> Result<Response, Error> {
    let step = Step::from_word(&act.step)
        .ok_or_else(|| Error::invalid("step", key::SERVER_FIELD_CHOICE))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    model::lock(&mut change).await?;
    let hand = Hand::new(&ctx, &mut change, act.clone(), step).await?;
    let row = hand.take(&ctx, &mut change, &id).await?;
    change.commit().await?;
    let next = format!("/findings/{id}");
    Ok(ctx.done(&Acted { state: row.state() }, &next, key::FINDING_DONE))
}

/// A step about to be taken, perhaps on many findings.
pub(super) struct Hand {
    act: Act,
    step: Step,
    rules: Rules,
    people: Vec<Colleague>,
}

impl Hand {
    pub(super) async fn new(
        ctx: &Ctx,
        change: &mut Change,
        mut act: Act,
        step: Step,
    ) -> Result<Self, Error> {
        let organisation = ctx.organisation()?;
        let rules = policy::rules(&ctx.app.catalog, change, organisation).await?;
        let people = people::colleagues(change, organisation).await?;
        act.text = prose("text", &act.text, 2_000)?;
        act.measure = prose("measure", &act.measure, 2_000)?;
        let words = matches!(
            step,
            Step::Due
                | Step::Back
                | Step::Dispute
                | Step::AskAccept
                | Step::AskNotApplicable
                | Step::Refuse
                | Step::Reopen
                | Step::Comment
        );
        if words && act.text.is_empty() {
            return Err(Error::invalid("text", key::FINDING_REASON_NEEDED));
        }
        if step == Step::Assign && !people.iter().any(|p| p.id == act.owner && p.can(Right::Work)) {
            return Err(Error::invalid("owner", key::FINDING_OWNER_BAD));
        }
        Ok(Self { act, step, rules, people })
    }

    /// Takes the step on one finding of the organisation: checks, writes, tells, notes.
    pub(super) async fn take(
        &self,
        ctx: &Ctx,
        change: &mut Change,
        id: &str,
    ) -> Result<Row, Error> {
        let organisation = change.organisation().to_owned();
        let mut row = model::find(change, &organisation, id).await?;
        let (taker, requests) = taker(ctx, change, &row).await?;
        let waits = requests.into_iter().find(|r| r.verdict.is_empty());
        if !taker.may(self.step) {
            let own = taker.asked && matches!(self.step, Step::Approve | Step::Refuse);
            return Err(if own {
                Error::conflict(key::FINDING_OWN_REQUEST)
            } else {
                Error::Forbidden
            });
        }
        row.take(self.step)?;
        let said = self.effect(change, &mut row, waits).await?;
        model::save(change, &row).await?;
        let text = said.as_deref().unwrap_or(&self.act.text);
        model::tell(change, &row, self.step, Said { text, ..Said::default() }).await?;
        let detail = json!({ "number": row.number, "state": row.state, "owner": row.owner,
            "due": row.due.map(clock::rfc3339), "text": text });
        change.note(self.step.action(), format!("finding/{id}"), detail);
        Ok(row)
    }

    /// What the step does beside the state; perhaps other words for the history.
    async fn effect(
        &self,
        change: &mut Change,
        row: &mut Row,
        waits: Option<Request>,
    ) -> Result<Option<String>, Error> {
        let now = clock::now();
        match self.step {
            Step::Assign => {
                row.owner.clone_from(&self.act.owner);
                if !self.act.due.is_empty() {
                    row.due = Some(self.due()?);
                } else if row.due.is_none() {
                    row.due = Some(self.rules.due(row.level()));
                }
                let name = self.people.iter().find(|p| p.id == row.owner).map(|p| p.name.as_str());
                return Ok(Some(self.with(name.unwrap_or_default())));
            }
            Step::Due => {
                row.due = Some(self.due()?);
                return Ok(Some(self.with(self.act.due.trim())));
            }
            Step::Start => row.barrier = now,
            Step::Ready => {
                row.barrier = self.fixed(row, now)?;
                model::drop_request(change, row).await?;
            }
            Step::Dispute => self.ask(change, row, Asked::Dispute, None).await?,
            Step::AskNotApplicable => self.ask(change, row, Asked::NotApplicable, None).await?,
            Step::AskAccept => {
                let until = self.until(row)?;
                if self.act.measure.is_empty() {
                    return Err(Error::invalid("measure", key::FINDING_MEASURE_NEEDED));
                }
                self.ask(change, row, Asked::Accept, Some(until)).await?;
            }
            Step::Approve | Step::Refuse | Step::Withdraw => {
                let request = waits.ok_or_else(|| Error::conflict(key::FINDING_STEP_IMPOSSIBLE))?;
                self.decide(change, row, &request, now).await?;
            }
            Step::Reopen => row.accepted_until = None,
            _ => {}
        }
        Ok(None)
    }

    fn with(&self, what: &str) -> String {
        if self.act.text.is_empty() { what.into() } else { format!("{what}\n{}", self.act.text) }
    }

    fn due(&self) -> Result<i64, Error> {
        let due = clock::end_of(policy::day("due", &self.act.due)?);
        if due < clock::now() { Err(Error::invalid("due", key::FINDING_DAY_PAST)) } else { Ok(due) }
    }

    fn until(&self, row: &Row) -> Result<i64, Error> {
        let day = policy::day("until", &self.act.until)?;
        if day <= clock::day(clock::now()) {
            return Err(Error::invalid("until", key::FINDING_DAY_PAST));
        }
        let latest = self.rules.accept_until(row.level());
        if day > latest {
            let latest = latest.to_string();
            let args = [("day", latest.as_str().into())];
            return Err(Error::Invalid(
                "until",
                Bilingual::message(key::FINDING_UNTIL_LONG, &args),
            ));
        }
        Ok(clock::end_of(day))
    }

    /// When the work was done: not before it was last seen, not in the time to come.
    fn fixed(&self, row: &Row, now: i64) -> Result<i64, Error> {
        if self.act.fixed.trim().is_empty() {
            return Ok(now);
        }
        let time: jiff::civil::DateTime = self
            .act
            .fixed
            .trim()
            .parse()
            .map_err(|_| Error::invalid("fixed", key::FINDING_DAY_BAD))?;
        let fixed = clock::of(time).ok_or_else(|| Error::invalid("fixed", key::FINDING_DAY_BAD))?;
        if fixed > now || fixed < row.last_seen {
            return Err(Error::invalid("fixed", key::FINDING_FIXED_BAD));
        }
        Ok(fixed)
    }

    async fn ask(
        &self,
        change: &mut Change,
        row: &mut Row,
        asked: Asked,
        until: Option<i64>,
    ) -> Result<(), Error> {
        asked.word().clone_into(&mut row.asked);
        sqlx::query(
            "INSERT INTO finding_request (id, organisation, finding, kind, reason, measure, until, \
             person, person_name, asked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(new_id())
        .bind(change.organisation().to_owned())
        .bind(&row.id)
        .bind(asked.word())
        .bind(&self.act.text)
        .bind(&self.act.measure)
        .bind(until)
        .bind(change.actor().id.clone())
        .bind(change.actor().name.clone())
        .bind(clock::now())
        .execute(&mut **change)
        .await?;
        Ok(())
    }

    async fn decide(
        &self,
        change: &mut Change,
        row: &mut Row,
        request: &Request,
        now: i64,
    ) -> Result<(), Error> {
        let verdict = match self.step {
            Step::Approve => "approved",
            Step::Refuse => "refused",
            _ => "withdrawn",
        };
        row.asked.clear();
        if self.step == Step::Approve {
            if request.kind == Asked::Accept.word() {
                if request.until.is_none_or(|until| until < now) {
                    return Err(Error::conflict(key::FINDING_DAY_PAST));
                }
                row.accepted_until = request.until;
            } else {
                row.barrier = now;
            }
        }
        sqlx::query(
            "UPDATE finding_request SET verdict = $3, approver = $4, approver_name = $5, \
             decided = $6, note = $7 WHERE organisation = $1 AND id = $2",
        )
        .bind(change.organisation().to_owned())
        .bind(&request.id)
        .bind(verdict)
        .bind(change.actor().id.clone())
        .bind(change.actor().name.clone())
        .bind(now)
        .bind(&self.act.text)
        .execute(&mut **change)
        .await?;
        Ok(())
    }
}
