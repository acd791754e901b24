//! A bucket of the tests' own: an S3 service on the loopback (moto, Apache-2.0, from PyPI), gone when they end.

use crate::{pypi, run};
use anyhow::{Result, ensure};
use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// Its version, from the registry.
const VERSION: &str = "5.2.5";

/// A running service with one bucket; ended when dropped.
pub struct Bucket {
    server: Child,
    endpoint: String,
}

impl Bucket {
    /// Starts it on a free port.
    pub fn start() -> Result<Self> {
        let program = pypi("moto", "moto[s3,server]", VERSION, "moto_server")?;
        // Bound and let go again: what takes it in between is told of by the server.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            // It tells of each request.
            .stderr(Stdio::null())
            .spawn()?;
        let mut bucket = Self { server, endpoint: format!("http://{address}") };
        while TcpStream::connect(address).is_err() {
            ensure!(bucket.server.try_wait()?.is_none(), "moto_server ended");
            sleep(Duration::from_millis(100));
        }
        ureq::put(format!("{}/hangtu", bucket.endpoint)).send_empty()?;
        Ok(bucket)
    }

    /// Runs tests that find it.
    pub fn run(&self, tests: &mut Command) -> Result<()> {
        run(tests
            .env("HANGTU_TEST_S3", "s3://hangtu")
            .env("AWS_ENDPOINT", &self.endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "tests")
            .env("AWS_SECRET_ACCESS_KEY", "tests"))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
