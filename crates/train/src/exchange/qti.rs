//! QTI 3 (1EdTech Question and Test Interoperability): items of other makers into questions, our bank
//! into items. Items of QTI 2 are read too, their names being the same but for spelling.
//!
//! Read are choice interactions (one or several) and order interactions; what else an item does
//! (response processing, templates, styles) is left out. Texts become plain texts.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Imported, ImportedOption, Place, QtiReport, Row, read_item, read_package};
pub use write::{write_item, write_package};
