//! Files of tests/fixtures: what is signed and sent, in the form of each version. They are written once
//! (`HANGTU_WRITE_FIXTURES=1`, where one is missing), never again, and stay readable for ever.
#![allow(clippy::unwrap_used)]

use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, fs, path::Path};

/// Reads a file, of which nothing may be passed over, and holds it against what it says.
pub(super) fn holds<T>(name: &str, says: &T)
where
    T: Debug + PartialEq + Serialize + DeserializeOwned,
{
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("HANGTU_WRITE_FIXTURES").is_some() && !Path::new(&path).exists() {
        fs::write(&path, serde_json::to_string_pretty(says).unwrap() + "\n").unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    assert_eq!(read, *says, "{name}");
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), all, "{name}");
}
