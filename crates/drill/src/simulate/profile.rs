//! How a simulation behaves (`content/drill/profiles.yml`).

use hangtu_catalog::{Bilingual, CONTENT, ContentError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done to each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Rewritten where it lies, then renamed.
    InPlace,
    /// A new file is written, the original deleted.
    CopyDelete,
    /// Renamed, then rewritten.
    RenameFirst,
    /// Rewritten through a shared memory map, then renamed.
    Mmap,
    /// Deleted.
    Delete,
}

/// Which bytes are rewritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All.
    #[default]
    Whole,
    /// The first bytes.
    Head(u64),
    /// A block, then as many bytes left alone, and so on.
    Every {
        /// Bytes rewritten.
        block: u64,
        /// Bytes left alone.
        skip: u64,
    },
}

impl Extent {
    /// The spans of a file of `size` bytes that are rewritten, as offset and length; none is longer
    /// than `most`.
    pub fn spans(self, size: u64, most: u64) -> impl Iterator<Item = (u64, u64)> {
        let (block, step, end) = match self {
            Self::Whole => (most, most, size),
            Self::Head(n) => (n.min(most), most, size.min(n)),
            Self::Every { block, skip } => (block.min(most), block.saturating_add(skip), size),
        };
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= end || step == 0 {
                return None;
            }
            let span = (at, block.min(end - at));
            at = at.saturating_add(step);
            Some(span)
        })
    }
}

/// Who does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labour {
    /// One thread.
    #[default]
    One,
    /// So many threads.
    Threads(u8),
    /// A process for each file.
    Fork,
}

/// Which files come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Folder by folder.
    #[default]
    Folders,
    /// Copies kept as backups are deleted before anything is rewritten.
    BackupsFirst,
}

/// When the note is left in each folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notes {
    /// Before the first change.
    First,
    /// After the last one.
    #[default]
    Last,
}

/// One behaviour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Identifier, e.g. `in-place`.
    pub id: String,
    /// What people call it.
    pub title: Bilingual,
    /// What is done to each file.
    pub method: Method,
    /// Which bytes.
    pub extent: Extent,
    /// Who does it.
    pub labour: Labour,
    /// Which files first.
    pub order: Order,
    /// When the note is left.
    pub notes: Notes,
    /// What a changed file's name ends with; empty where names are kept.
    pub suffix: String,
    /// Files a second; none as fast as can be.
    pub rate: Option<f64>,
}

#[derive(Deserialize)]
struct Words {
    en: String,
    zh: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: Words,
    method: Method,
    #[serde(default)]
    extent: Extent,
    #[serde(default)]
    labour: Labour,
    #[serde(default)]
    order: Order,
    #[serde(default)]
    notes: Notes,
    #[serde(default = "suffix")]
    suffix: String,
    rate: String,
}

fn suffix() -> String {
    ".drill-locked".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    rates: BTreeMap<String, f64>,
    profiles: Vec<Written>,
}

/// All behaviours and the rates they are named with.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// The behaviours, in the order of the file.
    pub all: Vec<Profile>,
    rates: BTreeMap<String, f64>,
}

impl Profiles {
    /// The ones the program ships.
    pub fn embedded() -> Result<Self, ContentError> {
        let name = "drill/profiles.yml";
        let text = CONTENT.iter().find(|(path, _)| *path == name).map_or("", |(_, text)| *text);
        Self::parse(name, text)
    }

    /// Reads a file of behaviours.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let bad = |why: String| ContentError { file: name.into(), why };
        let file: File = serde_saphyr::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut all: Vec<Profile> = Vec::with_capacity(file.profiles.len());
        for w in file.profiles {
            let why = |what: &str| bad(format!("{}: {what}", w.id));
            let rate = *file.rates.get(&w.rate).ok_or_else(|| why("no such rate"))?;
            if all.iter().any(|p| p.id == w.id) {
                return Err(why("stands twice"));
            }
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(why("a rate is files a second, 0 for no limit"));
            }
            if w.suffix.contains('/') || w.suffix.len() > 32 {
                return Err(why("a suffix is at most 32 bytes and no path"));
            }
            // A suffix that tells nobody that this is a drill would frighten whoever finds it.
            if !w.suffix.is_empty() && !w.suffix.contains("drill") {
                return Err(why("a suffix contains the word drill"));
            }
            if w.method == Method::CopyDelete && w.suffix.is_empty() {
                return Err(why("a copy needs a suffix"));
            }
            if matches!(w.labour, Labour::Threads(n) if !(1..=16).contains(&n)) {
                return Err(why("1 to 16 threads"));
            }
            if matches!(w.extent, Extent::Every { block: 0, .. } | Extent::Head(0)) {
                return Err(why("an extent of no bytes"));
            }
            all.push(Profile {
                title: Bilingual::new(w.title.zh, w.title.en),
                id: w.id,
                method: w.method,
                extent: w.extent,
                labour: w.labour,
                order: w.order,
                notes: w.notes,
                suffix: w.suffix,
                rate: (rate > 0.0).then_some(rate),
            });
        }
        Ok(Self { all, rates: file.rates })
    }

    /// A behaviour by its identifier.
    pub fn get(&self, id: &str) -> Option<&Profile> {
        self.all.iter().find(|p| p.id == id)
    }

    /// A rate by its name or as a number: files a second, none for no limit.
    pub fn rate(&self, text: &str) -> Option<Option<f64>> {
        let rate = self.rates.get(text).copied().or_else(|| text.parse().ok())?;
        (rate >= 0.0 && f64::is_finite(rate)).then_some((rate > 0.0).then_some(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_cover_what_they_say_and_profiles_are_checked() {
        let spans = |e: Extent, size, most| e.spans(size, most).collect::<Vec<_>>();
        assert_eq!(spans(Extent::Whole, 10, 4), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!(spans(Extent::Head(6), 4, 64), [(0, 4)]);
        assert_eq!(spans(Extent::Head(6), 100, 64), [(0, 6)]);
        assert_eq!(spans(Extent::Every { block: 2, skip: 3 }, 8, 64), [(0, 2), (5, 2)]);
        assert_eq!(spans(Extent::Whole, 0, 4), []);

        let all = Profiles::embedded().unwrap();
        assert_eq!(all.get("in-place").unwrap().rate, Some(417.0));
        assert_eq!(all.get("multi-thread").unwrap().rate, None);
        assert_eq!(all.rate("median"), Some(Some(38.0)));
        assert_eq!(all.rate("12.5"), Some(Some(12.5)));
        assert_eq!(all.rate("fast"), None);
        let text = CONTENT.iter().find(|(p, _)| *p == "drill/profiles.yml").unwrap().1;
        for (from, to, says) in [
            ("suffix: \"\"", "suffix: .locked", "the word drill"),
            ("rate: slow", "rate: fast", "no such rate"),
            ("threads: 4", "threads: 40", "1 to 16"),
        ] {
            let error = Profiles::parse("own.yml", &text.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
