//! `hangtu backup` and `hangtu restore`: a site's data, whole and checked.

use crate::{Ending, failure::Failure};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, grouped, key, text};
use hangtu_server::{BackupError, RestoreError};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::read(Path::new("-"), &e))
}

fn path(m: &ArgMatches, name: &str) -> PathBuf {
    m.get_one::<PathBuf>(name).cloned().unwrap_or_default()
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(|e| Failure::output(&e))
}

/// Backs a site up, whether or not a program serves it.
pub(crate) fn backup(language: Language, m: &ArgMatches) -> Result<Ending, Failure> {
    let (data, out) = (path(m, "data"), path(m, "file"));
    let url = m.get_one::<String>("database-url").map(String::as_str);
    let made = runtime()?.block_on(hangtu_server::backup(&data, url, &out, m.get_flag("keys")));
    let said = made.map_err(|e| match e {
        BackupError::NoSite(path) => {
            Failure::new(key::CLI_BACKUP_NO_SITE, Some(key::CLI_BACKUP_NO_SITE_REMEDY))
                .with("path", path.display())
        }
        BackupError::Io(path, e) => Failure::write(&path, &e),
        BackupError::Database(why) => {
            Failure::new(key::CLI_SERVE_DATABASE, Some(key::CLI_SERVE_DATABASE_REMEDY))
                .with("why", why)
        }
    })?;
    let size = grouped(said.bytes);
    let out = out.display().to_string();
    let args = [
        ("path", Arg::Text(&out)),
        ("files", Arg::Number(said.files as u64)),
        ("bytes", Arg::Text(&size)),
    ];
    say(&text(language, key::CLI_BACKUP_DONE, &args))?;
    if !said.database {
        say(&text(language, key::OPERATE_BACKUP_POSTGRES, &[]))?;
    }
    Ok(Ending::Done)
}

/// Restores a backup into an empty folder; nothing stays there unless all of it holds.
pub(crate) fn restore(language: Language, m: &ArgMatches) -> Result<Ending, Failure> {
    let (file, data) = (path(m, "file"), path(m, "data"));
    let bad = |what: key::Key| {
        Failure::new(what, Some(key::CLI_RESTORE_REMEDY)).with("path", file.display())
    };
    let restored = runtime()?.block_on(hangtu_server::restore(&file, &data));
    let restored = restored.map_err(|e| match e {
        RestoreError::NotEmpty(path) => {
            Failure::new(key::CLI_RESTORE_NOT_EMPTY, Some(key::CLI_RESTORE_NOT_EMPTY_REMEDY))
                .with("path", path.display())
        }
        RestoreError::Io(path, e) => Failure::read(&path, &e),
        RestoreError::Format => bad(key::CLI_RESTORE_FORMAT),
        RestoreError::Damaged(what) => bad(key::CLI_RESTORE_DAMAGED).with("what", what),
        RestoreError::Ledger(who) => bad(key::CLI_RESTORE_LEDGER).with("what", who),
        RestoreError::Database(why) => {
            Failure::new(key::CLI_SERVE_DATABASE, Some(key::CLI_SERVE_DATABASE_REMEDY))
                .with("why", why)
        }
    })?;
    let (size, data) = (grouped(restored.bytes), data.display().to_string());
    let args = [
        ("path", Arg::Text(&data)),
        ("created", Arg::Text(&restored.created)),
        ("files", Arg::Number(restored.files as u64)),
        ("bytes", Arg::Text(&size)),
    ];
    say(&text(language, key::CLI_RESTORE_DONE, &args))?;
    for (log, entries) in &restored.ledgers {
        let args = [("log", Arg::Text(log)), ("n", Arg::Number(*entries))];
        say(&text(language, key::CLI_RESTORE_LOG, &args))?;
    }
    if !restored.database {
        say(&text(language, key::OPERATE_BACKUP_POSTGRES, &[]))?;
    }
    Ok(Ending::Done)
}
