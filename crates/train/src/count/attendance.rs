//! Who was there for how long.

use hangtu_catalog::Counting;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When a session was planned and held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    starts: Timestamp,
    ends: Timestamp,
    breaks: Vec<(Timestamp, Timestamp)>,
    sign_out: SignOut,
}

/// What a missing sign-out means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOut {
    /// Everybody signs out: without it a span counts nothing until somebody completes it.
    #[default]
    Taken,
    /// Nobody signs out (a list at the door): a span runs to the end.
    NotTaken,
}

/// Why a session is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeetingError {
    /// It ends before it begins.
    #[error("the session ends before it begins")]
    Backwards,
    /// It is longer than a week.
    #[error("a session lasts a week at most; enter a longer course as several sessions")]
    TooLong,
    /// A break ends before it begins.
    #[error("break {0} ends before it begins")]
    Break(usize),
    /// Nothing but breaks.
    #[error("the session has no time outside its breaks")]
    Empty,
}

/// From sign-in to sign-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Sign-in.
    #[serde(rename = "in")]
    pub from: Timestamp,
    /// Sign-out, where there is one.
    #[serde(rename = "out")]
    pub to: Option<Timestamp>,
}

/// How long somebody was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Attendance {
    /// Seconds attended, breaks left out, nothing counted twice.
    pub seconds: u32,
    /// Seconds planned, breaks left out.
    pub planned: u32,
    /// Sign-ins without a sign-out where one was to be taken: to be completed by a person.
    pub open: u32,
}

impl Attendance {
    /// Whole minutes attended.
    pub fn minutes(self) -> u32 {
        self.seconds / 60
    }

    /// Percent of the planned time, rounded down.
    pub fn percent(self) -> u8 {
        (u64::from(self.seconds) * 100 / u64::from(self.planned.max(1))).min(100) as u8
    }

    /// Whether this is at least so many percent, exactly.
    pub fn reaches(self, percent: u8) -> bool {
        u64::from(self.seconds) * 100 >= u64::from(percent) * u64::from(self.planned)
    }
}

/// Longest session in seconds: a week.
const LONGEST: i64 = 7 * 24 * 3600;

impl Meeting {
    /// A session. Breaks may overlap and reach beyond it.
    pub fn new(
        starts: Timestamp,
        ends: Timestamp,
        breaks: Vec<(Timestamp, Timestamp)>,
        sign_out: SignOut,
    ) -> Result<Self, MeetingError> {
        if starts >= ends {
            return Err(MeetingError::Backwards);
        }
        if ends.duration_since(starts).as_secs() > LONGEST {
            return Err(MeetingError::TooLong);
        }
        if let Some(n) = breaks.iter().position(|(from, to)| from > to) {
            return Err(MeetingError::Break(n + 1));
        }
        let new = Self { starts, ends, breaks, sign_out };
        if new.within(vec![(starts, ends)]) == 0 {
            return Err(MeetingError::Empty);
        }
        Ok(new)
    }

    /// When it begins.
    pub fn starts(&self) -> Timestamp {
        self.starts
    }

    /// When it ends.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// How long somebody was there.
    pub fn attendance(&self, spans: &[Span]) -> Attendance {
        let mut distinct: Vec<Span> = spans.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let (mut there, mut open) = (Vec::new(), 0);
        for span in distinct {
            match (span.to, self.sign_out) {
                (Some(to), _) => there.push((span.from, to)),
                (None, SignOut::NotTaken) => there.push((span.from, self.ends)),
                (None, SignOut::Taken) => open += 1,
            }
        }
        Attendance {
            seconds: self.within(there),
            planned: self.within(vec![(self.starts, self.ends)]),
            open,
        }
    }

    /// Seconds that lie in at least one of the spans, within the session and outside its breaks.
    fn within(&self, spans: Vec<(Timestamp, Timestamp)>) -> u32 {
        let seconds = |t: Timestamp| t.clamp(self.starts, self.ends).as_second();
        let clip = |(from, to): (Timestamp, Timestamp)| (seconds(from), seconds(to));
        let there = union(spans.into_iter().map(clip).collect());
        let breaks = union(self.breaks.iter().copied().map(clip).collect());
        let total = |all: &[(i64, i64)]| all.iter().map(|(from, to)| to - from).sum::<i64>();
        let mut away = 0;
        let mut n = 0;
        for (from, to) in &there {
            while n < breaks.len() && breaks[n].1 <= *from {
                n += 1;
            }
            for (a, b) in breaks[n..].iter().take_while(|b| b.0 < *to) {
                away += to.min(b) - from.max(a);
            }
        }
        u32::try_from(total(&there) - away).unwrap_or(0)
    }
}

/// Spans that do not overlap, in order.
fn union(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// The quiz of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quiz {
    /// The session has none.
    NotSet,
    /// Not taken yet.
    Missing,
    /// Taken, not passed.
    Failed,
    /// Passed.
    Passed,
}

/// Whether somebody completed a session, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// How long the person was there.
    pub attendance: Attendance,
    /// Whether that is enough.
    pub attended: bool,
    /// The quiz.
    pub quiz: Quiz,
    /// Whether the session is completed: it counts as one person-time.
    pub completed: bool,
}

/// Whether somebody completed a session.
pub fn judge(rule: Counting, meeting: &Meeting, spans: &[Span], quiz: Quiz) -> Verdict {
    let attendance = meeting.attendance(spans);
    let attended = attendance.reaches(rule.attendance_percent);
    let tested = !rule.quiz_where_set || matches!(quiz, Quiz::NotSet | Quiz::Passed);
    Verdict { attendance, attended, quiz, completed: attended && tested }
}
