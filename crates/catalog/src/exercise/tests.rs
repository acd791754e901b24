use super::*;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn text(id: &str) -> &'static str {
    let path = format!("{FOLDER}{id}.yml");
    crate::CONTENT.iter().find(|(p, _)| **p == path).unwrap().1
}

#[test]
fn every_exercise_is_whole() {
    let all = Exercise::embedded(&CATALOG).unwrap();
    assert!(!all.is_empty());
    for x in &all {
        let roles = x.roles.len();
        let (injects, expectations) = (x.injects.len(), x.expectations().count());
        assert!((6..=9).contains(&roles), "{}: {roles} roles", x.id);
        assert!((12..=20).contains(&injects), "{}: {injects} injects", x.id);
        assert!((25..=45).contains(&expectations), "{}: {expectations} expectations", x.id);
        assert_eq!(x.sha256.len(), 64);
        let preview = x.preview();
        assert_eq!(preview.injects.len(), injects);
        assert_eq!(preview.weights.len(), Dimension::ALL.len(), "{}: a dimension is empty", x.id);
        assert!(preview.phases.iter().all(|p| p.expectations > 0), "{}", x.id);
        assert!(preview.roles.iter().all(|r| r.expectations + r.injects > 0), "{}", x.id);
        // Chinese texts use Chinese punctuation.
        for text in x.injects.iter().map(|i| &i.text).chain(x.expectations().map(|(_, e)| &e.text))
        {
            let half = text.zh.chars().any(|c| matches!(c, ';' | '?' | '!' | '"'));
            assert!(!half, "{}: {}", x.id, text.zh);
        }
    }
}

#[test]
fn mistakes_are_named_with_their_place_all_at_once() {
    let good = text("hmi-ransomware");
    assert!(Exercise::parse("own.yml", good, &CATALOG).is_ok());
    let wrong = good
        .replacen("clause: meas-26", "clause: meas-99", 1)
        .replacen("control: MON-01", "control: MON-99", 1)
        .replacen("objective: detect", "objective: detekt", 1)
        .replacen("to: [shift, automation]", "to: [shift, cook]", 1)
        .replacen("minutes: [5, 10, 25]", "minutes: [5, 30, 25]", 1)
        .replacen("good: {after: 3, say:", "god: {after: 3, say:", 1);
    let error = Exercise::parse("own.yml", &wrong, &CATALOG).unwrap_err();
    let place = "injects.first-screen.expects.pass-on";
    for (code, at, what) in [
        (ProblemCode::Dangling, format!("{place}.clause"), "meas-99"),
        (ProblemCode::Dangling, format!("{place}.control"), "MON-99"),
        (ProblemCode::Dangling, format!("{place}.objective"), "detekt"),
        (ProblemCode::Dangling, "injects.first-screen.to".into(), "cook"),
        (ProblemCode::Minutes, format!("{place}.minutes"), "[5, 30, 25]"),
        (ProblemCode::Dangling, format!("{place}.script"), "god"),
        (ProblemCode::Unscripted, format!("{place}.script"), "good"),
    ] {
        let problem = Problem::new(code, at, what);
        assert!(error.problems.contains(&problem), "{problem:?} in {error}");
    }
    assert!(error.to_string().starts_with("own.yml: "));
    for code in ProblemCode::ALL {
        let message = Problem::new(*code, "", "x").message();
        assert_ne!(message.zh, message.en, "{code:?} has no message");
    }
}

#[test]
fn conditions_that_cannot_hold_are_refused() {
    let good = text("hmi-ransomware");
    let refused = |from: &str, to: &str, code: ProblemCode| {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(good, wrong, "{from} is not in the file");
        let error = Exercise::parse("own.yml", &wrong, &CATALOG).unwrap_err();
        assert!(error.problems.iter().any(|p| p.code == code), "{code:?}: {error}");
    };
    let condition = "when: {missed: one-voice}";
    refused(condition, "when: {missed: correct-it}", ProblemCode::OwnCondition);
    refused(condition, "when: {missed: nobody}", ProblemCode::Dangling);
    refused(condition, "when: {above: {what: nothing, value: 1}}", ProblemCode::Dangling);
    refused("minutes: 180", "minutes: 100", ProblemCode::Unreachable);
    refused("marks: ended", "marks: found", ProblemCode::Marks);
    refused("phase: summary", "phase: response", ProblemCode::Phases);
    refused("weight: 3", "weight: 9", ProblemCode::Range);
    refused("weak: missed", "weak: mist", ProblemCode::Unreadable);
    refused("id: hmi-ransomware", "id: HMI", ProblemCode::Identifier);
    refused("what: detect_seconds", "what: luck", ProblemCode::Dangling);
    // A circle of two: each waits for what the other asks.
    let circle = good.replacen(condition, "when: {missed: why-slow}", 1).replacen(
        "when: {above: {what: files_lost, value: 1000}}",
        "when: {missed: correct-it}",
        1,
    );
    let error = Exercise::parse("own.yml", &circle, &CATALOG).unwrap_err();
    assert!(error.problems.iter().any(|p| p.code == ProblemCode::Cycle), "{error}");
}
