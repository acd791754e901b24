//! Event logs to event records: Windows EVTX, XML and JSON exports, Linux auditd, syslog, journald,
//! and mapped tables.
//!
//! Each format is one file or folder and one line in [`FORMATS`]: how it is recognised by content,
//! and how its bytes become events. [`read`] drives them over inputs. Readers stream, hold one
//! chunk or one group of lines at most, never trust a length, and note damage with its offset.

mod auditd;
mod evtx;
mod format;
mod journald;
mod json;
mod lines;
mod map;
mod mapped;
mod read;
mod stamp;
mod syslog;
mod windows;
mod windows_json;
mod windows_xml;

pub use format::{FORMATS, Format, Settings, Sink};
pub use map::{LogMap, MapError};
pub use read::{Observer, Summary, first_time, read};
