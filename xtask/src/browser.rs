//! `cargo xtask browser`: the stories of the enterprise's seat and of the regulator in headless
//! Chromium, in both languages, wide and narrow, with axe-core. Screenshots and `faults.txt` are left
//! in a folder.

use crate::{
    root, run,
    site::{Site, target},
};
use anyhow::{Result, bail};
use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Whether a browser and what drives it are here.
pub fn possible() -> bool {
    let works = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|s| s.success())
    };
    works("node") && works("npm") && works(&chromium())
}

fn chromium() -> String {
    env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into())
}

/// What the tests take from the npm registry.
pub fn packages() -> Result<()> {
    let story = root().join("e2e");
    if !story.join("node_modules/oidc-provider").is_dir() {
        println!("installing puppeteer-core, axe-core and oidc-provider from the npm registry");
        run(Command::new("npm").current_dir(&story).args(["ci", "--silent"]))?;
    }
    Ok(())
}

/// Builds the program, serves an empty site and lets the browser loose on it.
pub fn run_all(args: &[String]) -> Result<()> {
    if !possible() {
        bail!("node, npm and chromium are needed: apt-get install nodejs npm chromium");
    }
    let out = args.first().map_or_else(|| target().join("browser"), PathBuf::from);
    let story = root().join("e2e");
    packages()?;
    let drills = env::temp_dir().join(format!("hangtu-drills-{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&drills)?;
    let folder = drills.display().to_string();
    let site = Site::start(&["--drill-folder", &folder], "/set-up?code=")?;
    let tell = |name: &str, shots: &Path, args: &[&OsStr]| {
        let mut node = Command::new("node");
        run(node.arg(story.join(name)).args(args).env("HANGTU_SHOTS", shots))
    };
    let link = |site: &Site| site.word("this link: ").map(OsString::from);
    let seat = tell("story.mjs", &out, &[&link(&site)?, root().as_os_str()]);
    drop(site);
    fs::remove_dir_all(&drills)?;
    let sites = [Site::start(&[], "/set-up?code=")?, Site::start(&[], "/set-up?code=")?];
    let links = [link(&sites[0])?, link(&sites[1])?];
    let nation = tell("nation.mjs", &out.join("nation"), &[&links[0], &links[1]]);
    println!("screenshots: {}", out.display());
    seat.and(nation)
}
