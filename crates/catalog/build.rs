//! Embeds `content/` in the program and turns message keys into constants. A message missing in
//! one language, or with other arguments there, or there twice, fails the build.
#![allow(missing_docs, clippy::format_push_string)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(dir).map(|d| d.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// Key → names of the arguments it uses.
fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in source.lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic())
            && let Some((name, _)) = line.split_once('=')
        {
            name.trim().clone_into(&mut key);
            assert!(out.insert(key.clone(), BTreeSet::new()).is_none(), "message {key} twice");
        }
        for part in line.split('$').skip(1) {
            let arg: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '-')
                .collect();
            out.entry(key.clone()).or_default().insert(arg);
        }
    }
    out
}

fn main() {
    let content = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../content")
        .canonicalize()
        .expect("content/ stands beside crates/");
    println!("cargo::rerun-if-changed={}", content.display());
    let mut all = Vec::new();
    files(&content, &mut all);
    let mut list = String::from(
        "/// Every file of `content/`: its path below it, and its text.\npub static CONTENT: &[(&str, &str)] = &[\n",
    );
    let mut languages: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for path in &all {
        println!("cargo::rerun-if-changed={}", path.display());
        let name =
            path.strip_prefix(&content).expect("below content").to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(path) else { continue };
        list += &format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string());
        if let Some(rest) = name.strip_prefix("lang/")
            && let Some((language, _)) = rest.split_once('/')
        {
            let known = languages.entry(language.to_owned()).or_default();
            for (key, arguments) in messages(&text) {
                // The later file would take it from those that mean the earlier one.
                assert!(
                    known.insert(key.clone(), arguments).is_none(),
                    "message {key} twice: {name}"
                );
            }
        }
    }
    list += "];\n";
    let (en, zh) =
        (languages.remove("en").unwrap_or_default(), languages.remove("zh-CN").unwrap_or_default());
    for key in en.keys().chain(zh.keys()) {
        assert!(en.contains_key(key), "message {key} is missing in content/lang/en");
        assert!(zh.contains_key(key), "message {key} is missing in content/lang/zh-CN");
        assert_eq!(en[key], zh[key], "message {key} has other arguments in en than in zh-CN");
    }
    let mut keys = String::new();
    for key in en.keys() {
        let name = key.to_ascii_uppercase().replace('-', "_");
        keys += &format!("/// `{key}`.\npub const {name}: Key = Key({key:?});\n");
    }
    keys += &format!(
        "static ALL: &[Key] = &[{}];\n",
        en.keys().map(|k| format!("Key({k:?})")).collect::<Vec<_>>().join(", ")
    );
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("content.rs"), list).expect("OUT_DIR is writable");
    fs::write(out.join("keys.rs"), keys).expect("OUT_DIR is writable");
}
