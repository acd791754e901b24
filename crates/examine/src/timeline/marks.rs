//! Which rules match a record, as an examination judges it.

use crate::{
    Rules,
    authorise::{Authorisations, CHINA},
    reconcile::{Placed, Verdict},
};
use hangtu_record::Record;
use hangtu_sigma::{RuleIndex, Scratch};

/// Matches records with rules that report something themselves.
pub(super) struct Marks<'a> {
    rules: &'a Rules,
    given: Option<&'a Authorisations>,
    none: Authorisations,
    scratch: Scratch,
    hits: Vec<RuleIndex>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(rules: &'a Rules, given: Option<&'a Authorisations>) -> Self {
        let none = Authorisations { utc_offset: CHINA, ..Authorisations::default() };
        Self { rules, given, none, scratch: Scratch::default(), hits: Vec::new() }
    }

    /// Rules that match and whose match no authorisation covers, by their index. Rules that only
    /// feed correlations say nothing of a single record.
    pub(super) fn of(&mut self, record: &dyn Record) -> Vec<u32> {
        let ruleset = &self.rules.ruleset;
        if !ruleset.wants(record.kind()) {
            return Vec::new();
        }
        let authorisations = self.given.unwrap_or(&self.none);
        let placed = Placed { record, authorisations };
        let hits = &mut self.hits;
        hits.clear();
        ruleset.matches(&mut self.scratch, &placed, &mut |rule| hits.push(rule));
        let says = |rule: &&RuleIndex| {
            let info = &self.rules.infos[rule.0 as usize];
            let covered =
                |register| matches!(authorisations.check(register, &placed), Verdict::Covered(_));
            !info.base && ruleset.stands_alone(**rule) && !info.authorise.is_some_and(covered)
        };
        self.hits.iter().filter(says).map(|rule| rule.0).collect()
    }
}
