//! What a simulation showed to be missing, as findings say it: `content/drill/shortcomings.yml`.

use super::result::Aspect;
use hangtu_catalog::{Bilingual, CONTENT, ContentError};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    en: String,
    zh: String,
}

impl From<Words> for Bilingual {
    fn from(w: Words) -> Self {
        Self::new(w.zh, w.en)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Aspect,
    control: String,
    likelihood: u8,
    impact: u8,
    title: Words,
    description: Words,
    advice: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    shortcomings: Vec<Written>,
}

/// What it means that an aspect failed.
#[derive(Clone, Debug)]
pub struct Shortcoming {
    /// The aspect.
    pub aspect: Aspect,
    /// The control point it speaks about.
    pub control: String,
    /// Row of the matrix, 1 to 5.
    pub likelihood: u8,
    /// Column of the matrix, 1 to 5.
    pub impact: u8,
    /// What is wrong.
    pub title: Bilingual,
    /// How it was seen.
    pub description: Bilingual,
    /// What to do.
    pub advice: Bilingual,
}

impl Shortcoming {
    /// The ones the program ships, one for each aspect.
    pub fn embedded() -> Result<Vec<Self>, ContentError> {
        let name = "drill/shortcomings.yml";
        let text = CONTENT.iter().find(|(path, _)| *path == name).map_or("", |(_, text)| *text);
        Self::parse(name, text)
    }

    /// Reads a file of them; each aspect stands once.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Self>, ContentError> {
        let bad = |why: String| ContentError { file: name.into(), why };
        let file: File = serde_saphyr::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut all: Vec<Self> = Vec::with_capacity(file.shortcomings.len());
        for w in file.shortcomings {
            if all.iter().any(|s| s.aspect == w.id) {
                return Err(bad(format!("{:?} stands twice", w.id)));
            }
            if !(1..=5).contains(&w.likelihood) || !(1..=5).contains(&w.impact) {
                return Err(bad(format!("{:?}: likelihood and impact are 1 to 5", w.id)));
            }
            all.push(Self {
                aspect: w.id,
                control: w.control,
                likelihood: w.likelihood,
                impact: w.impact,
                title: w.title.into(),
                description: w.description.into(),
                advice: w.advice.into(),
            });
        }
        if all.len() != 5 {
            return Err(bad(format!("{} of 5 aspects", all.len())));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_catalog::Catalog;

    #[test]
    fn every_aspect_has_words_and_a_control_point() {
        let catalog = Catalog::embedded().unwrap();
        for s in Shortcoming::embedded().unwrap() {
            assert!(catalog.controls.iter().any(|c| c.id == s.control), "{}", s.control);
        }
        let text = CONTENT.iter().find(|(p, _)| *p == "drill/shortcomings.yml").unwrap().1;
        let wrong = text.replace("id: restore", "id: detection");
        assert!(Shortcoming::parse("own.yml", &wrong).is_err());
    }
}
