//! Evidence to records to detections to findings.
pub mod model;
pub mod report;
