//! Notices as signed files: written for an enterprise with an instance of its own, and taken in
//! there. Version 1 stays readable for ever.

use super::{
    answer::{self, Ack, Reply},
    bounds::{ack_fault, bad, plain, reply_fault, time},
    load, make,
    model::{COLUMNS, Item, KINDS, MEMBER, Member, Notice},
};
use crate::{
    App,
    auth::new_id,
    correct::file as sent,
    ctx::Ctx,
    db::{Batch, Change},
    download,
    error::Error,
    supervise::{model::find, roster},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{key, sha256};
use hangtu_examine::Rules;
use hangtu_ledger::{Kind, Letter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe};
use std::io::Write;

/// The version that is written.
const VERSION: u32 = 1;
/// Answers of one letter.
const REPLIES: usize = 2_000;

/// A text in both languages; perhaps one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Both {
    zh: String,
    en: String,
}

impl Both {
    fn of(zh: &str, en: &str) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    fn texts(&self) -> [&str; 2] {
        [&self.zh, &self.en]
    }
}

/// What a notice's letter says. A field that this version does not know is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    version: u32,
    /// Its id where it was issued.
    notice: String,
    revision: i64,
    number: i64,
    issuer: String,
    /// Credit code of the enterprise it is for.
    pub(super) addressee: String,
    kind: String,
    colour: String,
    title: Both,
    reason: Both,
    text: Both,
    todo: Both,
    basis: Both,
    persons: String,
    since: i64,
    until: Option<i64>,
    due: i64,
    items: Vec<Item>,
    /// Rules of a bulletin (YAML).
    pack: String,
    made: i64,
    person: String,
    changed: Option<i64>,
    change_note: String,
    lifted: Option<i64>,
    lift_note: String,
    /// What the supervisor has of the enterprise: its acknowledgement, its answers, the decisions.
    acknowledged: Option<Ack>,
    replies: Vec<Reply>,
}

/// How far a copy is: it only grows, so who holds the lower one lacks something.
pub(super) fn edition(n: &Notice, replies: &[Reply]) -> i64 {
    n.revision + replies.iter().filter(|r| r.decided.is_some()).count() as i64
}

/// Seals the copy of a notice for an enterprise. The same rows give the same file.
pub(super) fn seal(app: &App, n: &Notice, m: &Member, replies: &[Reply]) -> Result<Letter, Error> {
    let ack = |time| Ack { time, name: m.ack_name.clone(), note: m.ack_note.clone() };
    let content = Content {
        version: VERSION,
        notice: n.id.clone(),
        revision: n.revision,
        number: n.number,
        issuer: n.issuer.clone(),
        addressee: m.credit_code.clone(),
        kind: n.kind.clone(),
        colour: n.colour.clone(),
        title: Both::of(&n.title_zh, &n.title_en),
        reason: Both::of(&n.reason_zh, &n.reason_en),
        text: Both::of(&n.text_zh, &n.text_en),
        todo: Both::of(&n.todo_zh, &n.todo_en),
        basis: Both::of(&n.basis_zh, &n.basis_en),
        persons: n.persons.clone(),
        since: n.since,
        until: n.until,
        due: n.due,
        items: n.items()?,
        pack: n.pack.clone(),
        made: n.made,
        person: n.person_name.clone(),
        changed: n.changed,
        change_note: n.change_note.clone(),
        lifted: n.lifted,
        lift_note: n.lift_note.clone(),
        acknowledged: m.acknowledged.map(ack),
        replies: replies.to_vec(),
    };
    let Value::Object(map) = serde_json::to_value(&content).map_err(Error::internal)? else {
        return Err(Error::internal("a letter is an object"));
    };
    let key = app.signer.key(&n.supervisor)?;
    Letter::seal(Kind::Notice, map, &key).map_err(Error::internal)
}

impl Content {
    fn fault(&self) -> Option<&'static str> {
        let long = make::LONG;
        let texts = [&self.reason, &self.text, &self.todo];
        let short = |b: &Both, max| b.texts().iter().all(|t| plain(t, max));
        let id = |t: &str| {
            !t.is_empty()
                && t.len() <= 64
                && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let maybe = |t: Option<i64>| t.is_none_or(time);
        let colours = ["", "red", "orange", "yellow", "blue"];
        let item = |i: &Item| {
            plain(&i.text, 2_000)
                && plain(&i.basis_zh, 400)
                && plain(&i.basis_en, 400)
                && time(i.due)
        };
        let holds = [
            ("version", self.version >= 1),
            ("notice", id(&self.notice)),
            ("revision", (1..1_000_000).contains(&self.revision)),
            ("number", (1..1_000_000_000).contains(&self.number)),
            ("kind", KINDS.contains(&self.kind.as_str())),
            ("colour", colours.contains(&self.colour.as_str())),
            ("title", short(&self.title, 120) && self.title.texts().iter().any(|t| !t.is_empty())),
            ("text", texts.iter().all(|b| short(b, long))),
            ("basis", short(&self.basis, 400)),
            ("persons", plain(&self.persons, 1_000)),
            ("issuer", plain(&self.issuer, 200) && plain(&self.person, 200)),
            ("note", plain(&self.change_note, 500) && plain(&self.lift_note, 500)),
            ("since", time(self.since) && time(self.due) && time(self.made)),
            ("until", maybe(self.until) && maybe(self.changed) && maybe(self.lifted)),
            ("items", self.items.len() <= 200 && self.items.iter().all(item)),
            ("pack", plain(&self.pack, make::PACK)),
            ("replies", self.replies.len() <= REPLIES),
        ];
        let field = holds.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field);
        field
            .or_else(|| self.acknowledged.as_ref().and_then(ack_fault))
            .or_else(|| self.replies.iter().find_map(reply_fault))
    }

    /// Reads what a letter says.
    pub(super) fn read(letter: &Letter) -> Result<Self, Error> {
        let value = Value::Object(letter.content().clone());
        let content: Self = serde_json::from_value(value).map_err(|e| {
            bad(&e.to_string().chars().filter(|c| !c.is_control()).take(200).collect::<String>())
        })?;
        match content.fault() {
            Some(field) => Err(bad(field)),
            None => Ok(content),
        }
    }
}

/// Takes a letter of the supervisor in for the organisation of the change; says whether something
/// was new. The content of the highest revision counts, and answers are merged.
pub(super) async fn take(
    app: &App,
    change: &mut Change,
    own: &str,
    letter: &Letter,
) -> Result<bool, Error> {
    let content = Content::read(letter)?;
    if content.addressee != own {
        return Err(Error::invalid("file", key::STEER_NOT_FOR_US));
    }
    let rules = if content.pack.is_empty() {
        String::new()
    } else {
        let ids = Rules::pack(&app.catalog, "pack.yml", &content.pack);
        ids.map_err(|why| make::bad_pack(&why))?.join(" ")
    };
    let holder = change.organisation().to_owned();
    let signer = letter.key().to_string();
    let known: Option<(String, i64)> = sqlx::query_as(
        "SELECT id, revision FROM notice WHERE holder = $1 AND supervisor = $2 AND issue = $3",
    )
    .bind(&holder)
    .bind(&signer)
    .bind(&content.notice)
    .fetch_optional(&mut **change)
    .await?;
    let fresh = known.is_none();
    let newer = known.as_ref().is_none_or(|(_, revision)| *revision < content.revision);
    let id = known.map_or_else(new_id, |(id, _)| id);
    let notice = notice(&content, (&id, &holder, &signer), rules)?;
    let mut new = fresh || newer;
    if fresh {
        make::put(change, &notice, &[own.to_owned()]).await?;
    } else if newer {
        let mut batch = Batch::put("notice", COLUMNS);
        batch.add(change, notice.values()).await?;
        batch.flush(change).await?;
    }
    if let Some(ack) = &content.acknowledged {
        new |= answer::acknowledge(change, &notice, own, ack).await?;
    }
    new |= answer::merge(change, &notice, own, &content.replies, true).await?;
    if new {
        let detail = json!({ "number": notice.number, "kind": notice.kind, "title": notice.title_zh,
            "sha256": letter.digest().to_string(), "revision": notice.revision });
        change.note("notice.take", format!("notice/{id}"), detail);
    }
    Ok(new)
}

fn notice(
    content: &Content,
    (id, holder, signer): (&str, &str, &str),
    rules: String,
) -> Result<Notice, Error> {
    let c = content.clone();
    Ok(Notice {
        id: id.into(),
        supervisor: signer.into(),
        issuer: c.issuer,
        holder: holder.into(),
        issue: c.notice,
        number: c.number,
        kind: c.kind,
        colour: c.colour,
        title_zh: c.title.zh,
        title_en: c.title.en,
        reason_zh: c.reason.zh,
        reason_en: c.reason.en,
        text_zh: c.text.zh,
        text_en: c.text.en,
        todo_zh: c.todo.zh,
        todo_en: c.todo.en,
        basis_zh: c.basis.zh,
        basis_en: c.basis.en,
        persons: c.persons,
        since: c.since,
        until: c.until,
        due: c.due,
        many: c.items.len() as i64,
        items: serde_json::to_string(&c.items).map_err(Error::internal)?,
        pack_sha256: if c.pack.is_empty() { String::new() } else { sha256(c.pack.as_bytes()) },
        pack: c.pack,
        rules,
        filter: String::new(),
        members: 1,
        made: c.made,
        person_name: c.person,
        revision: c.revision,
        changed: c.changed,
        change_note: c.change_note,
        lifted: c.lifted,
        lift_note: c.lift_note,
    })
}

fn name(n: &Notice, code: &str) -> String {
    format!("hangtu-{code}-{}.notice.json", n.number)
}

/// The copy for one enterprise.
pub(super) async fn copy(
    app: &App,
    c: &mut AnyConnection,
    n: &Notice,
    m: &Member,
) -> Result<Letter, Error> {
    // Most have answered nothing yet.
    let some = m.waiting + m.accepted + m.returned > 0;
    let replies = if some { load::replies(c, n, &m.credit_code).await? } else { Vec::new() };
    seal(app, n, m, &replies)
}

pub(super) async fn file(
    ctx: Ctx,
    Path((id, code)): Path<(String, String)>,
) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let mut c = ctx.app.db.read().await?;
    let n = load::issued(&mut c, supervisor, &id).await?;
    let member = load::member(&mut c, &n, &code).await?;
    let letter = copy(&ctx.app, &mut c, &n, &member).await?;
    let firm = find(&mut c, supervisor, &code).await?;
    // Who waits for a look to be entered keeps no connection from others.
    drop(c);
    roster::looked(&ctx, &firm).await?;
    Ok(sent(letter.bytes().to_vec(), "application/json", &name(&n, &code)))
}

pub(super) async fn files(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let n = load::issued(c, supervisor, &id).await?;
    let sql = format!(
        "SELECT {MEMBER} FROM notice_member m WHERE m.supervisor = $1 AND m.notice = $2 \
         AND m.credit_code NOT IN (SELECT credit_code FROM organisation WHERE kind = 'enterprise') \
         ORDER BY m.credit_code"
    );
    let members: Vec<Member> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).bind(&id).fetch_all(&mut *c).await?;
    if members.is_empty() {
        return Err(Error::conflict(key::STEER_NO_FILES));
    }
    let mut out = zip::ZipWriter::new(download::scratch(&ctx.app.config.data)?);
    let plain = zip::write::SimpleFileOptions::default();
    for member in &members {
        let letter = copy(&ctx.app, c, &n, member).await?;
        out.start_file(name(&n, &member.credit_code), plain).map_err(Error::internal)?;
        out.write_all(letter.bytes())?;
    }
    let file = out.finish().map_err(Error::internal)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let detail = json!({ "number": n.number, "members": members.len() });
    change.note("notice.export", format!("notice/{id}"), detail);
    change.commit().await?;
    download::send(file, "application/zip", &format!("notice-{}.zip", n.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_with_something_wrong_names_it() {
        let good = Content {
            version: 1,
            notice: "0198".into(),
            revision: 1,
            number: 1,
            kind: "order".into(),
            title: Both::of("整改", ""),
            items: vec![],
            ..Content::default()
        };
        assert_eq!(good.fault(), None);
        let wrong = |change: &dyn Fn(&mut Content)| {
            let mut content = good.clone();
            change(&mut content);
            content.fault()
        };
        assert_eq!(wrong(&|c| c.title = Both::default()), Some("title"));
        assert_eq!(wrong(&|c| c.kind = "poem".into()), Some("kind"));
        assert_eq!(wrong(&|c| c.text.en = "\u{1b}[2J".into()), Some("text"));
        assert_eq!(wrong(&|c| c.due = i64::MAX), Some("since"));
        let reply = |change: &dyn Fn(&mut Reply)| {
            let mut reply = Reply {
                round: 1,
                state: "answered".into(),
                findings: "[]".into(),
                files: "[]".into(),
                ..Reply::default()
            };
            change(&mut reply);
            wrong(&|c| c.replies = vec![reply.clone()])
        };
        assert_eq!(reply(&|_| ()), None);
        assert_eq!(reply(&|r| r.state = "accepted".into()), Some("replies.state"));
        assert_eq!(reply(&|r| r.files = "[{}]".into()), Some("replies.files"));
        assert_eq!(reply(&|r| r.decided = Some(1)), Some("replies.state"));
        // What a later version adds is passed over.
        let mut value = serde_json::to_value(&good).unwrap();
        value["weather"] = "fine".into();
        assert_eq!(serde_json::from_value::<Content>(value).unwrap(), good);
    }

    #[test]
    fn notices_of_version_1_stay_readable() {
        let both = |n: u8| Both::of(&format!("文{n}"), &format!("text {n}"));
        let notice = Content {
            version: 1,
            notice: "0198".into(),
            revision: 3,
            number: 5,
            issuer: "湖北省工业和信息化主管部门".into(),
            addressee: "91420100MA4KX1234B".into(),
            kind: "order".into(),
            colour: "orange".into(),
            title: both(1),
            reason: both(2),
            text: both(3),
            todo: both(4),
            basis: both(5),
            persons: "王处".into(),
            since: 1,
            until: Some(2),
            due: 3,
            items: vec![Item {
                text: "恢复演练".into(),
                basis_zh: "第十六条".into(),
                basis_en: "Article 16".into(),
                due: 4,
            }],
            pack: "title: x\n".into(),
            made: 5,
            person: "王处".into(),
            changed: Some(6),
            change_note: "改期".into(),
            lifted: Some(7),
            lift_note: "解除".into(),
            acknowledged: Some(Ack::full()),
            replies: vec![Reply::full()],
        };
        crate::supervise::fixture::holds("notice-1.json", &notice);
    }
}
