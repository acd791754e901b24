//! The filtered list as a table file.

use super::{
    attach::file,
    filter::{Filter, Where},
    list::Line,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    download::quoted,
    error::Error,
    input::Asked,
    people::{self, Colleague},
    route::{Access, Doc, Routes},
    ui::Page,
};
use axum::response::Response;
use hangtu_catalog::key;
use rust_xlsxwriter::{Format, Workbook};

/// Rows of a sheet, less its head.
const MOST: i64 = 1_048_575;
/// Rows that are read at once.
const PIECE: i64 = 5_000;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let doc = Doc::new("Findings that match a filter as XLSX").query::<Filter>().gives(XLSX);
    r.get("/findings.xlsx", read, doc, xlsx);
    let doc = Doc::new("Findings that match a filter as CSV").query::<Filter>().gives("text/csv");
    r.get("/findings.csv", read, doc, csv);
}

const HEAD: [key::Key; 11] = [
    key::FINDING_NUMBER,
    key::FINDING_LEVEL,
    key::FINDING_TITLE,
    key::FINDING_SUBJECT,
    key::FINDING_SCENARIO,
    key::FINDING_CONTROLS,
    key::FINDING_STATE,
    key::FINDING_OWNER,
    key::FINDING_DUE,
    key::FINDING_FIRST_SEEN,
    key::FINDING_LAST_SEEN,
];

fn cells(page: &Page, line: &Line) -> [String; 11] {
    [
        line.number.to_string(),
        page.word("level", &line.level),
        page.b(&line.title).to_owned(),
        line.subject.clone(),
        page.word("scenario", &line.scenario),
        line.controls.join(" "),
        page.word("finding-state", &line.state),
        line.owner_name.clone(),
        line.due.map(|due| clock::day(due).to_string()).unwrap_or_default(),
        page.when(&line.first_seen),
        page.when(&line.last_seen),
    ]
}

/// Reads the list piece by piece.
struct Source {
    filter: Filter,
    condition: Where,
    people: Vec<Colleague>,
    page: Page,
    offset: i64,
}

impl Source {
    async fn new(ctx: &Ctx, mut filter: Filter) -> Result<Self, Error> {
        super::settle(&ctx.app, ctx.organisation()?).await;
        if filter.sort.is_empty() {
            filter.sort = "number".into();
        }
        let condition = filter.condition(ctx.organisation()?, &ctx.signed()?.person)?;
        let mut c = ctx.app.db.read().await?;
        let people = people::colleagues(&mut c, ctx.organisation()?).await?;
        let page = Page::new(ctx, String::new());
        Ok(Self { filter, condition, people, page, offset: 0 })
    }

    async fn next(&mut self, ctx: &Ctx) -> Result<Vec<[String; 11]>, Error> {
        if self.offset >= MOST {
            return Ok(Vec::new());
        }
        let mut c = ctx.app.db.read().await?;
        let limit = PIECE.min(MOST - self.offset);
        let rows = self.filter.rows(&mut c, &self.condition, self.offset, limit).await?;
        self.offset += PIECE;
        let now = clock::now();
        let line = |r| cells(&self.page, &Line::of(r, &self.people, now));
        Ok(rows.iter().map(line).collect())
    }
}

async fn xlsx(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let mut source = Source::new(&ctx, filter).await?;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().map_err(Error::internal)?;
    let bold = Format::new().set_bold();
    for (at, key) in HEAD.iter().enumerate() {
        sheet
            .write_string_with_format(0, at as u16, ctx.t(*key), &bold)
            .map_err(Error::internal)?;
    }
    let mut line = 1;
    loop {
        let rows = source.next(&ctx).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            for (at, cell) in row.into_iter().enumerate() {
                // As text: what evidence says is never a formula.
                sheet.write_string(line, at as u16, cell).map_err(Error::internal)?;
            }
            line += 1;
        }
    }
    let bytes = tokio::task::spawn_blocking(move || book.save_to_buffer())
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    Ok(file(bytes, XLSX, "findings.xlsx"))
}

async fn csv(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let mut source = Source::new(&ctx, filter).await?;
    // The mark by which spreadsheet programs know UTF-8.
    let mut out = String::from("\u{feff}");
    let mut add = |row: Vec<String>| {
        let cells: Vec<_> = row.iter().map(|c| quoted(c)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    };
    add(HEAD.iter().map(|key| ctx.t(*key)).collect());
    loop {
        let rows = source.next(&ctx).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            add(row.into());
        }
    }
    Ok(file(out.into_bytes(), "text/csv; charset=utf-8", "findings.csv"))
}
