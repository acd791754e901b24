//! Tests of the crate as a whole: rules in, matches out.

mod correlations;
mod detections;
mod filters;
mod mapping;
mod property;
mod robust;
mod sigma1;
mod sigmahq;
mod windows;

use crate::{Mapping, Options, Problem, RuleIndex, Ruleset, Scratch, parse};
use hangtu_record::{Fields, Record};

pub(super) fn compile_with(text: &str, options: &Options) -> (Ruleset, Vec<Problem>) {
    let (rules, errors) = parse("t.yml", text.as_bytes());
    assert_eq!(errors, [], "{text}");
    Ruleset::compile(rules, &Mapping::default(), options)
}

pub(super) fn compile(text: &str) -> Ruleset {
    let (ruleset, problems) = compile_with(text, &Options::default());
    assert_eq!(problems, [], "{text}");
    ruleset
}

/// A rule over events with this detection, given as YAML flow.
pub(super) fn rule(name: &str, detection: &str) -> String {
    format!(
        "title: {name}\nname: {name}\nlogsource: {{product: hangtu, category: event}}\n\
         detection: {detection}\n"
    )
}

pub(super) fn matched(ruleset: &Ruleset, record: &dyn Record) -> Vec<RuleIndex> {
    let mut out = Vec::new();
    ruleset.matches(&mut Scratch::new(), record, &mut |r| out.push(r));
    out
}

/// An event from a test file's notation.
pub(super) fn event(flow: &str) -> Fields {
    let list = crate::yaml::documents(flow.as_bytes()).unwrap();
    crate::check::record(list[0].as_object().unwrap(), 0).unwrap()
}
