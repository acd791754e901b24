//! Ready questions about history, and the names of its columns (`content/history.yml`).

use crate::{Bilingual, ContentError, words::bilingual};
use serde::Deserialize;
use std::collections::HashMap;

/// What a supervisor has at hand to ask history with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Version of the file.
    pub version: u32,
    /// The questions, in order.
    pub questions: Vec<Question>,
    columns: HashMap<String, Name>,
}

/// A ready question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// What it asks.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What is counted, and what is not.
    #[serde(deserialize_with = "bilingual")]
    pub about: Bilingual,
    /// One SELECT.
    pub sql: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Name(#[serde(deserialize_with = "bilingual")] Bilingual);

impl History {
    /// Reads a file of questions; no id may stand twice.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let all: Self = crate::yaml(name, text)?;
        crate::unique(name, all.questions.iter().map(|q| q.id.as_str()))?;
        Ok(all)
    }

    /// A question by id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.id == id)
    }

    /// What a column is called.
    pub fn column(&self, name: &str) -> Option<&Bilingual> {
        self.columns.get(name).map(|n| &n.0)
    }
}
