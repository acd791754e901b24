//! The boundaries of the plan, the forms, the clocks.

use super::*;
use hangtu_catalog::{
    Binds, Catalog, DataCategory, DataLevel, Facts, IncidentLevel as Level, LimbKind, Operator,
    Outage, OutageOf, Scale, Shutdown, Threat, Yuan,
};
use jiff::Timestamp;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn light() -> Facts {
    Facts {
        data_level: DataLevel::General,
        categories: vec![DataCategory::Production],
        threat: Threat::Light,
        shutdown: Shutdown::None,
        outage: None,
        loss: Yuan::default(),
        persons: 0,
        sensitive_persons: 0,
        scale: Scale::default(),
        operator: Operator::Other,
        cross_border: false,
    }
}

fn level(facts: &Facts) -> Level {
    classify(facts, &CATALOG.incident).level
}

#[test]
fn money_and_persons_reach_a_level_at_its_value() {
    // Fen: 49,999,999.99 yuan and so on.
    for (fen, right) in [
        (4_999_999_999, Level::General),
        (5_000_000_000, Level::Larger),
        (9_999_999_999, Level::Larger),
        (10_000_000_000, Level::Major),
        (99_999_999_999, Level::Major),
        (100_000_000_000, Level::EspeciallyMajor),
    ] {
        assert_eq!(level(&Facts { loss: Yuan { fen }, ..light() }), right, "{fen}");
    }
    for (persons, right) in [
        (999_999, Level::General),
        (1_000_000, Level::Larger),
        (9_999_999, Level::Larger),
        (10_000_000, Level::Major),
        (99_999_999, Level::Major),
        (100_000_000, Level::EspeciallyMajor),
    ] {
        assert_eq!(level(&Facts { persons, ..light() }), right, "{persons}");
    }
    for (sensitive_persons, right) in [
        (99_999, Level::General),
        (100_000, Level::Larger),
        (999_999, Level::Larger),
        (1_000_000, Level::Major),
        (9_999_999, Level::Major),
        (10_000_000, Level::EspeciallyMajor),
    ] {
        assert_eq!(level(&Facts { sensitive_persons, ..light() }), right, "{sensitive_persons}");
    }
    let yuan: Yuan = serde_json::from_str("49999999.99").unwrap();
    assert_eq!(yuan.fen, 4_999_999_999);
    assert_eq!(yuan.to_string(), "49,999,999.99");
}

#[test]
fn hours_speak_of_telecom_and_radio_only() {
    use OutageOf::{ImportantTelecom, Industrial, Radio, Telecom};
    for (of, minutes, right) in [
        (Telecom, 479, Level::General),
        (Telecom, 480, Level::Larger),
        (Telecom, 1440, Level::Larger),
        (ImportantTelecom, 719, Level::Larger),
        (ImportantTelecom, 720, Level::Major),
        (ImportantTelecom, 1440, Level::EspeciallyMajor),
        (Radio, 479, Level::General),
        (Radio, 480, Level::Larger),
        (Radio, 720, Level::Major),
        (Radio, 1440, Level::EspeciallyMajor),
        (Industrial, 479, Level::General),
        (Industrial, 5000, Level::General),
    ] {
        let facts = Facts { outage: Some(Outage { of, minutes }), ..light() };
        assert_eq!(level(&facts), right, "{of:?} {minutes}");
    }
    // Eight hours leave level IV for industrial systems too; the scope of the shutdown decides.
    let long = Facts { outage: Some(Outage { of: Industrial, minutes: 480 }), ..light() };
    let judged = classify(&long, &CATALOG.incident);
    assert_eq!(judged.decisions, [Decision::OutageBeyondGeneral]);
    assert_eq!(judged.candidate, Some(Level::Larger));
    for (shutdown, right) in [
        (Shutdown::Light, Level::General),
        (Shutdown::FairlyGreat, Level::Larger),
        (Shutdown::Great, Level::Major),
        (Shutdown::EspeciallyGreat, Level::EspeciallyMajor),
    ] {
        let judged = classify(&Facts { shutdown, ..long.clone() }, &CATALOG.incident);
        assert_eq!(judged.level, right);
        assert_eq!(judged.decisions.is_empty(), right > Level::General);
    }
}

#[test]
fn data_and_threat_by_the_table_and_the_rest_by_a_person() {
    use DataLevel::{Core, General, Important};
    use Threat::{EspeciallySerious, FairlySerious, Light, Serious};
    for (data_level, threat, right, candidate) in [
        (General, Light, Level::General, None),
        (General, FairlySerious, Level::Larger, None),
        (General, Serious, Level::Larger, Some(Level::Major)),
        (General, EspeciallySerious, Level::Larger, Some(Level::EspeciallyMajor)),
        (Important, Light, Level::General, None),
        (Important, FairlySerious, Level::Larger, None),
        (Important, Serious, Level::Major, None),
        (Important, EspeciallySerious, Level::EspeciallyMajor, None),
        (Core, Light, Level::General, Some(Level::EspeciallyMajor)),
        (Core, EspeciallySerious, Level::EspeciallyMajor, None),
    ] {
        let judged = classify(&Facts { data_level, threat, ..light() }, &CATALOG.incident);
        assert_eq!(
            (judged.level, judged.candidate),
            (right, candidate),
            "{data_level:?} {threat:?}"
        );
    }
    let core = classify(&Facts { data_level: Core, ..light() }, &CATALOG.incident);
    assert_eq!(core.decisions, [Decision::CoreData]);
    assert!(core.allows(Level::General) && core.allows(Level::EspeciallyMajor));
}

#[test]
fn the_highest_limb_decides_and_says_so() {
    let facts = Facts {
        persons: 1_000_000,
        loss: Yuan { fen: 12_000_000_000 },
        shutdown: Shutdown::FairlyGreat,
        ..light()
    };
    let judged = classify(&facts, &CATALOG.incident);
    assert_eq!(judged.level, Level::Major);
    let deciding: Vec<_> = judged.deciding().map(|l| l.kind).collect();
    assert_eq!(deciding, [LimbKind::Loss]);
    assert_eq!(judged.limbs.len(), 4);
}

fn moment(minutes: i64) -> Moment {
    let began: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
    Moment {
        wall: began.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap(),
        exercise: minutes * 60_000,
    }
}

fn run_clocks(times: &ClockTimes, facts: &Facts, now: i64) -> Vec<Clock> {
    let c = &*CATALOG;
    clocks(times, facts, level(facts), moment(now), &c.incident, &c.deadlines, &c.calendar)
}

#[test]
fn clocks_bind_whom_the_plan_says() {
    let major = Facts { loss: Yuan { fen: 10_000_000_000 }, ..light() };
    let mut times = ClockTimes {
        began: Some(moment(0).wall),
        found: Some(moment(0)),
        judged: Some((moment(20), Level::Major)),
        important: Some(moment(0)),
        ended: Some(moment(170)),
        done: vec![("processor_report".into(), moment(28)), ("cyber_other".into(), moment(250))],
    };
    let all = run_clocks(&times, &major, 200);
    let of = |id: &str| all.iter().find(|c| c.id == id).unwrap();
    assert!(all.iter().all(|c| c.id != "important_data" && c.id != "cyber_cii"));
    // Ten and thirty minutes bind the local regulator, never the enterprise.
    for (id, binds, due) in [
        ("regulator_phone", Binds::LocalRegulator, 10),
        ("regulator_written", Binds::LocalRegulator, 30),
        ("mechanism_phone", Binds::Mechanism, 20),
        ("mechanism_written", Binds::Mechanism, 40),
        ("processor_report", Binds::Enterprise, 20),
        ("cyber_other", Binds::Enterprise, 240),
    ] {
        assert_eq!((of(id).binds, of(id).due_exercise), (binds, Some(due * 60_000)), "{id}");
    }
    assert_eq!(of("processor_report").state, ClockState::Kept);
    assert_eq!(of("cyber_other").state, ClockState::Late);
    assert!(of("cyber_other").to_confirm);
    assert_eq!(of("regulator_phone").state, ClockState::NotPlayed);
    // Five working days from Monday 2 March end with Monday 9 March in the plan's time.
    let end: Timestamp = "2026-03-09T15:59:59Z".parse().unwrap();
    assert_eq!(of("processor_summary").due_wall, Some(end));
    assert_eq!(of("processor_summary").state, ClockState::Running);
    let end: Timestamp = "2026-03-16T15:59:59Z".parse().unwrap();
    assert_eq!(of("regulator_summary").due_wall, Some(end));

    // "At once" has a grace in an exercise.
    times.done = vec![("processor_report".into(), moment(31))];
    let late = run_clocks(&times, &major, 200);
    assert_eq!(late.iter().find(|c| c.id == "processor_report").unwrap().state, ClockState::Late);

    // Important data are reported at the first moment whatever the level; CII has one hour.
    let important = Facts { data_level: DataLevel::Important, operator: Operator::Cii, ..light() };
    let all = run_clocks(&ClockTimes { judged: None, ..times }, &important, 5);
    let ids: Vec<_> = all.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["important_data"]);
    assert_eq!(all[0].state, ClockState::Running);
}

fn whole(level: Level, facts: &Facts) -> EventForm {
    let text = || Known::Given("x".to_owned());
    EventForm {
        reporter: Reporter { name: "a".into(), contact: "b".into(), mobile: "c".into() },
        time: Some(moment(0).wall),
        learned: Some(Learned::SelfMonitoring),
        unit: "u".into(),
        level: Some(level),
        system: text(),
        addresses: text(),
        cause: text(),
        categories: facts.categories.clone(),
        data_level: Some(facts.data_level),
        scale: Known::Given(facts.scale),
        personal: Known::Given(Personal {
            persons: facts.persons,
            sensitive_persons: facts.sensitive_persons,
            scale: Scale::default(),
        }),
        affected: text(),
        area: text(),
        taken: "t".into(),
        planned: "p".into(),
        help: "h".into(),
        signature: Some("s".into()),
    }
}

#[test]
fn the_event_form_is_held_to_the_facts() {
    let rules = &CATALOG.incident;
    let facts = Facts { persons: 10_400_000, ..light() };
    let right = classify(&facts, rules);
    let check = |form: &EventForm| {
        form.check(&facts, &right, moment(25), Some(30 * 60_000), Some(moment(0)), rules)
    };
    let good = whole(Level::Major, &facts);
    let checked = check(&good);
    assert_eq!((checked.whole, checked.level), ((20, 20), LevelCheck::Right));
    assert!(checked.inconsistencies.is_empty(), "{checked:?}");
    assert_eq!(checked.timeliness, Timeliness::InTime(5 * 60_000));
    assert!((checked.content() - 1.0).abs() < 1e-9);

    // 尚不明确 may stand for system, entity and scope, not for the cause.
    let mut form = EventForm { affected: Known::Unclear, cause: Known::Unclear, ..good.clone() };
    form.system = Known::Unclear;
    let checked = check(&form);
    let state = |id: &str| checked.fields.iter().find(|f| f.field == id).unwrap().state;
    assert_eq!(state("affected"), FieldState::Unclear);
    assert_eq!(state("system"), FieldState::Unclear);
    assert_eq!(state("cause"), FieldState::UnclearNotAllowed);
    assert_eq!(checked.whole, (19, 20));

    // Too low, against its own figures, without the signature that major incidents need.
    let low = EventForm { level: Some(Level::General), signature: None, ..good.clone() };
    let checked = check(&low);
    assert_eq!(checked.level, LevelCheck::TooLow);
    assert_eq!(checked.inconsistencies, [Inconsistency::LevelBelowOwnFigures]);
    assert_eq!(checked.whole, (19, 20));
    let high = EventForm { level: Some(Level::EspeciallyMajor), ..good.clone() };
    assert_eq!(check(&high).level, LevelCheck::TooHigh);

    // A signature is not asked for below level II.
    let small = light();
    let right = classify(&small, rules);
    let form = EventForm { signature: None, ..whole(Level::General, &small) };
    let checked = form.check(&small, &right, moment(5), None, Some(moment(0)), rules);
    assert_eq!((checked.whole, checked.timeliness), ((19, 19), Timeliness::NoClock));

    let mut form = whole(Level::General, &small);
    form.time = Some(moment(60).wall);
    form.data_level = Some(DataLevel::Important);
    form.categories = vec![DataCategory::Rnd];
    form.personal =
        Known::Given(Personal { persons: 1, sensitive_persons: 2, ..Personal::default() });
    let checked = form.check(&small, &right, moment(5), None, Some(moment(0)), rules);
    assert_eq!(
        checked.inconsistencies,
        [
            Inconsistency::DataLevel,
            Inconsistency::Categories,
            Inconsistency::Persons,
            Inconsistency::SensitiveBeyondPersonal,
            Inconsistency::TimeAfterReport,
        ]
    );
}

#[test]
fn every_field_of_the_forms_is_known() {
    let rules = &CATALOG.incident;
    let facts = Facts { persons: 5, ..light() };
    let right = classify(&facts, rules);
    // Emptying a field by its name makes exactly that field missing.
    for field in &rules.event_form {
        let mut form = whole(Level::Major, &facts);
        form.omit(&field.id);
        let checked = form.check(&facts, &right, moment(1), None, None, rules);
        let missing: Vec<_> = checked
            .fields
            .iter()
            .filter(|f| f.state != FieldState::Given)
            .map(|f| f.field.as_str())
            .collect();
        assert_eq!(missing, [field.id.as_str()]);
    }
    let words = || "x".to_owned();
    let summary = SummaryForm {
        cause: words(),
        course: words(),
        nature: words(),
        responsibility: words(),
        impact: words(),
        policy: words(),
        technology: words(),
        people: words(),
        emergency: words(),
        notice: words(),
        users_told: true,
        improvement: words(),
        lessons: words(),
        other: words(),
        proof: vec!["0".repeat(64)],
        seal: Some(words()),
        no_secrets: true,
    };
    for field in &rules.summary_form {
        let mut form = summary.clone();
        form.omit(&field.id);
        let checked = form.check(&facts, Level::Major, moment(1), None, rules);
        let missing: Vec<_> = checked
            .fields
            .iter()
            .filter(|f| f.state != FieldState::Given)
            .map(|f| f.field.as_str())
            .collect();
        assert_eq!(missing, [field.id.as_str()]);
    }
    let untold = SummaryForm { users_told: false, ..summary };
    let checked = untold.check(&facts, Level::Major, moment(1), None, rules);
    assert_eq!(checked.inconsistencies, [Inconsistency::NoNotice]);
}
