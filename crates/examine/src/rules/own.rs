//! What the site itself says of a rule: a re-test by a rule that it changed proves nothing.

use super::{Rules, ZONES};
use hangtu_catalog::sha256;
use hangtu_record::FieldName;
use hangtu_sigma::{Body, RuleIndex};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write,
};

impl Rules {
    /// SHA-256 of what the site itself says of each rule, by its id: what its filters leave out, its values of the
    /// placeholders that the rule names, and of a rule of its own what decides its findings, titles and texts apart.
    /// The program's own rules are not named for themselves: its next version would keep every finding open.
    pub fn own_sha256(&self) -> BTreeMap<String, String> {
        let below = self.below();
        let numbered = self.infos.iter().enumerate();
        // One that is left out says nothing of another of its id.
        numbered
            .filter(|(number, _)| self.ruleset.works(RuleIndex(*number as u32)))
            .filter_map(|(number, info)| {
                let index = RuleIndex(number as u32);
                let mut own = self.ruleset.excluded_from(index).to_owned();
                let mut named = own.clone();
                for at in counted(&below, number) {
                    let (rule, info) = (&self.ruleset.rules()[at], &self.infos[at]);
                    let text = self.text(at);
                    named.push_str(&text);
                    if !rule.embedded {
                        let keys = (&info.subject, &info.peer, &info.class, info.authorise);
                        let _ = writeln!(own, "{text}{keys:?}{}", info.base);
                    }
                }
                for (name, values) in &self.placeholders {
                    if named.contains(&format!("%{name}%")) {
                        let _ = writeln!(own, "{name}={values:?}");
                    }
                }
                (!own.is_empty()).then(|| (info.id.clone(), sha256(own.as_bytes())))
            })
            .collect()
    }

    /// Ids of the rules to which it matters in which zone an address lies: themselves, by a filter, or by what they
    /// count.
    pub fn of_zones(&self) -> HashSet<&str> {
        let below = self.below();
        // The direction, too: the site's own addresses are not outside.
        let zoned = ZONES.into_iter().chain([FieldName::NetworkDirection]);
        let names: Vec<String> = zoned.map(|name| format!("{:?}", name.name())).collect();
        let zoned = |text: &str| names.iter().any(|name| text.contains(name));
        let numbered = self.infos.iter().enumerate();
        numbered
            .filter(|(number, _)| {
                zoned(self.ruleset.excluded_from(RuleIndex(*number as u32)))
                    || counted(&below, *number).into_iter().any(|at| zoned(&self.text(at)))
            })
            .map(|(_, info)| info.id.as_str())
            .collect()
    }

    /// What decides on what a rule matches, as text.
    fn text(&self, at: usize) -> String {
        match &self.ruleset.rules()[at].body {
            Body::Detection(source, detection) => {
                let source = (&source.product, &source.category, &source.service);
                format!("{source:?} {detection:?}\n")
            }
            Body::Correlation(correlation) => format!("{correlation:?}\n"),
            Body::Filter(_) => String::new(),
        }
    }

    /// The rules that each correlation counts, by number.
    fn below(&self) -> HashMap<usize, Vec<usize>> {
        let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
        for number in 0..self.infos.len() {
            for (correlation, _) in self.ruleset.feeds(RuleIndex(number as u32)) {
                below.entry(correlation.0 as usize).or_default().push(number);
            }
        }
        below
    }
}

/// A rule and those that it counts, however far below.
fn counted(below: &HashMap<usize, Vec<usize>>, number: usize) -> Vec<usize> {
    let mut all = vec![number];
    let mut at = 0;
    while let Some(of) = all.get(at).copied() {
        for other in below.get(&of).into_iter().flatten() {
            if !all.contains(other) {
                all.push(*other);
            }
        }
        at += 1;
    }
    all
}
