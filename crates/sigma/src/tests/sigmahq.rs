//! Every rule of the public collection, where it is at hand.

use super::event;
use crate::{Mapping, Options, ProblemKind, Ruleset, Scratch, parse};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

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

#[test]
fn every_public_rule_parses_and_compiles() {
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
    let start = Instant::now();
    for path in &paths {
        let (more, wrong) = parse(&path.to_string_lossy(), &std::fs::read(path).unwrap());
        rules.extend(more);
        errors.extend(wrong);
    }
    println!("{} files, {} rules in {:?}", paths.len(), rules.len(), start.elapsed());
    assert_eq!(errors, []);
    let mapping = Mapping::parse("m", b"[{kind: event}]").unwrap();
    let count = rules.len();
    let start = Instant::now();
    let (ruleset, problems) = Ruleset::compile(rules, &mapping, &Options::default());
    println!("compiled in {:?}; {} rules without a clause", start.elapsed(), ruleset.always());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for problem in &problems {
        println!("{problem}");
        let kind = format!("{:?}", problem.kind);
        *kinds.entry(kind.split([' ', '(']).next().unwrap().into()).or_default() += 1;
    }
    let works = (0..count).filter(|n| ruleset.works(crate::RuleIndex(*n as u32))).count();
    println!("{works} of {count} can fire; problems: {kinds:?}");
    // Placeholders are the site's to fill; beyond them only a handful of PCRE is out of reach.
    let bad = problems.iter().filter(|p| !matches!(p.kind, ProblemKind::Placeholder(_)));
    assert!(bad.count() <= 5 && works + 5 >= count);

    let record = event(
        r"{EventID: 1, Channel: Microsoft-Windows-Sysmon/Operational, User: 'NT\me', Computer: pc,
        Image: 'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe', ParentImage: 'C:\x.exe',
        CommandLine: 'powershell.exe -nop -w hidden -enc SQBFAFgA', Company: Microsoft}",
    );
    let mut scratch = Scratch::new();
    let mut fired = 0;
    let start = Instant::now();
    for _ in 0..1000 {
        ruleset.matches(&mut scratch, &record, &mut |_| fired += 1);
    }
    println!("{} rules match, {:?} a record", fired / 1000, start.elapsed() / 1000);
    assert!(fired > 0);
}
