//! A site of one's own for tests from outside: served from a temporary folder, stopped when dropped.

use crate::{cargo, root, run};
use anyhow::{Context, Result};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// The program, serving.
pub struct Site {
    process: Child,
    data: PathBuf,
    /// What it said when it started, up to the line that was waited for.
    pub said: Vec<String>,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Numbers the sites of this run.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where cargo builds.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

impl Site {
    /// Builds the program and serves with these options; waits for a line that holds `last`.
    pub fn start(options: &[&str], last: &str) -> Result<Self> {
        // As the tests build it: alone it would be built once more, with other features below it.
        let build = ["test", "--workspace", "--no-run", "--quiet", "--test", "kill"];
        run(cargo().current_dir(root()).args(build))?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let data = env::temp_dir().join(format!("hangtu-site-{}-{number}", std::process::id()));
        let mut process = Command::new(target().join("debug/hangtu"))
            .args(["serve", "--listen", "127.0.0.1:0", "--lang", "en"])
            .args(options)
            .arg("--data")
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().context("its output")?).lines();
        let mut site = Self { process, data, said: Vec::new() };
        for line in lines.map_while(Result::ok) {
            let done = line.contains(last);
            site.said.push(line);
            if done {
                return Ok(site);
            }
        }
        anyhow::bail!("the program never said {last:?}: {:?}", site.said)
    }

    /// The word that follows one of these in what it said.
    pub fn word(&self, after: &str) -> Result<&str> {
        let rest =
            self.said.iter().find_map(|l| l.split_once(after)).context("it never said so")?.1;
        rest.split_whitespace().next().context("nothing follows")
    }
}
