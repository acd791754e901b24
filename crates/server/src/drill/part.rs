//! A player's page, on a telephone or a desk: what came to me, what I did, what hangs on it.

use super::{console, live, log};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, Input, line, prose},
    people,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    body::{Body, to_bytes},
    extract::Path,
    response::Response,
};
use hangtu_catalog::{Bilingual, IncidentLevel, exercise::Evidence, key, sha256};
use hangtu_drill::exercise::{Event, Run, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest file taken.
const LIMIT: usize = 20 << 20;

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let doc = Doc::new("What came to the reader's roles in a drill, and what they did");
    r.get("/drills/{id}/part", read, doc.returns::<Part>(), show);
    let doc = Doc::new("Says what was done or decided in a role").body::<Deed>().returns::<Done>();
    r.post("/drills/{id}/act", read, doc, act);
    let doc = Doc::new("Hands in a file as evidence of what was done").query::<Named>();
    let doc = doc.takes("application/octet-stream").returns::<Done>();
    r.post("/drills/{id}/files", read, doc, attach);
}

/// An inject that came to the reader.
#[derive(Serialize, JsonSchema)]
pub(super) struct Came {
    pub(super) id: String,
    pub(super) channel: &'static str,
    pub(super) from: String,
    pub(super) text: String,
    pub(super) time: i64,
    /// The reader's role it is for.
    pub(super) role: String,
    /// Whether an answer is awaited, and of which kind: `text`, `file`, `classification` …
    pub(super) asks: Vec<&'static str>,
    pub(super) open: bool,
}

/// A role of the reader's.
#[derive(Serialize, JsonSchema)]
pub(super) struct Mine {
    pub(super) role: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) brief: Bilingual,
}

/// The player's page.
#[derive(Serialize, JsonSchema)]
pub(super) struct Part {
    id: String,
    number: i64,
    state: &'static str,
    clock: i64,
    running: bool,
    speed: u8,
    #[schemars(with = "BTreeMap<String, String>")]
    background: Bilingual,
    roles: Vec<Mine>,
    injects: Vec<Came>,
    said: Vec<console::Said>,
}

#[derive(Template)]
#[template(path = "drill/part.html")]
struct PartPage<'a> {
    page: Page,
    data: &'a Part,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl PartPage<'_> {
    fn levels(&self) -> impl Iterator<Item = &'static str> {
        IncidentLevel::ALL.iter().map(|l| l.name())
    }

    fn answers(&self) -> bool {
        let states = ["running", "paused", "stopping", "reverting", "verified", "evaluating"];
        states.contains(&self.data.state)
    }

    fn asks(&self, came: &Came, kind: &str) -> bool {
        came.asks.contains(&kind)
    }

    /// The first role: whoever plays one need not choose.
    fn role(&self) -> &str {
        self.data.roles.first().map_or("", |r| r.role.as_str())
    }
}

fn mine(run: &Run, person: &str) -> Vec<Mine> {
    let plays = |role: &&hangtu_catalog::exercise::Role| run.player(&role.id) == Some(person);
    let mine = |role: &hangtu_catalog::exercise::Role| Mine {
        role: role.id.clone(),
        title: role.title.clone(),
        brief: role.brief.clone(),
    };
    run.plan().exercise.roles.iter().filter(plays).map(mine).collect()
}

fn came(run: &Run, roles: &[Mine], ctx: &Ctx) -> Vec<Came> {
    let for_me = |to: &[String]| roles.iter().find(|r| to.contains(&r.role)).map(|r| &r.role);
    let language = ctx.language;
    let mut all: Vec<Came> = run
        .injects()
        .iter()
        .filter_map(|sent| {
            let (_, moment) = sent.sent.as_ref()?;
            let inject = run.plan().exercise.inject(&sent.id)?;
            let role = for_me(&inject.to)?;
            let asked: Vec<_> = run.standing().filter(|(i, ..)| i.id == inject.id).collect();
            let mut asks: Vec<&'static str> = asked
                .iter()
                .filter(|(_, e, _)| e.evidence != Evidence::Automatic)
                .map(|(_, e, _)| e.evidence.name())
                .collect();
            asks.sort_unstable();
            asks.dedup();
            Some(Came {
                id: inject.id.clone(),
                channel: inject.channel.name(),
                from: inject.from.get(language).to_owned(),
                text: inject.text.get(language).to_owned(),
                time: moment.wall.as_microsecond(),
                role: role.clone(),
                asks,
                open: asked.iter().any(|(_, e, r)| r.status(e) == Status::Open),
            })
        })
        .collect();
    all.extend(run.free_injects().iter().filter_map(|free| {
        Some(Came {
            id: free.id.clone(),
            channel: free.channel.name(),
            from: String::new(),
            text: free.text.clone(),
            time: free.at.wall.as_microsecond(),
            role: for_me(&free.to)?.clone(),
            asks: Vec::new(),
            open: false,
        })
    }));
    all.sort_by_key(|c| std::cmp::Reverse(c.time));
    all
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    live::admit(&ctx, &id).await?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let drill = log::load(&ctx.app, c, organisation, &id).await?;
    let people = people::colleagues(c, organisation).await?;
    let run = &drill.run;
    let roles = mine(run, &ctx.signed()?.person);
    if roles.is_empty() {
        return Err(Error::conflict(key::DRILL_NO_PART));
    }
    let mut said = console::said(&drill, &people, 200);
    said.retain(|s| roles.iter().any(|r| r.role == s.role));
    let now = clock::stamp(clock::now());
    let data = Part {
        id: id.clone(),
        number: drill.row.number,
        state: run.state().name(),
        clock: run.moment(now).exercise,
        running: run.clock().is_some_and(|c| c.running()),
        speed: run.clock().map_or(1, |c| c.speed()),
        background: run.plan().exercise.background.clone(),
        injects: came(run, &roles, &ctx),
        roles,
        said,
    };
    let title = format!("{} {}", ctx.t(key::DRILL_MY_PART), drill.row.number);
    ctx.show_titled(title, &data, |page| PartPage { page, data: &data })
}

/// What was done.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Deed {
    role: String,
    /// The inject it answers; empty for none.
    inject: String,
    text: String,
    /// The incident's level, where it is judged.
    level: String,
    /// Why this and nothing else.
    rationale: String,
    /// Who saw it otherwise, and how.
    dissent: String,
}

/// Where it stands.
#[derive(Serialize, JsonSchema)]
struct Done {
    entry: String,
}

/// The expected action a deed can only be about; evaluators tie what is not plain.
fn only(run: &Run, inject: &str, role: &str, kinds: &[Evidence]) -> Option<String> {
    let mut open = run.standing().filter(|(i, e, r)| {
        i.id == inject
            && kinds.contains(&e.evidence)
            && r.status(e) == Status::Open
            && e.by.iter().any(|by| by == role)
    });
    let (_, first, _) = open.next()?;
    open.next().is_none().then(|| first.id.clone())
}

async fn act(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(deed): Input<Deed>,
) -> Result<Response, Error> {
    let text = prose("text", &deed.text, 4000)?;
    let level = match deed.level.as_str() {
        "" => None,
        word => Some(
            IncidentLevel::ALL
                .iter()
                .copied()
                .find(|l| l.name() == word)
                .ok_or_else(|| Error::invalid("level", key::SERVER_FIELD_CHOICE))?,
        ),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut drill = log::hold(&ctx.app, &mut change, &id).await?;
    let kinds: &[Evidence] =
        if level.is_some() { &[Evidence::Classification] } else { &[Evidence::Text] };
    let expectation = only(&drill.run, &deed.inject, &deed.role, kinds);
    let event = Event::ActionDone {
        role: deed.role,
        expectation,
        text,
        attachments: Vec::new(),
        level,
        options: Vec::new(),
        rationale: prose("rationale", &deed.rationale, 2000)?,
        dissent: prose("dissent", &deed.dissent, 2000)?,
    };
    let entry = drill.by_person(&mut change, event)?;
    drill.commit(&ctx.app, change).await?;
    Ok(ctx.done(&Done { entry: entry.0 }, &format!("/drills/{id}/part"), key::DRILL_ENTERED))
}

/// What a file is, and for what.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    name: String,
    role: String,
    #[serde(default)]
    inject: String,
}

async fn attach(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(named): Asked<Named>,
    body: Body,
) -> Result<Response, Error> {
    let name = line("name", &named.name, 200)?;
    let bytes = to_bytes(body, LIMIT).await.map_err(|_| Error::TooLarge)?;
    let hash = sha256(&bytes);
    let organisation = ctx.organisation()?.to_owned();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut drill = log::hold(&ctx.app, &mut change, &id).await?;
    let kinds = [Evidence::File, Evidence::Signature];
    let event = Event::ActionDone {
        expectation: only(&drill.run, &named.inject, &named.role, &kinds),
        role: named.role,
        text: name,
        attachments: vec![hash.clone()],
        level: None,
        options: Vec::new(),
        rationale: String::new(),
        dissent: String::new(),
    };
    let entry = drill.by_person(&mut change, event)?;
    let folder = ctx.app.config.data.join("drills").join(&organisation);
    let kept = tokio::task::spawn_blocking(move || keep(&folder, &hash, &bytes));
    kept.await.map_err(Error::internal)??;
    drill.commit(&ctx.app, change).await?;
    Ok(ctx.done(&Done { entry: entry.0 }, &format!("/drills/{id}/part"), key::DRILL_ENTERED))
}

/// Writes a file so that it is there after a power cut; the same content is kept once.
fn keep(folder: &std::path::Path, hash: &str, bytes: &[u8]) -> Result<(), Error> {
    use std::{fs, io::Write};
    fs::create_dir_all(folder)?;
    let place = folder.join(hash);
    if place.exists() {
        return Ok(());
    }
    let half = folder.join(format!("{hash}.part-{}", crate::auth::new_id()));
    let mut file = fs::File::create(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, &place)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
