//! Whether an exercise holds together.

use super::{
    Condition, Evidence, Exercise, Expectation, Inject, Mark, Measured, Phase, Problem,
    ProblemCode as Code, RoleGroup, Scripted, first_moment, preview::earliest,
};
use crate::{Catalog, Facts};
use std::collections::HashSet;

/// Styles every exercise must have a script for.
const STYLES: [&str; 2] = ["good", "weak"];
/// A day: no exercise is planned for longer.
const LONGEST: u32 = 24 * 60;

struct Check<'a> {
    exercise: &'a Exercise,
    catalog: &'a Catalog,
    out: Vec<Problem>,
}

/// Everything that is wrong, in the order of the file.
pub(super) fn problems(exercise: &Exercise, catalog: &Catalog) -> Vec<Problem> {
    let mut check = Check { exercise, catalog, out: Vec::new() };
    check.names();
    check.whole();
    for (name, facts) in [("truth.facts".to_owned(), &exercise.truth.facts)]
        .into_iter()
        .chain(exercise.stages.iter().map(|(name, facts)| (format!("stages.{name}"), facts)))
    {
        check.facts(&name, facts);
    }
    for inject in &exercise.injects {
        check.inject(inject);
    }
    check.out
}

fn identifier(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl Check<'_> {
    fn say(&mut self, code: Code, place: impl Into<String>, what: impl Into<String>) {
        self.out.push(Problem::new(code, place, what));
    }

    fn names(&mut self) {
        let x = self.exercise;
        let lists: [(&str, Vec<&str>); 5] = [
            ("objectives", x.objectives.iter().map(|o| o.id.as_str()).collect()),
            ("roles", x.roles.iter().map(|r| r.id.as_str()).collect()),
            ("styles", x.styles.iter().map(|s| s.id.as_str()).collect()),
            ("injects", x.injects.iter().map(|i| i.id.as_str()).collect()),
            ("expects", x.expectations().map(|(_, e)| e.id.as_str()).collect()),
        ];
        if !identifier(&x.id) {
            self.say(Code::Identifier, "id", x.id.clone());
        }
        for (place, ids) in lists {
            let mut seen = HashSet::new();
            for id in ids {
                if !identifier(id) {
                    self.say(Code::Identifier, place, id);
                }
                if !seen.insert(id) {
                    self.say(Code::Twice, place, id);
                }
            }
        }
    }

    fn whole(&mut self) {
        let x = self.exercise;
        if !(1..=LONGEST).contains(&x.minutes) {
            self.say(Code::Range, "minutes", x.minutes.to_string());
        }
        if x.scenarios.is_empty() {
            self.say(Code::Range, "scenarios", "0");
        }
        if !x.phases.iter().map(|p| p.phase).eq(Phase::ALL.iter().copied()) {
            self.say(
                Code::Phases,
                "phases",
                Phase::ALL.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
            );
        }
        for phase in Phase::ALL {
            if x.injects.iter().all(|i| i.phase != *phase) {
                self.say(Code::Phases, "injects", phase.name());
            }
        }
        for group in RoleGroup::ALL {
            if x.roles.iter().all(|r| r.group != *group) {
                self.say(Code::Groups, "roles", group.name());
            }
        }
        for role in &x.roles {
            let id = &role.id;
            if x.injects
                .iter()
                .all(|i| !i.to.contains(id) && i.expects.iter().all(|e| !e.by.contains(id)))
            {
                self.say(Code::Idle, "roles", id.clone());
            }
        }
        for objective in &x.objectives {
            let of = x.expectations().filter(|(_, e)| e.objective == objective.id);
            if of.map(|(_, e)| u32::from(e.weight)).sum::<u32>() == 0 {
                self.say(Code::NoWeight, format!("objectives.{}", objective.id), &*objective.id);
            }
        }
        for id in STYLES {
            if x.styles.iter().all(|s| s.id != id) {
                self.say(Code::Unscripted, "styles", id);
            }
        }
        for style in &x.styles {
            let place = format!("styles.{}.ratings", style.id);
            for id in style.ratings.keys().filter(|id| x.objective(id).is_none()) {
                self.say(Code::Dangling, place.clone(), id.clone());
            }
            for o in x.objectives.iter().filter(|o| !style.ratings.contains_key(&o.id)) {
                self.say(Code::Unscripted, place.clone(), o.id.clone());
            }
        }
        let asked: HashSet<Evidence> = x.expectations().map(|(_, e)| e.evidence).collect();
        for needed in [Evidence::Classification, Evidence::EventForm, Evidence::SummaryForm] {
            if !asked.contains(&needed) {
                self.say(Code::Forms, "injects", needed.name());
            }
        }
        let important = usize::from(first_moment(x.truth.facts.data_level));
        for (mark, name, needed) in [
            (Mark::Found, "found", 1),
            (Mark::Ended, "ended", 1),
            (Mark::Important, "important", important),
        ] {
            if x.injects.iter().filter(|i| i.marks == Some(mark)).count() != needed {
                self.say(Code::Marks, "injects", name);
            }
        }
    }

    fn facts(&mut self, place: &str, facts: &Facts) {
        if facts.categories.is_empty() {
            self.say(Code::Facts, place, "categories");
        }
        if facts.sensitive_persons > facts.persons {
            self.say(Code::Facts, place, "sensitive_persons > persons");
        }
    }

    fn inject(&mut self, inject: &Inject) {
        let x = self.exercise;
        let place = format!("injects.{}", inject.id);
        if inject.to.is_empty() {
            self.say(Code::Range, format!("{place}.to"), "0");
        }
        for role in inject.to.iter().filter(|r| x.role(r).is_none()) {
            self.say(Code::Dangling, format!("{place}.to"), role.clone());
        }
        match &inject.when {
            Some(Condition::Met(id) | Condition::Missed(id)) => self.waits(inject, id, &place),
            Some(Condition::Above(m) | Condition::AtMost(m)) => {
                self.measured(m, &format!("{place}.when"));
            }
            None if inject.contingency => {
                self.say(Code::Unreachable, place.clone(), "contingency");
            }
            None => {}
        }
        match earliest(x, inject) {
            Some(at) if at > x.minutes => self.say(Code::Unreachable, &*place, at.to_string()),
            _ => {}
        }
        for e in &inject.expects {
            self.expectation(e, &format!("{place}.expects.{}", e.id));
        }
    }

    fn waits(&mut self, inject: &Inject, id: &str, place: &str) {
        let x = self.exercise;
        let place = format!("{place}.when");
        if inject.expects.iter().any(|e| e.id == id) {
            return self.say(Code::OwnCondition, place, id);
        }
        if x.expectation(id).is_none() {
            return self.say(Code::Dangling, place, id);
        }
        // A circle is longer than the list of injects.
        let (mut at, mut steps) = (inject, 0);
        while let Some(Condition::Met(next) | Condition::Missed(next)) = &at.when {
            let Some((before, _)) = x.expectation(next) else { break };
            at = before;
            steps += 1;
            if steps > x.injects.len() {
                return self.say(Code::Cycle, place, id);
            }
        }
    }

    fn measured(&mut self, measured: &Measured, place: &str) {
        if self.catalog.exercise_policy.measure(&measured.what).is_none() {
            self.say(Code::Dangling, place, measured.what.clone());
        }
        if !measured.value.is_finite() || measured.value < 0.0 {
            self.say(Code::Range, place, measured.value.to_string());
        }
    }

    fn expectation(&mut self, e: &Expectation, place: &str) {
        let (x, catalog) = (self.exercise, self.catalog);
        if !(1..=5).contains(&e.weight) {
            self.say(Code::Range, format!("{place}.weight"), e.weight.to_string());
        }
        let [full, half, zero] = e.minutes;
        if full == 0 || full > half || half >= zero || zero > LONGEST {
            self.say(Code::Minutes, format!("{place}.minutes"), format!("{:?}", e.minutes));
        }
        if e.by.is_empty() {
            self.say(Code::Range, format!("{place}.by"), "0");
        }
        for role in e.by.iter().filter(|r| x.role(r).is_none()) {
            self.say(Code::Dangling, format!("{place}.by"), role.clone());
        }
        if x.objective(&e.objective).is_none() {
            self.say(Code::Dangling, format!("{place}.objective"), e.objective.clone());
        }
        if let Some(id) = e.clause.as_ref().filter(|id| catalog.incident.clause(id).is_none()) {
            self.say(Code::Dangling, format!("{place}.clause"), id.clone());
        }
        if catalog.control(&e.control).is_none() {
            self.say(Code::Dangling, format!("{place}.control"), e.control.clone());
        }
        if let Some(id) = e.clock.as_ref().filter(|id| catalog.incident.clock(id).is_none()) {
            self.say(Code::Dangling, format!("{place}.clock"), id.clone());
        }
        if let Some(id) = e.stage.as_ref().filter(|id| !x.stages.contains_key(*id)) {
            self.say(Code::Dangling, format!("{place}.stage"), id.clone());
        }
        match (&e.measure, e.evidence == Evidence::Automatic) {
            (Some(m), true) => self.measured(m, &format!("{place}.measure")),
            (None, false) => {}
            _ => self.say(Code::Measure, format!("{place}.measure"), e.evidence.name()),
        }
        for id in e.script.keys().filter(|id| x.styles.iter().all(|s| s.id != **id)) {
            self.say(Code::Dangling, format!("{place}.script"), id.clone());
        }
        for style in &x.styles {
            match e.script.get(&style.id) {
                None => self.say(Code::Unscripted, format!("{place}.script"), style.id.clone()),
                Some(script) => self.script(e, script, &format!("{place}.script.{}", style.id)),
            }
        }
    }

    fn script(&mut self, e: &Expectation, script: &Scripted, place: &str) {
        let Scripted::Done(answer) = script else { return };
        let words = answer.say.is_some();
        let fits = match e.evidence {
            Evidence::Text | Evidence::File | Evidence::Signature => words,
            Evidence::Classification | Evidence::EventForm | Evidence::SummaryForm => true,
            Evidence::Automatic => answer.value.is_some(),
        };
        if !fits {
            self.say(Code::Script, place, e.evidence.name());
        }
        let rules = &self.catalog.incident;
        let fields = match e.evidence {
            Evidence::EventForm => rules.event_form.as_slice(),
            Evidence::SummaryForm => rules.summary_form.as_slice(),
            _ => &[],
        };
        for id in answer.omit.iter().filter(|id| fields.iter().all(|f| f.id != **id)) {
            self.say(Code::Dangling, format!("{place}.omit"), id.clone());
        }
    }
}
