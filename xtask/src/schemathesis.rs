//! The API held against its own description, by schemathesis (MIT, from PyPI).

use crate::{pypi, run, site::Site};
use anyhow::{Context, Result};
use std::{path::Path, process::Command};

/// The checks that hold for every answer, whatever was asked.
const CHECKS: &str = "not_a_server_error,content_type_conformance,response_schema_conformance,\
                      status_code_conformance";
/// Its version, from the registry.
const VERSION: &str = "4.32.5";

/// The password of the accounts that are made here.
const PASSWORD: &str = "correct horse battery staple";

/// Lets the tool loose on every operation twice: as the officer of the demonstration's plant, and as
/// the supervisor of a province that was just set up.
pub fn run_all() -> Result<()> {
    let program = pypi("schemathesis", "schemathesis", VERSION, "schemathesis")?;
    {
        let site = Site::start(&["--demo"], "listens on")?;
        let url = site.word("listens on ")?;
        examine(&program, url, "officer", site.word("password: ")?)?;
    }
    let site = Site::start(&[], "/set-up?code=")?;
    let link = site.word("this link: ")?;
    let (url, code) = link.split_once("/set-up?code=").context("no set-up link")?;
    let mut form =
        vec![("code", code), ("kind", "province"), ("name", "主管部门"), ("region", "420000")];
    for account in ["system", "security", "audit", "officer"] {
        form.extend([("account", account), ("person", account), ("password", PASSWORD)]);
    }
    post(&agent(), url, "/set-up", &form)?;
    examine(&program, url, "officer", PASSWORD)
}

/// Asks every operation as somebody, with a token for all that they may.
fn examine(program: &Path, url: &str, account: &str, password: &str) -> Result<()> {
    let token = token(url, account, password)?;
    run(Command::new(program)
        .args(["run", &format!("{url}/api/openapi.json")])
        .args(["--url", &format!("{url}/api/v1")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", "4", "--seed", "1", "--checks", CHECKS]))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// What is answered to a form.
fn post(agent: &ureq::Agent, url: &str, path: &str, form: &[(&str, &str)]) -> Result<String> {
    let request = agent.post(format!("{url}{path}")).header("origin", url);
    Ok(request.send_form(form.iter().copied())?.body_mut().read_to_string()?)
}

/// A token with everything that is offered to somebody.
fn token(url: &str, account: &str, password: &str) -> Result<String> {
    let agent = agent();
    post(&agent, url, "/sign-in", &[("account", account), ("password", password)])?;
    let offered = agent.get(format!("{url}/me")).call()?.body_mut().read_to_string()?;
    let mut form = vec![("name", "schemathesis"), ("days", "1")];
    let rights = offered.split("name=\"scopes\" value=\"").skip(1);
    form.extend(rights.filter_map(|r| Some(("scopes", r.split_once('"')?.0))));
    let page = post(&agent, url, "/me/tokens", &form)?;
    let at = page.find("hgt_").context("no token was given")?;
    Ok(page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}
