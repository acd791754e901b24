//! Courses (`content/courses/<id>/`): what is read, asked and drawn into exams, in both languages.
//!
//! A folder holds `course.yml`, `questions.yml`, `en.md`, `zh-CN.md` and pictures. [`Course::parse`]
//! refuses whatever would mislead a learner or break a page, and names file and place;
//! [`Course::shortfalls`] says where a course stays below the bar that the embedded ones hold to
//! (lengths, numbers of questions), which a site's own short course need not.

mod bar;
mod emphasis;
mod facts;
mod picture;
mod question;
mod reading;

pub use facts::{ExamRule, Role, Topic};
pub use question::{Kind, Question, Step};
pub use reading::{Node, Reading, Section};

use crate::{Bilingual, CONTENT, ContentError, Control, Language, Scenario};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One course.
#[derive(Clone, Debug)]
pub struct Course {
    /// Identifier: the name of its folder, e.g. `ransomware`.
    pub id: String,
    /// Version of the course; completing an older one still counts.
    pub version: u32,
    /// Version of its question bank.
    pub bank_version: u32,
    /// Minutes of honest reading, checks included.
    pub minutes: u16,
    /// Its title.
    pub title: Bilingual,
    /// What one can do afterwards.
    pub summary: Bilingual,
    /// What is to be learnt.
    pub goals: Vec<Bilingual>,
    /// The risk scenarios it is about.
    pub scenarios: Vec<Scenario>,
    /// Whom it addresses.
    pub roles: Vec<Role>,
    /// Control points that it teaches or that completing it is evidence for.
    pub controls: Vec<String>,
    /// Topics, in their order; each question belongs to one.
    pub topics: Vec<Topic>,
    /// Months for which having completed it is worth something.
    pub valid_months: u16,
    /// How its exam is drawn and passed.
    pub exam: ExamRule,
    /// The bank, in the order of the file: checks and exam questions.
    pub questions: Vec<Question>,
    english: Reading,
    chinese: Reading,
    pictures: BTreeMap<String, Arc<str>>,
}

/// What is said of a course that another maker's program holds.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// Its version here.
    pub version: u32,
    /// About how long it takes.
    pub minutes: u16,
    /// Months for which having completed it is worth something.
    pub valid_months: u16,
    /// The risk scenarios it is about.
    pub scenarios: Vec<Scenario>,
}

const FACTS: &str = "course.yml";
const QUESTIONS: &str = "questions.yml";

/// Where the embedded courses are, below `content/`.
const FOLDER: &str = "courses/";

impl Course {
    /// Reads a course from the files of its folder (name → text). `folder` is for errors, e.g.
    /// `content/courses/ransomware`; its last part must be the course's id.
    pub fn parse(
        folder: &str,
        files: &BTreeMap<String, String>,
        controls: &[Control],
    ) -> Result<Self, ContentError> {
        let path = |name: &str| format!("{folder}/{name}");
        let file = |name: &str| {
            files
                .get(name)
                .map(String::as_str)
                .ok_or_else(|| ContentError { file: path(name), why: "is missing".into() })
        };
        let facts = facts::parse(&path(FACTS), file(FACTS)?, controls)?;
        if folder.rsplit('/').next() != Some(facts.id.as_str()) {
            let why = format!("id: {:?} is not the name of its folder", facts.id);
            return Err(ContentError { file: path(FACTS), why });
        }
        let (bank_version, questions) =
            question::parse(&path(QUESTIONS), file(QUESTIONS)?, &facts.id, &facts.topics)?;
        for topic in &facts.topics {
            let drawn = facts.exam.draw.get(&topic.id).copied().unwrap_or(0);
            let there = questions.iter().filter(|q| !q.check && q.topic == topic.id).count();
            if usize::from(drawn) > there {
                let why = format!("exam.draw.{}: draws {drawn} of {there} questions", topic.id);
                return Err(ContentError { file: path(FACTS), why });
            }
        }
        let mut pictures = BTreeMap::new();
        for (name, text) in files.iter().filter(|(name, _)| is_picture(name)) {
            picture::check(&path(name), text)?;
            pictures.insert(name.clone(), Arc::from(text.as_str()));
        }
        let read = |language: Language| {
            let name = format!("{}.md", language.tag());
            let reading = reading::parse(&path(&name), file(&name)?, language)?;
            reading::belongs(&path(&name), &reading, &questions, &pictures)?;
            Ok::<_, ContentError>(reading)
        };
        let (english, chinese) = (read(Language::English)?, read(Language::Chinese)?);
        if english.shape() != chinese.shape() {
            let why = "has other sections, checks or pictures than en.md, or in another order";
            return Err(ContentError { file: path("zh-CN.md"), why: why.into() });
        }
        let shown: BTreeSet<&str> =
            [&english, &chinese].into_iter().flat_map(Reading::pictures).collect();
        if let Some(name) = pictures.keys().find(|p| !shown.contains(p.as_str())) {
            return Err(ContentError { file: path(name), why: "is shown in no text".into() });
        }
        let known = |name: &str| {
            [FACTS, QUESTIONS, "en.md", "zh-CN.md"].contains(&name) || is_picture(name)
        };
        if let Some(name) = files.keys().find(|n| !known(n)) {
            return Err(ContentError { file: path(name), why: "is no part of a course".into() });
        }
        Ok(Self {
            id: facts.id,
            version: facts.version,
            bank_version,
            minutes: facts.minutes,
            title: facts.title,
            summary: facts.summary,
            goals: facts.goals,
            scenarios: facts.scenarios,
            roles: facts.roles,
            controls: facts.controls,
            topics: facts.topics,
            valid_months: facts.valid_months,
            exam: facts.exam,
            questions,
            english,
            chinese,
            pictures,
        })
    }

    /// A course that another maker's program holds (cmi5): there is nothing to read here, no exam,
    /// and it addresses no role by itself.
    pub fn elsewhere(id: &str, title: Bilingual, summary: Bilingual, rule: Elsewhere) -> Self {
        let nothing = || Reading { sections: Vec::new(), length: 0 };
        Self {
            id: id.to_owned(),
            version: rule.version,
            bank_version: 0,
            minutes: rule.minutes,
            title,
            summary,
            goals: Vec::new(),
            scenarios: rule.scenarios,
            roles: Vec::new(),
            controls: Vec::new(),
            topics: Vec::new(),
            valid_months: rule.valid_months,
            exam: ExamRule {
                minutes: 0,
                pass_percent: 100,
                attempts: 0,
                cooling_hours: 0,
                draw: BTreeMap::new(),
            },
            questions: Vec::new(),
            english: nothing(),
            chinese: nothing(),
            pictures: BTreeMap::new(),
        }
    }

    /// Whether another maker's program holds it ([`Course::elsewhere`]).
    pub fn is_elsewhere(&self) -> bool {
        self.chinese.sections.is_empty()
    }

    /// The one language in which its exam can be sat: some question that an exam may draw has no
    /// text in the other.
    pub fn exam_only(&self) -> Option<Language> {
        self.bank().find_map(|q| q.only)
    }

    /// The embedded courses, by id.
    pub(crate) fn embedded(controls: &[Control]) -> Result<Vec<Self>, ContentError> {
        let mut folders: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        for (path, text) in CONTENT {
            let Some(below) = path.strip_prefix(FOLDER) else { continue };
            let Some((id, name)) = below.split_once('/') else {
                let why = "belongs to no course".into();
                return Err(ContentError { file: format!("content/{path}"), why });
            };
            folders.entry(id).or_default().insert(name.to_owned(), (*text).to_owned());
        }
        let read = |(id, files): (&str, &BTreeMap<String, String>)| {
            Self::parse(&format!("content/{FOLDER}{id}"), files, controls)
        };
        folders.iter().map(|(id, files)| read((id, files))).collect()
    }

    /// The text to read in one language.
    pub fn reading(&self, language: Language) -> &Reading {
        match language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
        }
    }

    /// A picture: SVG without scripts, styles or links, fit to be served or embedded.
    pub fn picture(&self, name: &str) -> Option<&Arc<str>> {
        self.pictures.get(name)
    }

    /// The names of its pictures.
    pub fn pictures(&self) -> impl Iterator<Item = &str> {
        self.pictures.keys().map(String::as_str)
    }

    /// A question or check by id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.id == id)
    }

    /// The questions that an exam may draw: never the checks of the text.
    pub fn bank(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|q| !q.check)
    }

    /// Where the course stays below the bar of the embedded ones, in words for its writer; empty
    /// when nowhere.
    pub fn shortfalls(&self) -> Vec<String> {
        bar::shortfalls(self)
    }
}

fn is_picture(name: &str) -> bool {
    name.ends_with(".en.svg") || name.ends_with(".zh-CN.svg")
}

#[cfg(test)]
mod tests;
