//! The API held against its own description, by schemathesis (MIT, from PyPI).

use crate::{root, run};
use anyhow::{Context, Result, bail};
use std::{env, path::PathBuf, process::Command};

/// The checks that hold for every answer, whatever was asked.
const CHECKS: &str = "not_a_server_error,content_type_conformance,response_schema_conformance,\
                      status_code_conformance";

/// Needs a running site: `HANGTU_URL`, and `HANGTU_TOKEN` of somebody who may read.
pub fn run_all() -> Result<()> {
    let url = env::var("HANGTU_URL").context("HANGTU_URL names the site to try")?;
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    if !["127.0.0.1", "localhost", "[::1]"].iter().any(|h| host.starts_with(h)) {
        bail!("only a site on this machine is tried: {url}");
    }
    let token = env::var("HANGTU_TOKEN").context("HANGTU_TOKEN is an API token of the site")?;
    let program = install()?;
    run(Command::new(program)
        .args(["run", &format!("{url}/api/openapi.json")])
        .args(["--url", &format!("{url}/api/v1")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", "20", "--checks", CHECKS]))
}

fn install() -> Result<PathBuf> {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let venv = target.join("schemathesis");
    let program = venv.join("bin/schemathesis");
    if !program.is_file() {
        println!("installing schemathesis from PyPI");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "schemathesis"]))?;
    }
    Ok(program)
}
