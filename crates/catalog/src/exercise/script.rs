//! What scripted players do about an expectation.

use crate::{Bilingual, IncidentLevel, words::optional};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// What scripted players do: an [`Answer`], or the word `missed`.
#[derive(Clone, Debug, PartialEq)]
pub enum Scripted {
    /// Nothing.
    Missed,
    /// Something.
    Done(Answer),
}

/// A scripted answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Minutes of the exercise clock after the inject.
    pub after: u32,
    /// What they say; forms and measurements need no words.
    #[serde(default, deserialize_with = "optional")]
    pub say: Option<Bilingual>,
    /// The level they give, where it is not the right one.
    #[serde(default)]
    pub level: Option<IncidentLevel>,
    /// Fields they leave empty in a form.
    #[serde(default)]
    pub omit: Vec<String>,
    /// The value measured, for `automatic`.
    #[serde(default)]
    pub value: Option<f64>,
}

impl<'de> Deserialize<'de> for Scripted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Scripted;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an answer, or missed")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scripted, E> {
                if text == "missed" {
                    Ok(Scripted::Missed)
                } else {
                    Err(E::custom(format!("{text:?} is neither an answer nor missed")))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scripted, A::Error> {
                Answer::deserialize(MapAccessDeserializer::new(map)).map(Scripted::Done)
            }
        }

        from.deserialize_any(Either)
    }
}
