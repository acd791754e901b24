//! Random inspection ("double random"): enterprises and inspectors drawn by a published seed, and
//! the pages of those who inspect what was drawn.

mod lots;

use super::roster::{Filter, about, looked, shown};
use crate::{
    auth::{Right, Role, new_id},
    clock,
    ctx::Ctx,
    db::{Batch, Value},
    error::Error,
    input::{Asked, Input, line},
    people,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use lots::{Lot, draw};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use std::collections::BTreeMap;

/// Enterprises of one draw, and inspectors of one enterprise, at most.
const MOST: usize = 500;
const EACH: usize = 10;
/// Enterprises that are drawn from: the list is kept with the draw.
const FROM: i64 = 500_000;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    r.get("/supervise/draws", may, Doc::new("Random inspections").returns::<Draws>(), list);
    let doc = Doc::new("Draw enterprises that match a filter, and inspectors for each, by a seed");
    r.post("/supervise/draws", may, doc.query::<Filter>().body::<New>().returns::<Made>(), make);
    let doc = Doc::new("A draw with what it was drawn from, drawn again").returns::<Drawn>();
    r.get("/supervise/draws/{id}", may, doc, one);
    let mine = Access::May(Right::Inspect);
    r.get(
        "/inspections",
        mine,
        Doc::new("Enterprises drawn for the reader").returns::<Vec<Mine>>(),
        own,
    );
    let doc =
        Doc::new("An enterprise drawn for the reader; each look is entered in the audit trail");
    r.get("/inspections/{code}", mine, doc, visit);
}

/// How to draw.
#[derive(Deserialize, JsonSchema)]
struct New {
    /// Published beforehand; 8 to 100 characters.
    seed: String,
    /// How many enterprises.
    #[serde(default, deserialize_with = "crate::input::blank")]
    many: Option<usize>,
    /// How many inspectors for each.
    #[serde(default, deserialize_with = "crate::input::blank")]
    each: Option<usize>,
}

/// The new draw.
#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

/// A draw in the list.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Line {
    id: String,
    time: i64,
    person_name: String,
    seed: String,
    many: i64,
    each_one: i64,
}

/// Draws, and how many could be drawn.
#[derive(Serialize, JsonSchema)]
struct Draws {
    draws: Vec<Line>,
    inspectors: usize,
}

/// One enterprise of a draw.
#[derive(Serialize, JsonSchema)]
struct Chosen {
    credit_code: String,
    name: String,
    inspectors: Vec<String>,
}

/// A draw with everything needed to draw it again.
#[derive(Serialize, JsonSchema)]
struct Drawn {
    #[serde(flatten)]
    line: Line,
    /// Whether drawing again from the seed and the lists gave the same.
    holds: bool,
    drawn: Vec<Chosen>,
    /// Credit codes and accounts that were drawn from.
    enterprises: Vec<String>,
    inspectors: Vec<String>,
}

#[derive(Template)]
#[template(path = "supervise/draw/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a Draws,
}

#[derive(Template)]
#[template(path = "supervise/draw/one.html")]
struct OnePage<'a> {
    page: Page,
    d: &'a Drawn,
}

#[derive(Template)]
#[template(path = "supervise/draw/mine.html")]
struct MinePage<'a> {
    page: Page,
    list: &'a [Mine],
}

const LINE: &str =
    "SELECT id, time, person_name, seed, many, each_one FROM draw WHERE supervisor = $1";

async fn inspectors(ctx: &Ctx) -> Result<Vec<String>, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let found = people::accounts(c, ctx.organisation()?, Role::Inspector).await?;
    Ok(found)
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let sql = format!("{LINE} ORDER BY time DESC LIMIT 100");
    let draws: Vec<Line> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .fetch_all(&mut *ctx.app.db.read().await?)
        .await?;
    let list = Draws { draws, inspectors: inspectors(&ctx).await?.len() };
    ctx.show(key::DRAW_TITLE, &list, |page| ListPage { page, list: &list })
}

async fn make(
    ctx: Ctx,
    Asked(filter): Asked<Filter>,
    Input(new): Input<New>,
) -> Result<Response, Error> {
    let seed = line("seed", &new.seed, 100)?;
    if seed.chars().count() < 8 {
        return Err(Error::invalid("seed", key::DRAW_SEED_HINT));
    }
    let people = inspectors(&ctx).await?;
    if people.is_empty() {
        return Err(Error::conflict(key::DRAW_NO_INSPECTORS));
    }
    let (many, each) = (new.many.unwrap_or(1), new.each.unwrap_or(2));
    if many == 0 || many > MOST || each == 0 || each > EACH {
        return Err(Error::invalid("many", key::SERVER_FIELD_CHOICE));
    }
    let enterprises = filter.codes(&ctx.app, ctx.organisation()?, FROM).await?;
    if enterprises.len() < many || people.len() < each {
        return Err(Error::invalid("many", key::DRAW_TOO_FEW));
    }
    let lots = draw(&seed, &enterprises, many, &people, each);
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let id = new_id();
    let columns = &[
        "id",
        "supervisor",
        "time",
        "person_name",
        "seed",
        "many",
        "each_one",
        "enterprises",
        "inspectors",
    ];
    let mut batch = Batch::insert("draw", columns);
    let row: [Value; 9] = [
        (&id).into(),
        (&supervisor).into(),
        clock::now().into(),
        change.actor().name.clone().into(),
        (&seed).into(),
        (many as i64).into(),
        (each as i64).into(),
        serde_json::to_string(&enterprises).map_err(Error::internal)?.into(),
        serde_json::to_string(&people).map_err(Error::internal)?.into(),
    ];
    batch.add(&mut change, row).await?;
    batch.flush(&mut change).await?;
    let columns = &["draw", "supervisor", "place", "credit_code", "inspector"];
    let mut batch = Batch::insert("drawn", columns);
    for (place, lot) in lots.iter().enumerate() {
        for inspector in &lot.inspectors {
            let row: [Value; 5] = [
                (&id).into(),
                (&supervisor).into(),
                (place as i64).into(),
                (&lot.enterprise).into(),
                inspector.into(),
            ];
            batch.add(&mut change, row).await?;
        }
    }
    batch.flush(&mut change).await?;
    let codes: Vec<&str> = lots.iter().map(|l| l.enterprise.as_str()).collect();
    let detail = json!({ "seed": seed, "size": enterprises.len(), "keys": codes });
    change.note("draw.make", format!("draw/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/draws/{id}");
    Ok(ctx.done(&Made { id }, &next, key::DRAW_DONE))
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let sql = format!("{LINE} AND id = $2");
    let line: Option<Line> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(supervisor)
        .bind(&id)
        .fetch_optional(&mut *c)
        .await?;
    let line = line.ok_or(Error::NotFound)?;
    let (enterprises, inspectors): (String, String) = sqlx::query_as(
        "SELECT enterprises, inspectors FROM draw WHERE supervisor = $1 AND id = $2",
    )
    .bind(supervisor)
    .bind(&id)
    .fetch_one(&mut *c)
    .await?;
    let enterprises: Vec<String> = serde_json::from_str(&enterprises).map_err(Error::internal)?;
    let inspectors: Vec<String> = serde_json::from_str(&inspectors).map_err(Error::internal)?;
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT d.place, d.credit_code, s.name, d.inspector FROM drawn d JOIN supervised s \
         ON s.supervisor = d.supervisor AND s.credit_code = d.credit_code \
         WHERE d.supervisor = $1 AND d.draw = $2 ORDER BY d.place, d.inspector",
    )
    .bind(supervisor)
    .bind(&id)
    .fetch_all(&mut *c)
    .await?;
    let mut drawn: BTreeMap<i64, Chosen> = BTreeMap::new();
    for (place, credit_code, name, inspector) in rows {
        let new = Chosen { credit_code, name, inspectors: Vec::new() };
        drawn.entry(place).or_insert(new).inspectors.push(inspector);
    }
    let drawn: Vec<Chosen> = drawn.into_values().collect();
    let again = |n: i64| usize::try_from(n).unwrap_or(0);
    let lots = draw(&line.seed, &enterprises, again(line.many), &inspectors, again(line.each_one));
    let same = |lot: &Lot, chosen: &Chosen| {
        let mut names = lot.inspectors.clone();
        names.sort();
        lot.enterprise == chosen.credit_code && names == chosen.inspectors
    };
    let holds =
        lots.len() == drawn.len() && lots.iter().zip(&drawn).all(|(lot, chosen)| same(lot, chosen));
    let drawn = Drawn { line, holds, drawn, enterprises, inspectors };
    ctx.show(key::DRAW_TITLE, &drawn, |page| OnePage { page, d: &drawn })
}

/// An enterprise that somebody is to inspect.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Mine {
    credit_code: String,
    name: String,
    time: i64,
}

async fn mine(ctx: &Ctx) -> Result<Vec<Mine>, Error> {
    let who = ctx.signed()?;
    Ok(sqlx::query_as(
        "SELECT d.credit_code, s.name, MAX(w.time) AS time FROM drawn d JOIN draw w ON w.id = d.draw \
         JOIN supervised s ON s.supervisor = d.supervisor AND s.credit_code = d.credit_code \
         WHERE d.supervisor = $1 AND d.inspector = $2 GROUP BY d.credit_code, s.name \
         ORDER BY MAX(w.time) DESC, d.credit_code LIMIT 500",
    )
    .bind(&who.organisation)
    .bind(&who.account)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?)
}

async fn own(ctx: Ctx) -> Result<Response, Error> {
    let list = mine(&ctx).await?;
    ctx.show(key::DRAW_MINE, &list, |page| MinePage { page, list: &list })
}

async fn visit(ctx: Ctx, Path(code): Path<String>) -> Result<Response, Error> {
    // Whoever it was not drawn for does not learn whether it exists.
    if mine(&ctx).await?.iter().all(|m| m.credit_code != code) {
        return Err(Error::NotFound);
    }
    let one = about(&ctx, ctx.organisation()?, &code).await?;
    looked(&ctx, &one.firm).await?;
    shown(&ctx, &one)
}
