//! Exams: a paper drawn from the bank, sat, marked; and what the answers of many say about the bank.
//!
//! [`Blueprint`] says what is drawn, [`Paper::draw`] draws it from a [`Seed`] that is kept with the
//! attempt, so that the same paper can be drawn again. What a candidate sees is a [`PaperView`], a
//! type that has nowhere to put a right answer. [`Attempt`] takes answers in any order and however
//! often; [`mark`] gives points; [`statistics`] holds the bank against the answers of many.

mod admission;
mod attempt;
mod blueprint;
mod draw;
mod mark;
mod paper;
mod statistics;
#[cfg(test)]
mod tests;

pub use admission::{Admission, Past, admit};
pub use attempt::{
    Answer, Attempt, AttemptError, MAX_SIGNALS, Resumption, Save, Signal, SignalKind, State,
};
pub use blueprint::{Blueprint, Part};
pub use draw::Seed;
pub use mark::{ItemMark, Marked, Points, TopicMark, mark, points};
pub use paper::{DrawError, Item, ItemView, Paper, PaperView};
pub use statistics::{Flag, ItemStatistics, OptionCount, Sat, statistics};
