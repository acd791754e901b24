//! Report writers: one [`Examination`] in, one document out.
//!
//! Writers are pure: no clock, no files, no network. The same examination gives the same bytes.
//! Whatever comes from evidence is hostile: HTML takes markup from literals of this crate only and
//! escapes everything else (`markup`), workbooks hold text as text, JSON is written by serde.
//!
//! [`Examination`]: crate::model::Examination

mod html;
mod markup;
pub(crate) use markup::visible;
mod ocsf;
mod sarif;
mod summary;
mod texts;
mod times;
mod xlsx;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use html::html;
pub use ocsf::ocsf;
pub use sarif::sarif;
pub use xlsx::{WorkbookError, xlsx};
