//! Exercises (`content/exercises/`): a story told in timed injects, what people are expected to do
//! about each, the facts from which the right answers follow, and scripts for unattended
//! rehearsals (docs/exercises.md).

mod check;
mod policy;
mod preview;
mod problem;
mod script;
#[cfg(test)]
mod tests;

pub use policy::{DimensionRule, ExercisePolicy, MeasureRule, Owner, RatingRule, StateRule};
pub use preview::{Preview, PreviewInject, PreviewPhase, PreviewRole};
pub use problem::{ExerciseError, Problem, ProblemCode};
pub use script::{Answer, Scripted};

use crate::{
    Bilingual, Catalog, ContentError, DataLevel, Facts, IncidentLevel, Scenario, incident::named,
    sha256, words::bilingual,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an exercise is held (NIST SP 800-84).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseKind {
    /// Discussed at a table.
    Tabletop,
    /// Done, with systems; may take measurements from a technical simulation.
    Functional,
}

named!(ExerciseKind { Tabletop = "tabletop", Functional = "functional" });

/// The four groups of national drills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleGroup {
    /// 领导决策组.
    Leadership,
    /// 技术支撑组.
    Technical,
    /// 沟通联络组.
    Liaison,
    /// 专家组.
    Expert,
}

named!(RoleGroup {
    Leadership = "leadership",
    Technical = "technical",
    Liaison = "liaison",
    Expert = "expert",
});

/// The four phases of national drills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// 分析研判.
    Judgement,
    /// 预警通报.
    Warning,
    /// 响应处置.
    Response,
    /// 总结报告.
    Summary,
}

named!(Phase {
    Judgement = "judgement",
    Warning = "warning",
    Response = "response",
    Summary = "summary",
});

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// How fast it was seen.
    Detection,
    /// Whether the level was right.
    Level,
    /// Whether the forms were whole and true.
    Report,
    /// Whether reports came in time.
    Timeliness,
    /// Whether it was stopped.
    Containment,
    /// Whether traces were kept.
    Evidence,
    /// How much came back, and how fast.
    Recovery,
    /// Who was told.
    Communication,
    /// Whether people knew what was theirs.
    Roles,
    /// Whether something is made better of it.
    Improvement,
}

named!(Dimension {
    Detection = "detection",
    Level = "level",
    Report = "report",
    Timeliness = "timeliness",
    Containment = "containment",
    Evidence = "evidence",
    Recovery = "recovery",
    Communication = "communication",
    Roles = "roles",
    Improvement = "improvement",
});

/// How an inject comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A call.
    Phone,
    /// A letter.
    Mail,
    /// A screen in the plant.
    Console,
    /// A ticket.
    Ticket,
    /// Press, social media.
    Media,
    /// A regulator.
    Regulator,
}

named!(Channel {
    Phone = "phone",
    Mail = "mail",
    Console = "console",
    Ticket = "ticket",
    Media = "media",
    Regulator = "regulator",
});

/// What shows that an action was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Words.
    Text,
    /// An attachment.
    File,
    /// A signed attachment.
    Signature,
    /// A level of the incident.
    Classification,
    /// The event form (Annex 2).
    EventForm,
    /// The summary form (Annex 3).
    SummaryForm,
    /// A measurement of the technical simulation.
    Automatic,
}

named!(Evidence {
    Text = "text",
    File = "file",
    Signature = "signature",
    Classification = "classification",
    EventForm = "event_form",
    SummaryForm = "summary_form",
    Automatic = "automatic",
});

/// One exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Identifier, the name of its file.
    pub id: String,
    /// Version of the content.
    pub version: u32,
    /// How it is held.
    pub kind: ExerciseKind,
    /// Its title.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What it is about, for whom.
    #[serde(deserialize_with = "bilingual")]
    pub summary: Bilingual,
    /// Risk scenarios.
    pub scenarios: Vec<Scenario>,
    /// Planned length, minutes of the exercise clock.
    pub minutes: u32,
    /// What everybody is told before it starts.
    #[serde(deserialize_with = "bilingual")]
    pub background: Bilingual,
    /// What it is to show.
    pub objectives: Vec<Objective>,
    /// Who takes part.
    pub roles: Vec<Role>,
    /// What happened in truth.
    pub truth: Truth,
    /// What can be known earlier on, by name: facts that make another level right for a while.
    #[serde(default)]
    pub stages: BTreeMap<String, Facts>,
    /// Styles of the scripts: `good`, `weak` and others.
    pub styles: Vec<Style>,
    /// The phases, in order.
    pub phases: Vec<PhasePlan>,
    /// The injects, in the order of the file.
    pub injects: Vec<Inject>,
    /// SHA-256 of the file: a run is held to it.
    #[serde(skip)]
    pub sha256: String,
}

/// What an exercise is to show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Identifier within the exercise.
    pub id: String,
    /// Under which dimension it is scored.
    pub dimension: Dimension,
    /// The objective.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What evaluators watch for.
    #[serde(deserialize_with = "bilingual")]
    pub rubric: Bilingual,
}

/// A part to be played.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Identifier within the exercise.
    pub id: String,
    /// Its group.
    pub group: RoleGroup,
    /// Its name.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What its player is told alone.
    #[serde(deserialize_with = "bilingual")]
    pub brief: Bilingual,
}

/// A phase of an exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhasePlan {
    /// Which.
    pub phase: Phase,
    /// What it is about here.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// A way of playing that scripts follow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Identifier, e.g. `good`.
    pub id: String,
    /// Its name.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What evaluators make of the objectives in it.
    pub ratings: BTreeMap<String, [Rating; 2]>,
}

/// Rating of an objective by an evaluator (HSEEP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rating {
    /// Performed without challenges.
    P,
    /// Performed with some challenges.
    S,
    /// Performed with major challenges.
    M,
    /// Unable to be performed.
    U,
}

impl Rating {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::P, Self::S, Self::M, Self::U];
}

/// What happened in truth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// What decides the level.
    pub facts: Facts,
    /// What forms are to say besides.
    pub account: Account,
}

/// The words of the forms.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The unit involved.
    #[serde(deserialize_with = "bilingual")]
    pub unit: Bilingual,
    /// System or platform, full name.
    #[serde(deserialize_with = "bilingual")]
    pub system: Bilingual,
    /// Its addresses.
    pub addresses: String,
    /// The cause.
    #[serde(deserialize_with = "bilingual")]
    pub cause: Bilingual,
    /// Who is affected.
    #[serde(deserialize_with = "bilingual")]
    pub affected: Bilingual,
    /// Area and industry.
    #[serde(deserialize_with = "bilingual")]
    pub area: Bilingual,
}

/// What an inject starts or ends for the statutory clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// With it the incident is found.
    Found,
    /// With it the response has ended.
    Ended,
    /// With it it is seen that important or core data are concerned.
    Important,
}

/// A timed event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// Identifier within the exercise.
    pub id: String,
    /// Its phase.
    pub phase: Phase,
    /// When it comes, minutes of the exercise clock.
    pub at: u32,
    /// How it comes.
    pub channel: Channel,
    /// From whom, within the story.
    #[serde(deserialize_with = "bilingual")]
    pub from: Bilingual,
    /// To which roles.
    pub to: Vec<String>,
    /// What it says.
    #[serde(deserialize_with = "bilingual")]
    pub text: Bilingual,
    /// Only then.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Minutes after `at` within which a measurement must decide the condition; else the policy's.
    #[serde(default)]
    pub within: Option<u32>,
    /// Whether it only comes to help out of something missed.
    #[serde(default)]
    pub contingency: bool,
    /// What it means for the statutory clocks.
    #[serde(default)]
    pub marks: Option<Mark>,
    /// What people are expected to do.
    #[serde(default)]
    pub expects: Vec<Expectation>,
}

/// A condition of an inject.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// An expectation of another inject was met, at least in part.
    Met(String),
    /// It was missed, failed or came too late for any credit.
    Missed(String),
    /// A measurement of the technical simulation lies above.
    Above(Measured),
    /// A measurement lies at or below.
    AtMost(Measured),
}

/// A measurement and a value it is held against.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Which, as in the policy, e.g. `files_lost`.
    pub what: String,
    /// The value, in the unit of the measurement.
    pub value: f64,
}

/// What people are expected to do about an inject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Identifier within the exercise.
    pub id: String,
    /// The action.
    #[serde(deserialize_with = "bilingual")]
    pub text: Bilingual,
    /// Roles whose part it is.
    pub by: Vec<String>,
    /// Its weight, 1 to 5.
    pub weight: u8,
    /// Minutes after the inject up to which it has full, half and any credit.
    pub minutes: [u32; 3],
    /// The objective it serves.
    pub objective: String,
    /// The clause of its duty, of `incident.yml`.
    #[serde(default)]
    pub clause: Option<String>,
    /// The control point a shortcoming falls under.
    pub control: String,
    /// What shows that it was done.
    pub evidence: Evidence,
    /// For `automatic`: the measurement, which must be at most the value, or at least where more
    /// is better.
    #[serde(default)]
    pub measure: Option<Measured>,
    /// The statutory clock it stops.
    #[serde(default)]
    pub clock: Option<String>,
    /// The stage whose facts make it right; else the truth.
    #[serde(default)]
    pub stage: Option<String>,
    /// What scripted players do, by style.
    pub script: BTreeMap<String, Scripted>,
}

const FOLDER: &str = "exercises/";

impl Exercise {
    /// Reads an exercise. Every problem is named with its place, not only the first.
    pub fn parse(name: &str, text: &str, catalog: &Catalog) -> Result<Self, ExerciseError> {
        let mut exercise: Self = crate::yaml(name, text).map_err(|e| ExerciseError {
            file: name.into(),
            problems: vec![Problem::new(ProblemCode::Unreadable, "", e.why)],
        })?;
        exercise.sha256 = sha256(text.as_bytes());
        let problems = check::problems(&exercise, catalog);
        if problems.is_empty() {
            Ok(exercise)
        } else {
            Err(ExerciseError { file: name.into(), problems })
        }
    }

    /// The exercises the program ships, in the order of their files.
    pub fn embedded(catalog: &Catalog) -> Result<Vec<Self>, ContentError> {
        let mut all = Vec::new();
        for (path, text) in crate::CONTENT.iter().filter(|(p, _)| p.starts_with(FOLDER)) {
            let name = format!("content/{path}");
            let exercise = Self::parse(&name, text, catalog)
                .map_err(|e| ContentError { file: name.clone(), why: e.whys() })?;
            if *path != format!("{FOLDER}{}.yml", exercise.id) {
                let why = format!("its id is {}, unlike its name", exercise.id);
                return Err(ContentError { file: name, why });
            }
            all.push(exercise);
        }
        Ok(all)
    }

    /// An inject by its identifier.
    pub fn inject(&self, id: &str) -> Option<&Inject> {
        self.injects.iter().find(|i| i.id == id)
    }

    /// An expectation by its identifier, with its inject.
    pub fn expectation(&self, id: &str) -> Option<(&Inject, &Expectation)> {
        self.expectations().find(|(_, e)| e.id == id)
    }

    /// All expectations, in the order of the file, with their injects.
    pub fn expectations(&self) -> impl Iterator<Item = (&Inject, &Expectation)> {
        self.injects.iter().flat_map(|i| i.expects.iter().map(move |e| (i, e)))
    }

    /// An objective by its identifier.
    pub fn objective(&self, id: &str) -> Option<&Objective> {
        self.objectives.iter().find(|o| o.id == id)
    }

    /// A role by its identifier.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|r| r.id == id)
    }

    /// The facts an expectation is judged by.
    pub fn facts(&self, expectation: &Expectation) -> &Facts {
        expectation.stage.as_ref().and_then(|s| self.stages.get(s)).unwrap_or(&self.truth.facts)
    }
}

/// Whether data of that level must be reported at the first moment, whatever the level of the
/// incident (Measures, Art. 28).
pub fn first_moment(level: DataLevel) -> bool {
    level >= DataLevel::Important
}

/// Whether a level makes the enterprise report at once (Emergency Plan, 4.2).
pub fn report_at_once(level: IncidentLevel) -> bool {
    level >= IncidentLevel::Larger
}
