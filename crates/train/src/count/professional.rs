//! Professionals (人才): persons who completed a track or hold a certificate of the occupation.

use super::{PersonId, person_time::runs_out};
use hangtu_catalog::{Track, course::Course};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// Courses completed, their exam passed.
    pub courses: Vec<CourseDone>,
    /// Exams of tracks passed: the track, and when.
    pub exams: Vec<(String, Timestamp)>,
    /// When a drill was taken part in.
    pub drills: Vec<Timestamp>,
    /// Certificates of others.
    pub certificates: Vec<Certificate>,
}

/// A course completed, its exam passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CourseDone {
    /// The course.
    pub course: String,
    /// When.
    pub at: Timestamp,
}

/// A certificate of the occupation 数据安全管理员 (4-04-04-02-004), or another that an organisation
/// accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Certificate {
    /// Its grade.
    pub grade: Grade,
    /// Who issued it.
    pub issuer: String,
    /// Its number.
    pub number: String,
    /// Its last day; none for one without an end.
    pub expires: Option<Date>,
}

/// Grades of the occupational standard (2024).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// 四级/中级.
    Four,
    /// 三级/高级.
    Three,
    /// 二级/技师.
    Two,
    /// 一级/高级技师.
    One,
    /// A certificate without such a grade.
    Other,
}

/// Where a person stands on a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What is lacking; empty for a professional.
    pub lacking: Vec<Lacking>,
    /// Until when the person counts; none while something is lacking.
    pub until: Option<Timestamp>,
}

/// What a person lacks on a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// The track asks for no course: nobody can complete it.
    Courses,
    /// A course not completed, or run out.
    Course(String),
    /// The exam not passed, or run out.
    Exam,
    /// No drill taken part in, or too long ago.
    Drill,
}

/// Where a person stands on a track at a time. What happened later is left out; the exam, the
/// drill and each course must not have run out.
pub fn standing(track: &Track, courses: &[Course], person: &Person, now: Timestamp) -> Standing {
    let latest = |at: &mut dyn Iterator<Item = Timestamp>, months: u16| {
        at.filter(|at| *at <= now).map(|at| runs_out(at, months)).filter(|end| *end > now).max()
    };
    let (mut lacking, mut until) = (Vec::new(), Timestamp::MAX);
    let mut none = true;
    for course in track.required(courses) {
        none = false;
        let mut done = person.courses.iter().filter(|c| c.course == course.id).map(|c| c.at);
        match latest(&mut done, course.valid_months) {
            Some(end) => until = until.min(end),
            None => lacking.push(Lacking::Course(course.id.clone())),
        }
    }
    if none {
        lacking.push(Lacking::Courses);
    }
    let mut exams = person.exams.iter().filter(|(id, _)| *id == track.id).map(|(_, at)| *at);
    match latest(&mut exams, track.valid_months) {
        Some(end) => until = until.min(end),
        None => lacking.push(Lacking::Exam),
    }
    if track.drill {
        match latest(&mut person.drills.iter().copied(), track.valid_months) {
            Some(end) => until = until.min(end),
            None => lacking.push(Lacking::Drill),
        }
    }
    let until = lacking.is_empty().then_some(until);
    Standing { lacking, until }
}

/// How many professionals there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Professionals {
    /// Distinct persons: the number to be reported.
    pub persons: u64,
    /// Track → persons who completed it. Somebody may stand in several.
    pub tracks: BTreeMap<String, u64>,
    /// Grade → persons whose best certificate has it.
    pub certificates: BTreeMap<Grade, u64>,
}

/// How many professionals there are at a time. `today` is the day of that time where certificates
/// end. Facts about one person may come in several [`Person`]s.
pub fn professionals(
    tracks: &[Track],
    courses: &[Course],
    people: &[Person],
    now: Timestamp,
    today: Date,
) -> Professionals {
    let mut merged: BTreeMap<&PersonId, Person> = BTreeMap::new();
    for person in people {
        let all = merged.entry(&person.id).or_insert_with(|| Person {
            id: person.id.clone(),
            courses: Vec::new(),
            exams: Vec::new(),
            drills: Vec::new(),
            certificates: Vec::new(),
        });
        all.courses.extend(person.courses.iter().cloned());
        all.exams.extend(person.exams.iter().cloned());
        all.drills.extend(person.drills.iter().copied());
        all.certificates.extend(person.certificates.iter().cloned());
    }
    let (mut out, mut persons) = (Professionals::default(), BTreeSet::new());
    for person in merged.values() {
        for track in tracks {
            if standing(track, courses, person, now).until.is_some() {
                *out.tracks.entry(track.id.clone()).or_default() += 1;
                persons.insert(&person.id);
            }
        }
        let current = |c: &&Certificate| c.expires.is_none_or(|last| last >= today);
        // Grade 1 is the highest; one without a grade comes last.
        let rank = |g: Grade| match g {
            Grade::One => 5,
            Grade::Two => 4,
            Grade::Three => 3,
            Grade::Four => 2,
            Grade::Other => 1,
        };
        let best =
            person.certificates.iter().filter(current).map(|c| c.grade).max_by_key(|g| rank(*g));
        if let Some(grade) = best {
            *out.certificates.entry(grade).or_default() += 1;
            persons.insert(&person.id);
        }
    }
    out.persons = persons.len() as u64;
    out
}
