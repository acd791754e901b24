//! The rows, and the file they make.

use super::register::Register;
use crate::{auth::new_id, clock, db::Change, error::Error};
use hangtu_catalog::{Bilingual, key};
use hangtu_examine::authorise::{AuthorisationError, Authorisations, File, PersonEntry};
use serde_json::{Map, Value, json};
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeSet;

/// Name of the file where a message needs one.
pub(super) const NAME: &str = "authorisations.yaml";
/// Who approved what nobody approved yet; only for checking a draft.
const PENDING: &str = "(pending)";
/// A window is short work; only standing permissions and long windows are told to expire.
pub(super) const SOON: i64 = 14 * clock::DAY;

/// A row.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) register: String,
    pub(crate) reference: String,
    pub(crate) title: String,
    pub(crate) entry: String,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_to: Option<i64>,
    pub(crate) approved_by: String,
    pub(crate) approved_name: String,
    pub(crate) approved_at: i64,
    pub(crate) revoked: i64,
    pub(crate) proposal: String,
    pub(crate) proposed: String,
    pub(crate) proposed_by: String,
    pub(crate) proposed_name: String,
    pub(crate) proposed_at: i64,
    pub(crate) refused: String,
    pub(crate) revision: i64,
    pub(crate) closed_at: i64,
    pub(crate) closed_name: String,
    pub(crate) closed_note: String,
    pub(crate) observed: String,
}

/// An entry of the file as JSON.
pub(super) type Entry = Map<String, Value>;

impl Row {
    pub(super) fn register(&self) -> Result<Register, Error> {
        Register::from_word(&self.register).ok_or_else(|| Error::internal("unknown register"))
    }

    /// The approved entry.
    pub(super) fn approved(&self) -> Option<Entry> {
        serde_json::from_str(&self.entry).ok()
    }

    /// The entry that waits.
    pub(super) fn waiting(&self) -> Option<Entry> {
        serde_json::from_str(&self.proposed).ok()
    }

    /// `draft`, `refused`, `planned`, `valid`, `open`, `expiring`, `expired`, `closed` or
    /// `revoked`.
    pub(crate) fn state(&self, now: i64) -> &'static str {
        let long = self.valid_from.zip(self.valid_to).is_none_or(|(from, to)| to - from > SOON);
        match () {
            () if self.revoked == 1 => "revoked",
            () if self.entry.is_empty() && !self.refused.is_empty() => "refused",
            () if self.entry.is_empty() => "draft",
            () if self.closed_at > 0 => "closed",
            () if self.valid_from.is_some_and(|t| t > now) => "planned",
            () if self.valid_to.is_some_and(|t| t < now) => "expired",
            () if long && self.valid_to.is_some_and(|t| t - now <= SOON) => "expiring",
            () if self.valid_from.is_some() => "open",
            () => "valid",
        }
    }
}

/// Every row of an organisation, in the order in which they came.
pub(super) async fn all(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Row>, Error> {
    Ok(sqlx::query_as("SELECT * FROM authorisation WHERE organisation = $1 ORDER BY created, id")
        .bind(organisation)
        .fetch_all(c)
        .await?)
}

/// One row of an organisation.
pub(super) async fn one(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Row, Error> {
    sqlx::query_as("SELECT * FROM authorisation WHERE organisation = $1 AND id = $2")
        .bind(organisation)
        .bind(id)
        .fetch_optional(c)
        .await?
        .ok_or(Error::NotFound)
}

/// The text of the title of an entry.
pub(super) fn title(entry: &Entry) -> String {
    ["title", "purpose", "name"]
        .iter()
        .find_map(|n| entry.get(*n).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}

/// Beginning and end of an entry.
pub(super) fn span(entry: &Entry) -> (Option<i64>, Option<i64>) {
    let time = |name: &str| entry.get(name).and_then(Value::as_str).and_then(clock::parse);
    (time("from"), time("to").or_else(|| time("valid_until")))
}

/// Entries being made a file.
#[derive(Clone, Default)]
pub(super) struct Book {
    entries: Vec<(Register, Entry)>,
    offset: Option<String>,
    /// Accounts that approved here and may be named by nobody else.
    approvers: BTreeSet<String>,
}

impl Book {
    /// What is approved.
    pub(super) fn approved(rows: &[Row], offset: Option<String>) -> Result<Self, Error> {
        let mut out = Self { offset, ..Self::default() };
        for row in rows {
            let Some(mut entry) = row.approved() else { continue };
            let register = row.register()?;
            if row.revoked == 1 {
                if !register.windowed() {
                    continue;
                }
                entry.insert("revoked".into(), true.into());
            }
            out.approvers.insert(row.approved_by.clone());
            out.entries.push((register, entry));
        }
        Ok(out)
    }

    /// The same with what waits.
    pub(super) fn with_waiting(mut self, rows: &[Row]) -> Result<Self, Error> {
        for row in rows.iter().filter(|r| matches!(r.proposal.as_str(), "add" | "change")) {
            if let Some(entry) = row.waiting() {
                self.put(row.register()?, entry);
            }
        }
        Ok(self)
    }

    /// Adds an entry, or puts it in the place of the one of that name.
    pub(super) fn put(&mut self, register: Register, mut entry: Entry) {
        if register.signed() && !entry.contains_key("approved_by") {
            entry.insert("approved_by".into(), PENDING.into());
            self.approvers.insert(PENDING.into());
        }
        let name = register.reference();
        let same =
            |(r, e): &&mut (Register, Entry)| *r == register && e.get(name) == entry.get(name);
        match self.entries.iter_mut().find(same) {
            Some(known) => known.1 = entry,
            None => self.entries.push((register, entry)),
        }
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, register: Register, reference: &str) {
        let name = register.reference();
        self.entries.retain(|(r, e)| {
            *r != register || e.get(name).and_then(Value::as_str) != Some(reference)
        });
    }

    /// Sets local time.
    pub(super) fn set_offset(&mut self, offset: &str) {
        self.offset = Some(offset.to_owned());
    }

    /// Somebody who approves.
    pub(super) fn approver(&mut self, account: &str) {
        self.approvers.insert(account.to_owned());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The file.
    pub(super) fn file(&self) -> Result<File, AuthorisationError> {
        let mut out = Map::new();
        out.insert("version".into(), 1.into());
        if let Some(offset) = &self.offset {
            out.insert("utc_offset".into(), json!(offset));
        }
        for register in Register::ALL {
            let entries: Vec<&Entry> =
                self.entries.iter().filter(|(r, _)| *r == register).map(|(_, e)| e).collect();
            out.insert(register.word().into(), json!(entries));
        }
        let mut file: File = serde_json::from_value(Value::Object(out))
            .map_err(|e| AuthorisationError::form(NAME, &e.to_string()))?;
        if !file.people.is_empty() {
            // Who approves here is somebody, whether or not the register of people says so.
            let signed =
                file.work_orders.iter().chain(&file.remote_tickets).map(|o| &o.approved_by);
            let signed = signed.chain(file.flows.iter().chain(&file.tools).map(|f| &f.approved_by));
            let named: BTreeSet<String> = signed.cloned().collect();
            for account in named.intersection(&self.approvers) {
                if !file.people.iter().any(|p| p.id == *account) {
                    file.people.push(PersonEntry { id: account.clone(), ..PersonEntry::default() });
                }
            }
        }
        Ok(file)
    }

    /// What the file says, by the program's own parser.
    pub(super) fn parse(&self) -> Result<Authorisations, AuthorisationError> {
        Authorisations::of(NAME, &self.file()?)
    }
}

/// Where the parser's word is shown to a person.
pub(super) fn refused(why: &Bilingual) -> Bilingual {
    Bilingual::around(key::AUTHORISE_INVALID, &[], "why", why)
}

/// Local time of the file of an organisation.
pub(super) async fn offset(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<String>, Error> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT value FROM setting WHERE organisation = $1 AND name = 'authorise-utc-offset'",
    )
    .bind(organisation)
    .fetch_optional(c)
    .await?;
    Ok(row.and_then(|(text,)| serde_json::from_str(&text).ok()))
}

/// The approved book of an organisation, with its rows.
pub(super) async fn open(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<(Vec<Row>, Book), Error> {
    let rows = all(c, organisation).await?;
    let offset = offset(c, organisation).await?;
    let book = Book::approved(&rows, offset)?;
    Ok((rows, book))
}

/// Writes a proposal: a new row, or onto the row that there is.
pub(super) async fn propose(
    change: &mut Change,
    register: Register,
    known: Option<&Row>,
    entry: &Entry,
) -> Result<String, Error> {
    let reference = entry.get(register.reference()).and_then(Value::as_str).unwrap_or_default();
    let (organisation, actor) = (change.organisation().to_owned(), change.actor().clone());
    let (text, now) = (Value::Object(entry.clone()).to_string(), clock::now());
    let id = if let Some(row) = known {
        let kind = if row.entry.is_empty() || row.revoked == 1 { "add" } else { "change" };
        sqlx::query(
            "UPDATE authorisation SET proposal = $3, proposed = $4, proposed_by = $5, \
             proposed_name = $6, proposed_at = $7, refused = '', revision = revision + 1 \
             WHERE organisation = $1 AND id = $2",
        )
        .bind(&organisation)
        .bind(&row.id)
        .bind(kind)
        .bind(&text)
        .bind(&actor.id)
        .bind(&actor.name)
        .bind(now)
        .execute(&mut **change)
        .await?;
        row.id.clone()
    } else {
        let id = new_id();
        sqlx::query(
            "INSERT INTO authorisation (id, organisation, register, reference, title, proposal, \
             proposed, proposed_by, proposed_name, proposed_at, created) \
             VALUES ($1, $2, $3, $4, $5, 'add', $6, $7, $8, $9, $10)",
        )
        .bind(&id)
        .bind(&organisation)
        .bind(register.word())
        .bind(reference)
        .bind(title(entry))
        .bind(&text)
        .bind(&actor.id)
        .bind(&actor.name)
        .bind(now)
        .bind(now)
        .execute(&mut **change)
        .await?;
        id
    };
    let detail = json!({ "register": register.word(), "reference": reference, "entry": entry });
    change.note("authorisation.propose", format!("authorisation/{id}"), detail);
    Ok(id)
}

/// Makes an entry the approved one.
pub(super) async fn approve(
    change: &mut Change,
    id: &str,
    register: Register,
    entry: &Entry,
    by: (&str, &str),
) -> Result<(), Error> {
    let (from, to) = span(entry);
    let organisation = change.organisation().to_owned();
    sqlx::query(
        "UPDATE authorisation SET entry = $3, title = $4, valid_from = $5, valid_to = $6, \
         approved_by = $7, approved_name = $8, approved_at = $9, revoked = 0, proposal = '', \
         proposed = '', refused = '', closed_at = 0, observed = '', revision = revision + 1 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(id)
    .bind(Value::Object(entry.clone()).to_string())
    .bind(title(entry))
    .bind(from)
    .bind(to)
    .bind(by.0)
    .bind(by.1)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    let reference = entry.get(register.reference()).and_then(Value::as_str).unwrap_or_default();
    let detail = json!({ "register": register.word(), "reference": reference, "entry": entry });
    change.note("authorisation.approve", format!("authorisation/{id}"), detail);
    Ok(())
}
