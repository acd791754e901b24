//! Drills: a simulation that behaves as ransomware does on decoys which it made itself, exercises
//! with roles and clocks, and the scores of both.

pub mod exercise;
pub mod incident;
pub mod simulate;
