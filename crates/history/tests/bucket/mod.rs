//! A place in a bucket: `HANGTU_TEST_S3=s3://BUCKET`, with the credentials of an S3 service in the usual
//! variables (`cargo xtask history` sets them).

use std::{env, path::Path};

/// A prefix of its own for whoever has this folder; nothing, and a notice, where there is no bucket.
pub(crate) fn place(dir: &Path) -> Option<String> {
    let Ok(bucket) = env::var("HANGTU_TEST_S3") else {
        println!("HANGTU_TEST_S3 is not set: no bucket is written");
        return None;
    };
    let own = dir.file_name()?.to_string_lossy().replace('.', "");
    Some(format!("{bucket}/{own}/history"))
}
