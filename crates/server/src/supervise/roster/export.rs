//! The filtered list as a table file, made piece by piece on the disk.

use super::{
    filter::{Filter, Where},
    list::ten_thousands,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    download::{self, quoted},
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    supervise::{
        model::Firm,
        picture::{region, stale_before},
    },
    ui::Page,
};
use axum::response::Response;
use hangtu_catalog::key;
use rust_xlsxwriter::{Format, Workbook};
use std::io::Write;

/// Rows of a sheet, less its head.
const MOST: i64 = 1_048_575;
/// Rows that are read at once.
const PIECE: i64 = 5_000;

pub(in crate::supervise) const XLSX: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("Supervised enterprises that match a filter as XLSX");
    r.get("/supervise/enterprises.xlsx", may, doc.query::<Filter>().gives(XLSX), xlsx);
    let doc = Doc::new("Supervised enterprises that match a filter as CSV");
    r.get("/supervise/enterprises.csv", may, doc.query::<Filter>().gives("text/csv"), csv);
}

const HEAD: [key::Key; 15] = [
    key::SUPERVISE_CODE,
    key::SUPERVISE_NAME,
    key::SUPERVISE_REGION,
    key::SUPERVISE_CITY,
    key::SUPERVISE_INDUSTRY,
    key::ROSTER_ABOVE,
    key::ROSTER_STATUS,
    key::ROSTER_REVENUE,
    key::ROSTER_REVENUE_YEAR,
    key::ROSTER_IN_TARGET,
    key::ROSTER_STATE,
    key::ROSTER_GRADED,
    key::ROSTER_OPEN,
    key::ROSTER_MAJORS,
    key::ROSTER_AS_OF,
];

/// Reads the list piece by piece.
struct Source {
    filter: Filter,
    condition: Where,
    page: Page,
    stale: i64,
    offset: i64,
}

impl Source {
    fn new(ctx: &Ctx, mut filter: Filter) -> Result<Self, Error> {
        if filter.sort.is_empty() {
            filter.sort = "code".into();
        }
        let condition = filter.condition(&ctx.app, ctx.organisation()?)?;
        let stale = stale_before(&ctx.app, clock::now());
        Ok(Self { filter, condition, page: Page::new(ctx, String::new()), stale, offset: 0 })
    }

    async fn next(&mut self, ctx: &Ctx) -> Result<Vec<[String; 15]>, Error> {
        let limit = PIECE.min(MOST - self.offset);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let mut c = ctx.app.db.read().await?;
        let rows = self.filter.rows(&mut c, &self.condition, self.offset, limit).await?;
        self.offset += limit;
        Ok(rows.iter().map(|f| self.cells(f)).collect())
    }

    fn cells(&self, f: &Firm) -> [String; 15] {
        let page = &self.page;
        let yes = |n: i64| page.t(if n == 1 { key::SUPERVISE_YES } else { key::SUPERVISE_NO });
        [
            f.credit_code.clone(),
            f.name.clone(),
            region(&page.ctx.app.catalog, &f.region, page.ctx.language),
            f.city.clone(),
            f.industry.clone(),
            yes(f.above_scale),
            page.word("roster-status", &f.status),
            f.revenue.map(ten_thousands).unwrap_or_default(),
            f.revenue_year.map(|y| y.to_string()).unwrap_or_default(),
            yes(f.target),
            page.word("roster-state", f.state(self.stale)),
            yes(f.graded),
            f.as_of.map(|_| f.open.to_string()).unwrap_or_default(),
            f.as_of.map(|_| f.majors.to_string()).unwrap_or_default(),
            f.as_of.map(|t| clock::day(t).to_string()).unwrap_or_default(),
        ]
    }
}

async fn xlsx(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let mut source = Source::new(&ctx, filter)?;
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
                // As text: what a table brought is never a formula.
                sheet.write_string(line, at as u16, cell).map_err(Error::internal)?;
            }
            line += 1;
        }
    }
    let file = download::scratch(&ctx.app.config.data)?;
    let file = tokio::task::spawn_blocking(move || {
        let mut file = file;
        book.save_to_writer(&mut file).map(|()| file)
    });
    let file = file.await.map_err(Error::internal)?.map_err(Error::internal)?;
    download::send(file, XLSX, "enterprises.xlsx")
}

async fn csv(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let mut source = Source::new(&ctx, filter)?;
    let mut file = download::scratch(&ctx.app.config.data)?;
    // The mark by which spreadsheet programs know UTF-8.
    let mut out = String::from("\u{feff}");
    let add = |out: &mut String, row: &[String]| {
        let cells: Vec<_> = row.iter().map(|c| quoted(c)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    };
    add(&mut out, &HEAD.map(|key| ctx.t(key)));
    loop {
        let rows = source.next(&ctx).await?;
        for row in &rows {
            add(&mut out, row);
        }
        let piece = std::mem::take(&mut out);
        let written = move || file.write_all(piece.as_bytes()).map(|()| file);
        file = tokio::task::spawn_blocking(written).await.map_err(Error::internal)??;
        if rows.is_empty() {
            break;
        }
    }
    download::send(file, "text/csv; charset=utf-8", "enterprises.csv")
}
