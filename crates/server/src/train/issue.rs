//! Certificates issued and signed, the list of those withdrawn, reminders.

use super::{attempt, certificate::SOON, runs_out, urn};
use crate::{
    App,
    auth::{new_id, random},
    clock::{self, DAY},
    db::{Actor, Change},
    error::Error,
    people,
};
use hangtu_catalog::{Bilingual, Language, Track, course::Course, key};
use hangtu_train::credential::{
    Achievement, AchievementKind, Badge, Issuer, IssuerId, LEAST_ENTRIES, Recipient, StatusEntry,
    StatusList, StatusPurpose,
};
use serde_json::json;
use sqlx::AnyConnection;

/// How long a status list may be held against certificates before a newer one is asked for.
const LIST_HOLDS: i64 = 30 * DAY;
/// Places of a list that are given out before the next is begun: half, so that a free one is found.
const FULL: i64 = LEAST_ENTRIES as i64 / 2;

/// What a new certificate is about.
struct New<'a> {
    kind: &'static str,
    subject: &'a str,
    version: String,
    title: Bilingual,
    description: &'a Bilingual,
    criteria: &'a Bilingual,
    months: u16,
    achievement: AchievementKind,
}

/// Issues the certificate of a course that was passed.
pub(super) async fn of_course(
    app: &App,
    change: &mut Change,
    row: &attempt::Row,
    course: &Course,
    at: i64,
) -> Result<(), Error> {
    let percent = [("percent", u64::from(course.exam.pass_percent).into())];
    let criteria = Bilingual::message(key::TRAIN_CRITERIA, &percent);
    let new = New {
        kind: "course",
        subject: &course.id,
        version: course.version.to_string(),
        title: course.title.clone(),
        description: &course.summary,
        criteria: &criteria,
        months: course.valid_months,
        achievement: AchievementKind::Course,
    };
    let holder = (row.person.as_str(), row.person_name.as_str(), row.language.as_str());
    issue(app, change, &new, holder, &row.id, at, None).await
}

/// Issues the certificate of a track that was completed; it holds as long as all it rests on.
pub(super) async fn of_track(
    app: &App,
    change: &mut Change,
    track: &Track,
    holder: (&str, &str, &str),
    at: i64,
    until: i64,
) -> Result<(), Error> {
    let new = New {
        kind: "track",
        subject: &track.id,
        version: app.catalog.training.version.to_string(),
        title: track.title.clone(),
        description: &track.criteria,
        criteria: &track.criteria,
        months: track.valid_months,
        achievement: AchievementKind::Certificate,
    };
    issue(app, change, &new, holder, "", at, Some(until)).await
}

async fn issuer(c: &mut AnyConnection, organisation: &str) -> Result<Issuer, Error> {
    let (name,): (String,) = sqlx::query_as("SELECT name FROM organisation WHERE id = $1")
        .bind(organisation)
        .fetch_one(c)
        .await?;
    Ok(Issuer { id: IssuerId::Key, name })
}

/// The id of a status list.
fn list_id(organisation: &str, list: i64) -> String {
    urn(&format!("hangtu status list {organisation} {list}"))
}

async fn issue(
    app: &App,
    change: &mut Change,
    new: &New<'_>,
    holder: (&str, &str, &str),
    attempt: &str,
    at: i64,
    until: Option<i64>,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let (person, name, language) = holder;
    let (given,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM certificate WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut **change)
            .await?;
    let list = given / FULL;
    let place = loop {
        let place = u32::from_be_bytes(random::<4>()?) % LEAST_ENTRIES;
        let (taken,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM certificate WHERE organisation = $1 AND list = $2 AND place = $3",
        )
        .bind(&organisation)
        .bind(list)
        .bind(i64::from(place))
        .fetch_one(&mut **change)
        .await?;
        if taken == 0 {
            break place;
        }
    };
    let id = new_id();
    let until = until.unwrap_or_else(|| runs_out(at, new.months));
    let tongue = Language::from_tag(language).unwrap_or(Language::Chinese);
    let account = people::staff(change, &organisation, Some(person)).await?;
    let salt = hangtu_catalog::hex(&random::<16>()?);
    let badge = Badge {
        id: format!("urn:uuid:{id}"),
        issuer: issuer(change, &organisation).await?,
        recipient: Recipient {
            id: urn(&format!("hangtu person {organisation} {person}")),
            name: Some(name.to_owned()),
            hashed: account.into_iter().next().map(|a| (a.account, salt)),
        },
        achievement: Achievement {
            id: urn(&format!("hangtu {} {} {}", new.kind, new.subject, new.version)),
            kind: new.achievement,
            name: new.title.get(tongue).to_owned(),
            description: new.description.get(tongue).to_owned(),
            criteria: new.criteria.get(tongue).to_owned(),
            version: new.version.clone(),
            language: tongue.tag().to_owned(),
        },
        valid_from: clock::stamp(at),
        valid_until: Some(clock::stamp(until)),
        status: Some(StatusEntry { list: list_id(&organisation, list), index: place }),
    };
    let token = badge.issue(&app.signer.certificates(&organisation)?).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO certificate (id, organisation, person, person_name, kind, subject, title_zh, \
         title_en, language, attempt, issued, until, list, place, token) VALUES ($1, $2, $3, $4, $5, \
         $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(person)
    .bind(name)
    .bind(new.kind)
    .bind(new.subject)
    .bind(new.title.zh.to_string())
    .bind(new.title.en.to_string())
    .bind(tongue.tag())
    .bind(attempt)
    .bind(at)
    .bind(until)
    .bind(list)
    .bind(i64::from(place))
    .bind(&token)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "kind": new.kind, "subject": new.subject, "person": person,
        "until": clock::rfc3339(until), "sha256": hangtu_catalog::sha256(token.as_bytes()) });
    change.note("certificate.issue", format!("certificate/{id}"), detail);
    Ok(())
}

/// A signed status list of an organisation, as it stands now.
pub(super) async fn status_list(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    list: i64,
) -> Result<String, Error> {
    let revoked: Vec<(i64,)> = sqlx::query_as(
        "SELECT place FROM certificate WHERE organisation = $1 AND list = $2 \
         AND revoked IS NOT NULL",
    )
    .bind(organisation)
    .bind(list)
    .fetch_all(&mut *c)
    .await?;
    let mut bits = StatusList::default();
    for (place,) in revoked {
        bits.set(u32::try_from(place).unwrap_or(u32::MAX), true);
    }
    let now = clock::now();
    let issuer = issuer(c, organisation).await?;
    bits.issue(
        &list_id(organisation, list),
        &issuer,
        StatusPurpose::Revocation,
        clock::stamp(now),
        clock::stamp(now + LIST_HOLDS),
        &app.signer.certificates(organisation)?,
    )
    .map_err(Error::internal)
}

/// Marks certificates that end soon, once each; the holder's page then says so.
pub(super) async fn remind(app: &App) -> Result<(), Error> {
    let now = clock::now();
    let due: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT organisation, id, person FROM certificate c WHERE reminded IS NULL \
         AND revoked IS NULL AND until > $1 AND until < $2 AND NOT EXISTS (SELECT 1 FROM certificate \
         n WHERE n.organisation = c.organisation AND n.person = c.person AND n.kind = c.kind \
         AND n.subject = c.subject AND n.until > c.until) LIMIT 1000",
    )
    .bind(now)
    .bind(now + SOON)
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, id, person) in due {
        let mut change = app.db.change(&Actor::system(&organisation)).await?;
        sqlx::query("UPDATE certificate SET reminded = $3 WHERE organisation = $1 AND id = $2")
            .bind(&organisation)
            .bind(&id)
            .bind(now)
            .execute(&mut *change)
            .await?;
        let detail = json!({ "person": person });
        change.note("certificate.remind", format!("certificate/{id}"), detail);
        change.commit().await?;
    }
    Ok(())
}
