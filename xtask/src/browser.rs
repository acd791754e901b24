//! `cargo xtask browser`: the main story of the enterprise seat in headless Chromium, in both
//! languages, wide and narrow, with axe-core. Screenshots and `faults.txt` are left in a folder.

use crate::{root, run};
use anyhow::{Context, Result, bail};
use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A site of the story's own; stopped when dropped.
struct Site(Child);

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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

/// Builds the program, serves an empty site and lets the browser loose on it.
pub fn run_all(args: &[String]) -> Result<()> {
    if !possible() {
        bail!("node, npm and chromium are needed: apt-get install nodejs npm chromium");
    }
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let out = args.first().map_or_else(|| target.join("browser"), PathBuf::from);
    let story = root().join("e2e");
    run(Command::new("cargo").current_dir(root()).args(["build", "--package", "hangtu"]))?;
    if !story.join("node_modules").is_dir() {
        println!("installing puppeteer-core and axe-core from the npm registry");
        run(Command::new("npm").current_dir(&story).args(["ci", "--silent"]))?;
    }
    let data = env::temp_dir().join(format!("hangtu-browser-{}", std::process::id()));
    let mut child = Command::new(target.join("debug/hangtu"))
        .args(["serve", "--listen", "127.0.0.1:0", "--lang", "en", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = BufReader::new(child.stdout.take().context("its output")?);
    let _site = Site(child);
    let link: String = said
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_whitespace().find(|w| w.contains("/set-up?code=")).map(Into::into)
        })
        .context("the program gave no set-up link")?;
    let done =
        run(Command::new("node").arg(story.join("story.mjs")).arg(link).arg(&out).arg(root()));
    let _ = std::fs::remove_dir_all(&data);
    println!("screenshots: {}", out.display());
    done
}
