//! The roster from a table: tried first, then taken in piece by piece, with every line that does
//! not hold named.

use super::{
    Reach,
    table::{self, CSV, Checked, Entry, Fault, TableError, XLSX},
    take::{self, Counts},
};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::{Batch, Change, Value},
    download::{self, quoted},
    error::Error,
    input::{Asked, line},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    body::Body,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use hangtu_catalog::{Bilingual, Language, hex, key, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use std::{
    fs::File,
    io::{Read, Seek, Write},
};
use tokio::sync::mpsc;

/// Lines that are taken in one change.
const PIECE: usize = 1_000;
/// Values that do not hold which are kept of one import.
const FAULTS: usize = 10_000;
/// Of these, shown on the page.
const SHOWN: i64 = 200;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    r.get(
        "/supervise/import",
        may,
        Doc::new("Imports of the roster so far").returns::<Vec<Told>>(),
        page,
    );
    let doc = Doc::new("Import the roster from CSV or XLSX (the body), or only try")
        .query::<Named>()
        .takes("application/octet-stream")
        .returns::<Told>();
    r.post("/supervise/import", may, doc, import);
    let doc = Doc::new("An empty table for the roster").gives("text/csv");
    r.get("/supervise/import/template.csv", may, doc, template);
    r.get(
        "/supervise/import/{id}",
        may,
        Doc::new("What an import came to").returns::<Report>(),
        report,
    );
    let doc = Doc::new("The values of an import that do not hold as CSV").gives("text/csv");
    r.get("/supervise/import/{id}/errors.csv", may, doc, errors);
}

/// How a table is brought.
#[derive(Deserialize, JsonSchema)]
struct Named {
    /// What the file is called.
    name: String,
    /// `no` to take it in; anything else only says what would happen.
    #[serde(default)]
    dry: String,
}

/// What an import came to.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Told {
    id: String,
    time: i64,
    name: String,
    sha256: String,
    person_name: String,
    /// 1: nothing was kept.
    dry: i64,
    lines: i64,
    added: i64,
    changed: i64,
    same: i64,
    refused: i64,
}

const TOLD: &str = "SELECT id, time, name, sha256, person_name, dry, lines, added, changed, same, \
    refused FROM roster_import WHERE supervisor = $1";

/// A value that did not hold.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Wrong {
    line: i64,
    field: String,
    value: String,
    why_zh: String,
    why_en: String,
}

/// An import with the first of what did not hold.
#[derive(Serialize, JsonSchema)]
struct Report {
    #[serde(flatten)]
    told: Told,
    faults: Vec<Wrong>,
}

#[derive(Template)]
#[template(path = "supervise/roster/import.html")]
struct ImportPage<'a> {
    page: Page,
    past: &'a [Told],
}

#[derive(Template)]
#[template(path = "supervise/roster/report.html")]
struct ReportPage<'a> {
    page: Page,
    report: &'a Report,
}

impl ReportPage<'_> {
    fn why<'w>(&self, wrong: &'w Wrong) -> &'w str {
        match self.page.ctx.language {
            Language::Chinese => &wrong.why_zh,
            Language::English => &wrong.why_en,
        }
    }

    fn field(&self, word: &str) -> String {
        self.page.t(field(word))
    }
}

/// What a column is called.
fn field(word: &str) -> key::Key {
    match word {
        "credit_code" => key::SUPERVISE_CODE,
        "name" => key::SUPERVISE_NAME,
        "region" => key::SUPERVISE_REGION,
        "city" => key::SUPERVISE_CITY,
        "industry" => key::SUPERVISE_INDUSTRY,
        "above_scale" => key::ROSTER_ABOVE,
        "status" => key::ROSTER_STATUS,
        "successor" => key::FIRM_SUCCESSOR,
        "revenue" => key::ROSTER_REVENUE,
        _ => key::IMPORT_LINE,
    }
}

async fn page(ctx: Ctx) -> Result<Response, Error> {
    let sql = format!("{TOLD} ORDER BY time DESC, id DESC LIMIT 50");
    let past: Vec<Told> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .fetch_all(&mut *ctx.app.db.read().await?)
        .await?;
    ctx.show(key::IMPORT_TITLE, &past, |page| ImportPage { page, past: &past })
}

/// The body on the disk, with its hash.
async fn receive(ctx: &Ctx, body: Body) -> Result<(File, String), Error> {
    let file = download::scratch(&ctx.app.config.data)?;
    let mut file = tokio::fs::File::from_std(file);
    let (mut bytes, mut hash) = (0, Sha256::new());
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        use tokio::io::AsyncWriteExt;
        let piece = piece.map_err(|_| Error::invalid("file", key::SERVER_UNREADABLE))?;
        bytes += piece.len() as u64;
        if bytes > CSV {
            return Err(Error::TooLarge);
        }
        hash.update(&piece);
        file.write_all(&piece).await?;
    }
    tokio::io::AsyncWriteExt::flush(&mut file).await?;
    let mut file = file.into_std().await;
    let mut start = [0; 2];
    file.rewind()?;
    let known = file.read(&mut start)?;
    if bytes > XLSX && start[..known] == *b"PK" {
        return Err(Error::TooLarge);
    }
    Ok((file, hex(&hash.finalize())))
}

fn refused(e: TableError) -> Error {
    let say = |language: Language| match &e {
        TableError::Unreadable(why) => {
            text(language, key::IMPORT_BAD_FILE, &[("why", why.as_str().into())])
        }
        TableError::NoHead(missing) => {
            let names: Vec<_> = missing.iter().map(|m| text(language, field(m), &[])).collect();
            let names = names.join(", ");
            text(language, key::IMPORT_NO_HEAD, &[("missing", names.as_str().into())])
        }
    };
    Error::Invalid("file", Bilingual::new(say(Language::Chinese), say(Language::English)))
}

/// Lines on their way from the reader of the file to the store.
type Pieces = mpsc::Receiver<Vec<(u32, Checked)>>;
type Reading = tokio::task::JoinHandle<Result<bool, TableError>>;

/// Reads the file apart from the requests, never far ahead of the store.
fn reading(ctx: &Ctx, file: File, reach: Reach) -> (Pieces, Reading) {
    let (send, pieces) = mpsc::channel(2);
    let app = ctx.app.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE);
        let mut open = true;
        let more = table::read(file, &app.catalog, &|r| reach.has(r), &mut |line, checked| {
            piece.push((line, checked));
            if piece.len() >= PIECE {
                open = send.blocking_send(std::mem::take(&mut piece)).is_ok();
            }
            open
        })?;
        // Nobody listens when the request went away.
        let _ = send.blocking_send(piece);
        Ok(more)
    });
    (pieces, reading)
}

async fn import(ctx: Ctx, Asked(named): Asked<Named>, body: Body) -> Result<Response, Error> {
    let name = line("name", &named.name, 200)?;
    let dry = named.dry != "no";
    let actor = ctx.actor()?;
    let reach = Reach::of(&mut *ctx.app.db.read().await?, ctx.signed()?).await?;
    let (file, sha256) = receive(&ctx, body).await?;
    let (mut pieces, reading) = reading(&ctx, file, reach);
    let id = new_id();
    let (mut counts, mut faults) = (Counts::default(), Vec::new());
    while let Some(piece) = pieces.recv().await {
        let mut entries: Vec<Entry> = Vec::with_capacity(piece.len());
        for (_, checked) in piece {
            counts.lines += 1;
            match checked {
                Ok(entry) => entries.push(entry),
                Err(mut wrong) => {
                    counts.refused += 1;
                    wrong.truncate(FAULTS.saturating_sub(faults.len()));
                    faults.append(&mut wrong);
                }
            }
        }
        if dry {
            take::try_out(&ctx.app, &actor.organisation, &entries, &mut counts).await?;
            continue;
        }
        let mut change = ctx.app.db.change(&actor).await?;
        let before = counts;
        if take::take(&ctx.app, &mut change, &entries, &mut counts).await? {
            let detail = json!({
                "added": counts.added - before.added,
                "changed": counts.changed - before.changed,
                "sha256": sha256,
            });
            change.note("roster.import", format!("import/{id}"), detail);
            change.commit().await?;
        }
    }
    let more = reading.await.map_err(Error::internal)?.map_err(refused)?;
    if more {
        let why = Bilingual::message(key::IMPORT_TOO_MANY, &[]);
        faults.push(Fault { line: table::LINES + 2, field: "", value: String::new(), why });
    }
    let mut change = ctx.app.db.change(&actor).await?;
    let told = Told {
        id,
        time: clock::now(),
        name,
        sha256,
        person_name: actor.name.clone(),
        dry: i64::from(dry),
        lines: counts.lines,
        added: counts.added,
        changed: counts.changed,
        same: counts.same,
        refused: counts.refused,
    };
    keep(&mut change, &told, &faults).await?;
    change.commit().await?;
    let next = format!("/supervise/import/{}", told.id);
    let said = if dry { key::IMPORT_DRY } else { key::IMPORT_DONE };
    Ok(ctx.done(&told, &next, said))
}

/// Keeps what an import came to.
async fn keep(change: &mut Change, told: &Told, faults: &[Fault]) -> Result<(), Error> {
    let supervisor = change.organisation().to_owned();
    let columns = &[
        "id",
        "supervisor",
        "time",
        "name",
        "sha256",
        "person_name",
        "dry",
        "lines",
        "added",
        "changed",
        "same",
        "refused",
    ];
    let mut batch = Batch::insert("roster_import", columns);
    let row: [Value; 12] = [
        (&told.id).into(),
        supervisor.into(),
        told.time.into(),
        (&told.name).into(),
        (&told.sha256).into(),
        (&told.person_name).into(),
        told.dry.into(),
        told.lines.into(),
        told.added.into(),
        told.changed.into(),
        told.same.into(),
        told.refused.into(),
    ];
    batch.add(change, row).await?;
    batch.flush(change).await?;
    let columns = &["import", "line", "place", "field", "value", "why_zh", "why_en"];
    let mut batch = Batch::insert("roster_fault", columns);
    for (place, fault) in faults.iter().enumerate() {
        let row: [Value; 7] = [
            (&told.id).into(),
            fault.line.into(),
            (place as i64).into(),
            fault.field.into(),
            (&fault.value).into(),
            fault.why.zh.to_string().into(),
            fault.why.en.to_string().into(),
        ];
        batch.add(change, row).await?;
    }
    batch.flush(change).await?;
    let action = if told.dry == 1 { "roster.try" } else { "roster.import" };
    let detail = json!({
        "name": told.name, "sha256": told.sha256, "lines": told.lines, "added": told.added,
        "changed": told.changed, "same": told.same, "refused": told.refused,
    });
    change.note(action, format!("import/{}", told.id), detail);
    Ok(())
}

async fn find(ctx: &Ctx, id: &str) -> Result<Told, Error> {
    let sql = format!("{TOLD} AND id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .bind(id)
        .fetch_optional(&mut *ctx.app.db.read().await?)
        .await?
        .ok_or(Error::NotFound)
}

async fn faults(ctx: &Ctx, id: &str, most: i64) -> Result<Vec<Wrong>, Error> {
    Ok(sqlx::query_as(
        "SELECT line, field, value, why_zh, why_en FROM roster_fault WHERE import = $1 \
         ORDER BY line, place LIMIT $2",
    )
    .bind(id)
    .bind(most)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?)
}

async fn report(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let told = find(&ctx, &id).await?;
    let report = Report { faults: faults(&ctx, &id, SHOWN).await?, told };
    ctx.show(key::IMPORT_TITLE, &report, |page| ReportPage { page, report: &report })
}

async fn errors(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    find(&ctx, &id).await?;
    let mut out = String::from("\u{feff}");
    let head = [key::IMPORT_LINE, key::IMPORT_FIELD, key::IMPORT_VALUE, key::IMPORT_WHY];
    out.push_str(&head.map(|k| quoted(&ctx.t(k))).join(","));
    for wrong in faults(&ctx, &id, FAULTS as i64 + 1).await? {
        let why = match ctx.language {
            Language::Chinese => &wrong.why_zh,
            Language::English => &wrong.why_en,
        };
        let cells = [&wrong.line.to_string(), &ctx.t(field(&wrong.field)), &wrong.value, why];
        out.push_str("\r\n");
        out.push_str(&cells.map(|c| quoted(c)).join(","));
    }
    let mut file = download::scratch(&ctx.app.config.data)?;
    file.write_all(out.as_bytes())?;
    download::send(file, "text/csv; charset=utf-8", "errors.csv")
}

async fn template(ctx: Ctx) -> Result<Response, Error> {
    let year = clock::day(clock::now()).year() - 1;
    let head = match ctx.language {
        Language::Chinese => format!(
            "统一社会信用代码,企业名称,地区,城市,行业,是否规上,状态,承继企业,{year}年营业收入（万元）"
        ),
        Language::English => format!(
            "credit code,name,province,city,industry,above scale,status,successor,\
             \"{year} revenue (10,000 yuan)\""
        ),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"roster.csv\""),
    ];
    Ok((headers, format!("\u{feff}{head}\r\n")).into_response())
}
