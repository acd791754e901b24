//! A notice, the enterprises it was told, and how each stands.

use super::{answer::Reply, stand::Stand};
use crate::error::Error;
use hangtu_catalog::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

/// What may be told. Who may tell which is content (`content/steering.yml`).
pub(super) const KINDS: [&str; 5] = ["warning", "order", "assessment", "interview", "bulletin"];

/// A row of `notice`.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Notice {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) supervisor: String,
    /// Name of who issued it.
    pub(super) issuer: String,
    #[serde(skip)]
    pub(super) holder: String,
    /// Its id where it was issued.
    pub(super) issue: String,
    pub(super) number: i64,
    /// `warning`, `order`, `assessment`, `interview` or `bulletin`.
    pub(super) kind: String,
    /// Of a warning: `red`, `orange`, `yellow` or `blue`.
    pub(super) colour: String,
    pub(super) title_zh: String,
    pub(super) title_en: String,
    /// Possible scope and harm; the facts of an order; why an interview was held.
    pub(super) reason_zh: String,
    pub(super) reason_en: String,
    /// What it says; the scope of an assessment; the minutes of an interview.
    pub(super) text_zh: String,
    pub(super) text_en: String,
    /// What is to be done.
    pub(super) todo_zh: String,
    pub(super) todo_en: String,
    pub(super) basis_zh: String,
    pub(super) basis_en: String,
    /// Of an interview: who took part.
    pub(super) persons: String,
    /// From when it holds; of an interview: when it was held.
    pub(super) since: i64,
    pub(super) until: Option<i64>,
    /// By when it is acknowledged.
    pub(super) due: i64,
    #[serde(skip)]
    pub(super) items: String,
    #[serde(skip)]
    pub(super) many: i64,
    #[serde(skip)]
    pub(super) pack: String,
    /// Of a bulletin: ids of its rules, with spaces between.
    pub(super) rules: String,
    pub(super) pack_sha256: String,
    #[serde(skip)]
    pub(super) filter: String,
    #[serde(skip)]
    pub(super) members: i64,
    pub(super) made: i64,
    pub(super) person_name: String,
    /// Counts its changes, from 1.
    pub(super) revision: i64,
    pub(super) changed: Option<i64>,
    pub(super) change_note: String,
    pub(super) lifted: Option<i64>,
    pub(super) lift_note: String,
}

/// The columns of a [`Notice`], in the order in which they are written.
pub(super) const COLUMNS: &[&str] = &[
    "id",
    "supervisor",
    "issuer",
    "holder",
    "issue",
    "number",
    "kind",
    "colour",
    "title_zh",
    "title_en",
    "reason_zh",
    "reason_en",
    "text_zh",
    "text_en",
    "todo_zh",
    "todo_en",
    "basis_zh",
    "basis_en",
    "persons",
    "since",
    "until",
    "due",
    "items",
    "many",
    "pack",
    "rules",
    "pack_sha256",
    "filter",
    "members",
    "made",
    "person_name",
    "revision",
    "changed",
    "change_note",
    "lifted",
    "lift_note",
];

/// One thing that is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Item {
    pub(super) text: String,
    /// The clause it rests on; perhaps empty.
    pub(super) basis_zh: String,
    pub(super) basis_en: String,
    /// By when it is answered.
    pub(super) due: i64,
}

/// One of two texts: that of the language, or the only one there is.
pub(super) fn either<'t>(language: Language, zh: &'t str, en: &'t str) -> &'t str {
    let (own, other) = match language {
        Language::Chinese => (zh, en),
        Language::English => (en, zh),
    };
    if own.is_empty() { other } else { own }
}

impl Item {
    pub(super) fn basis(&self, language: &Language) -> &str {
        either(*language, &self.basis_zh, &self.basis_en)
    }
}

impl Notice {
    pub(super) fn values(&self) -> Vec<crate::db::Value> {
        vec![
            (&self.id).into(),
            (&self.supervisor).into(),
            (&self.issuer).into(),
            (&self.holder).into(),
            (&self.issue).into(),
            self.number.into(),
            (&self.kind).into(),
            (&self.colour).into(),
            (&self.title_zh).into(),
            (&self.title_en).into(),
            (&self.reason_zh).into(),
            (&self.reason_en).into(),
            (&self.text_zh).into(),
            (&self.text_en).into(),
            (&self.todo_zh).into(),
            (&self.todo_en).into(),
            (&self.basis_zh).into(),
            (&self.basis_en).into(),
            (&self.persons).into(),
            self.since.into(),
            self.until.into(),
            self.due.into(),
            (&self.items).into(),
            self.many.into(),
            (&self.pack).into(),
            (&self.rules).into(),
            (&self.pack_sha256).into(),
            (&self.filter).into(),
            self.members.into(),
            self.made.into(),
            (&self.person_name).into(),
            self.revision.into(),
            self.changed.into(),
            (&self.change_note).into(),
            self.lifted.into(),
            (&self.lift_note).into(),
        ]
    }

    pub(super) fn title(&self, language: Language) -> &str {
        either(language, &self.title_zh, &self.title_en)
    }

    pub(super) fn reason(&self, language: Language) -> &str {
        either(language, &self.reason_zh, &self.reason_en)
    }

    pub(super) fn text(&self, language: Language) -> &str {
        either(language, &self.text_zh, &self.text_en)
    }

    pub(super) fn todo(&self, language: Language) -> &str {
        either(language, &self.todo_zh, &self.todo_en)
    }

    pub(super) fn basis(&self, language: Language) -> &str {
        either(language, &self.basis_zh, &self.basis_en)
    }

    /// What is to be done, in order; places count from 0.
    pub(super) fn items(&self) -> Result<Vec<Item>, Error> {
        serde_json::from_str(&self.items).map_err(Error::internal)
    }

    /// Whether rules come with it.
    pub(super) fn has_pack(&self) -> bool {
        !self.rules.is_empty()
    }
}

/// A row of `notice_member` with the name the roster knows.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Member {
    pub(super) credit_code: String,
    pub(super) acknowledged: Option<i64>,
    pub(super) ack_name: String,
    pub(super) ack_note: String,
    /// Items answered and not decided.
    pub(super) waiting: i64,
    pub(super) accepted: i64,
    pub(super) returned: i64,
    /// The nearest limit of what is owed.
    pub(super) next_due: Option<i64>,
    /// Since when its examinations use the rules of a bulletin.
    pub(super) applied: Option<i64>,
    /// The last examination in which these rules looked.
    pub(super) examined: Option<i64>,
    /// Findings of these rules, and those of them that need work.
    pub(super) found: i64,
    pub(super) still_open: i64,
}

/// The columns of a [`Member`].
pub(super) const MEMBER: &str = "m.credit_code, m.acknowledged, m.ack_name, m.ack_note, m.waiting, \
    m.accepted, m.returned, m.next_due, m.applied, m.examined, m.found, m.still_open";

impl Member {
    /// How it stands, in a word.
    pub(super) fn stands(&self, n: &Notice, now: i64) -> &'static str {
        stands(
            (n.many, n.due),
            (self.acknowledged, self.waiting, self.accepted, self.returned, self.next_due),
            now,
        )
    }
}

/// How an enterprise stands to a notice: `many` items, acknowledged by `due`.
pub(super) fn stands(
    (many, due): (i64, i64),
    (acknowledged, waiting, accepted, returned, next): (Option<i64>, i64, i64, i64, Option<i64>),
    now: i64,
) -> &'static str {
    let over = next.is_some_and(|t| t < now);
    match acknowledged {
        _ if many > 0 && accepted >= many => "done",
        _ if over => "overdue",
        None if due < now => "missing",
        _ if returned > 0 => "returned",
        _ if waiting > 0 => "answered",
        Some(at) if at > due => "late",
        Some(_) => "acknowledged",
        None => "told",
    }
}

/// How each item stands with an enterprise, and its limit: of what was returned the new one.
pub(super) fn standing(items: &[Item], replies: &[Reply]) -> Vec<(Stand, i64)> {
    let of = |(place, item): (usize, &Item)| {
        let last = replies.iter().rfind(|r| r.place == place as i64);
        let stand = last.and_then(|r| Stand::from_word(&r.state)).unwrap_or(Stand::Open);
        (stand, last.and_then(|r| r.due).unwrap_or(item.due))
    };
    items.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_an_enterprise_stands_is_one_word() {
        let now = 100;
        let open = (None, 0, 0, 0, None);
        assert_eq!(stands((0, 200), open, now), "told");
        assert_eq!(stands((0, 50), open, now), "missing");
        assert_eq!(stands((0, 50), (Some(40), 0, 0, 0, None), now), "acknowledged");
        assert_eq!(stands((0, 50), (Some(60), 0, 0, 0, None), now), "late");
        let items = |waiting, accepted, returned, next| {
            stands((2, 50), (Some(40), waiting, accepted, returned, next), now)
        };
        assert_eq!(items(0, 0, 0, Some(200)), "acknowledged");
        assert_eq!(items(1, 0, 0, Some(200)), "answered");
        assert_eq!(items(1, 0, 0, Some(99)), "overdue");
        assert_eq!(items(1, 0, 1, Some(200)), "returned");
        assert_eq!(items(0, 2, 0, None), "done");
    }
}
