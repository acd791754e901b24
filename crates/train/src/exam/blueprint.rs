//! What an exam draws, and how it is passed.

use hangtu_catalog::{Track, course::Course};
use serde::{Deserialize, Serialize};

/// What an exam draws, and how it is passed. Kept with an attempt, so that a later version of the
/// course does not change the rules under a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blueprint {
    /// What it draws, in this order.
    pub parts: Vec<Part>,
    /// Time to work on the paper, in minutes.
    pub minutes: u16,
    /// Points to reach, in percent of those possible.
    pub pass_percent: u8,
    /// Attempts.
    pub attempts: u8,
    /// Hours to wait after a failed attempt.
    pub cooling_hours: u16,
}

/// So many questions of one topic, or of a whole course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The course.
    pub course: String,
    /// The topic; none for any of the course.
    pub topic: Option<String>,
    /// How many questions.
    pub count: u8,
}

impl Blueprint {
    /// The exam at the end of a course.
    pub fn of_course(course: &Course) -> Self {
        let part = |topic: &hangtu_catalog::course::Topic| Part {
            course: course.id.clone(),
            topic: Some(topic.id.clone()),
            count: course.exam.draw.get(&topic.id).copied().unwrap_or(0),
        };
        Self {
            parts: course.topics.iter().map(part).collect(),
            minutes: course.exam.minutes,
            pass_percent: course.exam.pass_percent,
            attempts: course.exam.attempts,
            cooling_hours: course.exam.cooling_hours,
        }
    }

    /// The exam of a track over all its courses.
    pub fn of_track(track: &Track, courses: &[Course]) -> Self {
        let part = |course: &Course| Part {
            course: course.id.clone(),
            topic: None,
            count: track.exam.per_course,
        };
        Self {
            parts: track.required(courses).map(part).collect(),
            minutes: track.exam.minutes,
            pass_percent: track.exam.pass_percent,
            attempts: track.exam.attempts,
            cooling_hours: track.exam.cooling_hours,
        }
    }
}
