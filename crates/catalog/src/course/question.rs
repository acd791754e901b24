//! `questions.yml`: the question bank of a course.

use super::facts::{Topic, fault, is_id};
use crate::{Bilingual, ContentError, Language};
use serde::{Deserialize, Serialize};

/// A question, as its author knows it: with the right answer. What a candidate sees is another type
/// (`hangtu_train::exam::PaperView`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Identifier, `<course>-NN`; never used again for another question.
    pub id: String,
    /// The topic it belongs to.
    pub topic: String,
    /// How it is answered.
    pub kind: Kind,
    /// 1 recalls, 2 understands, 3 applies to a situation.
    pub difficulty: u8,
    /// A short check in the text, never drawn into an exam.
    pub check: bool,
    /// Who, where, what happens, what is known.
    pub situation: Option<Bilingual>,
    /// Lines of the product's own output to be read: JSON records, the same in both languages.
    pub evidence: Vec<String>,
    /// What is asked.
    pub question: Bilingual,
    /// What can be chosen; of an order question, the steps in the right order.
    pub options: Vec<Step>,
    /// Why the right answer is right and the tempting wrong one wrong.
    pub why: Bilingual,
    /// The one language it has, where it was taken over from another maker: its texts then say the
    /// same in both, and an exam that may draw it is offered in that language alone.
    pub only: Option<Language>,
}

impl Question {
    /// The places of the right options; of an order question, all in their order.
    pub fn right(&self) -> Vec<u8> {
        let all = self.options.iter().zip(0u8..);
        match self.kind {
            Kind::Order => all.map(|(_, n)| n).collect(),
            Kind::Single | Kind::Multiple => all.filter(|(o, _)| o.right).map(|(_, n)| n).collect(),
        }
    }
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One option is right.
    Single,
    /// Two or more are right, at least one is wrong.
    Multiple,
    /// Steps to be put in order.
    Order,
}

/// An option, or a step of an order question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The text.
    pub text: Bilingual,
    /// Whether choosing it is right; says nothing in an order question.
    pub right: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    questions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    topic: String,
    kind: Kind,
    difficulty: u8,
    #[serde(default)]
    check: bool,
    situation: Option<Words>,
    evidence: Option<String>,
    question: Words,
    options: Vec<OptionEntry>,
    why: Words,
    /// `en` or `zh`: the one language that every text of it has.
    only: Option<String>,
}

/// A text: `en` and `zh`, or the one that `only` names.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(default)]
    en: String,
    #[serde(default)]
    zh: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionEntry {
    #[serde(default)]
    en: String,
    #[serde(default)]
    zh: String,
    #[serde(default)]
    right: bool,
}

/// A text in both languages; where there is one only, it stands for both.
fn text(en: String, zh: String, only: Option<Language>) -> Result<Bilingual, String> {
    let (one, other) = match only {
        None => {
            let text = Bilingual::new(zh.trim(), en.trim());
            return fault(&text).map_or(Ok(text), Err);
        }
        Some(Language::Chinese) => (zh, en),
        Some(Language::English) => (en, zh),
    };
    if one.trim().is_empty() || !other.trim().is_empty() {
        return Err("with only, a text stands in that language and in no other".into());
    }
    Ok(Bilingual::new(one.trim(), one.trim()))
}

/// Reads a bank: its version and its questions.
pub(super) fn parse(
    name: &str,
    text: &str,
    course: &str,
    topics: &[Topic],
) -> Result<(u32, Vec<Question>), ContentError> {
    let file: File = crate::yaml(name, text)?;
    crate::unique(name, file.questions.iter().map(|q| q.id.as_str()))?;
    let mut questions = Vec::with_capacity(file.questions.len());
    for entry in file.questions {
        let id = entry.id.clone();
        let question = question(entry, course, topics)
            .map_err(|why| ContentError { file: name.into(), why: format!("{id}: {why}") })?;
        questions.push(question);
    }
    Ok((file.version, questions))
}

fn question(entry: Entry, course: &str, topics: &[Topic]) -> Result<Question, String> {
    let number = entry.id.strip_prefix(course).and_then(|rest| rest.strip_prefix('-'));
    if !number.is_some_and(|n| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit()))
        || !is_id(&entry.id)
    {
        return Err(format!("the id of a question is {course}-NN, with two digits"));
    }
    if topics.iter().all(|t| t.id != entry.topic) {
        return Err(format!("topic: {} is none of the course", entry.topic));
    }
    if !(1..=3).contains(&entry.difficulty) {
        return Err("difficulty: 1, 2 or 3".into());
    }
    let only = match entry.only.as_deref() {
        None => None,
        Some("en") => Some(Language::English),
        Some("zh") => Some(Language::Chinese),
        Some(other) => return Err(format!("only: {other:?} is neither en nor zh")),
    };
    let words =
        |place: &str, w: Words| text(w.en, w.zh, only).map_err(|why| format!("{place}: {why}"));
    let asked = words("question", entry.question)?;
    let why = words("why", entry.why)?;
    let situation = entry.situation.map(|s| words("situation", s)).transpose()?;
    let step = |o: OptionEntry| {
        let text = text(o.en, o.zh, only).map_err(|why| format!("options: {why}"))?;
        Ok::<_, String>(Step { text, right: o.right })
    };
    let options = entry.options.into_iter().map(step).collect::<Result<Vec<Step>, _>>()?;
    let (all, right) = (options.len(), options.iter().filter(|o| o.right).count());
    match entry.kind {
        Kind::Single if right != 1 || !(3..=6).contains(&all) => {
            return Err("options: single has 3 to 6, one of them right".into());
        }
        Kind::Multiple if right < 2 || right == all || !(4..=8).contains(&all) => {
            return Err("options: multiple has 4 to 8, at least 2 right and 1 wrong".into());
        }
        Kind::Order if right > 0 || !(4..=6).contains(&all) => {
            return Err("options: order has 4 to 6 steps in their order, none marked right".into());
        }
        _ => {}
    }
    for (at, option) in options.iter().enumerate() {
        let same = |o: &Step| o.text.en == option.text.en || o.text.zh == option.text.zh;
        if options[..at].iter().any(same) {
            return Err(format!("options: {:?} stands twice", option.text.en));
        }
    }
    let evidence: Vec<String> =
        entry.evidence.iter().flat_map(|e| e.trim().lines()).map(str::to_owned).collect();
    if entry.evidence.is_some() && evidence.is_empty() {
        return Err("evidence: is empty".into());
    }
    for (line, number) in evidence.iter().zip(1..) {
        let record = serde_json::from_str::<serde_json::Value>(line);
        if !record.is_ok_and(|r| r.is_object()) {
            return Err(format!("evidence: line {number} is no record (a JSON object)"));
        }
    }
    Ok(Question {
        id: entry.id,
        topic: entry.topic,
        kind: entry.kind,
        difficulty: entry.difficulty,
        check: entry.check,
        situation,
        evidence,
        question: asked,
        options,
        why,
        only,
    })
}
