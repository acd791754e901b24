//! What letters of others may hold: bounds everywhere, and the field that does not hold by its name.

use super::{
    answer::{Ack, Reply},
    stand::Stand,
};
use crate::error::Error;
use hangtu_catalog::{Bilingual, key};

/// The end of the year 9999: no time is later.
const LATEST: i64 = 253_402_300_799_000_000;

/// What does not hold: the name of a field.
pub(super) fn bad(field: &str) -> Error {
    let field = [("field", field.into())];
    Error::Invalid("file", Bilingual::message(key::STEER_BAD_LETTER, &field))
}

/// Whether a text is one that people may be shown.
pub(super) fn plain(text: &str, max: usize) -> bool {
    text.chars().count() <= max && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

pub(super) fn time(t: i64) -> bool {
    (0..=LATEST).contains(&t)
}

/// What keeps a stranger's answers from being taken: the name of the first field that does not hold.
pub(super) fn reply_fault(r: &Reply) -> Option<&'static str> {
    let state = Stand::from_word(&r.state);
    let decided = match state {
        Some(Stand::Answered) => r.decided.is_none(),
        Some(Stand::Accepted | Stand::Returned) => r.decided.is_some(),
        _ => false,
    };
    let linked = r.linked();
    let named = r.named();
    let again =
        |text: &str, all: Result<String, serde_json::Error>| all.is_ok_and(|all| all == text);
    let hex = |h: &str| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit());
    let holds = [
        ("replies.place", (0..1_000).contains(&r.place) && (1..1_000).contains(&r.round)),
        ("replies.time", time(r.time) && r.decided.is_none_or(time) && r.due.is_none_or(time)),
        ("replies.text", plain(&r.text, 4_000) && plain(&r.conclusion, 4_000)),
        ("replies.person_name", plain(&r.person_name, 200) && plain(&r.decided_name, 200)),
        ("replies.decided_text", plain(&r.decided_text, 4_000)),
        ("replies.state", decided),
        ("replies.findings", again(&r.findings, serde_json::to_string(&linked))),
        ("replies.findings", linked.len() <= 100),
        ("replies.findings", linked.iter().all(|l| plain(&l.level, 40) && plain(&l.state, 40))),
        ("replies.files", again(&r.files, serde_json::to_string(&named)) && named.len() <= 100),
        ("replies.files", named.iter().all(|f| plain(&f.name, 200) && hex(&f.sha256))),
    ];
    holds.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
}

/// The same of an acknowledgement.
pub(super) fn ack_fault(a: &Ack) -> Option<&'static str> {
    let holds = time(a.time) && plain(&a.name, 200) && plain(&a.note, 4_000);
    (!holds).then_some("acknowledged")
}
