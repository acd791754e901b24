//! Rules of the site beside those of the program.

use super::*;

const STOP: &str = "6c64450d-e158-429b-8efb-486d119e37c5";

/// What is loaded of these files, which stand for the duration in a folder; and the folder.
fn load(test: &str, files: &[(&str, &[u8])]) -> (Rules, PathBuf) {
    let folder = std::env::temp_dir().join(format!("hangtu-rules-{test}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file");
    }
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, &[folder.clone(), folder.clone()]).expect("rules");
    fs::remove_dir_all(&folder).expect("the folder");
    (rules, folder)
}

/// Number of the rule of that id.
fn find(rules: &Rules, id: &str) -> RuleIndex {
    let number = rules.infos.iter().position(|info| info.id == id).expect("the rule");
    RuleIndex(number as u32)
}

#[test]
fn the_same_file_counts_once_and_another_of_the_same_id_not_at_all() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../content/rules/personnel/controller-stop.yml");
    let own = fs::read(pack).expect("the rule");
    let changed = [own.as_slice(), b"# changed\n"].concat();
    let (none, _) = load("none", &[]);
    let all = none.ruleset.rules().len();
    let (same, folder) = load("same", &[("stop.yml", own.as_slice())]);
    assert_eq!((same.ruleset.rules().len(), same.left_out().len()), (all, 0));
    let stop = folder.join("stop.yml").display().to_string();
    assert_eq!(same.loaded_as(&stop), "rules/personnel/controller-stop.yml");
    let (changed, _) = load("changed", &[("stop.yml", changed.as_slice())]);
    assert_eq!(changed.ruleset.rules().len(), all + 1);
    assert!(!changed.ruleset.works(RuleIndex(all as u32)));
    assert_eq!(changed.problems[0].kind, ProblemKind::Taken(STOP.into()));
    assert_eq!(changed.problems.len(), 1);
    // What is left out says nothing of the one that has its id.
    assert!(changed.own_sha256().is_empty());
}

#[test]
fn a_correlation_of_the_site_takes_no_finding_of_the_program_away() {
    let counts = |rule: &str| {
        format!(
            "title: Two of them\nid: own-two\ncorrelation: {{type: event_count, rules: [{rule}], \
             group-by: [destination.ip], timespan: 10m, condition: {{gte: 2}}}}\n"
        )
    };
    let (rules, _) = load("over", &[("two.yml", counts(STOP).as_bytes())]);
    assert_eq!(rules.left_out().len(), 0);
    assert!(rules.ruleset.stands_alone(find(&rules, STOP)));
    let ran =
        |rules: &Rules, id: &str| rules.ran(&|_| true, true, None).iter().any(|info| info.id == id);
    assert!(ran(&rules, STOP) && ran(&rules, "own-two"));
    // By Sigma its own do: what they see is reported by the correlation, so they measure nothing.
    let own = "title: Own\nid: own-one\nlogsource: {product: hangtu, category: operation}\n\
               detection: {s: {operation.verb: stop}, condition: s}\n---\n";
    let (rules, _) = load("own", &[("two.yml", (own.to_owned() + &counts("own-one")).as_bytes())]);
    assert!(!rules.ruleset.stands_alone(find(&rules, "own-one")));
    assert!(!ran(&rules, "own-one") && ran(&rules, "own-two"));
}

#[test]
fn a_slip_in_the_name_of_a_field_is_told() {
    let text = "title: Own\nid: own-one\nlogsource: {product: hangtu, category: operation}\n\
                detection: {s: {operation.verb: stop}, condition: s}\n\
                hangtu: {subject: destinaton.ip}\n";
    let (rules, _) = load("slip", &[("own.yml", text.as_bytes())]);
    assert_eq!(rules.errors.len(), 1);
    assert!(
        rules.errors[0].en.contains("`destinaton.ip`")
            && rules.errors[0].zh.contains("`destinaton.ip`")
    );
    let (rules, _) = load("verb", &[("own.yml", text.replace("verb", "verbb").as_bytes())]);
    assert!(!rules.ruleset.works(find(&rules, "own-one")));
    assert_eq!(rules.left_out().len(), 2);
}
