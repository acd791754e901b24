//! An exam that a thousand sit at once, the program killed in its middle.

use crate::{cargo, postgres::Postgres, release_binary, root, run};
use anyhow::Result;

/// Runs the load test of the server's crate against the program itself.
pub(super) fn run_all() -> Result<()> {
    let postgres = Postgres::durable()?;
    let program = release_binary()?;
    run(cargo()
        .current_dir(root())
        .args(["bench", "--package", "hangtu-server", "--bench", "exam"])
        .env("HANGTU_BIN", program)
        .env("HANGTU_TEST_POSTGRES", postgres.url()))
}
