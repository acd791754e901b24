//! The API held against its own description, by schemathesis (MIT, from PyPI).

use crate::{
    run,
    site::{Site, target},
};
use anyhow::{Context, Result};
use std::{path::PathBuf, process::Command};

/// The checks that hold for every answer, whatever was asked.
const CHECKS: &str = "not_a_server_error,content_type_conformance,response_schema_conformance,\
                      status_code_conformance";
/// Its version, from the registry.
const VERSION: &str = "4.32.5";

/// Serves the demonstration, signs in as its officer and lets the tool loose on every operation.
pub fn run_all() -> Result<()> {
    let program = install()?;
    let site = Site::start(&["--demo"], "listens on")?;
    let url = site.word("listens on ")?;
    let token = token(url, site.word("password: ")?)?;
    run(Command::new(program)
        .args(["run", &format!("{url}/api/openapi.json")])
        .args(["--url", &format!("{url}/api/v1")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", "4", "--seed", "1", "--checks", CHECKS]))
}

/// A token with everything the officer may.
fn token(url: &str, password: &str) -> Result<String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, form: &[(&str, &str)]| -> Result<String> {
        let request = agent.post(format!("{url}{path}")).header("origin", url);
        Ok(request.send_form(form.iter().copied())?.body_mut().read_to_string()?)
    };
    post("/sign-in", &[("account", "officer"), ("password", password)])?;
    let mut form = vec![("name", "schemathesis"), ("days", "1")];
    let rights = ["read", "examine", "answer", "correct", "work", "authorise", "report"];
    form.extend(rights.map(|right| ("scopes", right)));
    let page = post("/me/tokens", &form)?;
    let at = page.find("hgt_").context("no token was given")?;
    Ok(page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}

fn install() -> Result<PathBuf> {
    let venv = target().join("schemathesis");
    let program = venv.join("bin/schemathesis");
    if !program.is_file() {
        println!("installing schemathesis {VERSION} from PyPI");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let package = format!("schemathesis=={VERSION}");
        run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", &package]))?;
    }
    Ok(program)
}
