//! A nation's history asked by DataFusion, by a Ballista cluster and by PostgreSQL.

use crate::{bucket::Bucket, cargo, postgres::Postgres, root, run};
use anyhow::Result;

/// Runs the benchmark of the history crate; nothing else is built.
pub(super) fn run_all(months: Option<&str>) -> Result<()> {
    let settings = [
        "shared_buffers=2GB",
        "work_mem=256MB",
        "wal_level=minimal",
        "max_wal_senders=0",
        "effective_cache_size=12GB",
        "max_parallel_workers_per_gather=2",
    ];
    let postgres = Postgres::start_with(&settings)?;
    let mut command = cargo();
    command
        .current_dir(root())
        .args([
            "bench",
            "--package",
            "hangtu-history",
            "--features",
            "cluster",
            "--bench",
            "history",
        ])
        .env("HANGTU_BENCH_DIR", root().join("target"))
        .env("HANGTU_TEST_POSTGRES", postgres.url());
    if let Some(months) = months {
        command.env("HANGTU_BENCH_MONTHS", months);
    }
    run(&mut command)
}

/// The tests of history, which compile DataFusion and Ballista and so are not part of CI.
pub(crate) fn tests() -> Result<()> {
    let (postgres, bucket) = (Postgres::start()?, Bucket::start()?);
    for tests in [&["history"][..], &["cluster"], &["http", "history::"]] {
        bucket.run(
            cargo()
                .current_dir(root())
                .args(["test", "--workspace", "--features", "hangtu/cluster", "--test"])
                .args(tests)
                .env("HANGTU_TEST_POSTGRES", postgres.url()),
        )?;
    }
    Ok(())
}
