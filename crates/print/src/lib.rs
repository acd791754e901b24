//! One document model and its writers: [`pdf`], [`docx`] and [`html`].
//!
//! Whatever stands in a [`Document`] is text and stays text: no writer reads markup out of it.
//! The same document gives the same bytes; no file, network or clock is touched.

mod bars;
mod document;
mod docx;
mod html;
mod image;
mod markup;
mod pdf;
mod text;

pub use document::{
    Align, Bar, Block, Cell, Column, Document, Emphasis, Image, Run, Table, Tone, plain,
};
pub use docx::docx;
pub use html::{STYLE, html, html_body};
pub use pdf::pdf;

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// An image that is no PNG, or larger than a page can use.
    #[error("image {number} of the document: {why}")]
    Image {
        /// Which image, from 1.
        number: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The PDF could not be put together.
    #[error("the PDF failed: {0}")]
    Pdf(String),
    /// The DOCX container could not be put together.
    #[error("the DOCX container failed: {0}")]
    Docx(#[from] zip::result::ZipError),
}

impl From<std::io::Error> for PrintError {
    fn from(error: std::io::Error) -> Self {
        Self::Docx(error.into())
    }
}
