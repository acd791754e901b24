//! What an enterprise answers and what is decided about it: the only ways by which these rows are
//! written, whether somebody does it here or a letter tells of it.

use super::{
    load,
    model::{Notice, standing},
    stand::{Stand, Step},
};
use crate::{
    clock,
    db::{Batch, Change, Value},
    error::Error,
};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

/// That somebody of the enterprise took notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Ack {
    pub(super) time: i64,
    pub(super) name: String,
    pub(super) note: String,
}

/// An answer to an item, and what was decided about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Reply {
    /// Which item, from 0.
    pub(super) place: i64,
    /// How often it was answered, from 1.
    pub(super) round: i64,
    pub(super) time: i64,
    pub(super) person_name: String,
    /// What was done, and how it shows.
    pub(super) text: String,
    /// Of an assessment: its conclusion.
    pub(super) conclusion: String,
    /// JSON: findings by number, level and state.
    pub(super) findings: String,
    /// JSON: files by name, size and SHA-256.
    pub(super) files: String,
    /// `answered`, `accepted` or `returned`.
    pub(super) state: String,
    pub(super) decided: Option<i64>,
    pub(super) decided_name: String,
    pub(super) decided_text: String,
    /// The new limit of what was returned.
    pub(super) due: Option<i64>,
}

/// What fixtures hold, every field of it.
#[cfg(test)]
impl Ack {
    pub(super) fn full() -> Self {
        Self { time: 11, name: "李工".into(), note: "收到".into() }
    }
}

#[cfg(test)]
impl Reply {
    pub(super) fn full() -> Self {
        Self {
            place: 0,
            round: 2,
            time: 12,
            person_name: "李工".into(),
            text: "已恢复演练".into(),
            conclusion: "qualified".into(),
            findings: r#"[{"number":7,"level":"major","state":"closed"}]"#.into(),
            files: r#"[{"name":"a.pdf","size":9,"sha256":"00"}]"#.into(),
            state: "returned".into(),
            decided: Some(13),
            decided_name: "王处".into(),
            decided_text: "请补证据".into(),
            due: Some(14),
        }
    }
}

/// A finding as an answer names it: never what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Linked {
    pub(super) number: i64,
    /// Word of the level.
    pub(super) level: String,
    /// Word of the state.
    pub(super) state: String,
}

/// A file as an answer names it; it stays with the enterprise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) bytes: i64,
    pub(super) sha256: String,
}

impl Reply {
    /// The findings it names.
    pub(super) fn linked(&self) -> Vec<Linked> {
        serde_json::from_str(&self.findings).unwrap_or_default()
    }

    /// The files it names.
    pub(super) fn named(&self) -> Vec<Named> {
        serde_json::from_str(&self.files).unwrap_or_default()
    }

    fn values(&self, n: &Notice, code: &str) -> [Value; 16] {
        [
            (&n.id).into(),
            code.into(),
            self.place.into(),
            self.round.into(),
            (&n.supervisor).into(),
            self.time.into(),
            (&self.person_name).into(),
            (&self.text).into(),
            (&self.conclusion).into(),
            (&self.findings).into(),
            (&self.files).into(),
            (&self.state).into(),
            self.decided.into(),
            (&self.decided_name).into(),
            (&self.decided_text).into(),
            self.due.into(),
        ]
    }
}

const REPLY: &[&str] = &[
    "notice",
    "credit_code",
    "place",
    "round",
    "supervisor",
    "time",
    "person_name",
    "text",
    "conclusion",
    "findings",
    "files",
    "state",
    "decided",
    "decided_name",
    "decided_text",
    "due",
];

/// Holds how an enterprise stands to a notice, so that nobody else changes it until the change ends.
async fn hold(change: &mut Change, n: &Notice, code: &str) -> Result<(), Error> {
    let held = sqlx::query(
        "UPDATE notice_member SET waiting = waiting \
         WHERE supervisor = $1 AND notice = $2 AND credit_code = $3",
    )
    .bind(&n.supervisor)
    .bind(&n.id)
    .bind(code)
    .execute(&mut **change)
    .await?;
    if held.rows_affected() == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Notes who took notice; whether it was not known. The first one counts.
pub(super) async fn acknowledge(
    change: &mut Change,
    n: &Notice,
    code: &str,
    ack: &Ack,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE notice_member SET acknowledged = $4, ack_name = $5, ack_note = $6 \
         WHERE supervisor = $1 AND notice = $2 AND credit_code = $3 AND acknowledged IS NULL",
    )
    .bind(&n.supervisor)
    .bind(&n.id)
    .bind(code)
    .bind(ack.time)
    .bind(&ack.name)
    .bind(&ack.note)
    .execute(&mut **change)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Adds an answer; its round follows from those before.
pub(super) async fn reply(
    change: &mut Change,
    n: &Notice,
    code: &str,
    mut reply: Reply,
) -> Result<i64, Error> {
    hold(change, n, code).await?;
    let items = n.items()?;
    let before = load::replies(change, n, code).await?;
    let at = usize::try_from(reply.place).ok();
    let stand = at.and_then(|at| standing(&items, &before).get(at).copied());
    let (stand, _) = stand.ok_or(Error::NotFound)?;
    let after = stand.after(Step::Answer);
    reply.state = after.ok_or_else(|| Error::conflict(key::STEER_NOT_OWED))?.word().into();
    reply.round = before.iter().filter(|r| r.place == reply.place).count() as i64 + 1;
    put(change, n, code, &reply).await?;
    settle(change, n, code).await?;
    Ok(reply.round)
}

/// What is decided about the last answer to an item.
pub(super) struct Verdict {
    pub(super) place: i64,
    pub(super) accept: bool,
    pub(super) name: String,
    pub(super) text: String,
    /// The new limit of what is returned.
    pub(super) due: Option<i64>,
}

/// Decides about the last answer to an item.
pub(super) async fn decide(
    change: &mut Change,
    n: &Notice,
    code: &str,
    verdict: &Verdict,
) -> Result<(), Error> {
    hold(change, n, code).await?;
    let replies = load::replies(change, n, code).await?;
    let mut last =
        replies.into_iter().rfind(|r| r.place == verdict.place).ok_or(Error::NotFound)?;
    let step = if verdict.accept { Step::Accept } else { Step::Return };
    let after = Stand::from_word(&last.state).and_then(|s| s.after(step));
    last.state = after.ok_or_else(|| Error::conflict(key::STEER_DECIDED))?.word().into();
    last.decided = Some(clock::now());
    last.decided_name.clone_from(&verdict.name);
    last.decided_text.clone_from(&verdict.text);
    last.due = if verdict.accept { None } else { verdict.due };
    put(change, n, code, &last).await?;
    settle(change, n, code).await
}

async fn put(change: &mut Change, n: &Notice, code: &str, reply: &Reply) -> Result<(), Error> {
    let mut batch = Batch::replace("notice_reply", REPLY, 4);
    batch.add(change, reply.values(n, code)).await?;
    batch.flush(change).await
}

/// Merges answers that a letter tells: those that follow what is known are added, and where `trusted`
/// says so (the letter is the supervisor's) what was decided is taken over. Any letter any number of
/// times in any order leads to the same; says whether something was new.
pub(super) async fn merge(
    change: &mut Change,
    n: &Notice,
    code: &str,
    told: &[Reply],
    trusted: bool,
) -> Result<bool, Error> {
    hold(change, n, code).await?;
    let items = n.items()?;
    let mut told: Vec<&Reply> = told.iter().collect();
    told.sort_by_key(|r| (r.place, r.round));
    let mut known = load::replies(change, n, code).await?;
    let mut new = false;
    for reply in told {
        if usize::try_from(reply.place).map_or(true, |place| place >= items.len()) {
            continue;
        }
        let mine = known.iter().find(|r| (r.place, r.round) == (reply.place, reply.round));
        let mut kept = match mine {
            Some(mine) if trusted && mine.decided.is_none() && reply.decided.is_some() => Reply {
                state: reply.state.clone(),
                decided: reply.decided,
                decided_name: reply.decided_name.clone(),
                decided_text: reply.decided_text.clone(),
                due: reply.due,
                ..mine.clone()
            },
            Some(_) => continue,
            None => {
                let of_item = known.iter().filter(|r| r.place == reply.place);
                let last = of_item.clone().next_back();
                let stand =
                    last.map_or(Stand::Open, |r| Stand::from_word(&r.state).unwrap_or(Stand::Open));
                if reply.round != of_item.count() as i64 + 1 || !stand.owed() {
                    continue;
                }
                reply.clone()
            }
        };
        if !trusted {
            // Who answers does not decide.
            kept = Reply {
                state: Stand::Answered.word().into(),
                decided: None,
                decided_name: String::new(),
                decided_text: String::new(),
                due: None,
                ..kept
            };
        }
        put(change, n, code, &kept).await?;
        known.retain(|r| (r.place, r.round) != (kept.place, kept.round));
        known.push(kept);
        known.sort_by_key(|r| (r.place, r.round));
        new = true;
    }
    if new {
        settle(change, n, code).await?;
    }
    Ok(new)
}

/// Writes down how an enterprise stands, from its answers.
pub(super) async fn settle(change: &mut Change, n: &Notice, code: &str) -> Result<(), Error> {
    let stands = standing(&n.items()?, &load::replies(change, n, code).await?);
    let count = |stand: Stand| stands.iter().filter(|s| s.0 == stand).count() as i64;
    let next = stands.iter().filter(|s| s.0.owed()).map(|s| s.1).min();
    sqlx::query(
        "UPDATE notice_member SET waiting = $4, accepted = $5, returned = $6, next_due = $7 \
         WHERE supervisor = $1 AND notice = $2 AND credit_code = $3",
    )
    .bind(&n.supervisor)
    .bind(&n.id)
    .bind(code)
    .bind(count(Stand::Answered))
    .bind(count(Stand::Accepted))
    .bind(count(Stand::Returned))
    .bind(next)
    .execute(&mut **change)
    .await?;
    Ok(())
}
