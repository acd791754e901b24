//! What one enterprise adds to the sums, and moving the sums by it.

use crate::{
    clock,
    db::{Batch, Change, Value},
    error::Error,
    supervise::{facts::Facts, model::Firm},
};
use std::collections::BTreeMap;

/// Columns of `sum_area`; the first three are its key.
pub(super) const AREA: &[&str] = &[
    "supervisor",
    "region",
    "industry",
    "registered",
    "above",
    "target",
    "invited",
    "submitted",
    "accepted",
    "graded",
    "target_graded",
    "filed",
    "examined",
    "drilled",
    "assets",
    "important",
    "core",
    "ungraded",
    "checks_total",
    "checks_measured",
    "checks_errored",
    "checks_stale",
    "checks_never",
    "not_applicable",
    "person_times",
    "persons",
    "professionals",
];
/// Columns of `sum_risk`; five are its key.
pub(super) const RISK: &[&str] = &[
    "supervisor",
    "region",
    "industry",
    "scenario",
    "level",
    "enterprises",
    "open",
    "overdue",
    "accepted",
    "corrected",
    "proven",
];
/// Columns of `sum_drill`; four are its key.
pub(super) const DRILL: &[&str] =
    &["supervisor", "region", "industry", "scenario", "enterprises", "shortcomings"];
/// Columns of `sum_major`; four are its key.
pub(super) const MAJOR: &[&str] = &["supervisor", "region", "industry", "month", "open", "closed"];

/// The month in which something was found, by the plan's clock.
pub(super) fn month(time: i64) -> String {
    clock::day(time).strftime("%Y-%m").to_string()
}

/// Numbers by the words that name them.
type Cells<const K: usize, const N: usize> = BTreeMap<[String; K], [i64; N]>;

/// Differences on their way into the sums. Ordered, so that two changes never wait for each other
/// in a circle.
#[derive(Default)]
pub(in crate::supervise) struct Shift {
    area: Cells<2, 24>,
    risk: Cells<4, 6>,
    drill: Cells<3, 2>,
    major: Cells<3, 2>,
}

fn add<const K: usize, const N: usize>(
    cells: &mut Cells<K, N>,
    key: [&str; K],
    sign: i64,
    numbers: [i64; N],
) {
    let cell = cells.entry(key.map(str::to_owned)).or_insert([0; N]);
    for (sum, n) in cell.iter_mut().zip(numbers) {
        *sum += sign * n;
    }
}

impl Shift {
    /// Adds an enterprise as it is (1), or takes away what it was (-1).
    pub(in crate::supervise) fn add(&mut self, firm: &Firm, facts: Option<&Facts>, sign: i64) {
        if !firm.counts() {
            return;
        }
        let (region, industry) = (firm.region.as_str(), firm.industry.as_str());
        let has = |known: bool| i64::from(known);
        let of = |take: &dyn Fn(&Facts) -> u32| facts.map_or(0, |f| i64::from(take(f)));
        let is = |test: &dyn Fn(&Facts) -> bool| i64::from(facts.is_some_and(test));
        let graded = is(&Facts::graded);
        add(
            &mut self.area,
            [region, industry],
            sign,
            [
                1,
                firm.above_scale,
                firm.target,
                has(firm.invited.is_some()),
                has(firm.submitted.is_some()),
                has(facts.is_some()),
                graded,
                graded * firm.target,
                is(&|f| f.data.filed),
                is(&|f| f.examination.runs > 0),
                is(&|f| !f.drills.is_empty()),
                of(&|f| f.data.assets),
                of(&|f| f.data.important),
                of(&|f| f.data.core),
                of(&|f| f.data.ungraded),
                of(&|f| f.examination.checks_total),
                of(&|f| f.examination.checks_measured),
                of(&|f| f.examination.checks_errored),
                of(&|f| f.examination.checks_stale),
                of(&|f| f.examination.checks_never),
                of(&|f| f.examination.not_applicable),
                of(&|f| f.training.person_times),
                of(&|f| f.training.persons),
                of(&|f| f.training.professionals),
            ],
        );
        let Some(facts) = facts else { return };
        for r in &facts.risks {
            let n = [r.open, r.overdue, r.accepted, r.corrected, r.proven].map(i64::from);
            add(
                &mut self.risk,
                [region, industry, &r.scenario, &r.level],
                sign,
                [has(r.open > 0), n[0], n[1], n[2], n[3], n[4]],
            );
        }
        for d in &facts.drills {
            let n = [1, i64::from(d.shortcomings_open)];
            add(&mut self.drill, [region, industry, &d.scenario], sign, n);
        }
        for m in &facts.majors {
            let n = [has(m.closed.is_none()), has(m.closed.is_some())];
            add(&mut self.major, [region, industry, &month(m.found)], sign, n);
        }
    }

    /// Moves the sums; nothing is written where nothing differs. Called after whatever changes the
    /// roster, as lists and the picture are another from then on.
    pub(in crate::supervise) async fn apply(
        self,
        change: &mut Change,
        supervisor: &str,
    ) -> Result<(), Error> {
        write(change, supervisor, "sum_area", AREA, self.area).await?;
        write(change, supervisor, "sum_risk", RISK, self.risk).await?;
        write(change, supervisor, "sum_drill", DRILL, self.drill).await?;
        write(change, supervisor, "sum_major", MAJOR, self.major).await?;
        turn(change, supervisor).await
    }
}

async fn write<const K: usize, const N: usize>(
    change: &mut Change,
    supervisor: &str,
    table: &'static str,
    columns: &'static [&'static str],
    cells: Cells<K, N>,
) -> Result<(), Error> {
    let mut batch = Batch::sum(table, columns, K + 1);
    for (key, numbers) in cells.into_iter().filter(|(_, n)| *n != [0; N]) {
        let row = [Value::from(supervisor)]
            .into_iter()
            .chain(key.into_iter().map(Value::from))
            .chain(numbers.into_iter().map(Value::from));
        batch.add(change, row).await?;
    }
    batch.flush(change).await
}

/// Says that the picture is another.
pub(in crate::supervise) async fn turn(change: &mut Change, supervisor: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO sum_turn (supervisor, turn) VALUES ($1, 1) \
         ON CONFLICT (supervisor) DO UPDATE SET turn = sum_turn.turn + 1",
    )
    .bind(supervisor)
    .execute(&mut **change)
    .await?;
    Ok(())
}
