//! The supervising side: who is supervised, what they submitted, the picture made of it.
//!
//! What other capabilities use: [`Facts`], the allow-list that a submission is made of;
//! [`picture::take_in`] when a submission is accepted; [`roster::submitted`] when one is received;
//! [`packs`] and [`examined`], the rules of bulletins in examinations, [`bulletins`] in submissions.

mod campaign;
mod draw;
mod facts;
pub(crate) mod history;
mod model;
pub(crate) mod nation;
pub(crate) mod picture;
pub(crate) mod roster;
mod steer;
mod target;

pub(crate) use facts::{Facts, VERSION as FACTS};
pub(crate) use picture::pass_up;
pub(crate) use steer::{bulletins, examined, packs};

use crate::{App, route::Routes};

pub(crate) fn routes(r: &mut Routes) {
    picture::routes(r);
    roster::routes(r);
    target::routes(r);
    draw::routes(r);
    campaign::routes(r);
    steer::routes(r);
    #[cfg(feature = "history")]
    history::routes(r);
}

/// What the clock does by itself.
pub(crate) fn start(app: &App) {
    picture::start(app);
    roster::start(app);
    #[cfg(feature = "history")]
    history::start(app);
}

/// What an earlier version wrote, as a file of tests/fixtures; where asked to, it is written from `now` first.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
fn kept<T: serde::Serialize + serde::de::DeserializeOwned>(name: &str, now: &T) -> T {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("HANGTU_WRITE_FIXTURES").is_some() && !std::path::Path::new(&path).exists()
    {
        std::fs::write(&path, serde_json::to_string_pretty(now).unwrap() + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: T = serde_json::from_str(&text).unwrap();
    // No field that it has is passed over.
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&kept).unwrap(), all, "{name}");
    kept
}
