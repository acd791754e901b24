//! A supervisor's intake: packages a second with verification, and kill -9 in the middle.

use crate::{cargo, postgres::Postgres, release_binary, root, run};
use anyhow::Result;

/// Runs the benchmark of the server's crate; the program itself is what is killed.
pub(super) fn run_all() -> Result<()> {
    let postgres = Postgres::durable()?;
    let program = release_binary()?;
    run(cargo()
        .current_dir(root())
        .args(["bench", "--package", "hangtu-server", "--bench", "intake"])
        .env("HANGTU_PROGRAM", program)
        .env("HANGTU_TEST_POSTGRES", postgres.url()))
}
