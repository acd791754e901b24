//! What a drill's directory is filled with: files of a plant, in the formats plants have
//! (`content/drill/decoys.yml`), drawn from a seed.

mod data;
mod drawing;
mod image;
mod office;
mod sqlite;
mod zip;

use super::draw::Draw;
use hangtu_catalog::{CONTENT, ContentError};
use serde::Deserialize;
use std::collections::HashSet;

/// A file format decoys are written in. All are real: their programs open them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Word document.
    Docx,
    /// Excel workbook.
    Xlsx,
    /// An engineering project: a ZIP archive of XML and binary parts.
    Project,
    /// Export of a historian.
    HistorianCsv,
    /// Recipe in the manner of BatchML.
    RecipeXml,
    /// Batch record.
    RecipeJson,
    /// AutoCAD drawing exchange, R12.
    Dxf,
    /// PDF 1.4.
    Pdf,
    /// SQLite 3 database.
    Sqlite,
    /// Structured text (IEC 61131-3).
    St,
    /// Siemens SCL source.
    Scl,
    /// Bitmap, 24 bit.
    Bmp,
    /// Portable network graphics.
    Png,
}

/// One kind of decoy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    id: String,
    format: Format,
    folder: String,
    names: Vec<String>,
    weight: u32,
    bytes: (u64, u64),
    #[serde(default)]
    backup: bool,
}

/// The kinds there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "kinds")]
    all: Vec<Kind>,
    lines: Vec<String>,
}

/// One file to be made.
#[derive(Clone, Debug)]
pub struct Decoy {
    /// Path below the drill's directory, with `/`.
    pub path: String,
    /// The kind's id.
    pub kind: String,
    /// Its format.
    pub format: Format,
    /// Whether it passes for a backup copy.
    pub backup: bool,
    wish: u64,
    seed: u64,
}

impl Kinds {
    /// The ones the program ships.
    pub fn embedded() -> Result<Self, ContentError> {
        let name = "drill/decoys.yml";
        let text = CONTENT.iter().find(|(path, _)| *path == name).map_or("", |(_, text)| *text);
        Self::parse(name, text)
    }

    /// Reads a file of kinds.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let bad = |why: String| ContentError { file: name.into(), why };
        let kinds: Self = serde_saphyr::from_str(text).map_err(|e| bad(e.to_string()))?;
        for k in &kinds.all {
            let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() < 200;
            if !k.folder.split('/').all(plain)
                || k.names.is_empty()
                || !k.names.iter().all(|n| plain(n) && !n.contains('/'))
            {
                return Err(bad(format!("{}: folders and names are plain", k.id)));
            }
            if k.bytes.0 > k.bytes.1 || k.bytes.1 > 64 << 20 {
                return Err(bad(format!("{}: bytes are [least, most], at most 64 MiB", k.id)));
            }
        }
        if kinds.all.iter().all(|k| k.weight == 0) || kinds.lines.is_empty() {
            return Err(bad("no kind has a weight, or there are no lines".into()));
        }
        Ok(kinds)
    }

    /// The decoys of a seed: `count` of them, one of every kind before chance decides, folder by
    /// folder. `scale` stretches their sizes.
    pub fn draw(&self, seed: u64, count: usize, scale: f64) -> Vec<Decoy> {
        let mut draw = Draw::new(seed, "names");
        let weights: u64 = self.all.iter().map(|k| u64::from(k.weight)).sum();
        let mut taken = HashSet::new();
        let mut decoys = Vec::with_capacity(count);
        for at in 0..count {
            let kind = self.all.get(at).filter(|k| k.weight > 0).unwrap_or_else(|| {
                let mut left = draw.range(1, weights);
                let by_chance = self.all.iter().find(|k| {
                    let here = left <= u64::from(k.weight);
                    left = left.saturating_sub(k.weight.into());
                    here
                });
                by_chance.unwrap_or(&self.all[0])
            });
            // Folders of a few hundred files at most, as people keep them.
            let shelf = at / 2000;
            let folder =
                if shelf == 0 { kind.folder.clone() } else { format!("{}/{shelf}", kind.folder) };
            let path = (0..).find_map(|try_| {
                let name = self.name(kind, &mut draw, at, try_);
                let path = format!("{folder}/{name}");
                taken.insert(path.clone()).then_some(path)
            });
            decoys.push(Decoy {
                path: path.unwrap_or_default(),
                kind: kind.id.clone(),
                format: kind.format,
                backup: kind.backup,
                wish: (draw.size(kind.bytes.0, kind.bytes.1) as f64 * scale) as u64,
                seed: draw.word(),
            });
        }
        decoys.sort_by(|a, b| a.path.cmp(&b.path));
        decoys
    }

    fn name(&self, kind: &Kind, draw: &mut Draw, at: usize, try_: usize) -> String {
        let name = draw.pick(&kind.names).map_or("", |n| n.as_str());
        let n = draw.range(1, 400);
        let date = format!("2026{:02}{:02}", draw.range(1, 12), draw.range(1, 28));
        let line = draw.pick(&self.lines).map_or("", |l| l.as_str());
        // A name without a free place in it is told apart by its position.
        let n = if try_ < 8 { n.to_string() } else { format!("{n}_{at}_{try_}") };
        let name = name.replace("{n}", &n).replace("{date}", &date).replace("{line}", line);
        match (try_, name.rsplit_once('.')) {
            (0..8, _) | (_, None) => name,
            (_, Some((stem, extension))) => format!("{stem} ({at}-{try_}).{extension}"),
        }
    }
}

impl Decoy {
    /// Its bytes, about as many as were wished for.
    pub fn content(&self) -> Vec<u8> {
        let mut draw = Draw::new(self.seed, "content");
        let wish = usize::try_from(self.wish).unwrap_or(0);
        let title = self.path.rsplit('/').next().unwrap_or_default();
        match self.format {
            Format::Docx => office::docx(&mut draw, title, wish),
            Format::Xlsx => office::xlsx(&mut draw, wish),
            Format::Project => office::project(&mut draw, title, wish),
            Format::HistorianCsv => data::historian(&mut draw, wish),
            Format::RecipeXml => data::recipe_xml(&mut draw, title, wish),
            Format::RecipeJson => data::recipe_json(&mut draw, title, wish),
            Format::Dxf => drawing::dxf(&mut draw, wish),
            Format::Pdf => drawing::pdf(&mut draw, wish),
            Format::Sqlite => sqlite::database(&mut draw, wish),
            Format::St => data::structured_text(&mut draw, wish),
            Format::Scl => data::scl(&mut draw, wish),
            Format::Bmp => image::bmp(&mut draw, wish),
            Format::Png => image::png(&mut draw, wish),
        }
    }
}

#[cfg(test)]
mod tests;
