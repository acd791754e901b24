//! Runs the fuzz targets one after the other and says what they found.
//!
//! They are built with coverage instrumentation but without a sanitizer: what is fuzzed has no
//! unsafe code of its own, and so the stable toolchain will do. The command behind it is
//! `cargo fuzz build -s none`.

use crate::{cargo, root};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// Executions of each target unless told otherwise.
const RUNS: u64 = 1_000_000;
/// Executions of each target with `--short`.
const SHORT: u64 = 20_000;
/// Longest input: what a target learns from it must stay cheap.
const MAX_LEN: u64 = 4096;
/// Seconds after which one input counts as a hang.
const TIMEOUT: u64 = 20;

const USAGE: &str = "usage: cargo xtask fuzz [--short] [--runs N] [TARGET…]";

struct Outcome {
    target: String,
    executions: u64,
    seconds: f64,
    finding: Option<String>,
}

/// `cargo xtask fuzz [--short] [--runs N] [TARGET…]`.
pub fn run(args: &[String]) -> Result<()> {
    let mut runs = RUNS;
    let mut chosen = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--short" => runs = SHORT,
            "--runs" => {
                runs = args.next().and_then(|n| n.replace('_', "").parse().ok()).context(USAGE)?;
            }
            option if option.starts_with('-') => bail!(USAGE),
            target => chosen.push(target.to_owned()),
        }
    }
    let all = targets()?;
    if let Some(unknown) = chosen.iter().find(|t| !all.contains(t)) {
        bail!("no target {unknown}; there are: {}", all.join(", "));
    }
    if chosen.is_empty() {
        chosen = all;
    }
    crate::cargo_tool("fuzz", CARGO_FUZZ)?;
    let binaries = build(&chosen)?;
    let mut outcomes = Vec::new();
    println!("{:<16} {:>12} {:>9} {:>12}  finding", "target", "executions", "seconds", "a second");
    for target in &chosen {
        let outcome = fuzz(&binaries, target, runs)?;
        let speed = outcome.executions as f64 / outcome.seconds.max(0.001);
        println!(
            "{:<16} {:>12} {:>9.1} {speed:>12.0}  {}",
            outcome.target,
            outcome.executions,
            outcome.seconds,
            outcome.finding.as_deref().unwrap_or("none"),
        );
        outcomes.push(outcome);
    }
    let found: Vec<_> = outcomes.into_iter().filter(|o| o.finding.is_some()).collect();
    if !found.is_empty() {
        let names: Vec<_> = found.iter().map(|o| o.target.as_str()).collect();
        bail!("findings in {}; inputs and logs are in fuzz/artifacts", names.join(", "));
    }
    Ok(())
}

/// The targets, in the order of `fuzz/Cargo.toml`.
fn targets() -> Result<Vec<String>> {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml"))?;
    let bins = manifest.split("[[bin]]").skip(1);
    let name = |bin: &str| {
        bin.lines().find_map(|l| Some(l.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned()))
    };
    bins.map(|bin| name(bin).context("fuzz/Cargo.toml: a [[bin]] without a name")).collect()
}

/// The version of cargo-fuzz that CI uses.
const CARGO_FUZZ: &str = "0.13.2";

/// Builds one target, or all when several are wanted, and says in which folder they are.
fn build(chosen: &[String]) -> Result<PathBuf> {
    let folder = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("fuzz/target"), |dir| Path::new(&dir).join("fuzz"));
    let mut command = cargo();
    command.current_dir(root()).args(["fuzz", "build", "-s", "none", "--target-dir"]).arg(&folder);
    if let [one] = chosen {
        command.arg(one);
    }
    crate::run(&mut command)?;
    let triple = Command::new("rustc").arg("-vV").output().context("rustc -vV")?;
    let triple = String::from_utf8_lossy(&triple.stdout)
        .lines()
        .find_map(|l| Some(l.strip_prefix("host: ")?.to_owned()))
        .context("rustc -vV names no host")?;
    Ok(folder.join(triple).join("release"))
}

fn fuzz(binaries: &Path, target: &str, runs: u64) -> Result<Outcome> {
    let fuzz = root().join("fuzz");
    let (corpus, artifacts) = (fuzz.join("corpus").join(target), fuzz.join("artifacts"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let seeds = fuzz.join("seeds").join(target);
    let prefix = artifacts.join(format!("{target}-"));
    let start = Instant::now();
    let mut command = Command::new(binaries.join(target));
    command
        .args([
            format!("-runs={runs}"),
            format!("-max_len={MAX_LEN}"),
            format!("-timeout={TIMEOUT}"),
            format!("-artifact_prefix={}", prefix.display()),
        ])
        .arg("-print_final_stats=1")
        .arg(&corpus);
    if seeds.is_dir() {
        command.arg(&seeds);
    }
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let log = String::from_utf8_lossy(&output.stderr);
    let executions = log
        .lines()
        .find_map(|l| l.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
        .unwrap_or(0);
    let finding = (!output.status.success()).then(|| {
        let says = |l: &&str| l.contains("panicked at") || l.contains("ERROR: libFuzzer");
        log.lines().find(says).map_or_else(|| output.status.to_string(), |l| l.trim().to_owned())
    });
    if finding.is_some() {
        fs::write(artifacts.join(format!("{target}.log")), log.as_bytes())?;
    }
    Ok(Outcome { target: target.to_owned(), executions, seconds, finding })
}
