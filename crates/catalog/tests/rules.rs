//! The rule pack against the cases that stand beside its rules.

use hangtu_catalog::{Catalog, RuleInfo, RulePack};
use hangtu_sigma::{
    Options, Problem, ProblemKind, Rule, RuleIndex, Ruleset,
    check::{Case, Fired, run_case},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The pack, compiled, with what judging knows of each rule.
struct Pack {
    ruleset: Ruleset,
    infos: Vec<RuleInfo>,
}

/// Compiles as an examination does: log sources and placeholders of the catalogue, China's clocks.
fn compile(catalog: &Catalog, rules: Vec<Rule>) -> (Ruleset, Vec<Problem>) {
    let placeholders = catalog.placeholders.clone();
    let options = Options { placeholders, clock_offset: 8 * 3600 };
    Ruleset::compile(rules, &catalog.logsources, &options)
}

fn pack() -> Pack {
    let catalog = Catalog::embedded().expect("the content is sound");
    let (rules, problems) = RulePack::rules();
    assert!(problems.is_empty(), "rules that cannot be read:\n{}", problems.join("\n"));
    let (ruleset, problems) = compile(&catalog, rules);
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
                wrong.push(why);
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

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "yml") {
            out.push(path);
        }
    }
}

/// Log sources of the public collection for which there is no reader: ETW, macOS, clouds and
/// their services, appliances, and protocols no decoder shows in such detail.
const NO_READER: [&str; 18] = [
    "product windows, category file_access",
    "product windows, category file_rename",
    "product macos, category process_creation",
    "product macos, category file_event",
    "product zeek, service dce_rpc",
    "product zeek, service kerberos",
    "product zeek, service x509",
    "product rpc_firewall, category application",
    "product opencanary, category application",
    "product kubernetes, category application, service audit",
    "product kubernetes, service audit",
    "product bitbucket, service audit",
    "product github, service audit",
    "product okta, service okta",
    "product fortigate, service event",
    "product fortios, service sslvpnd",
    "product paloalto, category appliance, service globalprotect",
    "product paloalto, category file_event, service globalprotect",
];

#[test]
fn public_rules_find_their_log_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/logs/sigma");
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return;
    }
    let mut paths = Vec::new();
    for folder in ["rules", "rules-emerging-threats", "rules-threat-hunting"] {
        files(&root.join(folder), &mut paths);
    }
    paths.sort();
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    for path in &paths {
        let bytes = std::fs::read(path).expect("the file can be read");
        let (some, wrong) = hangtu_sigma::parse(&path.display().to_string(), &bytes);
        rules.extend(some);
        errors.extend(wrong);
    }
    assert!(errors.is_empty(), "{errors:#?}");
    let catalog = Catalog::embedded().expect("the content is sound");
    let (ruleset, problems) = compile(&catalog, rules);
    let mut unmapped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut others = Vec::new();
    for problem in &problems {
        match &problem.kind {
            ProblemKind::NoInput(source) => *unmapped.entry(source).or_default() += 1,
            _ => others.push(problem.to_string()),
        }
    }
    let all = ruleset.rules().len();
    let fire = (0..all).filter(|i| ruleset.works(RuleIndex(*i as u32))).count();
    println!(
        "{all} rules: {fire} can fire, {} have no log source",
        unmapped.values().sum::<usize>()
    );
    unmapped.iter().for_each(|(source, n)| println!("  {n:4} {source}"));
    println!("{} other problems", others.len());
    others.iter().for_each(|problem| println!("  {problem}"));
    for source in unmapped.keys() {
        assert!(NO_READER.contains(source), "{source} is neither mapped nor known to be without");
    }
    assert!(fire * 100 > all * 95 && others.len() <= 5);
}
