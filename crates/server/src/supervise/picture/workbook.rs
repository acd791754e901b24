//! The picture as a workbook: a sheet for each of its tables.

use super::{
    compute::{Area, Picture, Scope},
    home,
};
use crate::{
    auth::Right,
    ctx::Ctx,
    download,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    supervise::roster::XLSX,
    ui::Page,
};
use axum::response::Response;
use hangtu_catalog::{key, key::Key};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::io::Write;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The picture as XLSX").query::<Scope>().gives(XLSX);
    r.get("/supervise.xlsx", Access::May(Right::Supervise), doc, xlsx);
}

/// A cell: a text is never a formula.
enum Cell {
    Text(String),
    Number(f64),
    Nothing,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Number(n as f64)
    }
}

impl From<Option<f64>> for Cell {
    fn from(n: Option<f64>) -> Self {
        n.map_or(Self::Nothing, Self::Number)
    }
}

fn sheet(
    book: &mut Workbook,
    page: &Page,
    name: Key,
    head: &[Key],
    rows: Vec<Vec<Cell>>,
) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    // A sheet's name has 31 characters at most and none of some signs.
    let name: String =
        page.t(name).chars().filter(|c| !"[]:*?/\\’'".contains(*c)).take(31).collect();
    sheet.set_name(name)?;
    let bold = Format::new().set_bold();
    for (at, key) in head.iter().enumerate() {
        sheet.write_string_with_format(0, at as u16, page.t(*key), &bold)?;
    }
    for (line, row) in rows.into_iter().enumerate() {
        for (at, cell) in row.into_iter().enumerate() {
            let (line, at) = (line as u32 + 1, at as u16);
            match cell {
                Cell::Text(text) => drop(sheet.write_string(line, at, text)?),
                Cell::Number(n) => drop(sheet.write_number(line, at, n)?),
                Cell::Nothing => {}
            }
        }
    }
    Ok(())
}

const PLACE: [Key; 12] = [
    key::SUPERVISE_CODE,
    key::SUPERVISE_NAME,
    key::PICTURE_REGISTERED,
    key::PICTURE_ABOVE,
    key::PICTURE_INVITED,
    key::PICTURE_SUBMITTED,
    key::PICTURE_ACCEPTED,
    key::PICTURE_GRADED,
    key::ROSTER_IN_TARGET,
    key::PICTURE_FIGURE_TOP,
    key::FIRM_PERSON_TIMES,
    key::FIRM_PROFESSIONALS,
];

fn place(code: &str, name: String, s: &Area) -> Vec<Cell> {
    let numbers = [
        s.registered,
        s.above,
        s.invited,
        s.submitted,
        s.accepted,
        s.graded,
        s.target,
        s.target_graded,
        s.person_times,
        s.professionals,
    ];
    [code.to_owned().into(), name.into()].into_iter().chain(numbers.map(Cell::from)).collect()
}

/// The sheets of a picture.
fn book(page: &Page, p: &Picture) -> Result<Workbook, XlsxError> {
    let catalog = &page.ctx.app.catalog;
    let mut book = Workbook::new();
    let goals = p.goals.iter().map(|g| {
        let name = catalog.targets.figure(&g.id);
        let name =
            name.map_or_else(|| page.t(key::PICTURE_FIGURE_TOP), |t| page.b(&t.name).to_owned());
        vec![
            name.into(),
            g.figure.into(),
            g.today.into(),
            g.missing.into(),
            g.rate.into(),
            g.needed.into(),
            g.projected.map(|n| n as f64).into(),
        ]
    });
    let head = [
        key::PICTURE_TARGETS,
        key::PICTURE_TARGET,
        key::PICTURE_TODAY,
        key::PICTURE_MISSING,
        key::PICTURE_RATE,
        key::PICTURE_NEEDED,
        key::PICTURE_PROJECTED,
    ];
    sheet(&mut book, page, key::PICTURE_TARGETS, &head, goals.collect())?;
    let region = |code: &str| home::region(catalog, code, page.ctx.language);
    let regions = p.regions.iter().map(|r| place(&r.code, region(&r.code), &r.sums));
    sheet(&mut book, page, key::PICTURE_TILES, &PLACE, regions.collect())?;
    let industry = |code: &str| {
        let found = catalog.industries.iter().find(|i| i.code == code);
        found.map_or_else(String::new, |i| page.b(&i.name).to_owned())
    };
    let industries = p.industries.iter().map(|i| place(&i.code, industry(&i.code), &i.sums));
    sheet(&mut book, page, key::PICTURE_INDUSTRIES, &PLACE, industries.collect())?;
    let heat = p.heat.iter().map(|h| {
        let names = [page.word("scenario", &h.scenario), page.word("level", &h.level)];
        let n = [h.enterprises, h.open, h.overdue, h.accepted, h.corrected, h.proven];
        names.map(Cell::from).into_iter().chain(n.map(Cell::from)).collect()
    });
    let head = [
        key::FIRM_SCENARIO,
        key::FIRM_LEVEL,
        key::PICTURE_ENTERPRISES,
        key::FIRM_RISK_OPEN,
        key::FIRM_RISK_OVERDUE,
        key::FIRM_RISK_ACCEPTED,
        key::FIRM_RISK_CORRECTED,
        key::FIRM_RISK_PROVEN,
    ];
    sheet(&mut book, page, key::PICTURE_HEAT, &head, heat.collect())?;
    let months = p.months.iter().map(|m| {
        let name = if m.month.is_empty() { page.t(key::PICTURE_EARLIER) } else { m.month.clone() };
        vec![name.into(), m.open.into(), m.closed.into()]
    });
    let head = [key::PICTURE_MONTH, key::FIRM_RISK_OPEN, key::FIRM_RISK_PROVEN];
    sheet(&mut book, page, key::FIRM_MAJORS, &head, months.collect())?;
    Ok(book)
}

async fn xlsx(ctx: Ctx, Asked(scope): Asked<Scope>) -> Result<Response, Error> {
    let made = home::made(&ctx, &scope).await?;
    let page = Page::new(&ctx, String::new());
    let mut book = book(&page, &made.picture).map_err(Error::internal)?;
    let bytes = tokio::task::spawn_blocking(move || book.save_to_buffer())
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    let mut file = download::scratch(&ctx.app.config.data)?;
    file.write_all(&bytes)?;
    download::send(file, XLSX, "picture.xlsx")
}
