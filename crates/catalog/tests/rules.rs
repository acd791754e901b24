//! The rule pack against the cases that stand beside its rules.

use hangtu_catalog::{Catalog, RuleInfo, RulePack};
use hangtu_sigma::{
    Options, RuleIndex, Ruleset,
    check::{Case, Fired, run_case},
};

/// The pack, compiled, with what judging knows of each rule.
struct Pack {
    ruleset: Ruleset,
    infos: Vec<RuleInfo>,
}

fn pack() -> Pack {
    let catalog = Catalog::embedded().expect("the content is sound");
    let (rules, problems) = RulePack::rules();
    assert!(problems.is_empty(), "rules that cannot be read: {problems:#?}");
    let options = Options { placeholders: catalog.placeholders.clone(), clock_offset: 8 * 3600 };
    let (ruleset, problems) = Ruleset::compile(rules, &catalog.logsources, &options);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "rules that cannot be compiled:\n{}", problems.join("\n"));
    let infos = ruleset.rules().iter().map(|r| RuleInfo::of(r, &catalog).expect("a sound block"));
    Pack { infos: infos.collect(), ruleset }
}

impl Pack {
    /// The rules of a file that report something themselves.
    fn of(&self, file: &str) -> Vec<RuleIndex> {
        let all = self.ruleset.rules().iter().zip(&self.infos).enumerate();
        all.filter(|(_, (rule, info))| rule.file == file && !info.base)
            .map(|(i, _)| RuleIndex(i as u32))
            .collect()
    }

    fn run(&self, case: &Case) -> Fired {
        run_case(&self.ruleset, case).unwrap_or_else(|e| panic!("{e}"))
    }
}

#[test]
fn every_case_beside_a_rule_holds() {
    let pack = pack();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (file, tests) in RulePack::tests() {
        let rules = pack.of(&file);
        let tests = match tests {
            Ok(tests) if !rules.is_empty() => tests,
            Ok(_) => {
                wrong.push(format!("{file}: no such rule"));
                continue;
            }
            Err(why) => {
                wrong.push(why.to_string());
                continue;
            }
        };
        for (expected, list) in [(true, &tests.fires), (false, &tests.silent)] {
            for case in list {
                cases += 1;
                let fired = pack.run(case);
                if rules.iter().any(|rule| fired.has(*rule)) != expected {
                    let verb = if expected { "does not fire" } else { "fires" };
                    wrong.push(format!("{file}: {verb} in “{}”", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases > 200, "only {cases} cases were found");
}

#[test]
fn every_rule_has_cases() {
    let pack = pack();
    let tested: Vec<String> = RulePack::tests().into_iter().map(|(file, _)| file).collect();
    for rule in pack.ruleset.rules() {
        assert!(tested.contains(&rule.file), "{} has no test file", rule.file);
    }
}
