//! What training counts and how it is marked (`content/training.yml`). No regulation fixes these
//! numbers: they are the product's defaults, and an organisation writes its own file in this form.

use crate::{
    Bilingual, ContentError,
    course::{Course, Role},
    words::bilingual,
};
use serde::{Deserialize, Serialize};

/// The rules of training.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Version of the file.
    pub version: u32,
    /// When a person has completed a session.
    pub counting: Counting,
    /// How answers become points.
    pub marking: Marking,
    /// How exams run.
    pub sitting: Sitting,
    /// When an item of the bank is suspected.
    pub items: ItemRule,
    /// Courses of other makers.
    pub packages: Packages,
    /// The roles with their titles.
    pub roles: Vec<RoleTitle>,
    /// Ways to be counted as a professional.
    pub tracks: Vec<Track>,
    /// Certificates of others that may be recorded.
    pub certificates: Vec<OutsideKind>,
}

/// A kind of certificate that others issue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideKind {
    /// Identifier.
    pub id: String,
    /// Its title.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// Its grade in the occupational standard: `one` to `four`, or `other`.
    pub grade: String,
    /// Whether its holder counts as a professional while it is in force.
    pub counts: bool,
    /// Months for which it counts where it names no last day; none: without an end.
    pub valid_months: Option<u16>,
}

/// When a person has completed a session (人次).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counting {
    /// Least attendance, in percent of the session's planned minutes.
    pub attendance_percent: u8,
    /// Whether a quiz, where the session has one, must be passed.
    pub quiz_where_set: bool,
}

/// How answers become points; each question is worth one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marking {
    /// For questions with several right options.
    pub multiple: MultipleRule,
    /// For steps to be put in order.
    pub order: OrderRule,
}

/// How a question with several right options is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultipleRule {
    /// All right ones and no wrong one, or nothing.
    AllOrNothing,
    /// The share of right ones chosen, less the share of wrong ones chosen, never below nothing.
    SharesLessWrong,
}

/// How steps put in order are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRule {
    /// The right order, or nothing.
    AllOrNothing,
    /// The share of neighbouring steps that follow each other as they should.
    AdjacentPairs,
}

/// How exams run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sitting {
    /// Seconds after the end in which an answer under way is still taken.
    pub grace_seconds: u16,
}

/// When an item of the bank is suspected of being a bad question.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRule {
    /// Candidates below which nothing is said.
    pub least: u32,
    /// Difficulty (share of points won) below which an item is too hard.
    pub too_hard: f64,
    /// Difficulty above which an item is too easy.
    pub too_easy: f64,
    /// Discrimination (point-biserial) below which an item does not tell those who know apart.
    pub discrimination: f64,
    /// Share of candidates below which a wrong option tempts nobody.
    pub distractor: f64,
}

/// Bounds for packages of other makers (cmi5, QTI) and enrolment lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// Size of a package and of what it unpacks to, in MiB.
    pub megabytes: u32,
    /// Files in a package.
    pub files: u32,
    /// Rows in an enrolment list.
    pub rows: u32,
    /// Score that passes an assignable unit which says none, in percent.
    pub mastery_percent: u8,
}

/// A role with its title.
#[derive(Clone, Debug, Deserialize)]
pub struct RoleTitle {
    /// The role.
    pub id: Role,
    /// Its title.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// A way to be counted as a professional (人才): courses, an exam over all of them, a drill.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Identifier.
    pub id: String,
    /// Its title.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What somebody can do who has completed it; stands in the credential.
    #[serde(deserialize_with = "bilingual")]
    pub criteria: Bilingual,
    /// The courses it asks for: those that address this role.
    pub role: Role,
    /// Further courses, by id.
    #[serde(default)]
    pub courses: Vec<String>,
    /// The exam over all courses.
    pub exam: TrackExam,
    /// Whether a drill must have been taken part in.
    pub drill: bool,
    /// Months for which it counts.
    pub valid_months: u16,
}

/// The exam of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackExam {
    /// Time to work on the paper, in minutes.
    pub minutes: u16,
    /// Points to reach, in percent of those possible.
    pub pass_percent: u8,
    /// Attempts.
    pub attempts: u8,
    /// Hours to wait after a failed attempt.
    pub cooling_hours: u16,
    /// Questions from each course.
    pub per_course: u8,
}

impl Training {
    /// Reads a file of training rules.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let all: Self = crate::yaml(name, text)?;
        let bad = |why: &str| Err(ContentError { file: name.into(), why: why.into() });
        if !(1..=100).contains(&all.counting.attendance_percent) {
            return bad("counting.attendance_percent: from 1 to 100");
        }
        if all.sitting.grace_seconds > 600 {
            return bad("sitting.grace_seconds: up to 600");
        }
        let items = &all.items;
        let share = |n: f64| (0.0..=1.0).contains(&n);
        if items.least < 10
            || ![items.too_hard, items.too_easy, items.distractor].into_iter().all(share)
            || !(-1.0..=1.0).contains(&items.discrimination)
            || items.too_hard >= items.too_easy
        {
            return bad("items: least from 10, shares from 0 to 1, too_hard below too_easy");
        }
        let packages = &all.packages;
        if !(1..=4096).contains(&packages.megabytes)
            || !(1..=100_000).contains(&packages.files)
            || !(1..=1_000_000).contains(&packages.rows)
            || packages.mastery_percent > 100
        {
            return bad("packages: megabytes to 4096, files to 100000, rows to 1000000");
        }
        if !all.roles.iter().map(|r| r.id).eq(Role::ALL) {
            return bad("roles: each role once, in their order");
        }
        crate::unique(name, all.tracks.iter().map(|t| t.id.as_str()))?;
        crate::unique(name, all.certificates.iter().map(|c| c.id.as_str()))?;
        let graded = |c: &OutsideKind| {
            ["one", "two", "three", "four", "other"].contains(&c.grade.as_str())
                && c.valid_months.is_none_or(|m| (1..=240).contains(&m))
        };
        if let Some(c) = all.certificates.iter().find(|c| !graded(c)) {
            return bad(&format!(
                "certificates.{}: grade one, two, three, four or other; valid_months to 240",
                c.id
            ));
        }
        for track in &all.tracks {
            let exam = &track.exam;
            if !(1..=120).contains(&track.valid_months)
                || !(1..=300).contains(&exam.minutes)
                || !(1..=100).contains(&exam.pass_percent)
                || exam.attempts == 0
                || exam.per_course == 0
            {
                let why = format!(
                    "tracks.{}: minutes to 300, pass_percent to 100, attempts and per_course from 1, \
                     valid_months to 120",
                    track.id
                );
                return Err(ContentError { file: name.into(), why });
            }
        }
        Ok(all)
    }

    /// The title of a role.
    pub fn role(&self, role: Role) -> Option<&Bilingual> {
        self.roles.iter().find(|r| r.id == role).map(|r| &r.title)
    }

    /// A kind of certificate of others by id.
    pub fn certificate(&self, id: &str) -> Option<&OutsideKind> {
        self.certificates.iter().find(|c| c.id == id)
    }

    /// A track by id.
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.tracks.iter().find(|t| t.id == id)
    }
}

impl Track {
    /// The courses it asks for, in the order of the catalogue.
    pub fn required<'a>(&'a self, courses: &'a [Course]) -> impl Iterator<Item = &'a Course> {
        courses.iter().filter(|c| c.roles.contains(&self.role) || self.courses.contains(&c.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_the_file_and_slips_are_refused() {
        let text = include_str!("../../../content/training.yml");
        let training = Training::parse("content/training.yml", text).unwrap();
        assert_eq!(training.counting, Counting { attendance_percent: 80, quiz_where_set: true });
        assert_eq!(&*training.role(Role::Assessor).unwrap().zh, "风险评估人员");
        assert!(training.track("professional").is_some_and(|t| t.drill));
        for (from, to, says) in [
            ("attendance_percent: 80", "attendance_percent: 0", "counting.attendance_percent"),
            ("least: 30", "least: 3", "items: least"),
            ("- id: professional", "- id: assessor", "assessor stands twice"),
            ("per_course: 4", "per_course: 0", "tracks."),
            ("grade: one", "grade: five", "certificates."),
            ("grace_seconds", "grace", "grace"),
        ] {
            let error = Training::parse("own.yml", &text.replace(from, to)).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("own.yml") && error.contains(says), "{error}");
        }
    }
}
