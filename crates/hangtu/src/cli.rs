//! Commands, arguments and their help, in the user's language.

use crate::{Ending, failure::Failure};
use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::PossibleValuesParser,
    error::{ContextKind, ContextValue, ErrorKind},
    value_parser,
};
use hangtu_catalog::{Language, Level, key, text};
use hangtu_examine::{
    Reading,
    authorise::{Authorisations, CHINA},
};
use hangtu_logs::{LogMap, MapError};
use hangtu_record::Time;
use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// The language asked for by `--lang`, else by the environment, else English.
pub(crate) fn language(args: &[OsString]) -> Language {
    let mut args = args.iter().filter_map(|a| a.to_str());
    let mut asked = None;
    while let Some(arg) = args.next() {
        if arg == "--lang" {
            asked = args.next().and_then(Language::from_tag);
        } else if let Some(tag) = arg.strip_prefix("--lang=") {
            asked = Language::from_tag(tag);
        }
    }
    let environment = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|v| !v.is_empty())
            .and_then(|v| Language::from_tag(&v))
    };
    asked.or_else(environment).unwrap_or(Language::English)
}

/// The whole command line.
pub(crate) fn command(language: Language) -> Command {
    let t = |k| text(language, k, &[]);
    let heading = |k| text(language, k, &[]);
    let path = || {
        Arg::new("path")
            .value_name("PATH")
            .num_args(1..)
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(t(key::CLI_ARG_PATH))
            .help_heading(heading(key::CLI_ARGUMENTS))
    };
    let option = |name: &'static str, value: &'static str, help: key::Key| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(t(help))
            .help_heading(heading(key::CLI_OPTIONS))
    };
    let file = |name, value, help| option(name, value, help).value_parser(value_parser!(PathBuf));
    let whole = |value: &'static str, help: key::Key| {
        Arg::new("file")
            .value_name(value)
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(t(help))
            .help_heading(heading(key::CLI_ARGUMENTS))
    };
    let data = || {
        file("data", "DIR", key::CLI_SERVE_DATA)
            .default_value("hangtu-data")
            .hide_default_value(true)
    };
    let rules = || file("rules", "PATH", key::CLI_ARG_RULES).action(ArgAction::Append);
    let threads = || {
        option("threads", "N", key::CLI_ARG_THREADS).value_parser(value_parser!(u16).range(1..=64))
    };
    let json = || option("json", "", key::CLI_ARG_JSON).action(ArgAction::SetTrue);
    let log_map = || file("log-map", "FILE", key::CLI_ARG_LOG_MAP).action(ArgAction::Append);
    let authorisations = || file("authorisations", "FILE", key::CLI_ARG_AUTHORISATIONS);
    let dirs = || {
        Arg::new("dir")
            .value_name("PATH")
            .num_args(0..)
            .value_parser(value_parser!(PathBuf))
            .help(t(key::CLI_ARG_DIR))
            .help_heading(heading(key::CLI_ARGUMENTS))
    };
    // clap joins the words of a nested command with dashes where it names them.
    let sub = |path: &'static str, about: key::Key| {
        Command::new(path.rsplit(' ').next().unwrap_or(path))
            .about(t(about))
            .help_template(template(language, &format!("hangtu {path}")))
            .disable_help_flag(true)
            .arg(help_flag(language))
    };
    let levels: Vec<&str> = Level::ALL.iter().map(|l| l.name()).collect();
    let serve = sub("serve", key::CLI_SERVE);
    #[cfg(feature = "history")]
    let serve = serve.arg(option("history", "DIR", key::CLI_HISTORY_SERVE));
    let command = Command::new("hangtu")
        .version(env!("CARGO_PKG_VERSION"))
        .about(t(key::CLI_ABOUT))
        .after_help(t(key::CLI_EXIT_CODES))
        .help_template(template(language, "hangtu"))
        .subcommand_help_heading(t(key::CLI_COMMANDS))
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help_flag(language))
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(t(key::CLI_ARG_VERSION))
                .help_heading(heading(key::CLI_OPTIONS)),
        )
        .arg(
            option("lang", "zh-CN|en", key::CLI_ARG_LANG)
                .hide_possible_values(true)
                .global(true)
                .value_parser(PossibleValuesParser::new(["zh-CN", "en"])),
        )
        .subcommand(
            sub("examine", key::CLI_EXAMINE)
                .arg(path())
                .arg(authorisations())
                .arg(rules())
                .arg(file("baseline", "FILE", key::CLI_ARG_BASELINE))
                .arg(
                    file("out", "DIR", key::CLI_ARG_OUT)
                        .default_value("hangtu-report")
                        .hide_default_value(true),
                )
                .arg(
                    option("format", "html|json|sarif|ocsf|xlsx", key::CLI_ARG_FORMAT)
                        .hide_possible_values(true)
                        .action(ArgAction::Append)
                        .value_delimiter(',')
                        .value_parser(PossibleValuesParser::new([
                            "html", "json", "sarif", "ocsf", "xlsx",
                        ])),
                )
                .arg(
                    option("fail-on", "light|low|medium|high|major", key::CLI_ARG_FAIL_ON)
                        .hide_possible_values(true)
                        .value_parser(PossibleValuesParser::new(levels)),
                )
                .arg(log_map())
                .arg(threads()),
        )
        .subcommand(
            sub("records", key::CLI_RECORDS)
                .arg(path())
                .arg(rules())
                .arg(
                    Arg::new("matches")
                        .long("matches")
                        .action(ArgAction::SetTrue)
                        .help(t(key::CLI_ARG_MATCHES))
                        .help_heading(heading(key::CLI_OPTIONS)),
                )
                .arg(log_map())
                .arg(threads()),
        )
        .subcommand(
            sub("timeline", key::CLI_TIMELINE)
                .arg(path())
                .arg(
                    option("show", "events|logons|processes|first-seen", key::CLI_ARG_SHOW)
                        .hide_possible_values(true)
                        .value_parser(PossibleValuesParser::new([
                            "events",
                            "logons",
                            "processes",
                            "first-seen",
                        ])),
                )
                .arg(option("from", "TIME", key::CLI_ARG_TIME_FROM))
                .arg(option("to", "TIME", key::CLI_ARG_TIME_TO))
                .arg(option("host", "HOST", key::CLI_ARG_HOST))
                .arg(option("user", "USER", key::CLI_ARG_USER))
                .arg(option("text", "TEXT", key::CLI_ARG_TEXT))
                .arg(option("matches", "", key::CLI_ARG_MARKED).action(ArgAction::SetTrue))
                .arg(
                    option("format", "text|csv|json", key::CLI_ARG_TIMELINE_FORMAT)
                        .hide_possible_values(true)
                        .value_parser(PossibleValuesParser::new(["text", "csv", "json"])),
                )
                .arg(authorisations())
                .arg(rules())
                .arg(log_map())
                .arg(threads()),
        )
        .subcommand(
            sub("assets", key::CLI_ASSETS)
                .arg(path())
                .arg(authorisations())
                .arg(json())
                .arg(log_map())
                .arg(threads()),
        )
        .subcommand(
            sub("rules", key::CLI_RULES)
                .subcommand_required(true)
                .disable_help_subcommand(true)
                .subcommand_help_heading(t(key::CLI_COMMANDS))
                .subcommand(sub("rules list", key::CLI_RULES_LIST).arg(dirs()).arg(json()))
                .subcommand(sub("rules check", key::CLI_RULES_CHECK).arg(dirs()))
                .subcommand(sub("rules test", key::CLI_RULES_TEST).arg(dirs())),
        )
        .subcommand(
            serve
                .arg(data())
                .arg(
                    option("listen", "ADDRESS", key::CLI_SERVE_ADDRESS)
                        .value_parser(value_parser!(std::net::SocketAddr)),
                )
                .arg(option("database-url", "URL", key::CLI_SERVE_URL))
                .arg(option("public-url", "URL", key::CLI_SERVE_PUBLIC))
                .arg(
                    file("tls-certificate", "FILE", key::CLI_SERVE_CERTIFICATE).requires("tls-key"),
                )
                .arg(file("tls-key", "FILE", key::CLI_SERVE_KEY).requires("tls-certificate"))
                .arg(
                    option("behind-proxy", "", key::CLI_SERVE_PROXY)
                        .value_name(None)
                        .action(ArgAction::SetTrue),
                )
                .arg(
                    option("signature", "NAME", key::CLI_SERVE_SIGNATURE)
                        .value_parser(PossibleValuesParser::new(["ed25519", "sm2"]))
                        .hide_possible_values(true),
                )
                .arg(file("folder", "DIR", key::CLI_SERVE_FOLDER).action(ArgAction::Append))
                .arg(
                    file("drill-folder", "DIR", key::CLI_SERVE_DRILL_FOLDER)
                        .action(ArgAction::Append),
                )
                .arg(
                    option("demo", "", key::CLI_SERVE_DEMO)
                        .value_name(None)
                        .action(ArgAction::SetTrue),
                ),
        )
        .subcommand(
            sub("backup", key::CLI_BACKUP)
                .arg(whole("FILE", key::CLI_BACKUP_FILE))
                .arg(data())
                .arg(option("database-url", "URL", key::CLI_SERVE_URL))
                .arg(
                    option("keys", "", key::CLI_BACKUP_KEYS)
                        .value_name(None)
                        .action(ArgAction::SetTrue),
                ),
        )
        .subcommand(
            sub("restore", key::CLI_RESTORE).arg(whole("FILE", key::CLI_RESTORE_FILE)).arg(data()),
        )
        .subcommand(crate::drill::command(language))
        .subcommand(
            sub("explain", key::CLI_EXPLAIN)
                .arg(
                    Arg::new("finding")
                        .value_name("FINDING")
                        .required(true)
                        .help(t(key::CLI_ARG_FINDING))
                        .help_heading(heading(key::CLI_ARGUMENTS)),
                )
                .arg(
                    file("from", "FILE", key::CLI_ARG_FROM)
                        .default_value("hangtu-report/findings.json")
                        .hide_default_value(true),
                ),
        )
        .subcommand(
            sub("verify", key::CLI_VERIFY)
                .arg(whole("FILE", key::CLI_ARG_LEDGER))
                .arg(option("key", "KEY", key::CLI_ARG_KEY).action(ArgAction::Append))
                .arg(file("status", "FILE", key::CLI_ARG_STATUS))
                .arg(file("against", "FILE", key::CLI_ARG_AGAINST))
                .arg(file("package", "FILE", key::CLI_ARG_PACKAGE))
                .arg(file("evidence", "FILE", key::CLI_ARG_EVIDENCE).requires("package")),
        );
    #[cfg(feature = "history")]
    let command = command.subcommand(crate::history::command(language));
    command
}

pub(crate) fn help_flag(language: Language) -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help(text(language, key::CLI_ARG_HELP, &[]))
        .help_heading(text(language, key::CLI_OPTIONS, &[]))
}

pub(crate) fn template(language: Language, command: &str) -> String {
    // clap writes "[OPTIONS]" and "[COMMAND]" in English only; the lists below say the same.
    format!(
        "{{about}}\n\n{}: {command} …\n\n{{all-args}}{{after-help}}\n",
        text(language, key::CLI_USAGE, &[])
    )
}

/// Help without a command.
pub(crate) fn print_help(language: Language) -> Result<Ending, Failure> {
    let mut out = io::stdout().lock();
    write!(out, "{}", command(language).render_help())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::output(&e))?;
    Ok(Ending::Done)
}

/// A parser error in the user's language; help and version are none.
pub(crate) fn explain_error(language: Language, error: &clap::Error) -> Result<Ending, Failure> {
    let get = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(list)) => list.join(", "),
        _ => String::new(),
    };
    let argument = get(ContextKind::InvalidArg);
    let failure = |what| Failure::new(what, Some(key::CLI_SEE_HELP));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error.print().map_err(|e| Failure::output(&e))?;
            Ok(Ending::Done)
        }
        ErrorKind::InvalidSubcommand => {
            Err(failure(key::CLI_UNKNOWN_COMMAND)
                .with("argument", get(ContextKind::InvalidSubcommand)))
        }
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let missing =
                if argument.is_empty() { text(language, key::CLI_COMMANDS, &[]) } else { argument };
            Err(failure(key::CLI_MISSING_ARGUMENT).with("argument", missing))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => Err(failure(key::CLI_BAD_VALUE)
            .with("argument", argument)
            .with("value", format!("{:?}", get(ContextKind::InvalidValue)))),
        _ => Err(failure(key::CLI_BAD_ARGUMENT).with("argument", argument)),
    }
}

/// The paths given.
pub(crate) fn paths(matches: &ArgMatches, name: &str) -> Vec<PathBuf> {
    matches.get_many::<PathBuf>(name).into_iter().flatten().cloned().collect()
}

/// The moment of the run.
pub(crate) fn now() -> Time {
    Time(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(0))
}

/// How to read evidence.
pub(crate) fn reading(
    matches: &ArgMatches,
    authorisations: Option<&Authorisations>,
) -> Result<Reading, Failure> {
    let offset = authorisations.map_or(CHINA, |a| a.utc_offset);
    let bad = |e: MapError| {
        Failure::new(key::CLI_LOG_MAP_BAD, Some(key::CLI_LOG_MAP_REMEDY)).with("why", e)
    };
    let mut reading = Reading::new(offset as i32, now());
    if let Some(threads) = matches.get_one::<u16>("threads") {
        reading.traffic.threads = usize::from(*threads);
    }
    for path in matches.get_many::<PathBuf>("log-map").into_iter().flatten() {
        let text = fs::read_to_string(path).map_err(|e| Failure::read(path, &e))?;
        let map = LogMap::parse(&path.display().to_string(), &text).map_err(bad)?;
        // A site's own map is asked before ours.
        reading.logs.maps.insert(0, map);
    }
    Ok(reading)
}
