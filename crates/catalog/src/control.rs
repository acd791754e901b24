//! Control points (`content/controls.yml`).

use crate::{Bilingual, ContentError, Scenario};
use serde::Deserialize;

/// By which evidence a control point can be observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum EvidenceKind {
    /// Questionnaire.
    #[serde(rename = "Q")]
    Questionnaire,
    /// Files and documents.
    #[serde(rename = "F")]
    File,
    /// Event logs.
    #[serde(rename = "L")]
    Log,
    /// Network traffic.
    #[serde(rename = "N")]
    Network,
    /// Software and host inventories.
    #[serde(rename = "S")]
    Software,
    /// Drills.
    #[serde(rename = "D")]
    Drill,
}

/// One requirement, with how it can be observed.
#[derive(Clone, Debug, Deserialize)]
pub struct Control {
    /// Identifier, e.g. `ICS-09`.
    pub id: String,
    /// What is asked, in one line.
    pub title: Title,
    /// How it can be observed.
    pub evidence: Vec<EvidenceKind>,
    /// Risk scenarios it belongs to.
    pub scenarios: Vec<Scenario>,
    /// The clause it rests on.
    pub rests_on: String,
}

/// A bilingual text as content files write it.
#[derive(Clone, Debug, Deserialize)]
pub struct Title {
    zh: String,
    en: String,
}

impl From<&Title> for Bilingual {
    fn from(t: &Title) -> Self {
        Self::new(t.zh.as_str(), t.en.as_str())
    }
}

#[derive(Deserialize)]
struct File {
    controls: Vec<Control>,
}

pub(super) fn load(name: &str, text: &str) -> Result<Vec<Control>, ContentError> {
    let controls = crate::yaml::<File>(name, text)?.controls;
    crate::unique(name, controls.iter().map(|c| c.id.as_str()))?;
    Ok(controls)
}
