//! What accepted facts say about campaigns.

use crate::{db::Change, error::Error, supervise::facts::Facts};
use sqlx::FromRow;

#[derive(FromRow)]
struct Asked {
    campaign: String,
    kind: String,
    scenario: String,
    need: i64,
    opens: i64,
    baseline: i64,
    done: Option<i64>,
}

impl Asked {
    /// When the facts show it done; a moment before the campaign opened does not count.
    fn shown(&self, facts: &Facts) -> Option<i64> {
        let at = match self.kind.as_str() {
            "examination" => facts.examination.last,
            "drill" => facts.drills.iter().find(|d| d.scenario == self.scenario).map(|d| d.last),
            _ => {
                let more = i64::from(facts.training.person_times) - self.baseline;
                (more >= self.need).then_some(facts.as_of)
            }
        };
        at.filter(|at| *at >= self.opens)
    }
}

/// Notes what an enterprise's accepted facts show to be done. The earliest moment that any facts
/// show counts, so that their order does not matter.
pub(in crate::supervise) async fn hear(
    change: &mut Change,
    supervisor: &str,
    credit_code: &str,
    facts: &Facts,
) -> Result<(), Error> {
    let asked: Vec<Asked> = sqlx::query_as(
        "SELECT m.campaign, c.kind, c.scenario, c.need, c.opens, m.baseline, m.done \
         FROM campaign_member m JOIN campaign c ON c.id = m.campaign \
         WHERE m.supervisor = $1 AND m.credit_code = $2",
    )
    .bind(supervisor)
    .bind(credit_code)
    .fetch_all(&mut **change)
    .await?;
    for asked in asked {
        let Some(at) = asked.shown(facts) else { continue };
        if asked.done.is_some_and(|done| done <= at) {
            continue;
        }
        sqlx::query(
            "UPDATE campaign_member SET done = $4 \
             WHERE supervisor = $1 AND campaign = $2 AND credit_code = $3",
        )
        .bind(supervisor)
        .bind(&asked.campaign)
        .bind(credit_code)
        .bind(at)
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}
