//! What an entry changes. It has been found possible before.

use super::{
    Attempt, Dropped, Entry, EntryId, Event, ExerciseClock, FormContent, FormRun, FreeInject,
    Judgement, Measurement, Outcome, Plan, Run, State, Verdict, Window,
};
use crate::incident::{FormCheck, LevelCheck, Moment};
use hangtu_catalog::{
    IncidentLevel,
    exercise::{Dimension, Evidence, Expectation, Mark, report_at_once},
};

impl Run {
    pub(super) fn take(&mut self, entry: &Entry) {
        let moment = self.moment(entry.at);
        match &entry.event {
            Event::Drafted { .. } | Event::Tick => {}
            Event::Reviewed => {
                self.reviewer = entry.by.person().map(str::to_owned);
                self.enter(State::Reviewed, entry);
            }
            Event::Approved => {
                self.approvals.extend(entry.by.person().map(str::to_owned));
                if self.approvals.len() >= 2 {
                    self.enter(State::Approved, entry);
                }
            }
            Event::Scheduled { from, until } => {
                self.window = Some(Window { from: *from, until: *until });
                self.enter(State::Scheduled, entry);
            }
            Event::Cast { role, person } => {
                self.cast.insert(role.clone(), person.clone());
            }
            Event::Warmed { .. } => self.enter(State::Warm, entry),
            Event::Armed => self.enter(State::Armed, entry),
            Event::Started { speed } => {
                self.clock = Some(ExerciseClock::start(entry.at, *speed));
                self.started = Some(entry.at);
                self.times.began = Some(entry.at);
                self.enter(State::Running, entry);
            }
            Event::Paused { .. } => {
                self.with_clock(|clock| clock.stand(entry.at));
                self.enter(State::Paused, entry);
            }
            Event::Resumed => {
                self.with_clock(|clock| clock.run(entry.at, clock.speed()));
                self.enter(State::Running, entry);
            }
            Event::SpeedChanged { speed } => {
                self.with_clock(|clock| clock.set_speed(entry.at, *speed));
            }
            Event::InjectSent { inject } => self.sent(inject, &entry.id, moment),
            Event::InjectDropped { inject, why } => self.dropped(inject, &entry.id, *why),
            Event::FreeInject { inject, channel, to, text } => self.free.push(FreeInject {
                id: inject.clone(),
                entry: entry.id.clone(),
                at: moment,
                channel: *channel,
                to: to.clone(),
                text: text.clone(),
            }),
            Event::ActionDone { role, expectation, level, .. } => {
                self.acted(&entry.id, moment, role, expectation.as_deref(), *level);
            }
            Event::FormSubmitted { role, form } => self.submitted(&entry.id, moment, role, form),
            Event::Measured { what, value } => self.measured(&entry.id, moment, what, *value),
            Event::Ruled { expectation, verdict, .. } => {
                self.ruled(&entry.id, expectation, verdict);
            }
            Event::ExpectationMissed { expectation } => {
                if let Some(run) = self.expectations.iter_mut().find(|e| e.id == *expectation) {
                    run.closed = Some(entry.id.clone());
                }
            }
            Event::Stopped { .. } => self.stop(entry, moment),
            Event::Aborted { .. } => {
                self.outcome = Outcome::Aborted;
                self.leave(entry, moment, State::Aborted);
            }
            Event::Expired => {
                self.outcome = Outcome::Expired;
                self.leave(entry, moment, State::Expired);
            }
            Event::ReversalBegun => self.enter(State::Reverting, entry),
            Event::Verified { restored, .. } => {
                self.restored = Some(*restored);
                let next = match (restored, self.outcome) {
                    (false, _) => State::Failed,
                    (true, Outcome::Held) => State::Verified,
                    (true, Outcome::Aborted) => State::Aborted,
                    (true, Outcome::Expired) => State::Expired,
                };
                self.enter(next, entry);
            }
            Event::EvaluationBegun => self.enter(State::Evaluating, entry),
            Event::Judged { objective, rating, note } => {
                let evaluator = entry.by.person().unwrap_or_default().to_owned();
                self.judgements.retain(|j| j.evaluator != evaluator || j.objective != *objective);
                self.judgements.push(Judgement {
                    entry: entry.id.clone(),
                    evaluator,
                    objective: objective.clone(),
                    rating: *rating,
                    note: note.clone(),
                });
            }
            Event::Reported => self.enter(State::Reported, entry),
            Event::Closed => self.enter(State::Closed, entry),
        }
    }

    fn enter(&mut self, state: State, entry: &Entry) {
        self.state = state;
        self.since = entry.at;
    }

    fn with_clock(&mut self, change: impl FnOnce(&mut ExerciseClock)) {
        if let Some(clock) = &mut self.clock {
            change(clock);
        }
    }

    fn stop(&mut self, entry: &Entry, moment: Moment) {
        self.with_clock(|clock| clock.stand(entry.at));
        self.stopped = Some(moment);
        self.enter(State::Stopping, entry);
    }

    /// Leaves the path before its end: at once, or by way of taking back what was set up.
    fn leave(&mut self, entry: &Entry, moment: Moment, end: State) {
        if matches!(self.state, State::Warm | State::Armed | State::Running | State::Paused) {
            self.stop(entry, moment);
        } else {
            self.enter(end, entry);
        }
    }

    fn sent(&mut self, inject: &str, entry: &EntryId, moment: Moment) {
        if let Some(run) = self.injects.iter_mut().find(|i| i.id == inject) {
            run.sent = Some((entry.clone(), moment));
        }
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(content) = plan.exercise.inject(inject) else { return };
        match content.marks {
            Some(Mark::Found) => self.times.found = Some(moment),
            Some(Mark::Ended) => self.times.ended = Some(moment),
            Some(Mark::Important) => self.times.important = Some(moment),
            None => {}
        }
        for e in &content.expects {
            if let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) {
                run.opened = Some((entry.clone(), moment));
            }
        }
    }

    fn dropped(&mut self, inject: &str, entry: &EntryId, why: Dropped) {
        if let Some(run) = self.injects.iter_mut().find(|i| i.id == inject) {
            run.dropped = Some((entry.clone(), why));
        }
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(content) = plan.exercise.inject(inject) else { return };
        for e in &content.expects {
            if let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) {
                run.closed = Some(entry.clone());
                match why {
                    Dropped::NotReached => run.unreachable = true,
                    Dropped::NotNeeded | Dropped::LeftOut => run.not_applicable = true,
                }
            }
        }
    }

    fn acted(
        &mut self,
        entry: &EntryId,
        moment: Moment,
        role: &str,
        expectation: Option<&str>,
        level: Option<IncidentLevel>,
    ) {
        if let Some(level) = level {
            let better =
                self.times.judged.is_none_or(|(_, l)| !report_at_once(l) && report_at_once(level));
            if better {
                self.times.judged = Some((moment, level));
            }
        }
        let plan = std::sync::Arc::clone(&self.plan);
        let content = |e: &Expectation| match (e.evidence, level) {
            (Evidence::Classification, Some(l)) => f64::from(u8::from(plan.right_for(e).allows(l))),
            _ => 1.0,
        };
        match (expectation, level) {
            (Some(id), _) => {
                if let Some((_, e)) = plan.exercise.expectation(id) {
                    self.attempt(e, entry, moment, content(e), Some(role));
                }
            }
            (None, Some(_)) => {
                let open: Vec<_> =
                    plan.asking(Evidence::Classification).filter(|e| self.asked(e)).collect();
                for e in open {
                    self.attempt(e, entry, moment, content(e), Some(role));
                }
            }
            (None, None) => {}
        }
    }

    fn submitted(&mut self, entry: &EntryId, moment: Moment, role: &str, form: &FormContent) {
        let plan = std::sync::Arc::clone(&self.plan);
        let evidence = match form {
            FormContent::Event(_) => Evidence::EventForm,
            FormContent::Summary(_) => Evidence::SummaryForm,
        };
        let asked: Vec<&Expectation> = plan.asking(evidence).filter(|e| self.asked(e)).collect();
        let due = self.form_due(form, moment);
        let mut last = None;
        for e in &asked {
            let check = self.form_check(&plan, form, Some(e), moment, due);
            let content = match plan.exercise.objective(&e.objective).map(|o| o.dimension) {
                Some(Dimension::Level) => {
                    f64::from(u8::from(matches!(check.level, LevelCheck::Right | LevelCheck::Open)))
                }
                Some(Dimension::Report) => check.content(),
                _ => 1.0,
            };
            last = Some(check);
            self.attempt(e, entry, moment, content, Some(role));
        }
        // Held against what was asked for last: a later form follows later facts.
        let check = last.unwrap_or_else(|| self.form_check(&plan, form, None, moment, due));
        self.forms.push(FormRun {
            entry: entry.clone(),
            at: moment,
            role: role.to_owned(),
            form: form.clone(),
            check,
        });
    }

    /// Whether an expectation has been asked for, so that a later answer may better an earlier one.
    fn asked(&self, e: &Expectation) -> bool {
        let run = self.expectations.iter().find(|r| r.id == e.id);
        run.is_some_and(|r| r.opened.is_some() && !r.not_applicable)
    }

    /// The end of the clock a form stops, milliseconds of the exercise clock. Only the first form
    /// of its kind stops one; others follow it up.
    fn form_due(&self, form: &FormContent, moment: Moment) -> Option<i64> {
        let same = |f: &FormRun| std::mem::discriminant(&f.form) == std::mem::discriminant(form);
        if self.forms.iter().any(same) {
            return None;
        }
        let id = match form {
            FormContent::Event(_) => "processor_report",
            FormContent::Summary(_) => "processor_summary",
        };
        let clocks = self.clocks(moment.wall);
        clocks.iter().find(|c| c.id == id).and_then(|c| c.kept_until)
    }

    fn form_check(
        &self,
        plan: &Plan,
        form: &FormContent,
        expectation: Option<&Expectation>,
        sent: Moment,
        due: Option<i64>,
    ) -> FormCheck {
        let facts = expectation.map_or(&plan.exercise.truth.facts, |e| plan.exercise.facts(e));
        let right = expectation.map_or(&plan.right, |e| plan.right_for(e));
        match form {
            FormContent::Event(form) => {
                form.check(facts, right, sent, due, self.times.found, &plan.rules)
            }
            FormContent::Summary(form) => form.check(facts, right.level, sent, due, &plan.rules),
        }
    }

    fn measured(&mut self, entry: &EntryId, moment: Moment, what: &str, value: f64) {
        self.measurements.push(Measurement {
            entry: entry.clone(),
            at: moment,
            what: what.to_owned(),
            value,
        });
        let plan = std::sync::Arc::clone(&self.plan);
        let lower = plan.policy.measure(what).is_none_or(|m| m.lower_is_better);
        for e in plan.asking(Evidence::Automatic) {
            let Some(measure) = e.measure.as_ref().filter(|m| m.what == what) else { continue };
            let right = if lower { value <= measure.value } else { value >= measure.value };
            self.attempt(e, entry, moment, f64::from(u8::from(right)), None);
        }
    }

    fn ruled(&mut self, ruling: &EntryId, expectation: &str, verdict: &Verdict) {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some((_, e)) = plan.exercise.expectation(expectation) else { return };
        match verdict {
            Verdict::NotApplicable => {
                if let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) {
                    run.not_applicable = true;
                    run.closed = Some(ruling.clone());
                }
            }
            Verdict::Rejected(id) => {
                let over = self.stopped.is_some();
                let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) else { return };
                for attempt in &mut run.attempts {
                    attempt.rejected |= attempt.entry == *id;
                }
                // While it runs, the sweeper closes it when its time is over.
                if over && run.closed.is_none() {
                    run.closed = Some(ruling.clone());
                }
            }
            Verdict::Accepted(id) => {
                let Some(done) = self.entries.iter().find(|e| e.id == *id) else { return };
                let moment = self.moment_of(done.at);
                let role = match &done.event {
                    Event::ActionDone { role, .. } | Event::FormSubmitted { role, .. } => {
                        Some(role.clone())
                    }
                    _ => None,
                };
                if let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) {
                    run.attempts.retain(|a| a.entry != *id);
                }
                self.attempt(e, id, moment, 1.0, role.as_deref());
            }
        }
    }

    fn attempt(
        &mut self,
        e: &Expectation,
        entry: &EntryId,
        at: Moment,
        content: f64,
        role: Option<&str>,
    ) {
        let after_stop = self.stopped.is_some_and(|s| at.wall > s.wall);
        if let Some(run) = self.expectations.iter_mut().find(|r| r.id == e.id) {
            run.attempts.push(Attempt {
                entry: entry.clone(),
                at,
                content,
                rejected: false,
                other_role: role.is_some_and(|r| !e.by.iter().any(|b| b == r)),
                after_stop,
            });
        }
    }

    /// The moment of an earlier entry, by the clock as it ran then.
    fn moment_of(&self, at: jiff::Timestamp) -> Moment {
        let mut clock: Option<ExerciseClock> = None;
        for entry in self.entries.iter().take_while(|e| e.at <= at) {
            match (&entry.event, &mut clock) {
                (Event::Started { speed }, _) => {
                    clock = Some(ExerciseClock::start(entry.at, *speed));
                }
                (Event::Paused { .. } | Event::Stopped { .. } | Event::Aborted { .. }, Some(c)) => {
                    c.stand(entry.at);
                }
                (Event::Resumed, Some(c)) => c.run(entry.at, c.speed()),
                (Event::SpeedChanged { speed }, Some(c)) => c.set_speed(entry.at, *speed),
                _ => {}
            }
        }
        Moment { wall: at, exercise: clock.map_or(0, |c| c.at(at)) }
    }

    /// The moment of an entry of the log.
    pub(super) fn entry_moment(&self, entry: &Entry) -> Moment {
        self.moment_of(entry.at)
    }
}
