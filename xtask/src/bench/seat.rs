//! The enterprise seat: requests a second and percentiles with 100,000 findings, start and memory.

use crate::{cargo, postgres::Postgres, release_binary, root, run};
use anyhow::{Context, Result};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

/// The regulator's side: a synthetic nation's picture while submissions come in.
pub(super) fn nation() -> Result<()> {
    let postgres = Postgres::durable()?;
    run(cargo()
        .current_dir(root())
        .args(["bench", "--package", "hangtu-server", "--bench", "nation"])
        .env("HANGTU_TEST_POSTGRES", postgres.url()))
}

/// Runs the benchmark of the server's crate, then the program itself, empty.
pub(super) fn run_all() -> Result<()> {
    let postgres = Postgres::durable()?;
    run(cargo()
        .current_dir(root())
        .args(["bench", "--package", "hangtu-server", "--bench", "seat"])
        .env("HANGTU_TEST_POSTGRES", postgres.url()))?;
    println!(
        "\n| the program, empty | cold start to first page, ms | memory at rest, MiB |\n|---|---|---|"
    );
    let hangtu = release_binary()?;
    for (name, url) in [("SQLite", None), ("PostgreSQL", Some(postgres.url()))] {
        let data = env::temp_dir().join(format!("hangtu-bench-{}", std::process::id()));
        let begin = Instant::now();
        let mut command = Command::new(&hangtu);
        command.args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        if let Some(url) = &url {
            command.args(["--database-url", url]);
        }
        let mut site = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        // The first page of an empty site is the one that sets it up; its link comes last.
        let said = BufReader::new(site.stdout.take().context("its output")?).lines();
        let link = said.map_while(Result::ok).find(|l| l.contains("set-up?code="));
        let link = link.as_deref().and_then(|l| l.split_whitespace().last()).context("its link")?;
        ureq::get(link).call()?;
        let start = begin.elapsed().as_secs_f64() * 1000.0;
        let status = fs::read_to_string(format!("/proc/{}/status", site.id()))?;
        let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("its memory")?;
        let kib: f64 = kib.trim().trim_end_matches(" kB").parse()?;
        println!("| {name} | {start:.0} | {:.0} |", kib / 1024.0);
        site.kill()?;
        site.wait()?;
        fs::remove_dir_all(&data)?;
    }
    Ok(())
}
