//! The questionnaire (`content/questionnaire/`): one question for each control point, by which an
//! enterprise examines itself. `choices.yml` holds the answers, `clauses.yml` the clauses that
//! control points rest on, each other file one group of questions.

use crate::{
    Bilingual, ContentError, Control,
    words::{bilingual, optional},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All questions.
#[derive(Clone, Debug)]
pub struct Questionnaire {
    /// Version of the set of answers.
    pub version: u32,
    /// Possible answers to a question that names none of its own.
    pub choices: Vec<Choice>,
    /// Groups of questions, in the order of control points.
    pub groups: Vec<Group>,
    /// One question for each control point, in their order.
    pub questions: Vec<Question>,
}

/// A possible answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Choice {
    /// Identifier, e.g. `not-applicable`.
    pub id: String,
    /// What the answer says about the control point.
    pub means: Means,
    /// The text.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub label: Bilingual,
}

/// What an answer says about its control point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// In place.
    Met,
    /// In place in part.
    Partly,
    /// Not in place.
    Unmet,
    /// The control point does not concern this enterprise.
    NotApplicable,
}

/// A group of questions.
#[derive(Clone, Debug)]
pub struct Group {
    /// The first part of its control points' ids, e.g. `GOV`.
    pub id: String,
    /// Version of its file.
    pub version: u32,
    /// Its title.
    pub title: Bilingual,
}

/// The question of one control point.
#[derive(Clone, Debug)]
pub struct Question {
    /// The control point.
    pub control: String,
    /// What is asked.
    pub question: Bilingual,
    /// How to check it.
    pub how: Bilingual,
    /// What counts as evidence.
    pub evidence: Bilingual,
    /// The clause the control point rests on.
    pub clause: Bilingual,
    /// Whom it concerns.
    pub applies: Applies,
    /// Answers of its own; else [`Questionnaire::choices`].
    choices: Option<Vec<Choice>>,
}

/// Whom a question concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applies {
    /// Every enterprise.
    #[default]
    All,
    /// Who processes important or core data.
    ImportantOrCore,
    /// Who runs industrial control systems.
    ControlSystems,
    /// Who sends data abroad.
    CrossBorder,
    /// Who processes personal information.
    PersonalInformation,
    /// Who uses or offers generative AI.
    GenerativeAi,
    /// Who has geographic or survey data or software.
    GeographicData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoicesFile {
    version: u32,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClausesFile {
    #[serde(rename = "version")]
    _version: u32,
    clauses: BTreeMap<String, Clause>,
}

#[derive(Deserialize)]
struct Clause(#[serde(deserialize_with = "bilingual")] Bilingual);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    version: u32,
    group: String,
    #[serde(deserialize_with = "bilingual")]
    title: Bilingual,
    questions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(deserialize_with = "bilingual")]
    question: Bilingual,
    #[serde(deserialize_with = "bilingual")]
    how: Bilingual,
    #[serde(deserialize_with = "bilingual")]
    evidence: Bilingual,
    /// Where `rests_on` names a whole standard: its part.
    #[serde(default, deserialize_with = "optional")]
    clause: Option<Bilingual>,
    #[serde(default)]
    applies: Applies,
    choices: Option<Vec<Choice>>,
}

const FOLDER: &str = "questionnaire/";
const CHOICES: &str = "choices.yml";
const CLAUSES: &str = "clauses.yml";

impl Questionnaire {
    /// The embedded questionnaire; every control point has one question.
    pub(crate) fn embedded(controls: &[Control]) -> Result<Self, ContentError> {
        let name = |file: &str| format!("{FOLDER}{file}");
        let choices: ChoicesFile = crate::embedded(&name(CHOICES), crate::yaml)?;
        let clauses: ClausesFile = crate::embedded(&name(CLAUSES), crate::yaml)?;
        let mut all = Self {
            version: choices.version,
            choices: checked(&name(CHOICES), choices.choices)?,
            groups: Vec::new(),
            questions: Vec::new(),
        };
        for control in controls {
            let group = control.id.split('-').next().unwrap_or_default();
            if all.groups.iter().all(|g| g.id != group) {
                let file = name(&format!("{group}.yml"));
                crate::embedded(&file, |name, text| {
                    all.read(name, text, controls, &clauses.clauses)
                })?;
            }
            if all.question(&control.id).is_none() {
                let why = format!("{} has no question", control.id);
                return Err(ContentError { file: name(&format!("{group}.yml")), why });
            }
        }
        let order = |q: &Question| controls.iter().position(|c| c.id == q.control);
        all.questions.sort_by_key(order);
        Ok(all)
    }

    /// Reads a site's group file: its questions replace those of the same control points, and
    /// keep their clauses unless the file gives others.
    pub fn add(
        &mut self,
        name: &str,
        text: &str,
        controls: &[Control],
    ) -> Result<(), ContentError> {
        self.read(name, text, controls, &BTreeMap::new())
    }

    /// The question of a control point.
    pub fn question(&self, control: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.control == control)
    }

    /// The possible answers to a question.
    pub fn choices<'a>(&'a self, question: &'a Question) -> &'a [Choice] {
        question.choices.as_deref().unwrap_or(&self.choices)
    }

    fn read(
        &mut self,
        name: &str,
        text: &str,
        controls: &[Control],
        clauses: &BTreeMap<String, Clause>,
    ) -> Result<(), ContentError> {
        let file: GroupFile = crate::yaml(name, text)?;
        let bad = |why: String| ContentError { file: name.into(), why };
        crate::unique(name, file.questions.iter().map(|q| q.id.as_str()))?;
        let mut read = Vec::with_capacity(file.questions.len());
        for entry in file.questions {
            let id = &entry.id;
            let control = controls
                .iter()
                .find(|c| c.id == *id)
                .ok_or_else(|| bad(format!("{id} is no control point")))?;
            if id.split('-').next() != Some(file.group.as_str()) {
                return Err(bad(format!("{id} is not of group {}", file.group)));
            }
            let clause = entry
                .clause
                .or_else(|| clauses.get(&control.rests_on).map(|c| c.0.clone()))
                .or_else(|| self.question(id).map(|q| q.clause.clone()))
                .ok_or_else(|| bad(format!("{id}: no clause for {:?}", control.rests_on)))?;
            let choices = entry.choices.map(|c| checked(name, c)).transpose()?;
            read.push(Question {
                control: entry.id,
                question: entry.question,
                how: entry.how,
                evidence: entry.evidence,
                clause,
                applies: entry.applies,
                choices,
            });
        }
        for question in read {
            match self.questions.iter_mut().find(|q| q.control == question.control) {
                Some(old) => *old = question,
                None => self.questions.push(question),
            }
        }
        let group = Group { id: file.group, version: file.version, title: file.title };
        match self.groups.iter_mut().find(|g| g.id == group.id) {
            Some(old) => *old = group,
            None => self.groups.push(group),
        }
        Ok(())
    }
}

/// Answers that can be told apart, one of which at least says that the control point is met.
fn checked(name: &str, choices: Vec<Choice>) -> Result<Vec<Choice>, ContentError> {
    crate::unique(name, choices.iter().map(|c| c.id.as_str()))?;
    if choices.iter().all(|c| c.means != Means::Met) {
        let why = "choices: none says that the control point is met".into();
        return Err(ContentError { file: name.into(), why });
    }
    Ok(choices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CONTENT, Catalog};

    #[test]
    fn every_control_point_has_one_whole_question() {
        let catalog = Catalog::embedded().unwrap();
        let all = &catalog.questionnaire;
        let asked = all.questions.iter().map(|q| q.control.as_str());
        assert!(asked.eq(catalog.controls.iter().map(|c| c.id.as_str())));
        let ids: Vec<_> = all.choices.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["yes", "partly", "no", "not-applicable"]);
        let files = CONTENT.iter().filter(|(path, _)| path.starts_with(FOLDER)).count();
        assert_eq!(files, all.groups.len() + 2, "a file without a group");
        for q in &all.questions {
            assert!(q.question.en.ends_with('?') && q.question.zh.ends_with('？'), "{}", q.control);
            assert_eq!(q.question.zh.matches('？').count(), 1, "{} asks one thing", q.control);
            for text in [&q.how, &q.evidence, &q.clause] {
                let half = text.zh.chars().any(|c| matches!(c, ';' | '?'));
                assert!(!half && !text.zh.contains("TODO"), "{}: {}", q.control, text.zh);
            }
        }
    }

    #[test]
    fn clauses_follow_what_control_points_rest_on() {
        let catalog = Catalog::embedded().unwrap();
        for (control, zh, en) in [
            ("GOV-01", "《工业和信息化领域数据安全管理办法（试行）》第十三条", "Art. 13"),
            (
                "RA-01",
                "《工业和信息化领域数据安全风险评估实施细则（试行）》第六条、第十条",
                "Arts 6 and 10",
            ),
            ("LOG-03", "IEC 62443-3-3:2013 SR 2.11", "SR 2.11"),
            ("ICS-05", "访问控制", "access control"),
        ] {
            let clause = &catalog.questionnaire.question(control).unwrap().clause;
            assert!(clause.zh.contains(zh) && clause.en.contains(en), "{control}: {clause:?}");
        }
        // No clause is spelled out that nothing rests on.
        let clauses: ClausesFile =
            crate::embedded("questionnaire/clauses.yml", crate::yaml).unwrap();
        for short in clauses.clauses.keys() {
            assert!(catalog.controls.iter().any(|c| c.rests_on == *short), "{short}");
        }
    }

    #[test]
    fn a_site_s_questions_replace_ours() {
        let catalog = Catalog::embedded().unwrap();
        let mut all = catalog.questionnaire.clone();
        let words = "{en: 'Own?', zh: 本厂的问题？}";
        let own = |id: &str| {
            format!(
                "{{version: 2, group: GOV, title: {words}, questions: [\
                 {{id: {id}, question: {words}, how: {words}, evidence: {words}}}]}}"
            )
        };
        all.add("own.yml", &own("GOV-02"), &catalog.controls).unwrap();
        assert_eq!(all.questions.len(), catalog.controls.len());
        let (ours, theirs) = (catalog.questionnaire.question("GOV-02"), all.question("GOV-02"));
        assert_eq!(&*theirs.unwrap().question.en, "Own?");
        assert_eq!(theirs.unwrap().clause, ours.unwrap().clause);
        for (id, says) in [("GOV-99", "GOV-99 is no control point"), ("CLS-01", "not of group GOV")]
        {
            let error = all.add("own.yml", &own(id), &catalog.controls).unwrap_err().to_string();
            assert!(error.contains("own.yml") && error.contains(says), "{error}");
        }
    }
}
