//! Papers: as the examiner keeps them, and as a candidate sees them.

use super::{Blueprint, Seed};
use hangtu_catalog::{
    Bilingual, Language,
    course::{Course, Kind, Question},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A paper as the examiner keeps it: which questions in which order, and how their options were
/// shuffled. It names questions, it does not hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// What it was drawn from.
    pub seed: Seed,
    /// Course → SHA-256 of its bank at that time.
    pub banks: BTreeMap<String, String>,
    /// The questions, in the order shown.
    pub items: Vec<Item>,
}

/// One question on a paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The course whose bank it comes from.
    pub course: String,
    /// The question.
    pub question: String,
    /// For each place shown, the place of that option in the bank.
    pub options: Vec<u8>,
}

/// A paper as a candidate sees it. There is no right answer in it, and no id to look one up by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaperView {
    /// The questions, numbered from 0.
    pub items: Vec<ItemView>,
}

/// A question as a candidate sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemView {
    /// How it is answered.
    pub kind: Kind,
    /// Who, where, what happens.
    pub situation: Option<Bilingual>,
    /// Records to be read.
    pub evidence: Vec<String>,
    /// What is asked.
    pub question: Bilingual,
    /// The options in the order shown; answers name places in this list, from 0.
    pub options: Vec<Bilingual>,
}

/// Why a paper cannot be drawn or shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// A course is not there.
    #[error("the course {0} is not there")]
    Course(String),
    /// A question is not in the bank any more.
    #[error("the question {0} is not in its bank any more")]
    Question(String),
    /// The bank has too few questions.
    #[error("{course}, {topic}: {wanted} questions are to be drawn, the bank has {there}")]
    TooFew {
        /// The course.
        course: String,
        /// The topic, or `*`.
        topic: String,
        /// How many are to be drawn.
        wanted: usize,
        /// How many there are.
        there: usize,
    },
    /// The blueprint draws nothing.
    #[error("the exam draws no question")]
    Empty,
}

/// The course, or why not.
pub(super) fn course<'a>(courses: &'a [Course], id: &str) -> Result<&'a Course, DrawError> {
    courses.iter().find(|c| c.id == id).ok_or_else(|| DrawError::Course(id.to_owned()))
}

impl Item {
    /// The question in its bank.
    pub fn find<'a>(&self, courses: &'a [Course]) -> Result<&'a Question, DrawError> {
        let gone = || DrawError::Question(self.question.clone());
        let question = course(courses, &self.course)?.question(&self.question).ok_or_else(gone)?;
        // Options may have been added or taken away since; then the shuffle says nothing any more.
        let fits = self.options.len() == question.options.len()
            && self.options.iter().all(|n| usize::from(*n) < question.options.len());
        if fits { Ok(question) } else { Err(gone()) }
    }
}

impl Paper {
    /// Draws a paper. The same blueprint, banks and seed give the same paper, whatever the order of
    /// questions in the bank.
    pub fn draw(blueprint: &Blueprint, courses: &[Course], seed: Seed) -> Result<Self, DrawError> {
        let (mut banks, mut taken) = (BTreeMap::new(), BTreeSet::new());
        let mut drawn: Vec<(&Course, &Question)> = Vec::new();
        for (part, number) in blueprint.parts.iter().zip(0u32..) {
            let course = course(courses, &part.course)?;
            let mut pool: Vec<&Question> = course
                .bank()
                .filter(|q| part.topic.as_ref().is_none_or(|t| q.topic == *t))
                .filter(|q| !taken.contains(q.id.as_str()))
                .collect();
            pool.sort_unstable_by(|a, b| a.id.cmp(&b.id));
            let wanted = usize::from(part.count);
            if pool.len() < wanted {
                return Err(DrawError::TooFew {
                    course: part.course.clone(),
                    topic: part.topic.clone().unwrap_or_else(|| "*".into()),
                    wanted,
                    there: pool.len(),
                });
            }
            seed.stream(&format!("part {number}")).shuffle(&mut pool);
            for question in pool.into_iter().take(wanted) {
                taken.insert(question.id.as_str());
                drawn.push((course, question));
            }
            banks.entry(course.id.clone()).or_insert_with(|| digest(course));
        }
        if drawn.is_empty() {
            return Err(DrawError::Empty);
        }
        seed.stream("order").shuffle(&mut drawn);
        let item = |(course, question): (&Course, &Question)| Item {
            course: course.id.clone(),
            question: question.id.clone(),
            options: shuffled(question, seed),
        };
        Ok(Self { seed, banks, items: drawn.into_iter().map(item).collect() })
    }

    /// Whether the banks are still those that the paper was drawn from.
    pub fn is_current(&self, courses: &[Course]) -> bool {
        self.banks.iter().all(|(id, bank)| course(courses, id).is_ok_and(|c| digest(c) == *bank))
    }

    /// What the candidate sees.
    pub fn view(&self, courses: &[Course]) -> Result<PaperView, DrawError> {
        let item = |item: &Item| {
            let question = item.find(courses)?;
            let options = item.options.iter().filter_map(|n| question.options.get(usize::from(*n)));
            Ok(ItemView {
                kind: question.kind,
                situation: question.situation.clone(),
                evidence: question.evidence.clone(),
                question: question.question.clone(),
                options: options.map(|o| o.text.clone()).collect(),
            })
        };
        Ok(PaperView { items: self.items.iter().map(item).collect::<Result<_, _>>()? })
    }
}

/// Places of the options as shown. Steps to be ordered never stand in the right order already.
fn shuffled(question: &Question, seed: Seed) -> Vec<u8> {
    let mut places: Vec<u8> = (0..question.options.len() as u8).collect();
    let mut stream = seed.stream(&format!("options {}", question.id));
    stream.shuffle(&mut places);
    while question.kind == Kind::Order && places.len() > 1 && places.is_sorted() {
        stream.shuffle(&mut places);
    }
    places
}

/// SHA-256 over what an exam may draw from a course.
fn digest(course: &Course) -> String {
    let mut bank: Vec<&Question> = course.bank().collect();
    bank.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    for q in bank {
        for text in [&q.id, &q.topic] {
            add(text);
        }
        add(&format!("{:?} {} {}", q.kind, q.difficulty, q.evidence.len()));
        q.evidence.iter().for_each(|line| add(line));
        let texts = q.situation.iter().chain([&q.question, &q.why]);
        for text in texts.chain(q.options.iter().map(|o| &o.text)) {
            for language in Language::ALL {
                add(text.get(language));
            }
        }
        add(&format!("{:?}", q.right()));
    }
    hangtu_catalog::hex(&hash.finalize())
}
