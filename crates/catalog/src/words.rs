//! Bilingual texts as content files write them: `en` and `zh`, neither empty, `zh` in Chinese.

use crate::Bilingual;
use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
struct Words {
    en: String,
    zh: String,
}

/// Reads `{en, zh}`. An error here has the place in the file.
pub(crate) fn bilingual<'de, D: Deserializer<'de>>(from: D) -> Result<Bilingual, D::Error> {
    let Words { en, zh } = Words::deserialize(from)?;
    if en.trim().is_empty() || zh.trim().is_empty() {
        return Err(D::Error::custom("a text is empty"));
    }
    if !zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return Err(D::Error::custom(format!("{zh:?} is not Chinese")));
    }
    Ok(Bilingual::new(zh, en))
}

/// As [`bilingual`], where the text may be left out.
pub(crate) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Bilingual>, D::Error> {
    bilingual(from).map(Some)
}
