//! From facts to the level of an incident (Emergency Plan, 1.5): any one limb, the highest counts.

use hangtu_catalog::{
    DataLevel, Facts, IncidentLevel, IncidentRules, LimbKind, OutageOf, Shutdown, Threat, Yuan,
};
use serde::{Deserialize, Serialize};

/// The level, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The level the facts give.
    pub level: IncidentLevel,
    /// Every limb the facts speak of, in the order of the plan.
    pub limbs: Vec<Limb>,
    /// A higher level that a person must decide about.
    pub candidate: Option<IncidentLevel>,
    /// What a person must decide, and why.
    pub decisions: Vec<Decision>,
}

impl Classification {
    /// Whether a level is right: the one the facts give, or while a person must decide, any from
    /// there to the candidate.
    pub fn allows(&self, level: IncidentLevel) -> bool {
        (self.level..=self.candidate.unwrap_or(self.level)).contains(&level)
    }

    /// The limbs that decide.
    pub fn deciding(&self) -> impl Iterator<Item = &Limb> {
        self.limbs.iter().filter(|l| l.decides)
    }
}

/// One limb, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limb {
    /// Which.
    pub kind: LimbKind,
    /// Its value.
    pub value: LimbValue,
    /// The level it gives by itself.
    pub level: IncidentLevel,
    /// Whether it gives the level of the incident.
    pub decides: bool,
}

/// The value of a limb.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimbValue {
    /// Data level and threat.
    Threat(DataLevel, Threat),
    /// Scope of a shutdown.
    Shutdown(Shutdown),
    /// What stands still, minutes.
    Outage(OutageOf, u32),
    /// Direct loss.
    Loss(Yuan),
    /// Persons.
    Persons(u64),
}

/// What the table leaves to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Core data stand in the row of level I only.
    CoreData,
    /// General data whose threat is more than "fairly serious": the table has no row for it.
    ThreatBeyondData,
    /// An outage too long for level IV in a system that has no hours above it: the scope of the
    /// shutdown decides.
    OutageBeyondGeneral,
}

/// The level of an incident by its facts.
pub fn classify(facts: &Facts, rules: &IncidentRules) -> Classification {
    let t = &rules.thresholds;
    let mut decisions = Vec::new();
    let mut limbs = Vec::new();
    let mut limb = |kind, value, level| limbs.push(Limb { kind, value, level, decides: false });

    // Parsing makes sure that each level of data has its steps.
    let by_threat =
        t.threat.get(&facts.data_level).map_or(IncidentLevel::General, |s| s.level(facts.threat));
    limb(LimbKind::Threat, LimbValue::Threat(facts.data_level, facts.threat), by_threat);
    let mut candidate = None;
    match facts.data_level {
        DataLevel::Core => {
            decisions.push(Decision::CoreData);
            candidate = Some(IncidentLevel::EspeciallyMajor);
        }
        DataLevel::General if facts.threat > Threat::FairlySerious => {
            decisions.push(Decision::ThreatBeyondData);
            candidate = Some(match facts.threat {
                Threat::EspeciallySerious => IncidentLevel::EspeciallyMajor,
                _ => IncidentLevel::Major,
            });
        }
        _ => {}
    }
    if facts.shutdown != Shutdown::None {
        let level = t.shutdown.level(facts.shutdown);
        limb(LimbKind::Shutdown, LimbValue::Shutdown(facts.shutdown), level);
    }
    if let Some(outage) = facts.outage {
        let by_hours = t.outage_minutes.level(outage.minutes);
        let level = match outage.of {
            OutageOf::Radio | OutageOf::ImportantTelecom => by_hours,
            // 12 and 24 hours speak of important and core facilities only.
            OutageOf::Telecom => by_hours.min(IncidentLevel::Larger),
            OutageOf::Industrial => IncidentLevel::General,
        };
        if outage.of == OutageOf::Industrial && by_hours > IncidentLevel::General {
            decisions.push(Decision::OutageBeyondGeneral);
            candidate = candidate.max(Some(IncidentLevel::Larger));
        }
        limb(LimbKind::Outage, LimbValue::Outage(outage.of, outage.minutes), level);
    }
    if facts.loss > Yuan::default() {
        limb(LimbKind::Loss, LimbValue::Loss(facts.loss), t.loss_cny.level(facts.loss));
    }
    if facts.persons > 0 {
        let level = t.persons.level(facts.persons);
        limb(LimbKind::Persons, LimbValue::Persons(facts.persons), level);
    }
    if facts.sensitive_persons > 0 {
        let level = t.sensitive_persons.level(facts.sensitive_persons);
        limb(LimbKind::SensitivePersons, LimbValue::Persons(facts.sensitive_persons), level);
    }

    let level = limbs.iter().map(|l| l.level).max().unwrap_or(IncidentLevel::General);
    for limb in &mut limbs {
        limb.decides = limb.level == level;
    }
    // What another limb has decided already needs nobody.
    let candidate = candidate.filter(|c| *c > level);
    decisions.retain(|d| *d == Decision::CoreData || candidate.is_some());
    if level == IncidentLevel::EspeciallyMajor {
        decisions.clear();
    }
    Classification { level, limbs, candidate, decisions }
}
