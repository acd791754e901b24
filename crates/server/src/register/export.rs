//! The catalogue as a table file, as it can be taken in again.

use super::{
    asset::{self, Asset},
    list::Filter,
    table,
};
use crate::{
    auth::Right,
    correct::file,
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use axum::response::Response;
use rust_xlsxwriter::{Format, Workbook};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let doc = Doc::new("Data assets that match a filter as XLSX").query::<Filter>().gives(XLSX);
    r.get("/data.xlsx", read, doc, xlsx);
    let doc = Doc::new("Data assets that match a filter as CSV").query::<Filter>();
    r.get("/data.csv", read, doc.gives("text/csv"), csv);
    let doc = Doc::new("An empty table with the columns of the data catalogue").gives(XLSX);
    r.get("/data/template.xlsx", read, doc, template);
}

async fn chosen(ctx: &Ctx, filter: &Filter) -> Result<Vec<[String; 16]>, Error> {
    let mut assets: Vec<Asset> =
        asset::all(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    assets.retain(|a| filter.fits(a));
    let page = Page::new(ctx, String::new());
    Ok(assets.iter().map(|a| table::cells(a, |prefix, word| page.word(prefix, word))).collect())
}

async fn book(ctx: &Ctx, rows: Vec<[String; 16]>, name: &str) -> Result<Response, Error> {
    let head: Vec<String> = table::COLUMNS.iter().map(|(_, k)| ctx.t(*k)).collect();
    let write = move || -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let bold = Format::new().set_bold();
        for (at, name) in head.iter().enumerate() {
            sheet.write_string_with_format(0, at as u16, name, &bold)?;
        }
        for (line, row) in rows.into_iter().enumerate() {
            for (at, cell) in row.into_iter().enumerate() {
                // As text: what somebody typed is never a formula.
                sheet.write_string(line as u32 + 1, at as u16, cell)?;
            }
        }
        book.save_to_buffer()
    };
    let bytes = tokio::task::spawn_blocking(write).await.map_err(Error::internal)?;
    Ok(file(bytes.map_err(Error::internal)?, XLSX, name))
}

async fn xlsx(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let rows = chosen(&ctx, &filter).await?;
    book(&ctx, rows, "data.xlsx").await
}

async fn template(ctx: Ctx) -> Result<Response, Error> {
    book(&ctx, Vec::new(), "data-template.xlsx").await
}

async fn csv(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    // A spreadsheet program takes such a cell for a formula; `table::read` takes the quote off.
    let safe = |cell: String| {
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
    };
    // The mark by which spreadsheet programs know UTF-8.
    let mut out = b"\xef\xbb\xbf".to_vec();
    let mut writer = ::csv::Writer::from_writer(&mut out);
    let head = table::COLUMNS.iter().map(|(_, k)| ctx.t(*k));
    writer.write_record(head).map_err(Error::internal)?;
    for row in chosen(&ctx, &filter).await? {
        writer.write_record(row.map(safe)).map_err(Error::internal)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(file(out, "text/csv; charset=utf-8", "data.csv"))
}
