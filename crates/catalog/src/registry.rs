//! Registries an enterprise is described by: regions, industries, bands of revenue.

use crate::{Bilingual, ContentError, words::bilingual};
use serde::{Deserialize, Serialize};

/// A province or another area with an industry regulator of its own.
#[derive(Clone, Debug, Deserialize)]
pub struct Region {
    /// Six digits, of GB/T 2260 unless [`Self::gb2260`] says otherwise.
    pub code: String,
    /// What it is.
    pub kind: RegionKind,
    /// Whether the code stands in GB/T 2260.
    #[serde(default = "yes")]
    pub gb2260: bool,
    /// Its name.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub name: Bilingual,
}

const fn yes() -> bool {
    true
}

/// What a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionKind {
    /// 省.
    Province,
    /// 自治区.
    AutonomousRegion,
    /// 直辖市.
    Municipality,
    /// 计划单列市, within a province.
    PlannedCity,
    /// 新疆生产建设兵团.
    Corps,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Regions {
    #[serde(rename = "version")]
    _version: u32,
    regions: Vec<Region>,
}

impl Region {
    /// Reads a file of regions; codes have six digits and stand once.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Self>, ContentError> {
        let all = crate::yaml::<Regions>(name, text)?.regions;
        crate::unique(name, all.iter().map(|r| r.code.as_str()))?;
        match all.iter().find(|r| !digits(&r.code, 6)) {
            Some(r) => Err(ContentError {
                file: name.into(),
                why: format!("{:?}: not six digits", r.code),
            }),
            None => Ok(all),
        }
    }

    /// The two digits that name the province.
    pub fn province(&self) -> &str {
        &self.code[..2]
    }
}

/// A section or division of GB/T 4754.
#[derive(Clone, Debug)]
pub struct Industry {
    /// A letter, or two digits.
    pub code: String,
    /// The section of a division.
    pub section: Option<String>,
    /// Its name.
    pub name: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Industries {
    #[serde(rename = "version")]
    _version: u32,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    code: String,
    #[serde(flatten, deserialize_with = "bilingual")]
    name: Bilingual,
    #[serde(default)]
    divisions: Vec<Division>,
}

#[derive(Deserialize)]
struct Division {
    code: String,
    #[serde(flatten, deserialize_with = "bilingual")]
    name: Bilingual,
}

impl Industry {
    /// Reads a file of industries: each section, followed by its divisions.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Self>, ContentError> {
        let bad = |code: &str, what| ContentError {
            file: name.into(),
            why: format!("{code:?}: a code must be {what}"),
        };
        let mut all = Vec::new();
        for Section { code, name, divisions } in crate::yaml::<Industries>(name, text)?.sections {
            if code.len() != 1 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(bad(&code, "one capital letter"));
            }
            all.push(Self { code: code.clone(), section: None, name });
            for division in divisions {
                if !digits(&division.code, 2) {
                    return Err(bad(&division.code, "two digits"));
                }
                let section = Some(code.clone());
                all.push(Self { code: division.code, section, name: division.name });
            }
        }
        crate::unique(name, all.iter().map(|i| i.code.as_str()))?;
        Ok(all)
    }
}

/// A band of annual revenue, up to the next one's start.
#[derive(Clone, Debug, Deserialize)]
pub struct RevenueBand {
    /// Identifier.
    pub id: String,
    /// Its lower end in yuan, inclusive.
    pub from: u64,
    /// Its name.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub name: Bilingual,
}

/// Bands of annual revenue, and the line from which an enterprise is above scale (规模以上).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revenue {
    #[serde(rename = "version")]
    _version: u32,
    /// Yuan a year from which an industrial enterprise is above scale.
    pub above_scale: u64,
    /// The bands, rising from 0.
    pub bands: Vec<RevenueBand>,
}

impl Revenue {
    /// Reads a file of bands; they must rise from 0, and the above-scale line must start one, so
    /// that a band says whether an enterprise is above scale.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let file: Self = crate::yaml(name, text)?;
        let bad = |why: &str| Err(ContentError { file: name.into(), why: why.into() });
        crate::unique(name, file.bands.iter().map(|b| b.id.as_str()))?;
        if file.bands.first().is_none_or(|b| b.from != 0) {
            return bad("bands must start from 0");
        }
        if !file.bands.is_sorted_by(|a, b| a.from < b.from) {
            return bad("bands must rise");
        }
        if file.bands.iter().all(|b| b.from != file.above_scale) {
            return bad("above_scale must be the start of a band");
        }
        Ok(file)
    }

    /// The band of an amount in yuan.
    pub fn band(&self, yuan: u64) -> &RevenueBand {
        let next = self.bands.partition_point(|b| b.from <= yuan);
        &self.bands[next.max(1) - 1]
    }

    /// Whether enterprises of a band are above scale.
    pub fn is_above_scale(&self, band: &RevenueBand) -> bool {
        band.from >= self.above_scale
    }
}

fn digits(code: &str, n: usize) -> bool {
    code.len() == n && code.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_whole() {
        let catalog = crate::Catalog::embedded().unwrap();
        let of = |kind| catalog.regions.iter().filter(|r| r.kind == kind).count();
        assert_eq!(
            [RegionKind::Province, RegionKind::AutonomousRegion, RegionKind::Municipality].map(of),
            [22, 5, 4]
        );
        assert_eq!([RegionKind::PlannedCity, RegionKind::Corps].map(of), [5, 1]);
        for city in catalog.regions.iter().filter(|r| r.kind == RegionKind::PlannedCity) {
            let home = format!("{}0000", city.province());
            assert!(catalog.regions.iter().any(|r| r.code == home), "{}", city.code);
        }
        let sections = catalog.industries.iter().filter(|i| i.section.is_none());
        assert_eq!(sections.map(|i| i.code.as_str()).collect::<String>(), "ABCDEFGHIJKLMNOPQRST");
        let divisions = catalog.industries.iter().filter(|i| i.section.is_some());
        assert!(divisions.map(|i| i.code.clone()).eq((6..=46).map(|n| format!("{n:02}"))));
    }

    #[test]
    fn bands_are_closed_below_and_open_above() {
        let revenue = crate::Catalog::embedded().unwrap().revenue;
        for (yuan, id, above) in [
            (0, "below-3m", false),
            (19_999_999, "3m-20m", false),
            (20_000_000, "20m-100m", true),
            (u64::MAX, "from-10bn", true),
        ] {
            let band = revenue.band(yuan);
            assert_eq!((band.id.as_str(), revenue.is_above_scale(band)), (id, above));
        }
        let gap = "{version: 1, above_scale: 5, bands: [{id: a, from: 0, en: a, zh: 甲}]}";
        assert!(Revenue::parse("own.yml", gap).is_err());
    }
}
