//! The bar of the embedded courses: enough to read, enough to be asked.

use super::{Course, Kind, Node, Question, picture, reading::Reading};
use crate::Language;

/// Without a bound.
const MORE: usize = usize::MAX;

pub(super) fn shortfalls(course: &Course) -> Vec<String> {
    let mut out = Vec::new();
    let mut range = |what: String, is: usize, from: usize, to: usize| {
        if !(from..=to).contains(&is) {
            let up = if to == MORE { String::from("and more") } else { format!("to {to}") };
            out.push(format!("{what}: {is}, not {from} {up}"));
        }
    };
    range("minutes".into(), course.minutes.into(), 20, 40);
    range("goals".into(), course.goals.len(), 3, 5);
    range("topics".into(), course.topics.len(), 3, 6);
    for language in Language::ALL {
        let reading = course.reading(language);
        let tag = language.tag();
        let (unit, from, to) = match language {
            Language::English => ("words", 2300, 3900),
            Language::Chinese => ("characters", 4300, 7500),
        };
        range(format!("{tag}.md, {unit}"), reading.length, from, to);
        range(format!("{tag}.md, sections"), reading.sections.len(), 5, 9);
        range(format!("{tag}.md, pictures"), reading.pictures().count(), 1, MORE);
        range(format!("{tag}.md, checks"), checks(reading), 4, MORE);
    }
    let count = |wanted: &dyn Fn(&Question) -> bool| course.bank().filter(|q| wanted(q)).count();
    range("questions of the exam".into(), count(&|_| true), 25, MORE);
    range("multiple".into(), count(&|q| q.kind == Kind::Multiple), 5, MORE);
    range("order".into(), count(&|q| q.kind == Kind::Order), 3, MORE);
    range("with a situation".into(), count(&|q| q.situation.is_some()), 6, MORE);
    range("with evidence".into(), count(&|q| !q.evidence.is_empty()), 3, MORE);
    for topic in &course.topics {
        let drawn = usize::from(course.exam.draw.get(&topic.id).copied().unwrap_or(0));
        let enough = (drawn * 3).div_ceil(2);
        range(format!("topic {}", topic.id), count(&|q| q.topic == topic.id), enough, MORE);
    }
    for name in course.pictures() {
        if let Some(why) = course.picture(name).and_then(|p| picture::shortfall(p)) {
            out.push(format!("{name}: {why}"));
        }
    }
    out
}

fn checks(reading: &Reading) -> usize {
    let nodes = reading.sections.iter().flat_map(|s| &s.nodes);
    nodes.filter(|n| matches!(n, Node::Check(_))).count()
}
