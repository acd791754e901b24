//! Commands, arguments and their help.

use crate::cli::{help_flag, template};
use clap::{Arg, ArgAction, Command, builder::PossibleValuesParser, value_parser};
use hangtu_catalog::{Language, key, text};
use std::{net::SocketAddr, path::PathBuf};

/// `hangtu drill` and what stands below it.
pub(crate) fn command(language: Language) -> Command {
    let t = |k| text(language, k, &[]);
    let sub = |path: &'static str, about: key::Key| {
        Command::new(path.rsplit(' ').next().unwrap_or(path))
            .about(t(about))
            .help_template(template(language, &format!("hangtu {path}")))
            .disable_help_flag(true)
            .arg(help_flag(language))
    };
    let option = |name: &'static str, value: &'static str, help: key::Key| {
        Arg::new(name).long(name).value_name(value).help(t(help)).help_heading(t(key::CLI_OPTIONS))
    };
    let flag = |name: &'static str, help: key::Key| {
        option(name, "", help).value_name(None).action(ArgAction::SetTrue)
    };
    let file = |name, value, help| option(name, value, help).value_parser(value_parser!(PathBuf));
    let number = |name, help| option(name, "N", help).value_parser(value_parser!(u64).range(1..));
    let seconds = |name, help| option(name, "SECONDS", help).value_parser(value_parser!(u64));
    let place = |name: &'static str, value: &'static str, help: key::Key| {
        Arg::new(name)
            .value_name(value)
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(t(help))
            .help_heading(t(key::CLI_ARGUMENTS))
    };
    let dir = || place("dir", "DIR", key::DRILL_ARG_DIR);
    sub("drill", key::DRILL_ABOUT)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t(key::CLI_COMMANDS))
        .subcommand(
            sub("drill simulate", key::DRILL_SIMULATE)
                .after_help(t(key::DRILL_EXIT_CODES))
                .arg(place("parent", "FOLDER", key::DRILL_ARG_PARENT))
                .arg(option("contact", "TEXT", key::DRILL_ARG_CONTACT).required(true))
                .arg(option("profile", "NAME", key::DRILL_ARG_PROFILE).action(ArgAction::Append))
                .arg(number("files", key::DRILL_ARG_FILES))
                .arg(option("rate", "RATE", key::DRILL_ARG_RATE))
                .arg(option("seed", "N", key::DRILL_ARG_SEED).value_parser(value_parser!(u64)))
                .arg(
                    option("scale", "FACTOR", key::DRILL_ARG_SCALE)
                        .value_parser(value_parser!(f64)),
                )
                .arg(number("budget-files", key::DRILL_ARG_BUDGET_FILES))
                .arg(number("budget-bytes", key::DRILL_ARG_BUDGET_BYTES))
                .arg(seconds("budget-seconds", key::DRILL_ARG_BUDGET_SECONDS))
                .arg(seconds("ttl", key::DRILL_ARG_TTL))
                .arg(file("never", "PATH", key::DRILL_ARG_NEVER).action(ArgAction::Append))
                .arg(file("escrow", "FILE", key::DRILL_ARG_ESCROW))
                .arg(
                    option("uid", "NUMBER", key::DRILL_ARG_UID)
                        .value_parser(value_parser!(u32).range(1..)),
                )
                .arg(
                    option("listen-syslog", "ADDRESS", key::DRILL_ARG_LISTEN_SYSLOG)
                        .value_parser(value_parser!(SocketAddr)),
                )
                .arg(file("watch-log", "FILE", key::DRILL_ARG_WATCH_LOG))
                .arg(option("pattern", "REGEX", key::DRILL_ARG_PATTERN))
                .arg(seconds("linger", key::DRILL_ARG_LINGER))
                .arg(option("backup-command", "COMMAND", key::DRILL_ARG_BACKUP_COMMAND))
                .arg(option("restore-command", "COMMAND", key::DRILL_ARG_RESTORE_COMMAND))
                .arg(file("backup-place", "PATH", key::DRILL_ARG_BACKUP_PLACE))
                .arg(seconds("patience", key::DRILL_ARG_PATIENCE))
                .arg(flag("keep", key::DRILL_ARG_KEEP))
                .arg(file("out", "FILE", key::DRILL_ARG_OUT)),
        )
        .subcommand(sub("drill stop", key::DRILL_STOP).arg(dir()))
        .subcommand(
            sub("drill detected", key::DRILL_DETECTED)
                .arg(dir())
                .arg(
                    option("by", "person|product|guard", key::DRILL_ARG_BY)
                        .hide_possible_values(true)
                        .value_parser(PossibleValuesParser::new(["person", "product", "guard"])),
                )
                .arg(option("note", "TEXT", key::DRILL_ARG_NOTE)),
        )
        .subcommand(sub("drill undo", key::DRILL_UNDO).arg(dir()))
        .subcommand(
            sub("drill clean", key::DRILL_CLEAN)
                .arg(dir())
                .arg(flag("forget", key::DRILL_ARG_FORGET)),
        )
        .subcommand(sub("drill sweep", key::DRILL_SWEEP).arg(place(
            "parent",
            "FOLDER",
            key::DRILL_ARG_PARENT,
        )))
        .subcommand(sub("drill profiles", key::DRILL_PROFILES))
}
