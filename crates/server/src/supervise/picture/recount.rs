//! The sums once more, from every enterprise's rows: what the moved sums must equal.

use super::sums::{AREA, DRILL, MAJOR, RISK, turn};
use crate::{db::Change, error::Error};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use std::collections::BTreeMap;

/// One table of sums: its columns, how many of them are its key, and the query that fills it.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    keys: usize,
    fill: &'static str,
}

/// The same in SQL alone, so that a slip on one side shows as a difference.
const TABLES: [Table; 4] = [
    Table {
        name: "sum_area",
        columns: AREA,
        keys: 3,
        fill: "SELECT s.supervisor, s.region, s.industry, COUNT(*), SUM(s.above_scale), \
            SUM(s.target), SUM(CASE WHEN s.invited IS NULL THEN 0 ELSE 1 END), \
            SUM(CASE WHEN s.submitted IS NULL THEN 0 ELSE 1 END), COUNT(h.as_of), \
            SUM(COALESCE(h.graded, 0)), \
            SUM(CASE WHEN s.target = 1 AND h.graded = 1 THEN 1 ELSE 0 END), \
            SUM(COALESCE(h.filed, 0)), SUM(CASE WHEN h.runs > 0 THEN 1 ELSE 0 END), \
            SUM(CASE WHEN EXISTS (SELECT 1 FROM held_drill d WHERE d.supervisor = s.supervisor \
            AND d.credit_code = s.credit_code) THEN 1 ELSE 0 END), SUM(COALESCE(h.assets, 0)), \
            SUM(COALESCE(h.important, 0)), SUM(COALESCE(h.core, 0)), \
            SUM(COALESCE(h.ungraded, 0)), SUM(COALESCE(h.checks_total, 0)), \
            SUM(COALESCE(h.checks_measured, 0)), SUM(COALESCE(h.checks_errored, 0)), \
            SUM(COALESCE(h.checks_stale, 0)), SUM(COALESCE(h.checks_never, 0)), \
            SUM(COALESCE(h.not_applicable, 0)), SUM(COALESCE(h.person_times, 0)), \
            SUM(COALESCE(h.persons, 0)), SUM(COALESCE(h.professionals, 0)) FROM supervised s \
            LEFT JOIN held h ON h.supervisor = s.supervisor AND h.credit_code = s.credit_code \
            WHERE s.supervisor = $1 AND s.status = 'active' \
            GROUP BY s.supervisor, s.region, s.industry",
    },
    Table {
        name: "sum_risk",
        columns: RISK,
        keys: 5,
        fill: "SELECT s.supervisor, s.region, s.industry, r.scenario, r.level, \
            SUM(CASE WHEN r.open > 0 THEN 1 ELSE 0 END), SUM(r.open), SUM(r.overdue), \
            SUM(r.accepted), SUM(r.corrected), SUM(r.proven) FROM supervised s JOIN held_risk r \
            ON r.supervisor = s.supervisor AND r.credit_code = s.credit_code \
            WHERE s.supervisor = $1 AND s.status = 'active' \
            GROUP BY s.supervisor, s.region, s.industry, r.scenario, r.level",
    },
    Table {
        name: "sum_drill",
        columns: DRILL,
        keys: 4,
        fill: "SELECT s.supervisor, s.region, s.industry, d.scenario, COUNT(*), \
            SUM(d.shortcomings) FROM supervised s JOIN held_drill d \
            ON d.supervisor = s.supervisor AND d.credit_code = s.credit_code \
            WHERE s.supervisor = $1 AND s.status = 'active' \
            GROUP BY s.supervisor, s.region, s.industry, d.scenario",
    },
    Table {
        name: "sum_major",
        columns: MAJOR,
        keys: 4,
        fill: "SELECT s.supervisor, s.region, s.industry, m.month, SUM(1 - m.closed), \
            SUM(m.closed) FROM supervised s JOIN held_major m \
            ON m.supervisor = s.supervisor AND m.credit_code = s.credit_code \
            WHERE s.supervisor = $1 AND s.status = 'active' \
            GROUP BY s.supervisor, s.region, s.industry, m.month",
    },
];

/// Numbers that are not all zero, by what names them.
type Rows = BTreeMap<Vec<String>, Vec<i64>>;

async fn rows(c: &mut AnyConnection, table: &Table, supervisor: &str) -> Result<Rows, Error> {
    let sql =
        format!("SELECT {} FROM {} WHERE supervisor = $1", table.columns.join(", "), table.name);
    let mut all = Rows::new();
    for row in sqlx::query(AssertSqlSafe(sql)).bind(supervisor).fetch_all(c).await? {
        let key: Result<Vec<String>, _> = (1..table.keys).map(|at| row.try_get(at)).collect();
        let numbers: Result<Vec<i64>, _> =
            (table.keys..table.columns.len()).map(|at| row.try_get(at)).collect();
        let numbers = numbers?;
        if numbers.iter().any(|n| *n != 0) {
            all.insert(key?, numbers);
        }
    }
    Ok(all)
}

/// Counts everything again; says whether the sums had been right.
pub(crate) async fn recount(change: &mut Change, supervisor: &str) -> Result<bool, Error> {
    // Nobody moves the sums meanwhile.
    turn(change, supervisor).await?;
    let mut right = true;
    for table in &TABLES {
        let before = rows(change, table, supervisor).await?;
        let sql = format!("DELETE FROM {} WHERE supervisor = $1", table.name);
        sqlx::query(AssertSqlSafe(sql)).bind(supervisor).execute(&mut **change).await?;
        let columns = table.columns.join(", ");
        let sql = format!("INSERT INTO {} ({columns}) {}", table.name, table.fill);
        sqlx::query(AssertSqlSafe(sql)).bind(supervisor).execute(&mut **change).await?;
        right &= before == rows(change, table, supervisor).await?;
    }
    let told = if right { "yes" } else { "no" };
    change.note("picture.recount", "picture", json!({ "right": told }));
    Ok(right)
}
