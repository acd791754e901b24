//! The picture as a workbook: a sheet for each of its tables.

use super::{
    compute::Scope,
    home,
    tables::{Cell, Sheet, sheets},
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
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::io::Write;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The picture as XLSX").query::<Scope>().gives(XLSX);
    r.get("/supervise.xlsx", Access::May(Right::Supervise), doc, xlsx);
}

/// Writes a table; a text is never a formula.
fn write(book: &mut Workbook, page: &Page, table: Sheet) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    // A sheet's name has 31 characters at most and none of some signs.
    let name: String =
        page.t(table.name).chars().filter(|c| !"[]:*?/\\’'".contains(*c)).take(31).collect();
    sheet.set_name(name)?;
    let bold = Format::new().set_bold();
    for (at, key) in table.head.iter().enumerate() {
        sheet.write_string_with_format(0, at as u16, page.t(*key), &bold)?;
    }
    for (line, row) in table.rows.into_iter().enumerate() {
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

async fn xlsx(ctx: Ctx, Asked(scope): Asked<Scope>) -> Result<Response, Error> {
    let made = home::made(&ctx, &scope).await?;
    let page = Page::new(&ctx, String::new());
    let mut book = Workbook::new();
    for table in sheets(&page, &made.picture) {
        write(&mut book, &page, table).map_err(Error::internal)?;
    }
    let bytes = tokio::task::spawn_blocking(move || book.save_to_buffer())
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    let mut file = download::scratch(&ctx.app.config.data)?;
    file.write_all(&bytes)?;
    download::send(file, XLSX, "picture.xlsx")
}
