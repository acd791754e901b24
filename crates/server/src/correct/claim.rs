//! An answer of the questionnaire as a finding.

use super::Claim;
use crate::clock;
use hangtu_catalog::{Bilingual, Catalog, Language, Level, Scenario, key};
use hangtu_examine::model::Finding;

/// What an answer says of its control point, as if a rule had found it; `None` for an unknown one.
pub(super) fn finding(catalog: &Catalog, claim: &Claim, now: i64) -> Option<Finding> {
    let control = catalog.control(&claim.control)?;
    let question = catalog.questionnaire.question(&claim.control)?;
    let time = clock::rfc3339(now);
    let partly = claim.means == "partly";
    let (level, likelihood, impact) =
        if partly { (Level::Low, 2, 3) } else { (Level::Medium, 3, 3) };
    let said = if partly { key::FINDING_CLAIM_PARTLY } else { key::FINDING_CLAIM_UNMET };
    let note = [("note", claim.note.as_str().into())];
    let need = |text: &Bilingual, language| -> String {
        let need = text.get(language);
        hangtu_catalog::text(language, key::FINDING_CLAIM_ADVICE, &[("evidence", need.into())])
    };
    Some(Finding {
        fingerprint: format!("check.{}", claim.control),
        rule: format!("check.{}", claim.control),
        title: (&control.title).into(),
        description: Bilingual::message(said, &note),
        advice: Bilingual::new(
            need(&question.evidence, Language::Chinese),
            need(&question.evidence, Language::English),
        ),
        false_positives: Bilingual::default(),
        scenario: control.scenarios.first().copied().unwrap_or(Scenario::Personnel),
        level,
        likelihood,
        impact,
        controls: vec![claim.control.clone()],
        techniques: Vec::new(),
        subject: claim.control.clone(),
        peer: None,
        class: None,
        count: 1,
        first: time.clone(),
        last: time,
        windows: Vec::new(),
        unapproved: None,
        evidence: Vec::new(),
        status: None,
    })
}

/// Why a finding closes when a newer answer says that the control point is met.
pub(super) fn proof() -> Bilingual {
    Bilingual::message(key::FINDING_CLAIM_MET, &[])
}
