//! Packs the registry of interface makers (`oui-data`, from the IEEE's lists) into numbers and one text: as a map of
//! references the loader would have to write 3 MB of addresses into memory each time the program starts.

use std::{collections::HashMap, env, fmt::Write as _, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let mut entries = Vec::new();
    let mut names = String::new();
    let mut known = HashMap::new();
    for (prefix, entry) in oui_data::OUI_ENTRIES.entries() {
        // A company's number without addresses: those made of it are local ones, which name no maker.
        if let oui_data::Registry::Cid = entry.registry() {
            continue;
        }
        let name = entry.organization();
        let place = *known.entry(name).or_insert_with(|| {
            names.push_str(name);
            (names.len() - name.len(), names.len())
        });
        let bits = 4 * prefix.len();
        // The prefix at the top of 48 bits, and below it how long it is.
        let key = u64::from_str_radix(prefix, 16)? << (48 - bits) << 8 | bits as u64;
        entries.push((key, place));
    }
    entries.sort_unstable();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR")?);
    let mut code = format!("static ENTRIES: [(u64, u32, u32); {}] = [\n", entries.len());
    for (key, (start, end)) in entries {
        writeln!(code, "({key:#x}, {start}, {end}),")?;
    }
    code.push_str("];\n");
    fs::write(out.join("vendors.rs"), code)?;
    fs::write(out.join("vendors.txt"), names)?;
    Ok(())
}
