//! Reading notices: as the supervisor that issued them, and as an enterprise that was told.

use super::{
    answer::Reply,
    model::{COLUMNS, MEMBER, Member, Notice},
};
use crate::error::Error;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};
use std::collections::HashMap;

fn select() -> String {
    let columns: Vec<_> = COLUMNS.iter().map(|c| format!("n.{c}")).collect();
    columns.join(", ")
}

/// A notice of the supervisor that issued it.
pub(super) async fn issued(
    c: &mut AnyConnection,
    supervisor: &str,
    id: &str,
) -> Result<Notice, Error> {
    let sql = format!(
        "SELECT {} FROM notice n WHERE n.supervisor = $1 AND n.id = $2 AND n.holder = ''",
        select()
    );
    let found = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).bind(id).fetch_optional(c);
    found.await?.ok_or(Error::NotFound)
}

/// Notices a supervisor issued, the newest first.
pub(super) async fn all_issued(
    c: &mut AnyConnection,
    supervisor: &str,
) -> Result<Vec<Notice>, Error> {
    let sql = format!(
        "SELECT {} FROM notice n WHERE n.supervisor = $1 AND n.holder = '' \
         ORDER BY n.number DESC LIMIT 200",
        select()
    );
    Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).fetch_all(c).await?)
}

/// The credit code by which an enterprise is told; nothing for anybody else.
pub(super) async fn code(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<String>, Error> {
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT credit_code FROM organisation \
         WHERE id = $1 AND kind = 'enterprise' AND credit_code <> ''",
    )
    .bind(organisation)
    .fetch_optional(c)
    .await?;
    Ok(found.map(|f| f.0))
}

/// What an enterprise was told: issued in this instance to its credit code, or its own copies.
const TOLD: &str = "FROM notice n JOIN notice_member m ON m.notice = n.id \
    JOIN organisation o ON o.credit_code = m.credit_code \
    WHERE o.id = $1 AND o.kind = 'enterprise' AND (n.holder = '' OR n.holder = o.id)";

/// A notice as the enterprise that was told holds it.
pub(super) async fn told(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<(Notice, Member), Error> {
    let sql = format!("SELECT {} {TOLD} AND n.id = $2", select());
    let notice: Option<Notice> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(organisation)
        .bind(id)
        .fetch_optional(&mut *c)
        .await?;
    let notice = notice.ok_or(Error::NotFound)?;
    let code = code(c, organisation).await?.ok_or(Error::NotFound)?;
    let member = member(c, &notice, &code).await?;
    Ok((notice, member))
}

/// Everything an enterprise was told, the newest first.
pub(super) async fn all_told(
    c: &mut AnyConnection,
    organisation: &str,
    only: &str,
) -> Result<Vec<(Notice, Member)>, Error> {
    let only = if only.is_empty() { String::new() } else { format!("AND n.kind = '{only}'") };
    let sql = format!("SELECT {} {TOLD} {only} ORDER BY n.made DESC, n.id LIMIT 300", select());
    let notices: Vec<Notice> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(organisation).fetch_all(&mut *c).await?;
    let sql = format!("SELECT n.id AS notice, {MEMBER} {TOLD} {only}");
    let members: Vec<OfNotice> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(organisation).fetch_all(&mut *c).await?;
    let mut by: HashMap<String, Member> =
        members.into_iter().map(|m| (m.notice, m.member)).collect();
    Ok(notices
        .into_iter()
        .filter_map(|n| Some((by.remove(&n.id)?, n)))
        .map(|(m, n)| (n, m))
        .collect())
}

#[derive(FromRow)]
struct OfNotice {
    notice: String,
    #[sqlx(flatten)]
    member: Member,
}

/// How one enterprise stands to a notice.
pub(super) async fn member(c: &mut AnyConnection, n: &Notice, code: &str) -> Result<Member, Error> {
    let sql = format!(
        "SELECT {MEMBER} FROM notice_member m \
         WHERE m.supervisor = $1 AND m.notice = $2 AND m.credit_code = $3"
    );
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(&n.supervisor)
        .bind(&n.id)
        .bind(code)
        .fetch_optional(c)
        .await?
        .ok_or(Error::NotFound)
}

/// Every answer of an enterprise, by item and round.
pub(super) async fn replies(
    c: &mut AnyConnection,
    n: &Notice,
    code: &str,
) -> Result<Vec<Reply>, Error> {
    Ok(sqlx::query_as(
        "SELECT place, round, time, person_name, text, conclusion, findings, files, state, decided, \
         decided_name, decided_text, due FROM notice_reply \
         WHERE supervisor = $1 AND notice = $2 AND credit_code = $3 ORDER BY place, round",
    )
    .bind(&n.supervisor)
    .bind(&n.id)
    .bind(code)
    .fetch_all(c)
    .await?)
}
