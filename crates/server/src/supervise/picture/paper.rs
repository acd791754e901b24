//! The picture on paper: as it is now, and as it was frozen for the yearly report.

use super::{
    compute::{Picture, Scope},
    home,
    tables::{Cell, Sheet, sheets},
    yearly,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    download,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::key;
use hangtu_print::{Align, Bar, Block, Cell as Printed, Column, Document, Table, plain};

const PDF: &str = "application/pdf";

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("The picture as PDF").query::<Scope>().gives(PDF);
    r.get("/supervise.pdf", may, doc, now);
    let doc = Doc::new("A frozen picture as PDF").gives(PDF);
    r.get("/supervise/yearly/{id}/picture.pdf", may, doc, frozen);
}

fn table(page: &Page, sheet: &Sheet) -> Block {
    let text = |row: &[Cell], at: usize| match row.get(at) {
        Some(Cell::Text(_)) => Align::Left,
        _ => Align::Right,
    };
    let first = sheet.rows.first().map_or(&[] as &[Cell], Vec::as_slice);
    let columns = sheet.paper.iter().enumerate().map(|(place, at)| Column {
        title: page.t(sheet.head[*at]),
        width: if place == 0 { 5 } else { 3 },
        align: text(first, *at),
    });
    let shown = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(n) if *n >= 0.0 && n.fract() == 0.0 => page.number(*n as i64),
        Cell::Number(n) => format!("{n:.1}"),
        Cell::Nothing => "—".into(),
    };
    let row = |row: &Vec<Cell>| {
        sheet
            .paper
            .iter()
            .map(|at| Printed::new(row.get(*at).map(shown).unwrap_or_default()))
            .collect()
    };
    Block::Table(Table { columns: columns.collect(), rows: sheet.rows.iter().map(row).collect() })
}

/// How many there are, and of how many.
fn denominators(page: &Page, p: &Picture) -> Block {
    let of = |key, value: i64, whole: i64| Bar {
        label: page.t(key),
        value: value.unsigned_abs(),
        denominator: whole.unsigned_abs(),
    };
    let s = &p.sums;
    Block::Bars(vec![
        of(key::PICTURE_ABOVE, s.above, s.registered),
        of(key::PICTURE_INVITED, s.invited, s.registered),
        of(key::PICTURE_SUBMITTED, s.submitted, s.registered),
        of(key::PICTURE_ACCEPTED, s.accepted, s.registered),
        of(key::PICTURE_STALE, p.stale, s.accepted),
        of(key::PICTURE_GRADED, s.graded, s.registered),
        of(key::PICTURE_FIGURE_TOP, s.target_graded, s.target),
        of(key::PICTURE_EXAMINED, s.examined, s.registered),
    ])
}

fn document(ctx: &Ctx, p: &Picture, number: String) -> Result<Document, Error> {
    let page = Page::new(ctx, String::new());
    let plan = &ctx.app.catalog.targets.plan;
    let source = [("title", page.b(&plan.title).into()), ("number", plan.number.as_str().into())];
    let heading = |key| Block::Heading { level: 1, text: page.t(key) };
    let mut blocks = Vec::new();
    for (at, sheet) in sheets(&page, p).iter().enumerate() {
        if sheet.rows.is_empty() {
            continue;
        }
        blocks.push(heading(sheet.name));
        blocks.push(table(&page, sheet));
        if at == 0 {
            blocks.push(Block::Paragraph(plain(page.args(key::PICTURE_SOURCE, &source))));
            blocks.push(heading(key::PICTURE_DENOMINATORS));
            blocks.push(denominators(&page, p));
            let stale = u64::from(p.stale_after_days);
            blocks.push(Block::Paragraph(plain(page.n(key::PICTURE_STALE_NOTE, stale))));
        }
    }
    Ok(Document {
        language: ctx.language,
        title: home::title(ctx, &p.scope),
        subtitle: page.a(key::PICTURE_NOW, "time", page.when(&p.time)),
        number,
        date: clock::day(p.time),
        organisation: ctx.signed()?.organisation_name.clone(),
        facts: vec![(page.t(key::PICTURE_REGISTERED), page.number(p.sums.registered))],
        blocks,
    })
}

async fn send(document: Document, name: &str) -> Result<Response, Error> {
    let pdf = download::pdf(document).await?;
    let headers = [
        (header::CONTENT_TYPE, PDF.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, pdf).into_response())
}

async fn now(ctx: Ctx, Asked(scope): Asked<Scope>) -> Result<Response, Error> {
    let made = home::made(&ctx, &scope).await?;
    send(document(&ctx, &made.picture, String::new())?, "picture.pdf").await
}

async fn frozen(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (frozen, picture) = yearly::found(&ctx, &id).await?;
    // The hash names the bytes that were frozen, which the log witnesses.
    let number = format!("{} · SHA-256 {}", frozen.year, frozen.sha256);
    send(document(&ctx, &picture, number)?, &format!("picture-{}.pdf", frozen.year)).await
}
