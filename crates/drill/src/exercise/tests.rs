//! The engine through its public door.

use super::*;
use hangtu_catalog::{
    Catalog, Exercise, IncidentLevel, Language,
    exercise::{Channel, Dimension, Rating},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::{
    fmt::Write,
    sync::{Arc, LazyLock},
};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());
static PLANS: LazyLock<Vec<Arc<Plan>>> = LazyLock::new(|| {
    let all = Exercise::embedded(&CATALOG).unwrap();
    all.into_iter().map(|x| Arc::new(Plan::new(x, &CATALOG))).collect()
});

fn plan(id: &str) -> &'static Arc<Plan> {
    PLANS.iter().find(|p| p.exercise.id == id).unwrap()
}

fn rehearse(plan: &Arc<Plan>, style: &str) -> Run {
    Rehearsal::new(style, 1, 60).run(plan).unwrap_or_else(|e| panic!("{}: {e}", plan.exercise.id))
}

/// A run that people conduct step by step.
struct Story {
    run: Run,
    now: Timestamp,
}

impl Story {
    fn draft(plan: &Arc<Plan>) -> Self {
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let x = &plan.exercise;
        let event =
            Event::Drafted { exercise: x.id.clone(), version: x.version, sha256: x.sha256.clone() };
        let first = Entry { id: "0".into(), at: now, by: person("author"), event };
        Self { run: Run::begin(Arc::clone(plan), first).unwrap(), now }
    }

    fn started(plan: &Arc<Plan>, speed: u8) -> Self {
        let mut s = Self::draft(plan);
        s.by("reader", Event::Reviewed).unwrap();
        s.by("one", Event::Approved).unwrap();
        s.by("two", Event::Approved).unwrap();
        s.schedule();
        for role in &plan.exercise.roles {
            let person = role.id.clone();
            s.by("director", Event::Cast { role: role.id.clone(), person }).unwrap();
        }
        s.by("director", Event::Warmed { ready: Vec::new() }).unwrap();
        s.by("director", Event::Armed).unwrap();
        s.by("director", Event::Started { speed }).unwrap();
        s
    }

    fn schedule(&mut self) {
        let until = self.now.checked_add(SignedDuration::from_hours(48)).unwrap();
        self.by("director", Event::Scheduled { from: self.now, until }).unwrap();
    }

    fn wait(&mut self, minutes: i64) {
        self.now = self.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    }

    fn enter(&mut self, by: Actor, event: Event) -> Result<Applied, Refusal> {
        let id = EntryId(self.run.entries().len().to_string());
        self.run.apply(Entry { id, at: self.now, by, event })
    }

    fn by(&mut self, who: &str, event: Event) -> Result<Applied, Refusal> {
        self.enter(person(who), event)
    }

    fn sweep(&mut self) {
        loop {
            let mut events = self.run.overdue(self.now);
            events.extend(self.run.due(self.now));
            if events.is_empty() {
                return;
            }
            for event in events {
                // What comes later in the list may have become needless.
                let _ = self.enter(Actor::Sweeper, event);
            }
        }
    }

    fn act(&mut self, role: &str, expectation: &str) -> Result<Applied, Refusal> {
        self.by(role, action(role, Some(expectation), None))
    }
}

fn person(id: &str) -> Actor {
    Actor::Person(id.into())
}

fn action(role: &str, expectation: Option<&str>, level: Option<IncidentLevel>) -> Event {
    Event::ActionDone {
        role: role.into(),
        expectation: expectation.map(str::to_owned),
        text: "done".into(),
        attachments: Vec::new(),
        level,
        options: Vec::new(),
        rationale: String::new(),
        dissent: String::new(),
    }
}

#[test]
fn every_exercise_rehearses_to_its_end() {
    let mut table = String::new();
    for plan in &*PLANS {
        let (good, weak) = (rehearse(plan, "good"), rehearse(plan, "weak"));
        for (run, style) in [(&good, "good"), (&weak, "weak")] {
            assert_eq!(run.state(), State::Closed, "{}", plan.exercise.id);
            assert!(run.complete());
            let scores = run.scores();
            let _ = writeln!(
                table,
                "{} {style}: {:?}, {:?}",
                plan.exercise.id, scores.sort_key, scores.counts
            );
            let report = run.after_action(None);
            // Every sentence rests on entries of the log.
            let known = |id: &EntryId| run.entries().iter().any(|e| e.id == *id);
            assert!(report.timeline.iter().all(|r| r.rests_on.iter().all(known)));
            assert!(report.shortcomings.iter().all(|s| {
                !s.sentence.rests_on.is_empty() && s.sentence.rests_on.iter().all(known)
            }));
            assert!(scores.dimensions.len() == Dimension::ALL.len());
        }
        let key = |run: &Run| run.scores().sort_key.unwrap();
        assert!(key(&good) >= 850, "{table}");
        assert!(key(&weak) <= 550, "{table}");
        let (g, w) = (good.after_action(None), weak.after_action(None));
        assert!(g.shortcomings.len() * 3 < w.shortcomings.len(), "{table}");
        assert!(g.strengths.len() >= 7 && w.strengths.len() <= 2, "{table}");
        // The next drill tests the shortcomings of the last one again.
        let compared = good.after_action(Some(&weak)).comparison.unwrap();
        assert!(compared.same_content && compared.closed.len() > 8 && compared.worse.is_empty());
    }
    println!("{table}");
}

#[test]
fn levels_differ_between_exercises() {
    use IncidentLevel::{EspeciallyMajor, General, Larger, Major};
    let found: Vec<_> =
        PLANS.iter().map(|p| (p.exercise.id.as_str(), p.right.level, p.right.candidate)).collect();
    assert_eq!(
        found,
        [
            ("controller-update", General, None),
            ("crossborder-leak", Major, None),
            ("hmi-ransomware", Larger, None),
            ("night-session", General, Some(EspeciallyMajor)),
            ("recipe-theft", Larger, None),
            ("vendor-ransomware", Major, None),
        ]
    );
}

#[test]
fn the_same_log_gives_the_same_run_and_duplicates_change_nothing() {
    let plan = plan("hmi-ransomware");
    let run = rehearse(plan, "good");
    let again = Rehearsal::new("good", 1, 60).run(plan).unwrap();
    assert!(run == again);
    let json = serde_json::to_string(run.entries()).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&json).unwrap();
    let mut replayed = Run::replay(Arc::clone(plan), entries.clone()).unwrap();
    assert!(run == replayed);
    assert_eq!(run.after_action(None), replayed.after_action(None));
    for entry in entries {
        assert_eq!(replayed.apply(entry), Ok(Applied::Duplicate));
    }
    assert!(run == replayed);
    // A log is held to its text.
    let other_plan = || self::plan("recipe-theft");
    let other = Run::replay(Arc::clone(other_plan()), run.entries().to_vec());
    assert_eq!(other.unwrap_err(), Refusal::OtherExercise);
}

#[test]
fn two_others_approve() {
    let mut s = Story::draft(plan("hmi-ransomware"));
    assert_eq!(s.by("author", Event::Reviewed), Err(Refusal::NotDistinct));
    assert!(matches!(s.by("one", Event::Approved), Err(Refusal::NotNow { .. })));
    s.by("one", Event::Reviewed).unwrap();
    assert_eq!(s.by("author", Event::Approved), Err(Refusal::NotDistinct));
    assert_eq!(s.enter(Actor::Sweeper, Event::Approved), Err(Refusal::NoPerson));
    s.by("one", Event::Approved).unwrap();
    assert_eq!(s.by("one", Event::Approved), Err(Refusal::NotDistinct));
    assert_eq!(s.run.state(), State::Reviewed);
    s.by("two", Event::Approved).unwrap();
    assert_eq!(s.run.state(), State::Approved);
    s.schedule();
    s.by("director", Event::Warmed { ready: Vec::new() }).unwrap();
    assert!(matches!(s.by("director", Event::Armed), Err(Refusal::Uncast(_))));
    // What is never begun expires, and is taken back first.
    s.wait(49 * 60);
    s.sweep();
    assert_eq!((s.run.state(), s.run.outcome()), (State::Stopping, Outcome::Expired));
    s.by("director", Event::ReversalBegun).unwrap();
    s.enter(Actor::Simulation, Event::Verified { restored: true, detail: "ok".into() }).unwrap();
    assert_eq!(s.run.state(), State::Expired);
}

#[test]
fn the_exercise_clock_runs_apart_from_the_wall() {
    let mut s = Story::started(plan("hmi-ransomware"), 1);
    let shown = |s: &Story| s.run.moment(s.now).exercise / 60_000;
    s.wait(5);
    assert_eq!(shown(&s), 5);
    s.by("director", Event::Paused { why: "lunch".into() }).unwrap();
    s.wait(60);
    assert_eq!(shown(&s), 5);
    assert!(s.run.due(s.now).is_empty());
    s.by("director", Event::SpeedChanged { speed: 10 }).unwrap();
    s.by("director", Event::Resumed).unwrap();
    s.wait(1);
    assert_eq!(shown(&s), 15);
    assert_eq!(s.by("director", Event::SpeedChanged { speed: 61 }), Err(Refusal::Speed(61)));
    assert_eq!(s.by("director", Event::SpeedChanged { speed: 0 }), Err(Refusal::Speed(0)));
    // The sweeper stops it when the clock shows twice the planned minutes.
    s.sweep();
    s.wait(60);
    s.sweep();
    assert!(s.run.complete());
    assert_eq!(s.run.state(), State::Stopping);
    s.wait(61);
    s.sweep();
    assert_eq!(s.run.state(), State::Reverting);
    // Nobody takes back what was set up: the run has failed.
    s.wait(25 * 60);
    s.sweep();
    assert_eq!(s.run.state(), State::Failed);
}

#[test]
fn late_answers_are_kept_and_marked() {
    let mut s = Story::started(plan("hmi-ransomware"), 1);
    s.sweep();
    let status = |s: &Story, id: &str| s.run.status(id).unwrap();
    assert_eq!(status(&s, "pass-on"), Status::Open);
    assert!(matches!(s.by("shift", action("it", None, None)), Err(Refusal::NotCast { .. })));
    s.wait(4);
    s.act("shift", "pass-on").unwrap();
    assert_eq!(status(&s, "pass-on"), Status::Full);
    s.wait(5);
    s.act("automation", "local-panel").unwrap();
    // Nine minutes: half way from full (6) to half credit (12).
    let (_, e, run) = s.run.expectation("local-panel").unwrap();
    assert!((run.credit(e) - 0.75).abs() < 1e-9);
    s.sweep();
    s.wait(40);
    s.sweep();
    assert_eq!(status(&s, "command"), Status::Missed);
    let missed = s.run.scores().counts.missed;
    s.act("deputy", "command").unwrap();
    assert_eq!(status(&s, "command"), Status::Late);
    assert_eq!(s.run.scores().counts.missed, missed - 1);
    // A wrong level is an attempt that failed; a right one later still counts.
    s.by("security", action("security", None, Some(IncidentLevel::Major))).unwrap();
    assert_eq!(status(&s, "level"), Status::Open);
    s.by("security", action("security", None, Some(IncidentLevel::Larger))).unwrap();
    assert_eq!(status(&s, "level"), Status::Full);
    // Evaluators may tie an action to an expectation, or take it away.
    let by_deputy =
        |e: &&Entry| matches!(&e.event, Event::ActionDone { role, .. } if role == "deputy");
    let id = s.run.entries().iter().find(by_deputy).unwrap().id.clone();
    let rule = |verdict| Event::Ruled {
        expectation: "command".into(),
        verdict,
        note: "not to everybody".into(),
    };
    assert_eq!(s.by("it", rule(Verdict::Rejected(id.clone()))), Err(Refusal::EvaluatorPlays));
    s.by("judge", rule(Verdict::Rejected(id))).unwrap();
    assert_eq!(status(&s, "command"), Status::Failed);
    s.by("judge", rule(Verdict::NotApplicable)).unwrap();
    assert_eq!(status(&s, "command"), Status::NotApplicable);
    // After the end answers are kept, without credit.
    s.by("director", Event::Stopped { why: "fire alarm".into() }).unwrap();
    s.sweep();
    s.wait(1);
    assert_eq!(status(&s, "summary"), Status::Unreachable);
    s.by(
        "it",
        Event::FormSubmitted { role: "it".into(), form: FormContent::Event(Box::default()) },
    )
    .unwrap();
    s.act("it", "backup-check").unwrap();
    assert_eq!(status(&s, "backup-check"), Status::Late);
}

#[test]
fn conditions_decide_which_injects_come() {
    let plan = plan("hmi-ransomware");
    let dropped =
        |run: &Run, id: &str| run.injects().iter().find(|i| i.id == id).unwrap().dropped.clone();
    let run = rehearse(plan, "good");
    // Nothing was measured above the value, the answer to the press was given.
    assert!(matches!(dropped(&run, "files-lost"), Some((_, Dropped::NotNeeded))));
    assert!(matches!(dropped(&run, "mixed-word"), Some((_, Dropped::NotNeeded))));
    let mut s = Story::started(plan, 60);
    let lost = Event::Measured { what: "files_lost".into(), value: 2000.0 };
    s.enter(Actor::Simulation, lost).unwrap();
    for _ in 0..4 {
        s.wait(1);
        s.sweep();
    }
    let sent = |id: &str| s.run.injects().iter().find(|i| i.id == id).unwrap().sent.is_some();
    assert!(sent("files-lost") && sent("mixed-word"));
    let free = Event::FreeInject {
        inject: "free-1".into(),
        channel: Channel::Phone,
        to: vec!["it".into()],
        text: "And now the power fails".into(),
    };
    s.by("director", free.clone()).unwrap();
    assert_eq!(s.by("director", free), Err(Refusal::InjectOver));
}

#[test]
fn kappa_is_shown_when_two_have_rated() {
    let run = rehearse(plan("hmi-ransomware"), "weak");
    let agreement = run.scores().agreement.unwrap();
    assert_eq!(agreement.both, run.plan().exercise.objectives.len());
    assert!(agreement.kappa.unwrap() < 1.0);
    assert!(run.scores().unrated.is_empty());
    assert!(run.judgements().iter().any(|j| j.rating == Rating::U));
}

#[test]
fn after_action_of_a_weak_run() {
    let run = rehearse(plan("hmi-ransomware"), "weak");
    let earlier = rehearse(plan("hmi-ransomware"), "good");
    let report = run.after_action(Some(&earlier));
    let mut out = String::new();
    let ids = |list: &[EntryId]| {
        list.iter()
            .map(|i| i.0.trim_start_matches("r-0000").to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    for language in [Language::Chinese, Language::English] {
        let _ = writeln!(out, "== {}", report.title.get(language));
        for s in &report.summary {
            let _ = writeln!(out, "- {} [{}]", s.text.get(language), ids(&s.rests_on));
        }
        let _ = writeln!(out, "-- timeline");
        for row in &report.timeline {
            let _ = writeln!(
                out,
                "{:>5.1} {:?}{} {}: {} [{}]",
                row.at.exercise as f64 / 60_000.0,
                row.lane,
                row.milestone.map(|m| format!(" ({m:?})")).unwrap_or_default(),
                row.who.as_ref().map_or("", |w| w.get(language)),
                row.text.get(language),
                ids(&row.rests_on)
            );
        }
        let _ = writeln!(out, "-- shortcomings");
        for s in &report.shortcomings {
            let f = &s.finding;
            let _ = writeln!(
                out,
                "{} {}x{} {} [{}]",
                f.control,
                f.likelihood,
                f.impact,
                s.sentence.text.get(language),
                ids(&s.sentence.rests_on)
            );
        }
    }
    let _ = writeln!(out, "-- clocks");
    for c in &report.clocks {
        let _ = writeln!(out, "{} binds {}: {:?}", c.id, c.binds.name(), c.state);
    }
    let _ = writeln!(out, "-- scores {:?}", report.scores.sort_key);
    for (d, s) in &report.scores.dimensions {
        let share = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{:.0}%", v * 100.0));
        let _ = writeln!(
            out,
            "{}: {:.2} of {} = {}, rated {}, together {}",
            d.name(),
            s.earned,
            s.possible,
            share(s.checklist),
            share(s.rated),
            share(s.value)
        );
    }
    insta::assert_snapshot!(out);
}

/// One random step: what, which thing it names, by whom, milliseconds before it.
type Step = (u8, u16, u8, u32);

fn event(plan: &Plan, (kind, which, who, _): Step) -> (Actor, Event) {
    let x = &plan.exercise;
    let n = usize::from(which);
    let pick = |ids: Vec<&String>| ids[n % ids.len()].clone();
    let role = || pick(x.roles.iter().map(|r| &r.id).collect());
    let inject = || pick(x.injects.iter().map(|i| &i.id).collect());
    let expectation = || pick(x.expectations().map(|(_, e)| &e.id).collect());
    let level = IncidentLevel::ALL[n % 4];
    let who = match who % 6 {
        0 => person("author"),
        1 => person("one"),
        2 => person("two"),
        3 => person(&role()),
        4 => Actor::Sweeper,
        _ => Actor::Simulation,
    };
    let speed = which as u8 % 64;
    let why = || "why".to_owned();
    let at = |hours: i64| {
        let base: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        base.checked_add(SignedDuration::from_hours(hours)).unwrap()
    };
    let event = match kind % 32 {
        0 | 1 => Event::Reviewed,
        2 | 3 => Event::Approved,
        4 => Event::Scheduled { from: at(0), until: at(i64::from(which % 400)) },
        5 => Event::Cast { role: role(), person: role() },
        6 => Event::Warmed { ready: Vec::new() },
        7 => Event::Armed,
        8 => Event::Started { speed },
        9 => Event::Paused { why: why() },
        10 => Event::Resumed,
        11 => Event::SpeedChanged { speed },
        12..=14 => Event::InjectSent { inject: inject() },
        15 => Event::InjectDropped {
            inject: inject(),
            why: [Dropped::NotNeeded, Dropped::NotReached, Dropped::LeftOut][n % 3],
        },
        16..=18 => action(&role(), Some(&expectation()), Some(level)),
        19 => action(&role(), None, Some(level)),
        20 => Event::FormSubmitted { role: role(), form: FormContent::Event(Box::default()) },
        21 => Event::FormSubmitted { role: role(), form: FormContent::Summary(Box::default()) },
        22 => Event::Measured { what: "files_lost".into(), value: f64::from(which) },
        23 => Event::Ruled {
            expectation: expectation(),
            verdict: Verdict::Accepted(EntryId(which.to_string())),
            note: why(),
        },
        24 => Event::ExpectationMissed { expectation: expectation() },
        25 => Event::Stopped { why: why() },
        26 => Event::Aborted { why: why() },
        27 => Event::Expired,
        28 => Event::ReversalBegun,
        29 => Event::Verified { restored: which % 2 == 0, detail: why() },
        30 => [Event::EvaluationBegun, Event::Reported, Event::Closed][n % 3].clone(),
        _ => Event::Tick,
    };
    (who, event)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_run_comes_to_an_end(
        from in 0..3u8,
        steps in prop::collection::vec((any::<u8>(), any::<u16>(), any::<u8>(), 0..7_200_000u32), 0..80),
    ) {
        let plan = plan("hmi-ransomware");
        let mut s = match from {
            0 => Story::draft(plan),
            n => Story::started(plan, [1, 60][usize::from(n) - 1]),
        };
        for step in steps {
            s.now = s.now.checked_add(SignedDuration::from_millis(i64::from(step.3))).unwrap();
            let (by, event) = event(plan, step);
            let before = s.run.clone();
            match s.enter(by, event) {
                Ok(Applied::New) => {
                    // A duplicate of it changes nothing.
                    let now = s.run.clone();
                    let last = s.run.entries().last().unwrap().clone();
                    prop_assert_eq!(s.run.apply(last), Ok(Applied::Duplicate));
                    prop_assert!(s.run == now);
                }
                Ok(Applied::Duplicate) => prop_assert!(false, "ids are new"),
                Err(_) => prop_assert!(s.run == before),
            }
        }
        // Replaying the log gives the same run.
        let replayed = Run::replay(Arc::clone(plan), s.run.entries().to_vec()).unwrap();
        prop_assert!(replayed == s.run);
        // Nobody does anything any more. Each state ends one tick after its deadline, and there
        // are at most as many states as the longest way has.
        let mut left = 13;
        while let Some(deadline) = s.run.deadline() {
            let state = s.run.state();
            prop_assert!(left > 0, "{:?} is not left", state);
            let tick = SignedDuration::from_millis(1);
            s.now = s.now.max(deadline.at.checked_add(tick).unwrap());
            s.sweep();
            prop_assert!(s.run.state() != state, "{:?} outlives its deadline", state);
            left -= 1;
        }
        prop_assert!(s.run.state().terminal());
        prop_assert!(s.run.next(s.now).is_none());
        if s.run.clock().is_some() {
            prop_assert!(s.run.complete(), "something is left open");
        }
        let replayed = Run::replay(Arc::clone(plan), s.run.entries().to_vec()).unwrap();
        prop_assert!(replayed == s.run);
        prop_assert_eq!(replayed.scores(), s.run.scores());
    }
}
