//! The risk matrix: likelihood × impact → level. Versioned, and locked by its hash, so that
//! findings say by which one they were judged (GB/T 39335 asks that it not be changed at will).

use crate::{ContentError, Level, sha256};
use serde::Deserialize;

/// A versioned 5 × 5 matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Name and version, e.g. `default/1`.
    pub id: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Level of each product of likelihood and impact, from 1 to 25.
    levels: [Level; 26],
}

#[derive(Deserialize)]
struct File {
    id: String,
    version: u32,
    bands: Vec<Band>,
}

#[derive(Deserialize)]
struct Band {
    level: Level,
    up_to: usize,
}

impl Matrix {
    /// Reads a matrix file; every product must have a level, and levels must not fall.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let file: File = crate::yaml(name, text)?;
        let bad = |why: &str| ContentError { file: name.into(), why: why.into() };
        let mut levels = [Level::Light; 26];
        let mut from = 1;
        let mut before = None;
        for band in &file.bands {
            if band.up_to < from || band.up_to > 25 || before > Some(band.level) {
                return Err(bad("bands must rise and end at 25"));
            }
            levels[from..=band.up_to].fill(band.level);
            from = band.up_to + 1;
            before = Some(band.level);
        }
        if from != 26 {
            return Err(bad("every product from 1 to 25 must fall in a band"));
        }
        Ok(Self {
            id: format!("{}/{}", file.id, file.version),
            sha256: sha256(text.as_bytes()),
            levels,
        })
    }

    /// The level of a likelihood and an impact, each 1 to 5 (and taken as such beyond).
    pub fn level(&self, likelihood: u8, impact: u8) -> Level {
        let grade = |n: u8| usize::from(n.clamp(1, 5));
        self.levels[grade(likelihood) * grade(impact)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_matrix_covers_every_product_and_never_falls() {
        let matrix = crate::Catalog::embedded().unwrap().matrix;
        assert_eq!(
            [(1, 4), (2, 3), (3, 4), (4, 4), (5, 4), (5, 5)].map(|(l, i)| matrix.level(l, i)),
            [Level::Light, Level::Low, Level::Medium, Level::High, Level::Major, Level::Major]
        );
        assert!((1..=5).all(|l| (1..5).all(|i| matrix.level(l, i) <= matrix.level(l, i + 1))));
        let gap = "{id: x, version: 1, bands: [{level: light, up_to: 20}]}";
        assert!(Matrix::parse("x", gap).is_err());
    }
}
