//! `cargo xtask …`: everything a developer runs, and CI with them.

mod fuzz;
mod oracle;

use anyhow::{Context, Result, bail};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match command.as_str() {
        "fuzz" => fuzz::run(&rest),
        "oracle" => oracle::run(&rest),
        _ => bail!("usage: cargo xtask fuzz | oracle"),
    }
}

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| ".".into(), Into::into)
}

/// A path under `../shared`, when it is there.
fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    path.exists().then_some(path)
}

/// Runs a program and fails when it does.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Builds the program and says where it is.
fn release_binary() -> Result<PathBuf> {
    run(Command::new("cargo").current_dir(root()).args(["build", "--release", "-p", "hangtu"]))?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release/hangtu"))
}
