//! The processes of a cluster: this very program, started again with other words.
#![allow(dead_code, clippy::unwrap_used, reason = "the test and the benchmark use parts")]

use hangtu_history::cluster::{Executor, executor, scheduler};
use std::{
    env,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const ROLE: &str = "HANGTU_HISTORY_PROCESS";

/// What a child does: runs a scheduler or an executor until it is ended.
pub(crate) fn run() {
    let Ok(role) = env::var(ROLE) else { return };
    let parts: Vec<&str> = role.split_whitespace().collect();
    let threads = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(32 << 20)
        .enable_all()
        .build()
        .unwrap();
    let ended = threads.block_on(async {
        match parts[..] {
            ["scheduler", listen] => scheduler(listen.parse().unwrap()).await,
            ["executor", listen, port, work, vcores] => {
                executor(Executor {
                    listen: listen.parse().unwrap(),
                    scheduler: ("127.0.0.1".into(), port.parse().unwrap()),
                    work: Some(work.into()),
                    threads: vcores.parse().unwrap(),
                    memory: 2 << 30,
                })
                .await
            }
            _ => panic!("{role}"),
        }
    });
    ended.unwrap();
}

/// A scheduler and two executors; ended when dropped.
pub(crate) struct Cluster {
    pub(crate) scheduler: String,
    pub(crate) children: Vec<Child>,
}

/// A port of which the next one is free too.
fn free() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < 65_000 && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

impl Cluster {
    /// Starts them; `words` make this program a child of [`run`].
    pub(crate) fn start(words: &[&str], dir: &Path) -> Self {
        let child = |role: String| {
            Command::new(env::current_exe().unwrap())
                .args(words)
                .env(ROLE, role)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        let port = free();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut children = vec![child(format!("scheduler {address}"))];
        until(address);
        for n in 0..2 {
            let listen = SocketAddr::from(([127, 0, 0, 1], free()));
            let work = dir.join(format!("work-{n}"));
            std::fs::create_dir_all(&work).unwrap();
            children.push(child(format!("executor {listen} {port} {} 1", work.display())));
            until(listen);
        }
        // Executors make themselves known to the scheduler within their first heartbeat.
        std::thread::sleep(Duration::from_secs(2));
        Self { scheduler: address.to_string(), children }
    }
}

fn until(address: SocketAddr) {
    for _ in 0..600 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nobody listens on {address}");
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
