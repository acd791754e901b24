//! The program: command line and wiring, nothing else.
//!
//! Exit codes: 0 done; 1 a finding of `--fail-on` or above, or a ledger that does not verify;
//! 2 nothing could be done; 3 done, but evidence is damaged or unreadable, a limit was hit, or a rule
//! was left out.

mod assets;
mod backup;
mod cli;
mod drill;
mod examine;
mod explain;
mod failure;
#[cfg(feature = "history")]
mod history;
mod memory;
mod progress;
mod records;
mod rules;
mod serve;
mod summary;
mod terminal;
mod timeline;
mod verify;

use failure::Failure;
use hangtu_catalog::Language;
use std::process::ExitCode;

/// How a command ended when it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    FailOn,
    Incomplete,
}

fn main() -> ExitCode {
    memory::thrifty();
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    // Before anything else: a drill's worker has one thread and opens nothing it need not.
    if args.get(1).is_some_and(|a| a == drill::WORKER) {
        let rest: Vec<String> = args[2..].iter().map(|a| a.to_string_lossy().into()).collect();
        return ExitCode::from(hangtu_drill::simulate::worker::main(&rest));
    }
    let language = cli::language(&args);
    match run(language, args) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::FailOn) => ExitCode::from(1),
        Ok(Ending::Incomplete) => ExitCode::from(3),
        Err(failure) => {
            failure.print(language);
            ExitCode::from(2)
        }
    }
}

fn run(language: Language, args: Vec<std::ffi::OsString>) -> Result<Ending, Failure> {
    let matches = match cli::command(language).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(e) => return cli::explain_error(language, &e),
    };
    match matches.subcommand() {
        Some(("examine", m)) => examine::run(language, m),
        Some(("records", m)) => records::run(language, m),
        Some(("timeline", m)) => timeline::run(language, m),
        Some(("assets", m)) => assets::run(language, m),
        Some(("rules", m)) => rules::run(language, m),
        Some(("serve", m)) => serve::run(language, m),
        Some(("backup", m)) => backup::backup(language, m),
        Some(("restore", m)) => backup::restore(language, m),
        Some(("drill", m)) => drill::run(language, m),
        Some(("explain", m)) => explain::run(language, m),
        Some(("verify", m)) => verify::run(language, m),
        #[cfg(feature = "history")]
        Some(("history", m)) => history::run(language, m),
        _ => cli::print_help(language),
    }
}
