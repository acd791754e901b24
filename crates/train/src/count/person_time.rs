//! Person-times and persons.

use jiff::{Span, Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A person, whatever the organisation calls them: the same person has the same id everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Arc<str>);

/// A session that was held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Arc<str>);

/// What was completed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A session that was held: counts once for each person.
    Session(SessionId),
    /// A course taken at one's own pace: counts again only when the earlier completion that
    /// counted has run out, so that sitting an exam twice makes nobody two person-times.
    Course {
        /// The course.
        course: Arc<str>,
        /// Months for which a completion is worth something.
        valid_months: u16,
    },
}

/// A person completed something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Completion {
    /// The person.
    pub person: PersonId,
    /// What.
    pub what: What,
    /// When.
    pub at: Timestamp,
}

/// What completions come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted<'a> {
    /// The completions that count, each one person-time, by person and time.
    pub counting: Vec<&'a Completion>,
}

impl Counted<'_> {
    /// Person-times (人次).
    pub fn person_times(&self) -> u64 {
        self.counting.len() as u64
    }

    /// Distinct persons.
    pub fn persons(&self) -> u64 {
        self.counting.iter().map(|c| &c.person).collect::<BTreeSet<_>>().len() as u64
    }

    /// Person-times and persons from `from` up to but not including `to`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> (u64, u64) {
        let within = || self.counting.iter().filter(|c| c.at >= from && c.at < to);
        let persons = within().map(|c| &c.person).collect::<BTreeSet<_>>().len();
        (within().count() as u64, persons as u64)
    }
}

/// The plan's time, in which days are counted.
const PLAN: Offset = Offset::constant(8);

/// Which completions count. Neither the order of `all` nor a completion told twice changes it.
pub fn count(all: &[Completion]) -> Counted<'_> {
    // Person and thing → completions by time.
    let mut groups: BTreeMap<(&PersonId, Key<'_>), Vec<&Completion>> = BTreeMap::new();
    for c in all {
        let key = match &c.what {
            What::Session(id) => Key::Session(id),
            What::Course { course, .. } => Key::Course(course),
        };
        groups.entry((&c.person, key)).or_default().push(c);
    }
    let mut counting = Vec::with_capacity(groups.len());
    for mut group in groups.into_values() {
        group.sort_unstable();
        group.sort_by_key(|c| c.at);
        let mut until: Option<Timestamp> = None;
        for c in group {
            if until.is_some_and(|until| c.at < until) {
                continue;
            }
            until = Some(match &c.what {
                What::Session(_) => Timestamp::MAX,
                What::Course { valid_months, .. } => runs_out(c.at, *valid_months),
            });
            counting.push(c);
        }
    }
    counting.sort_unstable_by(|a, b| (&a.person, a.at, &a.what).cmp(&(&b.person, b.at, &b.what)));
    Counted { counting }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Session(&'a SessionId),
    Course(&'a str),
}

/// When something of so many months has run out.
pub fn runs_out(from: Timestamp, months: u16) -> Timestamp {
    // Never less than a day, so that a completion told twice does not count twice.
    let months = Span::new().months(i64::from(months.max(1)));
    PLAN.to_datetime(from)
        .checked_add(months)
        .ok()
        .and_then(|end| PLAN.to_timestamp(end).ok())
        .unwrap_or(Timestamp::MAX)
}
