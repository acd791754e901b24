//! `cargo xtask package`: the Debian package, to be carried to a machine without a network.

use crate::{cargo, cargo_tool, root, run, site::target};
use anyhow::{Context, Result};
use std::{fs, process::Command};

/// Its version, from the registry.
const CARGO_DEB: &str = "3.8.0";

/// Builds the program and packs it; prints where the package is, and its SHA-256.
pub fn run_all() -> Result<()> {
    cargo_tool("deb", CARGO_DEB)?;
    run(cargo().current_dir(root()).args(["deb", "--package", "hangtu"]))?;
    let made = fs::read_dir(target().join("debian"))?.flatten().map(|e| e.path());
    let newest = made
        .filter(|p| p.extension().is_some_and(|e| e == "deb"))
        .max_by_key(|p| p.metadata().and_then(|m| m.modified()).ok())
        .context("cargo-deb left no package")?;
    run(Command::new("sha256sum").arg(newest))
}
