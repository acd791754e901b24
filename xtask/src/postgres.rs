//! A PostgreSQL of the tests' own: made when they begin, gone when they end.

use crate::{root, run};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A running server; stopped and removed when dropped.
pub struct Postgres {
    programs: PathBuf,
    cluster: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts it on a free port of the loopback.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// One that keeps what it said it has, as in use: for what is measured with writing.
    pub fn durable() -> Result<Self> {
        Self::start_with(&["fsync=on", "synchronous_commit=on", "full_page_writes=on"])
    }

    /// One with settings of its own.
    pub fn start_with(more: &[&str]) -> Result<Self> {
        let programs = programs().context("PostgreSQL is missing: apt-get install postgresql")?;
        let cluster = folder()?;
        // Bound and let go again: what takes it in between is told of by the server's log.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { programs, cluster, port };
        let data = server.cluster.join("data");
        run(server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .stdout(Stdio::null()))?;
        // Unless asked for, nothing here must survive a power cut: the tests make many databases.
        let more = more.iter().fold(String::new(), |all, s| all + " -c " + s);
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c synchronous_commit=off \
             -c full_page_writes=off -c max_connections=400 -c unix_socket_directories={more}"
        );
        let log = server.cluster.join("log");
        let started = run(server
            .command("pg_ctl")
            .args(["-w", "-t", "60", "-o", &settings, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(&data)
            .arg("start")
            .stdout(Stdio::null()));
        if let Err(e) = started {
            bail!("{e}\n{}", fs::read_to_string(&log).unwrap_or_default());
        }
        Ok(server)
    }

    /// Where the tests find it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// One of its programs; as the user postgres when we are root, whom it refuses.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.cluster);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["-m", "immediate", "-D"]).arg(self.cluster.join("data")).arg("stop");
        // A cluster that never started has nothing to stop.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ = fs::remove_dir_all(&self.cluster);
    }
}

/// Whether root runs this.
pub fn is_root() -> bool {
    // Without a library; HOME may be anything.
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

/// Whether the server's programs are here.
pub fn installed() -> bool {
    programs().is_some()
}

/// The folder of initdb and pg_ctl: Debian keeps them out of the PATH, one for each version.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    versions.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    let debian = versions.pop().map(|(_, bin)| bin);
    debian.or_else(|| env::split_paths(&path).find(|dir| dir.join("initdb").is_file()))
}

/// An empty folder for the cluster, which the user postgres can reach.
fn folder() -> Result<PathBuf> {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let name = format!("pg-{}", std::process::id());
    fs::create_dir_all(&target)?;
    let base = if reachable(&target) { target } else { env::temp_dir() };
    let folder = base.join(name);
    fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&folder))?;
    }
    Ok(folder)
}

fn reachable(folder: &Path) -> bool {
    let mut test = Command::new("runuser");
    test.args(["-u", "postgres", "--", "test", "-x"]).arg(folder);
    !is_root() || test.status().is_ok_and(|s| s.success())
}
