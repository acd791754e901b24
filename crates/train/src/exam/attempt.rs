//! One candidate sitting one paper: time, answers, what was noticed.

use super::{Blueprint, Paper};
use hangtu_catalog::course::{Course, Kind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most signals kept of one attempt; more are only counted.
pub const MAX_SIGNALS: usize = 256;

/// An answer: places in the list of options as shown, from 0. Of an order question, all of them in
/// the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answer(Vec<u8>);

impl Answer {
    /// An answer; whether it fits its question is seen when it is saved. Empty takes an answer back.
    pub fn new(places: Vec<u8>) -> Self {
        Self(places)
    }

    /// The places.
    pub fn places(&self) -> &[u8] {
        &self.0
    }

    fn fits(&self, kind: Kind, options: usize) -> bool {
        let distinct = (1..self.0.len()).all(|n| !self.0[..n].contains(&self.0[n]));
        let there = self.0.iter().all(|n| usize::from(*n) < options);
        let length = match kind {
            Kind::Single => self.0.len() <= 1,
            Kind::Multiple => true,
            Kind::Order => self.0.is_empty() || self.0.len() == options,
        };
        distinct && there && length
    }
}

/// One candidate sitting one paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    blueprint: Blueprint,
    paper: Paper,
    started: Timestamp,
    /// Seconds after the end in which an answer is still taken.
    grace: u16,
    answers: BTreeMap<u16, Saved>,
    submitted: Option<Timestamp>,
    signals: Vec<Signal>,
    /// Signals beyond [`MAX_SIGNALS`].
    more_signals: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    sequence: u64,
    answer: Answer,
}

/// What a save did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// The answer is kept.
    Kept,
    /// A later answer is kept already; this one came late.
    Late,
    /// This very save has been seen; nothing changed.
    Repeated,
}

/// Why an attempt does not take what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttemptError {
    /// The time is up.
    #[error("the time is up")]
    TimeUp,
    /// The paper has been handed in.
    #[error("the paper has been handed in")]
    Submitted,
    /// The paper has no such question.
    #[error("the paper has no question {0}")]
    NoItem(u16),
    /// The answer does not fit its question.
    #[error("the answer does not fit question {0}")]
    Answer(u16),
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Under way.
    Open {
        /// Seconds until the end.
        seconds: u32,
    },
    /// Past the end, but what is under way is still taken.
    Grace {
        /// Seconds until it is not.
        seconds: u32,
    },
    /// Handed in.
    Submitted {
        /// When.
        at: Timestamp,
    },
    /// The time ran out; it counts as handed in at its end.
    TimeUp {
        /// The end.
        at: Timestamp,
    },
}

/// What a candidate needs to go on after a break of the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resumption {
    /// Seconds until the end; 0 in the grace.
    pub seconds: u32,
    /// Question → the answer kept.
    pub answers: BTreeMap<u16, Answer>,
    /// A sequence number above all that were used.
    pub next_sequence: u64,
}

/// Something noticed. A signal is for a person to judge; none of them changes a mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// When.
    pub at: Timestamp,
    /// The question on the screen, where known.
    pub item: Option<u16>,
    /// What.
    pub kind: SignalKind,
}

/// What was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// The page was out of sight for so many seconds.
    Hidden(u32),
    /// The full screen was left.
    FullScreenLeft,
    /// Text was copied from the page.
    Copied,
    /// Text was pasted.
    Pasted,
    /// The attempt went on from another address.
    OtherAddress,
    /// The attempt went on in another browser.
    OtherBrowser,
    /// The attempt was open twice at the same time.
    OpenTwice,
    /// The line was lost for so many seconds.
    LineLost(u32),
}

impl Attempt {
    /// Begins an attempt.
    pub fn start(blueprint: Blueprint, paper: Paper, now: Timestamp, grace_seconds: u16) -> Self {
        Self {
            blueprint,
            paper,
            started: now,
            grace: grace_seconds,
            answers: BTreeMap::new(),
            submitted: None,
            signals: Vec::new(),
            more_signals: 0,
        }
    }

    /// The rules it began under.
    pub fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// The paper.
    pub fn paper(&self) -> &Paper {
        &self.paper
    }

    /// When it began.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// When its time is up.
    pub fn ends(&self) -> Timestamp {
        let minutes = SignedDuration::from_mins(self.blueprint.minutes.into());
        self.started.checked_add(minutes).unwrap_or(Timestamp::MAX)
    }

    fn closes(&self) -> Timestamp {
        let grace = SignedDuration::from_secs(self.grace.into());
        self.ends().checked_add(grace).unwrap_or(Timestamp::MAX)
    }

    /// Where it stands.
    pub fn state(&self, now: Timestamp) -> State {
        let until = |end: Timestamp| {
            let left = end.duration_since(now);
            // A second begun is a second left.
            let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
            u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
        };
        match self.submitted {
            Some(at) => State::Submitted { at },
            None if now < self.ends() => State::Open { seconds: until(self.ends()) },
            None if now < self.closes() => State::Grace { seconds: until(self.closes()) },
            None => State::TimeUp { at: self.ends() },
        }
    }

    fn open(&self, now: Timestamp) -> Result<(), AttemptError> {
        match self.state(now) {
            State::Open { .. } | State::Grace { .. } => Ok(()),
            State::Submitted { .. } => Err(AttemptError::Submitted),
            State::TimeUp { .. } => Err(AttemptError::TimeUp),
        }
    }

    /// Takes an answer. Each save of a candidate has a sequence number of its own, higher than those
    /// before; the highest wins, in whatever order saves arrive.
    pub fn save(
        &mut self,
        item: u16,
        sequence: u64,
        answer: Answer,
        courses: &[Course],
        now: Timestamp,
    ) -> Result<Save, AttemptError> {
        self.open(now)?;
        let shown = self.paper.items.get(usize::from(item)).ok_or(AttemptError::NoItem(item))?;
        let question = shown.find(courses).map_err(|_| AttemptError::NoItem(item))?;
        if !answer.fits(question.kind, shown.options.len()) {
            return Err(AttemptError::Answer(item));
        }
        if let Some(kept) = self.answers.get(&item) {
            if kept.sequence == sequence {
                return Ok(Save::Repeated);
            }
            if kept.sequence > sequence {
                return Ok(Save::Late);
            }
        }
        self.answers.insert(item, Saved { sequence, answer });
        Ok(Save::Kept)
    }

    /// Hands the paper in; doing so again changes nothing. Gives when it was.
    pub fn submit(&mut self, now: Timestamp) -> Result<Timestamp, AttemptError> {
        match self.state(now) {
            State::Submitted { at } => Ok(at),
            State::TimeUp { .. } => Err(AttemptError::TimeUp),
            State::Open { .. } | State::Grace { .. } => {
                self.submitted = Some(now);
                Ok(now)
            }
        }
    }

    /// Whether nothing is taken any more: it can be marked.
    pub fn is_over(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Submitted { .. } | State::TimeUp { .. })
    }

    /// What a candidate needs to go on.
    pub fn resume(&self, now: Timestamp) -> Result<Resumption, AttemptError> {
        self.open(now)?;
        let seconds = match self.state(now) {
            State::Open { seconds } => seconds,
            _ => 0,
        };
        let highest = self.answers.values().map(|s| s.sequence).max();
        Ok(Resumption {
            seconds,
            answers: self.answers.iter().map(|(n, s)| (*n, s.answer.clone())).collect(),
            next_sequence: highest.map_or(1, |n| n.saturating_add(1)),
        })
    }

    /// The answer kept for a question.
    pub fn answer(&self, item: u16) -> Option<&Answer> {
        self.answers.get(&item).map(|s| &s.answer)
    }

    /// Questions that have an answer.
    pub fn answered(&self) -> usize {
        self.answers.values().filter(|s| !s.answer.0.is_empty()).count()
    }

    /// Notes a signal.
    pub fn note(&mut self, signal: Signal) {
        if self.signals.len() < MAX_SIGNALS {
            self.signals.push(signal);
        } else {
            self.more_signals = self.more_signals.saturating_add(1);
        }
    }

    /// The signals noted, and how many more there were.
    pub fn signals(&self) -> (&[Signal], u32) {
        (&self.signals, self.more_signals)
    }
}
