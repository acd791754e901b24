//! `hangtu rules list | check | test`.

use crate::{Ending, assets::print_rows, cli, failure::Failure, summary, terminal::plain};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Bilingual, Catalog, Language, RulePack, key, text};
use hangtu_examine::Rules;
use hangtu_sigma::{RuleIndex, check};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// Rule files with their cases, or why these cannot be read.
type Tests = Vec<(String, Result<check::TestFile, check::CheckError>)>;

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let Some((command, matches)) = matches.subcommand() else {
        return cli::print_help(language);
    };
    let catalog = Catalog::embedded()?;
    let paths = cli::paths(matches, "dir");
    let rules = Rules::load(&catalog, &paths)?;
    match command {
        "list" => list(language, &rules, matches.get_flag("json")),
        "check" => check_rules(language, &rules),
        _ => {
            let (own, alone) = own_tests(&paths)?;
            test(language, &rules, own, &alone)
        }
    }
    .map_err(|e| Failure::output(&e))
}

fn list(language: Language, rules: &Rules, json: bool) -> io::Result<Ending> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let shown = rules.infos.iter().filter(|i| !i.base);
    if json {
        for i in shown {
            let line = serde_json::json!({
                "id": i.id, "title": {"zh-CN": i.title.zh, "en": i.title.en},
                "scenario": i.scenario.name(), "level": i.level.name(),
                "likelihood": i.likelihood, "impact": i.impact,
                "controls": i.controls, "techniques": i.techniques,
                "reconciled": i.authorise.is_some(),
            });
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        return Ok(Ending::Done);
    }
    let labels = [
        key::CLI_LABEL_LEVEL,
        key::CLI_LABEL_SCENARIO,
        key::CLI_LABEL_CONTROLS,
        key::CLI_LABEL_TITLE,
        key::CLI_LABEL_RULE,
    ];
    let mut infos: Vec<_> = shown.collect();
    infos.sort_by_key(|i| (i.scenario, std::cmp::Reverse(i.level)));
    let mut rows = vec![labels.map(|k| text(language, k, &[]))];
    rows.extend(infos.iter().map(|i| {
        [
            summary::name(language, "level", i.level.name()),
            summary::name(language, "scenario", i.scenario.name()),
            i.controls.join(" "),
            i.title.get(language).to_owned(),
            i.id.clone(),
        ]
    }));
    print_rows(&mut out, &rows)?;
    Ok(Ending::Done)
}

fn check_rules(language: Language, rules: &Rules) -> io::Result<Ending> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for error in &rules.errors {
        writeln!(out, "{}", plain(error.get(language)))?;
    }
    for problem in &rules.problems {
        writeln!(out, "{}", plain(Bilingual::from(problem).get(language)))?;
    }
    let all = rules.ruleset.rules().len();
    let broken = (0..all).filter(|i| !rules.ruleset.works(RuleIndex(*i as u32))).count();
    let base = rules.infos.iter().filter(|i| i.base).count();
    let args = [
        ("count", Arg::Number(all as u64)),
        ("base", Arg::Number(base as u64)),
        ("broken", Arg::Number(broken as u64)),
    ];
    writeln!(out, "{}", text(language, key::CLI_RULES_SUM, &args))?;
    out.flush()?;
    let fine = rules.errors.is_empty() && rules.problems.is_empty();
    Ok(if fine { Ending::Done } else { Ending::Incomplete })
}

/// The test files beside the rules of these paths, and those that no rule file stands beside.
fn own_tests(paths: &[PathBuf]) -> Result<(Tests, Vec<PathBuf>), Failure> {
    let (mut tests, mut alone) = (Vec::new(), Vec::new());
    for path in paths {
        let mut run = BTreeSet::new();
        for rule in hangtu_examine::walk(path)? {
            let beside = rule.with_extension("test.yml");
            let bytes = match fs::read(&beside) {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Failure::read(&beside, &e)),
            };
            let parsed = check::TestFile::parse(&beside.display().to_string(), &bytes);
            tests.push((rule.display().to_string(), parsed));
            run.insert(beside);
        }
        let files =
            if path.is_dir() { hangtu_evidence::walk(path)?.files } else { vec![path.clone()] };
        let test = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".test.yml") || name.ends_with(".test.yaml")
        };
        alone.extend(files.into_iter().filter(|file| test(file) && !run.contains(file)));
    }
    Ok((tests, alone))
}

fn test(language: Language, rules: &Rules, own: Tests, alone: &[PathBuf]) -> io::Result<Ending> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut files = RulePack::tests();
    files.extend(own);
    let (mut passed, mut failed) = (0_u64, 0_u64);
    let mut tested = Vec::new();
    for (file, parsed) in files {
        let loaded = rules.loaded_as(&file);
        let here: Vec<RuleIndex> = (0..rules.infos.len())
            .filter(|i| rules.ruleset.rules()[*i].file == loaded && !rules.infos[*i].base)
            .map(|i| RuleIndex(i as u32))
            .collect();
        tested.push(file.clone());
        let cases = match parsed {
            Ok(tests) => tests,
            Err(why) => {
                failed += 1;
                writeln!(out, "{}", plain(Bilingual::from(&why).get(language)))?;
                continue;
            }
        };
        for (expected, case) in
            cases.fires.iter().map(|c| (true, c)).chain(cases.silent.iter().map(|c| (false, c)))
        {
            let fired = check::run_case(&rules.ruleset, case)
                .map(|fired| here.iter().any(|rule| fired.has(*rule)));
            if fired.as_ref().is_ok_and(|f| *f == expected) {
                passed += 1;
                continue;
            }
            failed += 1;
            let word = if expected { key::CLI_RULES_FIRES } else { key::CLI_RULES_SILENT };
            let word = text(language, word, &[]);
            let why = fired.err().map(|e| Bilingual::from(&e).get(language).to_owned());
            let args = [
                ("file", Arg::Text(&file)),
                ("case", Arg::Text(why.as_deref().unwrap_or(&case.name))),
                ("expected", Arg::Text(&word)),
            ];
            writeln!(out, "{}", plain(&text(language, key::CLI_RULES_FAILED, &args)))?;
        }
    }
    for file in alone {
        let file = file.display().to_string();
        let line = text(language, key::CLI_RULES_ALONE, &[("file", Arg::Text(&file))]);
        writeln!(out, "{}", plain(&line))?;
    }
    let mut untested: Vec<&str> = rules
        .ruleset
        .rules()
        .iter()
        .map(|r| r.file.as_str())
        .filter(|f| !tested.iter().any(|t| t == f))
        .collect();
    untested.dedup();
    let args = [("passed", Arg::Number(passed)), ("failed", Arg::Number(failed))];
    writeln!(out, "{}", text(language, key::CLI_RULES_TESTED, &args))?;
    if !untested.is_empty() {
        let args = [("count", Arg::Number(untested.len() as u64))];
        writeln!(out, "{}", text(language, key::CLI_RULES_UNTESTED, &args))?;
    }
    out.flush()?;
    Ok(if failed == 0 && alone.is_empty() { Ending::Done } else { Ending::Incomplete })
}
