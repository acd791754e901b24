//! Help and guides say what is so.

use super::*;

#[test]
fn help_speaks_the_users_language() {
    // Names of commands, options, values, files and formats stay as they are typed.
    let kept: BTreeSet<&str> = [
        "hangtu",
        "examine",
        "records",
        "timeline",
        "assets",
        "rules",
        "explain",
        "hangtu.ledger/1",
        "KEY",
        "hangtu.plant.example",
        "https",
        "postgres",
        "PostgreSQL",
        "PEM",
        "jwt",
        "HTTPS",
        "URL",
        "127.0.0.1",
        "ADDRESS",
        "hangtu-data",
        "serve",
        "verify",
        "backup",
        "restore",
        "list",
        "check",
        "test",
        "zh-CN",
        "en",
        "PATH",
        "FILE",
        "DIR",
        "FINDING",
        "TIME",
        "HOST",
        "USER",
        "TEXT",
        "RFC",
        "events",
        "logons",
        "processes",
        "first-seen",
        "text",
        "csv",
        "N",
        "NAME.test.yml",
        "JSON",
        "YAML",
        "Sigma",
        "ZIP",
        "authorisations.yaml",
        "findings.json",
        "hangtu-report",
        "hangtu-report/findings.json",
        "html",
        "json",
        "sarif",
        "ocsf",
        "xlsx",
        "light",
        "low",
        "medium",
        "high",
        "major",
        "drill",
        "simulate",
        "stop",
        "undo",
        "clean",
        "detected",
        "profiles",
        "sweep",
        "FOLDER",
        "SECONDS",
        "NUMBER",
        "RATE",
        "REGEX",
        "COMMAND",
        "NAME",
        "FACTOR",
        "lockbit",
        "median",
        "slow",
        "max",
        "all",
        "in-place",
        "shell",
        "source",
        "target",
        "UDP",
        "syslog",
        "person",
        "product",
        "guard",
        "ed25519",
        "sm2",
        "SM3",
        "h",
        "V",
        "history",
        "SQL",
        "SELECT",
        "query",
        "Ballista",
        "scheduler",
        "executor",
        "ID",
        "PORT",
        "MB",
        "s3",
    ]
    .into();
    let commands: &[&[&str]] = &[
        &[],
        &["examine"],
        &["records"],
        &["timeline"],
        &["assets"],
        &["rules"],
        &["rules", "list"],
        &["rules", "check"],
        &["rules", "test"],
        &["explain"],
        &["serve"],
        &["verify"],
        &["backup"],
        &["restore"],
        &["drill"],
        &["drill", "simulate"],
        &["drill", "stop"],
        &["drill", "detected"],
        &["drill", "undo"],
        &["drill", "clean"],
        &["drill", "sweep"],
        &["drill", "profiles"],
    ];
    let history: &[&[&str]] = &[&["history"], &["history", "query"]];
    let cluster: &[&[&str]] = &[&["history", "scheduler"], &["history", "executor"]];
    let compiled = |commands, is: bool| if is { commands } else { &[][..] };
    let history = compiled(history, cfg!(feature = "history"));
    let cluster = compiled(cluster, cfg!(feature = "cluster"));
    for &command in commands.iter().chain(history).chain(cluster) {
        let ran = hangtu(&[command, &["--help", "--lang", "zh-CN"]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command:?}");
        let usage = format!("用法: {} …", [&["hangtu"][..], command].concat().join(" "));
        assert!(ran.out.contains(&usage), "{}", ran.out);
        let part = |c: char| c.is_ascii_alphanumeric() || "-./_".contains(c);
        for word in ran.out.split(|c| !part(c)) {
            let word = word.trim_matches(['.', '-', '/']);
            let option = ran.out.contains(&format!("--{word}"));
            let number = word.chars().all(|c| c.is_ascii_digit());
            let day = word.chars().all(|c| c.is_ascii_digit() || c == '-');
            // A document that is named is there to be read.
            let document = word.strip_suffix(".md").is_some() && root().join(word).is_file();
            let known = option || number || day || document || kept.contains(word);
            assert!(known, "{command:?}: {word:?}");
        }
    }
    let english = hangtu(&["--help", "--lang", "en"]);
    if history.is_empty() {
        insta::assert_snapshot!("help-en", english.out);
    }
    // Without a command the same is shown.
    assert_eq!(hangtu(&["--lang", "en"]).out, english.out);
}

/// Commands of a guide in order, and what it says they write. Commands for a shell are left out.
pub(super) fn commands(guide: &str) -> impl Iterator<Item = (&str, &str)> {
    guide
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .flat_map(|block| block.split("$ ").skip(1))
        .filter_map(|part| part.split_once('\n'))
        .filter(|(command, _)| command.starts_with("hangtu ") && !command.contains(['|', '>', '*']))
}

/// The guides show what the program writes; `…` stands for what they leave out.
#[cfg(unix)]
#[test]
fn the_guides_show_true_output() {
    for (guide, language) in [("guide.md", "en"), ("guide.zh-CN.md", "zh-CN")] {
        let here = folder(guide);
        std::os::unix::fs::symlink(root().join("examples"), here.join("examples"))
            .expect("a link to the example plant");
        let text = fs::read_to_string(root().join("docs").join(guide)).expect("the guide");
        let spaces = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut count = 0;
        for (line, shown) in commands(&text) {
            let args: Vec<&str> = line.split(' ').skip(1).collect();
            let mut run = command(&args);
            let ran = ran(run.env("LANG", language).current_dir(&here).output().expect("it runs"));
            let said = spaces(&(ran.out + &ran.err));
            for piece in shown.lines().flat_map(|l| l.split('…')) {
                assert!(said.contains(&spaces(piece)), "{guide}: {line}: {piece}\n{said}");
            }
            count += 1;
        }
        assert!(count >= 9, "{guide}: {count} commands");
    }
}
