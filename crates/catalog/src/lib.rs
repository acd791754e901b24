//! The content of `content/`, checked and typed.

mod language;
mod level;

pub use language::{Arg, Bilingual, Language, grouped, key, text};
pub use level::{Level, Scenario};

include!(concat!(env!("OUT_DIR"), "/content.rs"));
