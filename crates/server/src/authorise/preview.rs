//! What other authorisations would change about the last run, before they are saved.

use super::book::Book;
use crate::{App, error::Error};
use hangtu_catalog::{Bilingual, Catalog};
use hangtu_examine::{Effect, Rules, authorise::Authorisations, model::Examination, rejudge};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, sync::OnceLock};

/// Rows of a list; what is more is counted.
const SHOWN: usize = 100;

/// The quick answer: it rests on the samples (at most five for a finding) and the conversations
/// that the last run kept. Only a new examination is proof.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Preview {
    /// The run it is about; absent while there is none.
    pub(crate) run: Option<String>,
    /// When that run was examined.
    pub(crate) examined_at: String,
    /// Findings of which every kept sample would be covered.
    pub(crate) goes: Vec<Line>,
    /// Findings of which some kept samples would be covered.
    pub(crate) fewer: Vec<Line>,
    /// Conversations that are covered now and would no longer be.
    pub(crate) comes: Vec<Line>,
    /// Findings about missing approval that would stay.
    pub(crate) stay: usize,
    /// Lines that found no room in the lists.
    pub(crate) more: usize,
}

/// A finding or a conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Line {
    /// Of a finding; empty of a conversation.
    pub(crate) fingerprint: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) title: Bilingual,
    pub(crate) subject: String,
    pub(crate) peer: String,
    /// Kept samples that would be covered, and all of them; of a conversation sessions twice.
    pub(crate) covered: u64,
    pub(crate) samples: u64,
    /// How often it happened at all.
    pub(crate) count: u64,
}

impl Preview {
    /// Whether nothing would change that can be seen from here.
    pub(crate) fn quiet(&self) -> bool {
        self.goes.is_empty() && self.fewer.is_empty() && self.comes.is_empty()
    }

    /// What goes, what goes in part, what comes.
    pub(crate) fn lists(&self) -> [(&'static str, &[Line]); 3] {
        [("goes", &self.goes), ("fewer", &self.fewer), ("comes", &self.comes)]
    }
}

/// The embedded rules say which register a finding is about.
fn rules(catalog: &Catalog) -> Result<&'static Rules, Error> {
    static RULES: OnceLock<Rules> = OnceLock::new();
    if let Some(rules) = RULES.get() {
        return Ok(rules);
    }
    let loaded = Rules::load(catalog, &[]).map_err(Error::internal)?;
    Ok(RULES.get_or_init(|| loaded))
}

/// Sets the last run against the book as it would be.
pub(super) async fn of(
    app: &App,
    organisation: &str,
    before: &Book,
    after: &Book,
) -> Result<Preview, Error> {
    let Some((run, examination)) =
        crate::examine::latest(app, organisation).await?.into_iter().next()
    else {
        return Ok(Preview::default());
    };
    let before = before.parse().map_err(Error::internal)?;
    let after = after.parse().map_err(Error::internal)?;
    let app = app.clone();
    // Many findings are many samples: not on the threads that answer.
    tokio::task::spawn_blocking(move || {
        Ok(compare(run, &examination, rules(&app.catalog)?, &before, &after))
    })
    .await
    .map_err(Error::internal)?
}

fn compare(
    run: String,
    examination: &Examination,
    rules: &Rules,
    before: &Authorisations,
    after: &Authorisations,
) -> Preview {
    let judged = rejudge(examination, rules, before, after);
    let mut out = Preview {
        run: Some(run),
        examined_at: examination.run.examined_at.clone(),
        stay: judged.stay,
        ..Preview::default()
    };
    for changed in &judged.changed {
        let to = match changed.effect {
            Effect::Goes => &mut out.goes,
            Effect::Fewer => &mut out.fewer,
        };
        if to.len() >= SHOWN {
            out.more += 1;
            continue;
        }
        to.push(Line {
            fingerprint: changed.finding.fingerprint.clone(),
            title: changed.finding.title.clone(),
            subject: changed.finding.subject.clone(),
            peer: changed.finding.peer.clone().unwrap_or_default(),
            covered: changed.covered as u64,
            samples: changed.samples as u64,
            count: changed.finding.count,
        });
    }
    for (conversation, id) in &judged.uncovered {
        if out.comes.len() >= SHOWN {
            out.more += 1;
            continue;
        }
        let verbs: Vec<&str> = conversation.verbs.keys().map(String::as_str).collect();
        let text = format!("{} {} ({id})", conversation.protocol, verbs.join(" "));
        out.comes.push(Line {
            fingerprint: String::new(),
            title: Bilingual::new(text.clone(), text),
            subject: conversation.destination.clone(),
            peer: conversation.source.clone(),
            covered: 0,
            samples: 0,
            count: conversation.sessions,
        });
    }
    out
}
