//! Courses of one's own: written in the browser, looked at before they are kept; questions of other
//! makers taken in.

use super::{
    TRAIN,
    roll::{self, Wrong},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::{Change, nothing_to_change},
    error::Error,
    input::{Asked, Input, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{body::Bytes, extract::Path, response::Response};
use hangtu_catalog::{
    course::{Course, Kind, Node},
    key,
};
use hangtu_train::exchange::{
    Limits, Package,
    qti::{Imported, QtiReport, Row, read_item, read_package},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Names of the files of a course.
const FACTS: &str = "course.yml";
const QUESTIONS: &str = "questions.yml";
const CHINESE: &str = "zh-CN.md";
const ENGLISH: &str = "en.md";

/// What a new course begins with.
const STARTER: [(&str, &str); 3] = [
    (FACTS, include_str!("starter/course.yml")),
    (QUESTIONS, include_str!("starter/questions.yml")),
    (CHINESE, include_str!("starter/zh-CN.md")),
];

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    r.page("/training/own", manage, new);
    r.page("/training/own/{course}", manage, edit);
    let doc = Doc::new("Checks a course of one's own, and keeps it where it holds");
    r.post("/training/own", manage, doc.body::<Written>().returns::<Kept>(), write);
    let doc = Doc::new("No longer offers a course of one's own").returns::<Kept>();
    r.post("/training/own/{course}/withdraw", manage, doc, withdraw);
    let doc = Doc::new("Adds questions of another maker (QTI) to the bank of one's own course");
    let doc = doc.query::<Named>().takes("application/octet-stream").returns::<Came>();
    r.post("/training/own/{course}/qti", manage, doc, qti);
}

type Files = BTreeMap<String, String>;

#[derive(Template)]
#[template(path = "train/edit.html")]
struct EditPage {
    page: Page,
    /// Empty for a new one.
    course: String,
    files: Files,
}

impl EditPage {
    fn file(&self, name: &str) -> &str {
        self.files.get(name).map_or("", String::as_str)
    }
}

async fn new(ctx: Ctx) -> Result<Response, Error> {
    let files = STARTER.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let course = String::new();
    ctx.show(key::TRAIN_NEW_COURSE, &(), |page| EditPage { page, course, files })
}

/// The files of a course of one's own, and its version.
async fn files(
    c: &mut sqlx::AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Option<(i64, Files)>, Error> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT version, files FROM own_course WHERE organisation = $1 AND id = $2 \
         ORDER BY version DESC LIMIT 1",
    )
    .bind(organisation)
    .bind(id)
    .fetch_optional(c)
    .await?;
    let read = |(version, files): (i64, String)| {
        Ok((version, serde_json::from_str(&files).map_err(Error::internal)?))
    };
    row.map(read).transpose()
}

async fn edit(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let (_, files) = files(c, ctx.organisation()?, &course).await?.ok_or(Error::NotFound)?;
    ctx.show(key::TRAIN_EDIT, &(), |page| EditPage { page, course, files })
}

/// The files of a course.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Written {
    facts: String,
    questions: String,
    zh: String,
    /// Empty where the Chinese text stands for both.
    en: String,
    /// A picture to be added, and its name.
    picture_name: String,
    picture: String,
    /// `preview` keeps nothing.
    action: String,
}

/// What was kept.
#[derive(Serialize, JsonSchema)]
struct Kept {
    course: String,
    version: i64,
    /// Where it stays below what the program's own courses hold to.
    shortfalls: Vec<String>,
}

#[derive(Template)]
#[template(path = "train/preview.html")]
struct PreviewPage<'a> {
    page: Page,
    course: &'a Course,
    shortfalls: &'a [String],
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl PreviewPage<'_> {
    fn sections(&self) -> &[hangtu_catalog::course::Section] {
        &self.course.reading(self.page.ctx.language).sections
    }

    fn html<'n>(&self, node: &'n Node) -> &'n str {
        match node {
            Node::Html(html) => html,
            _ => "",
        }
    }

    fn caption<'n>(&self, node: &'n Node) -> &'n str {
        match node {
            Node::Picture { caption, .. } => caption,
            _ => "",
        }
    }

    fn question(&self, node: &Node) -> Option<&hangtu_catalog::course::Question> {
        match node {
            Node::Check(id) => self.course.question(id),
            _ => None,
        }
    }
}

/// The id that the facts name; the rest is checked with the whole.
fn id(facts: &str) -> Result<String, Error> {
    let line = facts.lines().find_map(|l| l.strip_prefix("id:")).unwrap_or_default();
    let id = line.trim().trim_matches(['"', '\'']);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (2..=40).contains(&id.len()) && id.chars().all(fits) {
        Ok(id.to_owned())
    } else {
        Err(super::refused("facts", "id: a-z, 0-9, -"))
    }
}

/// Nobody's paper changes under their hands.
async fn at_rest(change: &mut Change, course: &str) -> Result<(), Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM exam_attempt WHERE organisation = $1 AND state = 'open' \
         AND (subject = $2 OR kind = 'track')",
    )
    .bind(change.organisation().to_owned())
    .bind(course)
    .fetch_one(&mut **change)
    .await?;
    if n == 0 { Ok(()) } else { Err(Error::conflict(key::TRAIN_COURSE_BUSY)) }
}

async fn keep(
    change: &mut Change,
    course: &str,
    version: i64,
    files: &Files,
    withdrawn: bool,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO own_course (organisation, id, version, files, withdrawn, changed, person_name) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(change.organisation().to_owned())
    .bind(course)
    .bind(version)
    .bind(serde_json::to_string(files).map_err(Error::internal)?)
    .bind(i64::from(withdrawn))
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    Ok(())
}

fn parse(ctx: &Ctx, course: &str, files: &Files) -> Result<Course, Error> {
    Course::parse(course, files, &ctx.app.catalog.controls)
        .map_err(|why| super::refused("facts", why))
}

async fn write(ctx: Ctx, Input(written): Input<Written>) -> Result<Response, Error> {
    let course = id(&written.facts)?;
    if ctx.app.catalog.courses.iter().any(|c| c.id == course) {
        return Err(Error::invalid("facts", key::TRAIN_ID_TAKEN));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (version, mut all) = files(&mut change, &organisation, &course).await?.unwrap_or_default();
    let text = |t: &str| t.replace("\r\n", "\n");
    all.insert(FACTS.into(), text(&written.facts));
    all.insert(QUESTIONS.into(), text(&written.questions));
    all.insert(CHINESE.into(), text(&written.zh));
    let english = if written.en.trim().is_empty() { &written.zh } else { &written.en };
    all.insert(ENGLISH.into(), text(english));
    if !written.picture.trim().is_empty() {
        all.insert(written.picture_name.trim().to_owned(), text(&written.picture));
    }
    // Pictures that no text shows any more go with it.
    let shown = |name: &str| written.zh.contains(name) || written.en.contains(name);
    all.retain(|name, _| name.rsplit('.').next() != Some("svg") || shown(name));
    let parsed = parse(&ctx, &course, &all)?;
    let shortfalls = parsed.shortfalls();
    let mut kept = Kept { course: course.clone(), version, shortfalls };
    if written.action == "preview" {
        drop(change);
        nothing_to_change();
        let title = parsed.title.get(ctx.language).to_owned();
        return ctx.show_titled(title, &kept, |page| PreviewPage {
            page,
            course: &parsed,
            shortfalls: &kept.shortfalls,
        });
    }
    at_rest(&mut change, &course).await?;
    kept.version = version + 1;
    keep(&mut change, &course, kept.version, &all, false).await?;
    let detail = json!({ "version": kept.version, "questions": parsed.questions.len() });
    change.note("course.write", format!("course/{course}"), detail);
    change.commit().await?;
    Ok(ctx.done(&kept, &format!("/training/courses/{course}"), key::TRAIN_DONE))
}

async fn withdraw(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let held = files(&mut change, &organisation, &course).await?;
    let (version, all) = held.ok_or(Error::NotFound)?;
    at_rest(&mut change, &course).await?;
    keep(&mut change, &course, version + 1, &all, true).await?;
    change.note("course.withdraw", format!("course/{course}"), json!({}));
    change.commit().await?;
    let kept = Kept { course, version: version + 1, shortfalls: Vec::new() };
    Ok(ctx.done(&kept, "/training/courses", key::TRAIN_DONE))
}

/// What became of the items.
#[derive(Serialize, JsonSchema)]
struct Came {
    /// The report, at `/training/imports/{id}`.
    id: String,
    taken: usize,
    refused: usize,
}

fn report(bytes: &[u8], limits: Limits) -> Result<QtiReport, Error> {
    if bytes.starts_with(b"PK") {
        let opened = Package::open(bytes, limits).map_err(|why| super::refused("name", why))?;
        let mut package = opened;
        return read_package(&mut package).map_err(|why| super::refused("name", why));
    }
    let row = Row { file: "item.xml".into(), result: read_item(bytes) };
    Ok(QtiReport { rows: vec![row] })
}

/// A question of another maker as an entry of the bank: in the one language it has, and said to be so.
fn entry(course: &str, topic: &str, number: usize, item: &Imported) -> Value {
    let texts = [&item.question, &item.situation, &item.why];
    let all = texts.into_iter().chain(item.options.iter().map(|o| &o.text));
    let chinese = all.flat_map(|t| t.chars()).any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let only = if chinese { "zh" } else { "en" };
    let option = |o: &hangtu_train::exchange::qti::ImportedOption| {
        let mut option = json!({ only: o.text });
        if item.kind != Kind::Order && o.right {
            option["right"] = true.into();
        }
        option
    };
    let why = match item.why.trim() {
        "" if chinese => "无",
        "" => "—",
        why => why,
    };
    let mut entry = json!({
        "id": format!("{course}-{number:02}"),
        "topic": topic,
        "kind": item.kind,
        "difficulty": 2,
        "only": only,
        "question": { only: item.question },
        "options": item.options.iter().map(option).collect::<Vec<_>>(),
        "why": { only: why },
    });
    if !item.situation.trim().is_empty() {
        entry["situation"] = json!({ only: item.situation.trim() });
    }
    entry
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Named {
    /// Name of the file.
    name: String,
}

async fn qti(
    ctx: Ctx,
    Path(course): Path<String>,
    Asked(named): Asked<Named>,
    body: Bytes,
) -> Result<Response, Error> {
    let limits = Limits::from(&ctx.app.catalog.training.packages);
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let held = files(&mut change, &organisation, &course).await?;
    let (version, mut all) = held.ok_or(Error::NotFound)?;
    at_rest(&mut change, &course).await?;
    let parsed = parse(&ctx, &course, &all)?;
    let topic = parsed.topics.first().map(|t| t.id.clone()).unwrap_or_default();
    let report = tokio::task::spawn_blocking(move || report(&body, limits))
        .await
        .map_err(Error::internal)??;
    let number = |id: &str| id.rsplit('-').next().and_then(|n| n.parse::<usize>().ok());
    let mut last = parsed.questions.iter().filter_map(|q| number(&q.id)).max().unwrap_or(0);
    let (mut taken, mut wrong) = (0, Vec::new());
    let mut tell = |row: u32, file: &str, why: &dyn std::fmt::Display| {
        let (file, why) = (file.to_owned(), why.to_string());
        wrong.push(Wrong {
            row,
            column_zh: file.clone(),
            column_en: file,
            zh: why.clone(),
            en: why,
        });
    };
    for (row, n) in report.rows.into_iter().zip(1u32..) {
        let item = match row.result {
            Ok(item) => item,
            Err(why) => {
                tell(n, &row.file, &why);
                continue;
            }
        };
        // Each is tried by itself, so that one that does not hold keeps no other out.
        let bank = all.get(QUESTIONS).cloned().unwrap_or_default();
        let next = entry(&course, &topic, last + 1, &item);
        all.insert(QUESTIONS.into(), format!("{}\n  - {next}\n", bank.trim_end()));
        match Course::parse(&course, &all, &ctx.app.catalog.controls) {
            Ok(_) => {
                last += 1;
                taken += 1;
            }
            Err(why) => {
                tell(n, &row.file, &why);
                all.insert(QUESTIONS.into(), bank);
            }
        }
    }
    if taken > 0 {
        keep(&mut change, &course, version + 1, &all, false).await?;
    }
    let name = prose("name", &named.name, 200)?;
    let id = roll::file_report(&mut change, &name, "", taken, &wrong).await?;
    let detail = json!({ "version": version + i64::from(taken > 0), "taken": taken,
        "refused": wrong.len() });
    change.note("course.write", format!("course/{course}"), detail);
    change.commit().await?;
    let next = format!("/training/imports/{id}");
    Ok(ctx.done(&Came { id, taken, refused: wrong.len() }, &next, key::TRAIN_DONE))
}
