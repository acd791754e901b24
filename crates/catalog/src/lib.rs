//! The content of `content/`, checked and typed: control points, the risk matrix, the filing of
//! users' own rules, the rule pack with its log sources and placeholders, and every text in both
//! languages.
//!
//! Content is embedded in the program; nothing here touches the file system. A new control point,
//! rule or text is a change under `content/` and nothing else.

mod control;
mod language;
mod level;
mod matrix;
mod rule;

pub use control::{Control, EvidenceKind};
pub use language::{Arg, Bilingual, Language, grouped, key, text};
pub use level::{Level, Scenario};
pub use matrix::Matrix;
pub use rule::{Filing, Register, RuleInfo, RulePack, RuleProblem};

use hangtu_sigma::{Mapping, MappingError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// Content that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("content/{file}: {why}")]
pub struct ContentError {
    /// The file below `content/`.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

/// Everything the program ships as data.
#[derive(Debug)]
pub struct Catalog {
    /// Control points, in the order of the file.
    pub controls: Vec<Control>,
    /// The default risk matrix.
    pub matrix: Matrix,
    /// How rules without a block of ours are filed.
    pub filing: Filing,
    /// Which records a rule's log source means.
    pub logsources: Mapping,
    /// What placeholders in rules stand for, unless a site says otherwise.
    pub placeholders: HashMap<String, Vec<String>>,
}

impl Catalog {
    /// Loads and checks the embedded content.
    pub fn embedded() -> Result<Self, ContentError> {
        Ok(Self {
            controls: control::load(file("controls.yml")?)?,
            matrix: Matrix::parse("matrix.yml", file("matrix.yml")?)?,
            filing: Filing::parse("tactics.yml", file("tactics.yml")?)?,
            logsources: sigma("logsources.yml", Mapping::parse)?,
            placeholders: sigma("placeholders.yml", hangtu_sigma::placeholders)?,
        })
    }

    /// A control point by id.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|c| c.id == id)
    }
}

/// An embedded file that the rule engine reads.
fn sigma<T>(
    name: &str,
    read: fn(&str, &[u8]) -> Result<T, MappingError>,
) -> Result<T, ContentError> {
    read(name, file(name)?.as_bytes()).map_err(|e| ContentError { file: e.file, why: e.why })
}

/// The text of an embedded file.
fn file(name: &str) -> Result<&'static str, ContentError> {
    CONTENT
        .iter()
        .find(|(path, _)| *path == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| ContentError { file: name.into(), why: "is missing".into() })
}

fn yaml<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, ContentError> {
    serde_saphyr::from_str(text).map_err(|e| ContentError { file: name.into(), why: e.to_string() })
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
