//! What the site itself says of a rule: a re-test by a rule that it changed proves nothing.

use super::Rules;
use hangtu_catalog::sha256;
use hangtu_record::FieldName;
use hangtu_sigma::{Body, RuleIndex};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write,
};

/// What depends on the zones that the site declares. The direction does, for its own addresses are not outside.
const ZONED: [FieldName; 5] = [
    FieldName::SourceZone,
    FieldName::SourceZoneKind,
    FieldName::DestinationZone,
    FieldName::DestinationZoneKind,
    FieldName::NetworkDirection,
];

/// What of the rules the site brought.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Files of rules.
    pub(super) files: HashSet<String>,
    /// Its values of placeholders.
    pub(super) placeholders: BTreeMap<String, Vec<String>>,
}

impl Rules {
    /// SHA-256 of what the site itself says of each rule, by its id: what its filters leave out, its values of the
    /// placeholders that the rule names, and of a rule of its own what decides its findings, titles and texts apart.
    /// The program's own rules are not named for themselves: its next version would keep every finding open.
    pub fn own_sha256(&self) -> BTreeMap<String, String> {
        let below = self.below();
        let numbered = self.infos.iter().enumerate();
        numbered
            .filter_map(|(number, info)| {
                let index = RuleIndex(number as u32);
                let mut own = self.ruleset.excluded_from(index).to_owned();
                let mut named = own.clone();
                for at in counted(&below, number) {
                    let (rule, info) = (&self.ruleset.rules()[at], &self.infos[at]);
                    let text = self.text(at);
                    named.push_str(&text);
                    if self.own.files.contains(&rule.file) {
                        let keys = (&info.subject, &info.peer, &info.class, info.authorise);
                        let _ = writeln!(own, "{text}{keys:?}{}", info.base);
                    }
                }
                for (name, values) in &self.own.placeholders {
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
        let names = ZONED.map(|name| format!("{:?}", name.name()));
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
        let rules = self.ruleset.rules();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (number, rule) in rules.iter().enumerate() {
            for name in [&rule.id, &rule.name].into_iter().flatten() {
                numbers.entry(name).or_insert(number);
            }
        }
        let of = |name: &String| numbers.get(name.as_str()).copied();
        let counts = |(number, rule): (usize, &hangtu_sigma::Rule)| match &rule.body {
            Body::Correlation(c) => {
                Some((number, c.rules.iter().filter_map(of).collect::<Vec<_>>()))
            }
            _ => None,
        };
        rules.iter().enumerate().filter_map(counts).collect()
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
