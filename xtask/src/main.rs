//! `cargo xtask …`: everything a developer runs, and CI with them.

mod bench;
mod browser;
mod bucket;
mod fuzz;
mod oracle;
mod package;
mod peers;
mod postgres;
mod schemathesis;
mod site;
mod test;

use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const USAGE: &str = "usage: cargo xtask COMMAND
  test             everything that must pass: format, lints, licences, tests (installs what is missing)
  oracle [FILTER]  compare decoded operations with tshark's over ../shared/data/traffic
  oracle logs      compare detections with chainsaw's and hayabusa's over ../shared/data/logs
  fuzz [--short]   run every fuzz target (1,000,000 executions each, or a short form)
  browser [DIR]    the main story in headless Chromium; screenshots go to DIR (target/browser)
  history          tests of history, in a folder and a bucket, and of a Ballista cluster (builds for long, so not in test)
  schemathesis     hold the API of a demonstration against its own description
  package          a Debian package to carry to a machine without a network
  plant [DIR]      generate examples/plant
  bench traffic    measure against cat, tcpdump, ndpiReader and tshark
  bench memory     peak memory over a capture and over ten times of it
  bench logs       measure against chainsaw and hayabusa over the same events and rules
  bench seat       the web program with 100,000 findings: requests a second, percentiles, start, memory
  bench exam       a thousand candidates at once, the server killed in the middle: p99 of a save, answers lost
  bench intake     packages a second and MB/s at a supervisor, killed in the middle
  bench nation     a regulator's picture of 45,000 synthetic enterprises while submissions come in
  bench history    100 million rows asked by DataFusion, Ballista and PostgreSQL [--months N]";

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match command.as_str() {
        "bench" => bench::run(&rest),
        "browser" => browser::run_all(&rest),
        "fuzz" => fuzz::run(&rest),
        "history" => bench::history::tests(),
        "oracle" => oracle::run(&rest),
        "package" => package::run_all(),
        "schemathesis" => schemathesis::run_all(),
        "plant" => xtask::plant::run(&root(), &rest),
        "test" => test::run_all(),
        _ => bail!("{USAGE}"),
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

/// Every file under a folder.
fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, out)?;
        } else {
            out.push(path);
        }
    }
    Ok(())
}

/// Cargo as a person would call it. What the cargo that runs us tells us of ourselves is taken out:
/// build scripts look at it (that of `ring`), and everything above them would be built again.
fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program and fails when it does.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Installs a subcommand of cargo from the registry when it is missing.
fn cargo_tool(name: &str, version: &str) -> Result<()> {
    let there = cargo().args([name, "--version"]).output();
    if there.is_ok_and(|o| o.status.success()) {
        return Ok(());
    }
    println!("installing cargo-{name} {version} from the registry");
    let package = format!("cargo-{name}");
    run(cargo().args(["install", &package, "--locked", "--version", version]))
}

/// A program of a Python package, installed once from the registry into a folder of its own.
fn pypi(name: &str, package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let venv = site::target().join(format!("{name}-{version}"));
    let program = venv.join("bin").join(program);
    if !program.is_file() {
        println!("installing {name} {version} from PyPI");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let package = format!("{package}=={version}");
        run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", &package]))?;
    }
    Ok(program)
}

/// Builds the program and says where it is; `HANGTU_BIN` names one that is built already.
fn release_binary() -> Result<PathBuf> {
    if let Some(built) = env::var_os("HANGTU_BIN") {
        return Ok(built.into());
    }
    run(cargo().current_dir(root()).args(["build", "--release", "-p", "hangtu"]))?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release/hangtu"))
}
