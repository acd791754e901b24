//! `cargo xtask test`: everything that must pass, in one command; CI runs it.

use crate::{
    browser, cargo, cargo_tool,
    postgres::{self, Postgres},
    root, run, schemathesis, shared,
    site::target,
};
use anyhow::{Context, Result, bail};
use std::{env, fs, path::Path, process::Command};

/// Programs that building and testing need, with the Debian package each comes from.
const PACKAGES: [(&str, &str); 6] = [
    ("cc", "gcc"),
    ("python3", "python3-venv"),
    ("pdftotext", "poppler-utils"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
];

/// The version of cargo-deny that CI uses.
const CARGO_DENY: &str = "0.20.2";

/// The crates from the top down (design, section 3): one may depend only on those below it.
const ORDER: [&str; 14] = [
    "hangtu",
    "hangtu-server",
    "hangtu-history",
    "hangtu-drill",
    "hangtu-train",
    "hangtu-ledger",
    "hangtu-examine",
    "hangtu-print",
    "hangtu-catalog",
    "hangtu-sigma",
    "hangtu-traffic",
    "hangtu-logs",
    "hangtu-evidence",
    "hangtu-record",
];

/// Runs all of it.
pub fn run_all() -> Result<()> {
    packages()?;
    arrows()?;
    step("format", &["fmt", "--all", "--check"])?;
    // A workspace of its own, for the compiler that instruments.
    step("format of fuzz targets", &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])?;
    step("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    deny()?;
    if shared("data").is_none() {
        println!("note: ../shared/data is absent; tests over real evidence are skipped");
    }
    browser::packages()?;
    let postgres = Postgres::start()?;
    println!("\n== tests: cargo test --workspace, on SQLite and {}", postgres.url());
    run(cargo()
        .current_dir(root())
        .args(["test", "--workspace"])
        .env("HANGTU_TEST_POSTGRES", postgres.url()))?;
    drop(postgres);
    // The README's first command with the program the tests were built with: cargo alone would build
    // it once more, with other features below it. That it is the only one to run is in Cargo.toml.
    let report = root().join("target/readme");
    println!("\n== main job: hangtu examine examples/plant");
    run(Command::new(target().join("debug/hangtu"))
        .current_dir(root())
        .args(["examine", "examples/plant", "--out"])
        .arg(report))?;
    println!("\n== browser: cargo xtask browser");
    browser::run_all(&[])?;
    println!("\n== API: cargo xtask schemathesis");
    schemathesis::run_all()?;
    step("documentation", &["doc", "--workspace", "--no-deps"])
}

fn step(name: &str, args: &[&str]) -> Result<()> {
    println!("\n== {name}: cargo {}", args.join(" "));
    run(cargo().current_dir(root()).args(args).env("RUSTDOCFLAGS", "-D warnings"))
}

fn found(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Installs what is missing where that is allowed, and otherwise names it.
fn packages() -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(program, _)| !found(program))
        .map(|(_, package)| *package)
        .chain((!postgres::installed()).then_some("postgresql"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install {}", missing.join(" "));
    if !found("apt-get") || !postgres::is_root() {
        bail!("these packages are needed: {}", missing.join(" "));
    }
    println!("installing Debian packages: {}", missing.join(" "));
    run(Command::new("apt-get").arg("update")).with_context(|| by_hand.clone())?;
    run(Command::new("apt-get").args(["install", "-y"]).args(&missing)).context(by_hand)
}

/// Licences and sources of dependencies. cargo-deny is installed from the registry when missing.
fn deny() -> Result<()> {
    cargo_tool("deny", CARGO_DENY)?;
    // Advisories come from a host that a closed network does not reach.
    // With all features: what is compiled for those who ask for it is looked at too.
    step("licences", &["deny", "--all-features", "check", "licenses", "bans", "sources"])
}

/// Fails when a crate depends on one above it, or the table in ARCHITECTURE.md has another order.
fn arrows() -> Result<()> {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: Vec<&str> = rows.filter(|name| name.starts_with("hangtu")).collect();
    if rows != ORDER {
        bail!("ARCHITECTURE.md has the crates as {rows:?}, xtask/src/test.rs as {ORDER:?}");
    }
    for (at, name) in ORDER.iter().enumerate() {
        let folder = name.strip_prefix("hangtu-").unwrap_or("hangtu");
        let manifest = root().join("crates").join(folder).join("Cargo.toml");
        if let Some(upper) = depends_upwards(&manifest, &ORDER[..=at])? {
            bail!("{name} depends on {upper}, which stands above it (ARCHITECTURE.md)");
        }
    }
    for entry in fs::read_dir(root().join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !ORDER.iter().any(|o| *o == name || o.strip_prefix("hangtu-") == Some(&name)) {
            bail!("crates/{name} has no place in the order (xtask/src/test.rs)");
        }
    }
    println!("== arrows: every crate depends only on those below it");
    Ok(())
}

fn depends_upwards(manifest: &Path, upper: &[&str]) -> Result<Option<String>> {
    let text = fs::read_to_string(manifest).with_context(|| manifest.display().to_string())?;
    let mut section = "";
    for line in text.lines() {
        let name = if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            // `[dependencies.hangtu-record]`
            section.split_once("dependencies.").map_or("", |(_, name)| name)
        } else if section.ends_with("dependencies") {
            line.split(['.', ' ', '=']).next().unwrap_or_default()
        } else {
            ""
        };
        if upper.contains(&name) && !section.contains("dev-dependencies") {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #[test]
    fn arrows_point_down() {
        super::arrows().unwrap();
    }
}
