//! `hangtu history`: questions about history in SQL, and the processes of a cluster that answers them.

use crate::{Ending, cli, failure::Failure, terminal};
#[cfg(feature = "cluster")]
use clap::value_parser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use hangtu_catalog::{Catalog, Language, Level, Scenario, key, text};
use hangtu_history::{Answer, AskError, Limits, Names, Store};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// The command and its arguments.
pub(crate) fn command(language: Language) -> Command {
    let t = |k| text(language, k, &[]);
    let sub = |path: &'static str, about: key::Key| {
        Command::new(path.rsplit(' ').next().unwrap_or(path))
            .about(t(about))
            .help_template(cli::template(language, &format!("hangtu {path}")))
            .disable_help_flag(true)
            .arg(cli::help_flag(language))
    };
    let given = |name: &'static str, value: &'static str, help: key::Key| {
        Arg::new(name)
            .value_name(value)
            .required(true)
            .help(t(help))
            .help_heading(t(key::CLI_ARGUMENTS))
    };
    let option = |name: &'static str, value: &'static str, help: key::Key| {
        Arg::new(name).long(name).value_name(value).help(t(help)).help_heading(t(key::CLI_OPTIONS))
    };
    let query = sub("history query", key::CLI_HISTORY_QUERY)
        .arg(given("place", "DIR", key::CLI_HISTORY_PLACE))
        .arg(given("sql", "SQL", key::CLI_HISTORY_SQL))
        .arg(option("organisation", "ID", key::CLI_HISTORY_ORGANISATION))
        .arg(option("json", "", key::CLI_ARG_JSON).action(ArgAction::SetTrue));
    #[cfg(feature = "cluster")]
    let query = query.arg(option("ballista", "HOST:PORT", key::CLI_HISTORY_BALLISTA));
    let command = sub("history", key::CLI_HISTORY)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t(key::CLI_COMMANDS))
        .subcommand(query);
    #[cfg(feature = "cluster")]
    let command = {
        // What holds unless another is given, in brackets that are no language's.
        let preset = |name, value, help, preset: &'static str| {
            option(name, value, help)
                .help(format!("{} [{preset}]", t(help)))
                .default_value(preset)
                .hide_default_value(true)
        };
        let listen = |address: &'static str| {
            preset("listen", "ADDRESS", key::CLI_HISTORY_LISTEN, address)
                .value_parser(value_parser!(std::net::SocketAddr))
        };
        let executor = sub("history executor", key::CLI_HISTORY_EXECUTOR)
            .arg(listen("127.0.0.1:50051"))
            .arg(preset("scheduler", "HOST:PORT", key::CLI_HISTORY_CONNECT, "127.0.0.1:50050"))
            .arg(
                option("work", "DIR", key::CLI_HISTORY_WORK)
                    .value_parser(value_parser!(std::path::PathBuf)),
            )
            .arg(option("threads", "N", key::CLI_ARG_THREADS).value_parser(value_parser!(u16)))
            .arg(
                preset("memory", "MB", key::CLI_HISTORY_MEMORY, "2048")
                    .value_parser(value_parser!(u64)),
            );
        let scheduler =
            sub("history scheduler", key::CLI_HISTORY_SCHEDULER).arg(listen("127.0.0.1:50050"));
        command.subcommand(scheduler).subcommand(executor)
    };
    command
}

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let threads = tokio::runtime::Builder::new_multi_thread()
        // Planning walks a question's tree on the stack.
        .thread_stack_size(32 << 20)
        .enable_all()
        .build()
        .map_err(|e| Failure::read(std::path::Path::new("-"), &e))?;
    match matches.subcommand() {
        Some(("query", m)) => {
            // A task of its own: the main thread's stack is small.
            let m = m.clone();
            let done = threads
                .block_on(async { tokio::spawn(async move { query(language, &m).await }).await });
            let answer = done.map_err(|e| no_answer(&e.to_string()))??;
            let out = if matches.subcommand().is_some_and(|(_, m)| m.get_flag("json")) {
                json(&answer)
            } else {
                table(&answer)
            };
            out.map_err(|e| Failure::output(&e))?;
            if answer.more {
                note(language, key::CLI_HISTORY_MORE);
                return Ok(Ending::Incomplete);
            }
            Ok(Ending::Done)
        }
        #[cfg(feature = "cluster")]
        Some((what @ ("scheduler" | "executor"), m)) => {
            threads.block_on(serve(language, what, m))?;
            Ok(Ending::Done)
        }
        _ => cli::print_help(language),
    }
}

/// What codes are called, as at the page.
fn names(language: Language) -> Result<Vec<Names>, Failure> {
    let catalog = Catalog::embedded()?;
    let word = |kind: &str, name: &str| crate::summary::name(language, kind, name);
    let regions = catalog.regions.iter().map(|r| (r.code.clone(), r.name.get(language).into()));
    let industries =
        catalog.industries.iter().map(|i| (i.code.clone(), i.name.get(language).into()));
    let scenarios = Scenario::ALL.iter().map(|s| (s.name().into(), word("scenario", s.name())));
    let levels = Level::ALL.iter().map(|l| (l.name().into(), word("level", l.name())));
    Ok(vec![
        Names { table: "region", rows: regions.collect() },
        Names { table: "industry", rows: industries.collect() },
        Names { table: "scenario", rows: scenarios.collect() },
        Names { table: "level", rows: levels.collect() },
    ])
}

async fn query(language: Language, m: &ArgMatches) -> Result<Answer, Failure> {
    let word = |name| m.get_one::<String>(name).cloned().unwrap_or_default();
    let bad = |why: &dyn std::fmt::Display| {
        Failure::new(key::CLI_HISTORY_BAD, Some(key::CLI_HISTORY_BAD_REMEDY)).with("why", why)
    };
    let (place, sql) = (word("place"), word("sql"));
    if !place.contains("://") && !std::path::Path::new(&place).is_dir() {
        return Err(Failure::new(key::CLI_HISTORY_NOTHING, Some(key::CLI_HISTORY_BAD_REMEDY))
            .with("path", place));
    }
    let store = Store::open(&place).map_err(|e| bad(&e))?;
    let organisation = match m.get_one::<String>("organisation") {
        Some(id) => id.clone(),
        None => {
            let mut all = store.organisations().await.map_err(|e| bad(&e))?;
            match all.len() {
                1 => all.remove(0),
                0 => {
                    let remedy = Some(key::CLI_HISTORY_BAD_REMEDY);
                    return Err(Failure::new(key::CLI_HISTORY_NOTHING, remedy).with("path", place));
                }
                _ => {
                    let remedy = Some(key::CLI_HISTORY_SEVERAL_REMEDY);
                    return Err(Failure::new(key::CLI_HISTORY_SEVERAL, remedy)
                        .with("path", place)
                        .with("organisations", all.join(", ")));
                }
            }
        }
    };
    let (names, limits) = (names(language)?, Limits::terminal());
    #[cfg(feature = "cluster")]
    if let Some(scheduler) = m.get_one::<String>("ballista") {
        use hangtu_history::cluster;
        return cluster::ask(scheduler, &store, &organisation, &names, &sql, &limits)
            .await
            .map_err(|e| failure(&e));
    }
    hangtu_history::ask(&store, &organisation, &names, &sql, &limits).await.map_err(|e| failure(&e))
}

fn no_answer(why: &str) -> Failure {
    Failure::new(key::CLI_HISTORY_NO_ANSWER, Some(key::CLI_HISTORY_NO_ANSWER_REMEDY))
        .with("why", why)
}

fn failure(e: &AskError) -> Failure {
    no_answer(&e.to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn json(answer: &Answer) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for row in &answer.rows {
        let row: Map<String, Value> =
            answer.columns.iter().map(|c| c.name.clone()).zip(row.iter().cloned()).collect();
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Columns set by tabs, which every other tool understands.
fn table(answer: &Answer) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let plain = |text: &str| terminal::plain(text).into_owned();
    let head: Vec<String> = answer.columns.iter().map(|c| plain(&c.name)).collect();
    writeln!(out, "{}", head.join("\t"))?;
    for row in &answer.rows {
        let row: Vec<String> = row.iter().map(|v| plain(&shown(v))).collect();
        writeln!(out, "{}", row.join("\t"))?;
    }
    out.flush()
}

#[allow(clippy::print_stderr, reason = "beside the answer, for whoever reads it")]
fn note(language: Language, key: key::Key) {
    eprintln!("{}", text(language, key, &[]));
}

#[cfg(feature = "cluster")]
async fn serve(language: Language, what: &str, m: &ArgMatches) -> Result<(), Failure> {
    use hangtu_history::cluster::{self, Executor};
    let default = std::net::SocketAddr::from(([127, 0, 0, 1], 50050));
    let listen = m.get_one("listen").copied().unwrap_or(default);
    let address = listen.to_string();
    let args = [("address", hangtu_catalog::Arg::Text(&address))];
    #[allow(clippy::print_stderr, reason = "the program's own words to whoever started it")]
    {
        eprintln!("{}", text(language, key::CLI_HISTORY_LISTENS, &args));
    }
    let ended = if what == "scheduler" {
        cluster::scheduler(listen).await
    } else {
        let scheduler = m.get_one::<String>("scheduler").cloned().unwrap_or_default();
        let parts =
            scheduler.rsplit_once(':').and_then(|(h, p)| Some((h.to_owned(), p.parse().ok()?)));
        let scheduler = parts.ok_or_else(|| {
            Failure::new(key::CLI_BAD_VALUE, Some(key::CLI_SEE_HELP))
                .with("argument", "--scheduler")
                .with("value", format!("{scheduler:?}"))
        })?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        cluster::executor(Executor {
            listen,
            scheduler,
            work: m.get_one("work").cloned(),
            threads: m.get_one::<u16>("threads").map_or(threads, |n| usize::from(*n).max(1)),
            memory: m.get_one::<u64>("memory").copied().unwrap_or(2048) << 20,
        })
        .await
    };
    ended.map_err(|e| Failure::new(key::CLI_HISTORY_CLUSTER, None).with("why", e))
}
