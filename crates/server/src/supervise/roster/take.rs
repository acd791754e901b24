//! Lines of a table that hold, taken into the roster.

use super::table::Entry;
use crate::{
    App, clock,
    db::{Batch, Change, Value},
    error::Error,
    supervise::{
        model::{self, Firm, History, READ},
        picture::{Shift, held},
    },
};
use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::HashMap;

/// How many lines became what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) lines: i64,
    pub(super) added: i64,
    pub(super) changed: i64,
    pub(super) same: i64,
    pub(super) refused: i64,
}

/// Yuan by year, of each credit code.
type Revenues = HashMap<String, HashMap<i64, i64>>;

async fn revenues(
    c: &mut AnyConnection,
    supervisor: &str,
    codes: &[&str],
) -> Result<Revenues, Error> {
    let places: Vec<_> = (2..codes.len() + 2).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT credit_code, year, yuan FROM supervised_revenue WHERE supervisor = $1 \
         AND credit_code IN ({})",
        places.join(",")
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor);
    let query = codes.iter().fold(query, |q, code| q.bind(*code));
    let rows: Vec<(String, i64, i64)> = query.fetch_all(c).await?;
    let mut all = Revenues::new();
    for (code, year, yuan) in rows {
        all.entry(code).or_default().insert(year, yuan);
    }
    Ok(all)
}

/// What an enterprise becomes by its line.
fn merged(app: &App, old: Option<&Firm>, entry: &Entry, now: i64) -> Firm {
    let mut firm = old.cloned().unwrap_or_else(|| Firm {
        status: "active".into(),
        added: now,
        changed: now,
        ..Firm::default()
    });
    firm.credit_code.clone_from(&entry.credit_code);
    firm.name.clone_from(&entry.name);
    firm.region.clone_from(&entry.region);
    firm.industry.clone_from(&entry.industry);
    if !entry.city.is_empty() {
        firm.city.clone_from(&entry.city);
    }
    if let Some((year, yuan)) = entry.revenue.iter().max_by_key(|(year, _)| *year)
        && firm.revenue_year.is_none_or(|known| known <= *year)
    {
        firm.revenue = Some(*yuan);
        firm.revenue_year = Some(*year);
    }
    firm.above_scale = match entry.above_scale {
        Some(above) => i64::from(above),
        None if entry.revenue.is_empty() && old.is_some() => firm.above_scale,
        None => {
            let line = i64::try_from(app.catalog.revenue.above_scale).unwrap_or(i64::MAX);
            i64::from(firm.revenue.is_some_and(|yuan| yuan >= line))
        }
    };
    if let Some(status) = entry.status {
        status.clone_into(&mut firm.status);
    }
    if firm.counts() {
        firm.successor.clear();
    } else if !entry.successor.is_empty() {
        firm.successor.clone_from(&entry.successor);
    }
    firm
}

/// What a piece of a table comes to.
struct Piece<'e> {
    changes: Vec<(Option<Firm>, Firm)>,
    revenues: Vec<(&'e str, i64, i64)>,
}

fn compare<'e>(
    app: &App,
    entries: &'e [Entry],
    firms: &HashMap<String, Firm>,
    known: &Revenues,
    counts: &mut Counts,
) -> Piece<'e> {
    let now = clock::now();
    let mut piece = Piece { changes: Vec::new(), revenues: Vec::new() };
    for entry in entries {
        let old = firms.get(&entry.credit_code);
        let new = merged(app, old, entry, now);
        let years = known.get(&entry.credit_code);
        let before = piece.revenues.len();
        piece.revenues.extend(entry.revenue.iter().filter_map(|(year, yuan)| {
            let same = years.and_then(|y| y.get(year)) == Some(yuan);
            (!same).then_some((entry.credit_code.as_str(), *year, *yuan))
        }));
        let other_revenue = piece.revenues.len() > before;
        match old {
            None => counts.added += 1,
            Some(old) if *old == new && !other_revenue => {
                counts.same += 1;
                continue;
            }
            Some(_) => counts.changed += 1,
        }
        piece.changes.push((old.cloned(), Firm { changed: now, ..new }));
    }
    piece
}

fn codes(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|e| e.credit_code.as_str()).collect()
}

fn by_code(firms: Vec<Firm>) -> HashMap<String, Firm> {
    firms.into_iter().map(|f| (f.credit_code.clone(), f)).collect()
}

/// Says what lines would become.
pub(super) async fn try_out(
    app: &App,
    supervisor: &str,
    entries: &[Entry],
    counts: &mut Counts,
) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let codes = codes(entries);
    let c = &mut *app.db.read().await?;
    let firms = by_code(model::several(c, supervisor, &codes).await?);
    let known = revenues(c, supervisor, &codes).await?;
    compare(app, entries, &firms, &known, counts);
    Ok(())
}

/// Takes lines in, within a change; says whether anything differs.
pub(super) async fn take(
    app: &App,
    change: &mut Change,
    entries: &[Entry],
    counts: &mut Counts,
) -> Result<bool, Error> {
    if entries.is_empty() {
        return Ok(false);
    }
    let supervisor = change.organisation().to_owned();
    let codes = codes(entries);
    // Held until the change ends: facts that are accepted meanwhile wait, and are not overwritten.
    let places: Vec<_> = (2..codes.len() + 2).map(|n| format!("${n}")).collect();
    let sql = format!(
        "UPDATE supervised SET changed = changed WHERE supervisor = $1 AND credit_code IN ({}) \
         RETURNING {READ}",
        places.join(",")
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(&supervisor);
    let query = codes.iter().fold(query, |q, code| q.bind(*code));
    let firms: Vec<Firm> = query.fetch_all(&mut **change).await?;
    let firms = by_code(firms);
    let known = revenues(change, &supervisor, &codes).await?;
    let piece = compare(app, entries, &firms, &known, counts);
    if piece.changes.is_empty() {
        return Ok(false);
    }
    let mut shift = Shift::default();
    let mut history = History::new(change);
    for (old, new) in &piece.changes {
        let mut facts = None;
        if let Some(old) = old {
            if old.as_of.is_some() {
                facts = held(change, &supervisor, &new.credit_code).await?.map(|h| h.2);
            }
            shift.add(old, facts.as_ref(), -1);
            history.differences(change, old, new, "").await?;
        }
        shift.add(new, facts.as_ref(), 1);
    }
    history.flush(change).await?;
    let firms: Vec<&Firm> = piece.changes.iter().map(|(_, new)| new).collect();
    model::put(change, &supervisor, &firms).await?;
    let columns = &["supervisor", "credit_code", "year", "yuan"];
    let mut batch = Batch::replace("supervised_revenue", columns, 3);
    for (code, year, yuan) in piece.revenues {
        let row: [Value; 4] = [(&supervisor).into(), code.into(), year.into(), yuan.into()];
        batch.add(change, row).await?;
    }
    batch.flush(change).await?;
    shift.apply(change, &supervisor).await?;
    Ok(true)
}
