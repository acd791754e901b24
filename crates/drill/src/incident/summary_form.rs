//! The summary report (Emergency Plan, 5.1 and Annex 3). It stays within the enterprise and the
//! regulator: it holds no state secrets and is not published without leave.

use super::{
    FormCheck, Inconsistency, LevelCheck, Moment, Timeliness,
    form::{Held, completeness},
};
use hangtu_catalog::{Facts, IncidentLevel, IncidentRules, Language, exercise::Truth};
use serde::{Deserialize, Serialize};

/// The summary report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryForm {
    /// 1: cause.
    pub cause: String,
    /// 1: course.
    pub course: String,
    /// 1: established facts.
    pub nature: String,
    /// 1: responsibility.
    pub responsibility: String,
    /// 1: impact and loss.
    pub impact: String,
    /// 2: policy.
    pub policy: String,
    /// 2: technology.
    pub technology: String,
    /// 2: people.
    pub people: String,
    /// 2: emergency means.
    pub emergency: String,
    /// 2: notice to users; "no users concerned" is an answer.
    pub notice: String,
    /// Whether users were told.
    pub users_told: bool,
    /// 3: plan of improvement.
    pub improvement: String,
    /// 4: lessons.
    pub lessons: String,
    /// 5: other.
    pub other: String,
    /// SHA-256 of what proves it.
    pub proof: Vec<String>,
    /// SHA-256 of the sealed first page.
    pub seal: Option<String>,
    /// Whether somebody made sure that it holds no state secrets.
    pub no_secrets: bool,
}

impl SummaryForm {
    /// The report as it should be filled in: for comparison, and for scripted players.
    pub fn right(truth: &Truth, language: Language) -> Self {
        let pick = |zh: &str, en: &str| match language {
            Language::Chinese => zh.to_owned(),
            Language::English => en.to_owned(),
        };
        Self {
            cause: truth.account.cause.get(language).to_owned(),
            course: pick("详见演练日志时间线", "See the timeline of the exercise log"),
            nature: truth.account.system.get(language).to_owned(),
            responsibility: pick(
                "按责任书认定，见附件",
                "By the responsibility letters, see proof",
            ),
            impact: truth.account.affected.get(language).to_owned(),
            policy: pick("修订审批和备份制度", "Approval and backup rules revised"),
            technology: pick("收紧访问路径，更新基线", "Access paths narrowed, baselines renewed"),
            people: pick("对关键岗位重新培训", "Key posts trained again"),
            emergency: pick(
                "隔离、取证、恢复、验证",
                "Isolation, evidence, recovery, verification",
            ),
            notice: pick("已按影响范围告知相关方", "Those concerned were told"),
            users_told: true,
            improvement: pick(
                "整改事项已明确责任人和期限",
                "Each improvement has an owner and a date",
            ),
            lessons: pick("授权与实际操作应每日比对", "Compare approvals with what is done, daily"),
            other: String::new(),
            proof: vec!["1".repeat(64)],
            seal: Some("2".repeat(64)),
            no_secrets: true,
        }
    }

    /// Empties a field by its identifier in `incident.yml`.
    pub fn omit(&mut self, field: &str) {
        match field {
            "proof" => self.proof.clear(),
            "seal" => self.seal = None,
            "no_secrets" => self.no_secrets = false,
            "notice" => {
                self.notice.clear();
                self.users_told = false;
            }
            "cause" => self.cause.clear(),
            "course" => self.course.clear(),
            "nature" => self.nature.clear(),
            "responsibility" => self.responsibility.clear(),
            "impact" => self.impact.clear(),
            "policy" => self.policy.clear(),
            "technology" => self.technology.clear(),
            "people" => self.people.clear(),
            "emergency" => self.emergency.clear(),
            "improvement" => self.improvement.clear(),
            "lessons" => self.lessons.clear(),
            "other" => self.other.clear(),
            _ => {}
        }
    }

    /// Holds the report against the truth. `sent` is when it was handed in, `due` the end of its
    /// clock in milliseconds of the exercise clock.
    pub fn check(
        &self,
        facts: &Facts,
        level: IncidentLevel,
        sent: Moment,
        due: Option<i64>,
        rules: &IncidentRules,
    ) -> FormCheck {
        let (fields, whole) = completeness(&rules.summary_form, level, |id| self.held(id));
        let mut inconsistencies = Vec::new();
        if facts.persons > 0 && !self.notice.is_empty() && !self.users_told {
            inconsistencies.push(Inconsistency::NoNotice);
        }
        if self.proof.iter().any(|hash| hash.len() != 64) {
            inconsistencies.push(Inconsistency::NoProof);
        }
        FormCheck {
            fields,
            whole,
            inconsistencies,
            level: LevelCheck::NotAsked,
            timeliness: Timeliness::of(sent, due),
        }
    }

    fn held(&self, field: &str) -> Held {
        match field {
            "cause" => Held::text(&self.cause),
            "course" => Held::text(&self.course),
            "nature" => Held::text(&self.nature),
            "responsibility" => Held::text(&self.responsibility),
            "impact" => Held::text(&self.impact),
            "policy" => Held::text(&self.policy),
            "technology" => Held::text(&self.technology),
            "people" => Held::text(&self.people),
            "emergency" => Held::text(&self.emergency),
            "notice" => Held::text(&self.notice),
            "improvement" => Held::text(&self.improvement),
            "lessons" => Held::text(&self.lessons),
            "other" => Held::text(&self.other),
            "proof" => Held::some(!self.proof.is_empty()),
            "seal" => Held::some(self.seal.as_ref().is_some_and(|s| !s.is_empty())),
            "no_secrets" => Held::some(self.no_secrets),
            _ => Held::Nothing,
        }
    }
}
