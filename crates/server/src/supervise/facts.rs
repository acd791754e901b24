//! The allow-list: everything an enterprise may tell its supervisor, and nothing else.
//!
//! A submission is made from this structure alone, so a new column of the store never leaves the
//! plant by itself: it must be added here, where everybody sees it. It holds counts, levels and
//! times, and no content, address, name of a person or excerpt of evidence (Measures, Art. 12: the
//! filing never contains the data; Art. 34: officers owe secrecy).
//!
//! Reading is lenient on purpose: a field that this version does not know is passed over, one that
//! an older version did not have takes its default. Old packages stay readable for ever.

use hangtu_catalog::{Level, Scenario};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this structure that the program writes.
pub(crate) const VERSION: u32 = 2;
/// Major risks in one package; the longest-open first where there are more.
pub(crate) const MAJORS: usize = 1_000;
/// Lines of the other lists: four scenarios times five levels, with room for what may come.
const LINES: usize = 200;
/// Bulletins of a supervisor in one package; the newest where there are more.
pub(crate) const BULLETINS: usize = 200;
/// Characters of a name.
const NAME: usize = 200;

/// What an enterprise tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Facts {
    /// Version of the structure.
    pub(crate) version: u32,
    /// Who it is.
    pub(crate) organisation: Organisation,
    /// The moment for which this holds, in microseconds since 1970 (UTC).
    pub(crate) as_of: i64,
    /// Its data catalogue, counted.
    pub(crate) data: Data,
    /// How far it has examined itself.
    pub(crate) examination: Examination,
    /// Findings by scenario and level.
    pub(crate) risks: Vec<Risk>,
    /// Major risks one by one, at most [`MAJORS`].
    pub(crate) majors: Vec<Major>,
    /// The last drill of each scenario.
    pub(crate) drills: Vec<DrillFact>,
    /// Training, in the plan's units.
    pub(crate) training: Training,
    /// What the rules of the supervisor's bulletins found; since version 2.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) bulletins: Vec<Bulletin>,
}

/// An enterprise as it introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Organisation {
    /// Its registered name.
    pub(crate) name: String,
    /// Unified social credit code (GB 32100).
    pub(crate) credit_code: String,
    /// Code of the region (GB/T 2260, six digits).
    pub(crate) region: String,
    /// GB/T 4754 division.
    pub(crate) industry: String,
    /// Id of the revenue band.
    pub(crate) revenue_band: String,
}

/// The data catalogue, counted: never what the data are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Data {
    /// Data assets in the catalogue.
    pub(crate) assets: u32,
    /// Of these, graded general.
    pub(crate) general: u32,
    /// Of these, graded important.
    pub(crate) important: u32,
    /// Of these, graded core.
    pub(crate) core: u32,
    /// Of these, not graded yet.
    pub(crate) ungraded: u32,
    /// Whether the catalogue of important and core data is filed (Measures, Art. 12).
    pub(crate) filed: bool,
    /// The regulator's number of the filing; empty for none.
    pub(crate) filing_number: String,
    /// The day of the filing.
    #[schemars(with = "Option<String>")]
    pub(crate) filing_date: Option<Date>,
}

/// How far the enterprise has examined itself, with the denominator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Examination {
    /// Finished runs.
    pub(crate) runs: u32,
    /// When the last one ended.
    pub(crate) last: Option<i64>,
    /// Control points of the catalogue.
    pub(crate) checks_total: u32,
    /// Of these, measured and fresh.
    pub(crate) checks_measured: u32,
    /// Of these, tried with an error.
    pub(crate) checks_errored: u32,
    /// Of these, measured too long ago.
    pub(crate) checks_stale: u32,
    /// Of these, never measured.
    pub(crate) checks_never: u32,
    /// Of these, not applicable, with a reason.
    pub(crate) not_applicable: u32,
}

/// Findings of one scenario and level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Risk {
    /// Word of the scenario.
    pub(crate) scenario: String,
    /// Word of the level.
    pub(crate) level: String,
    /// Those that need work.
    pub(crate) open: u32,
    /// Of these, past their deadline.
    pub(crate) overdue: u32,
    /// Accepted until a date.
    pub(crate) accepted: u32,
    /// Corrected by the owner's word, awaiting the re-test.
    pub(crate) corrected: u32,
    /// Closed by a re-test that could have shown them again.
    pub(crate) proven: u32,
    /// When the oldest that needs work was found.
    pub(crate) oldest_open: Option<i64>,
}

/// One major risk, without its content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Major {
    /// SHA-256 of the finding's fingerprint: the same risk keeps it, nobody learns more from it.
    pub(crate) id: String,
    /// The rule or control point.
    pub(crate) rule: String,
    /// Word of the scenario.
    pub(crate) scenario: String,
    /// Word of the finding's state.
    pub(crate) state: String,
    /// When it was found.
    pub(crate) found: i64,
    /// When a re-test closed it.
    pub(crate) closed: Option<i64>,
}

/// The last drill of one scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct DrillFact {
    /// Word of the scenario.
    pub(crate) scenario: String,
    /// When it ended.
    pub(crate) last: i64,
    /// Its score, 0 to 100, where it was judged.
    pub(crate) score: Option<f64>,
    /// Shortcomings it brought to light that are open still.
    pub(crate) shortcomings_open: u32,
}

/// Training, in the plan's units: person-times and persons are different things.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Training {
    /// Person-times (人次).
    pub(crate) person_times: u32,
    /// Distinct persons.
    pub(crate) persons: u32,
    /// Persons who hold the professional's certificate.
    pub(crate) professionals: u32,
}

/// What the rules of one bulletin found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Bulletin {
    /// The bulletin's id at the supervisor.
    pub(crate) id: String,
    /// The last examination in which a rule of it looked.
    pub(crate) examined: i64,
    /// Findings of its rules, whatever became of them.
    pub(crate) found: u32,
    /// Of these, those that need work.
    pub(crate) open: u32,
}

impl Facts {
    /// Whether the enterprise carries out classified and graded protection (the plan's first
    /// target): it has a catalogue of its data, every asset is graded, and where there are important
    /// or core data the catalogue is filed (Measures, Art. 12).
    pub(crate) fn graded(&self) -> bool {
        let d = &self.data;
        d.assets > 0 && d.ungraded == 0 && (d.important == 0 && d.core == 0 || d.filed)
    }

    /// What keeps a stranger's facts from being taken: the name of the first field that does not
    /// hold. Whoever reads a package asks this before anything else.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let name = |text: &str| text.chars().count() <= NAME && !text.chars().any(char::is_control);
        let scenario = |word: &str| Scenario::ALL.iter().any(|s| s.name() == word);
        let time = |t: i64| (0..=LATEST).contains(&t);
        let (o, d, e) = (&self.organisation, &self.data, &self.examination);
        let kinds = [d.general, d.important, d.core, d.ungraded];
        let checks = [e.checks_measured, e.checks_errored, e.checks_stale, e.checks_never];
        let sum = |parts: &[u32]| parts.iter().map(|n| u64::from(*n)).sum::<u64>();
        let mut seen = std::collections::HashSet::new();
        let holds = [
            ("version", self.version >= 1),
            ("organisation.name", name(&o.name)),
            ("organisation.credit_code", name(&o.credit_code)),
            ("organisation.region", name(&o.region)),
            ("organisation.industry", name(&o.industry)),
            ("organisation.revenue_band", name(&o.revenue_band)),
            ("as_of", time(self.as_of) && self.as_of > 0),
            ("data.assets", sum(&kinds) == u64::from(d.assets)),
            ("data.filing_number", name(&d.filing_number)),
            (
                "examination.checks_total",
                sum(&checks) + u64::from(e.not_applicable) <= u64::from(e.checks_total),
            ),
            ("risks", self.risks.len() <= LINES),
            ("risks.scenario", self.risks.iter().all(|r| scenario(&r.scenario))),
            ("risks.level", self.risks.iter().all(|r| Level::from_name(&r.level).is_some())),
            ("risks", self.risks.iter().all(|r| seen.insert((&*r.scenario, &*r.level)))),
            ("risks.overdue", self.risks.iter().all(|r| r.overdue <= r.open)),
            ("majors", self.majors.len() <= MAJORS),
            ("majors.id", self.majors.iter().all(|m| !m.id.is_empty() && name(&m.id))),
            ("majors.id", self.majors.iter().all(|m| seen.insert(("", &*m.id)))),
            ("majors.rule", self.majors.iter().all(|m| name(&m.rule) && name(&m.state))),
            ("majors.scenario", self.majors.iter().all(|m| scenario(&m.scenario))),
            ("majors.found", self.majors.iter().all(|m| time(m.found))),
            ("majors.closed", self.majors.iter().all(|m| m.closed.is_none_or(time))),
            ("drills", self.drills.len() <= LINES),
            ("drills.scenario", self.drills.iter().all(|d| scenario(&d.scenario))),
            ("drills", self.drills.iter().all(|d| seen.insert(("drill", &*d.scenario)))),
            ("drills.last", self.drills.iter().all(|d| time(d.last))),
            (
                "drills.score",
                self.drills.iter().all(|d| d.score.is_none_or(|s| (0.0..=100.0).contains(&s))),
            ),
            ("bulletins", self.bulletins.len() <= BULLETINS),
            ("bulletins.id", self.bulletins.iter().all(|b| !b.id.is_empty() && name(&b.id))),
            ("bulletins.id", self.bulletins.iter().all(|b| seen.insert(("bulletin", &*b.id)))),
            ("bulletins.examined", self.bulletins.iter().all(|b| time(b.examined))),
            ("bulletins.open", self.bulletins.iter().all(|b| b.open <= b.found)),
            ("training.persons", self.training.persons <= self.training.person_times),
        ];
        holds.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }
}

/// The end of the year 9999: no time is later.
const LATEST: i64 = 253_402_300_799_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graded_protection_is_what_the_plan_counts() {
        let graded = |assets, important, ungraded, filed| {
            let data = Data { assets, important, ungraded, filed, ..Data::default() };
            Facts { data, ..Facts::default() }.graded()
        };
        assert!(!graded(0, 0, 0, false), "no catalogue");
        assert!(graded(5, 0, 0, false), "general data need no filing");
        assert!(!graded(5, 0, 1, false), "one is not graded");
        assert!(!graded(5, 1, 0, false), "important data, not filed");
        assert!(graded(5, 1, 0, true));
    }

    #[test]
    fn other_versions_are_readable_and_nonsense_is_named() {
        let newer = r#"{"version": 9, "as_of": 1, "weather": "fine", "data": {"assets": 2,
            "general": 2, "colour": 1, "filing_date": "2026-03-01"}}"#;
        let facts: Facts = serde_json::from_str(newer).unwrap();
        assert_eq!((facts.fault(), facts.graded()), (None, true));
        let risk = |scenario: &str| Risk {
            scenario: scenario.into(),
            level: "major".into(),
            ..Risk::default()
        };
        let wrong = |change: &dyn Fn(&mut Facts)| {
            let mut facts = facts.clone();
            change(&mut facts);
            facts.fault()
        };
        let bulletin = |open| Bulletin { id: "b".into(), examined: 1, found: 1, open };
        assert_eq!(wrong(&|f| f.bulletins = vec![bulletin(1)]), None);
        assert_eq!(wrong(&|f| f.bulletins = vec![bulletin(2)]), Some("bulletins.open"));
        assert_eq!(wrong(&|f| f.bulletins = vec![bulletin(1); 2]), Some("bulletins.id"));
        assert_eq!(wrong(&|f| f.data.assets = 3), Some("data.assets"));
        assert_eq!(wrong(&|f| f.as_of = i64::MAX), Some("as_of"));
        assert_eq!(wrong(&|f| f.risks = vec![risk("weather")]), Some("risks.scenario"));
        assert_eq!(wrong(&|f| f.risks = vec![risk("personnel"), risk("personnel")]), Some("risks"));
    }

    fn told(version: u32) -> Facts {
        let bulletin = Bulletin { id: "b1".into(), examined: 5, found: 3, open: 1 };
        Facts {
            version,
            organisation: Organisation {
                name: "武汉长江精密机械有限公司".into(),
                credit_code: "91420100MA4KX1234B".into(),
                region: "420100".into(),
                industry: "34".into(),
                revenue_band: "2".into(),
            },
            as_of: 1_796_000_000_000_000,
            data: Data {
                assets: 10,
                general: 6,
                important: 2,
                core: 1,
                ungraded: 1,
                filed: true,
                filing_number: "鄂工数备2026-001".into(),
                filing_date: Some("2026-03-01".parse().unwrap()),
            },
            examination: Examination {
                runs: 4,
                last: Some(7),
                checks_total: 11,
                checks_measured: 4,
                checks_errored: 1,
                checks_stale: 2,
                checks_never: 3,
                not_applicable: 1,
            },
            risks: vec![Risk {
                scenario: "ransomware".into(),
                level: "major".into(),
                open: 3,
                overdue: 1,
                accepted: 2,
                corrected: 4,
                proven: 5,
                oldest_open: Some(9),
            }],
            majors: vec![Major {
                id: "ab".repeat(32),
                rule: "backup-restore".into(),
                scenario: "ransomware".into(),
                state: "closed".into(),
                found: 1,
                closed: Some(2),
            }],
            drills: vec![DrillFact {
                scenario: "ransomware".into(),
                last: 3,
                score: Some(85.5),
                shortcomings_open: 2,
            }],
            training: Training { person_times: 30, persons: 20, professionals: 5 },
            bulletins: if version < 2 { vec![] } else { vec![bulletin] },
        }
    }

    #[test]
    fn each_version_stays_readable() {
        for version in 1..=VERSION {
            let facts = told(version);
            assert_eq!(facts.fault(), None);
            crate::supervise::fixture::holds(&format!("facts-{version}.json"), &facts);
        }
    }
}
