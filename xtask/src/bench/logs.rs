//! `cargo xtask bench logs`: hangtu beside chainsaw and hayabusa over the same events and rules.
//!
//! The events are every file of ../shared/data/logs/evtx-attack-samples, copied until they make half
//! of the size asked for, and one large file of their chunks for the other half. They and the rules
//! stand in ~/.cache/hangtu-bench, where every checkout finds them.

use super::Rows;
use crate::{
    peers::{self, Peers, cache, copy, words},
    release_binary, shared, walk,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Sizes of an event log's header and of its chunks, in bytes ([MS-EVEN6] 2.2.12 and libevtx).
const HEADER: usize = 4096;
const CHUNK: usize = 65536;

pub(super) fn run(mib: u64) -> Result<()> {
    let Some(data) = shared("data/logs/evtx-attack-samples") else {
        println!("bench: ../shared/data/logs/evtx-attack-samples is absent; nothing to read");
        return Ok(());
    };
    let dir = cache()?;
    let hangtu = release_binary()?;
    let peers = Peers::find();
    let (input, bytes, files) = events(&data, &dir, mib << 20)?;
    println!("events: {files} files, {:.1} MB", bytes as f64 / 1e6);
    let out = dir.join("out.jsonl");
    let report = dir.join("report");
    let ours = |rules: &Path, one_thread: bool| {
        let threads = if one_thread { "--threads 1" } else { "" };
        let line = format!("HANGTU examine INPUT --rules RULES --format json --out OUT {threads}");
        let paths = [("HANGTU", &*hangtu), ("INPUT", &input), ("RULES", rules), ("OUT", &report)];
        Some(words(&line, &paths))
    };
    let mut rows = Rows::default();
    let all = peers::sigma(&dir, None)?;
    let converted = peers.hayabusa_rules(true);
    let both = [(true, "one thread"), (false, "all threads")];
    for (one, threads) in both {
        rows.attempt(&format!("hangtu, {threads}"), ours(&all, one));
        let command = peers.chainsaw(&all, &input, &out, one);
        rows.attempt(&format!("chainsaw, {threads}"), command);
        let command = converted.as_ref().and_then(|r| peers.hayabusa(r, &input, &out, one));
        rows.attempt(&format!("hayabusa, {threads}"), command);
    }
    println!("\nThe same of SigmaHQ's rules (hayabusa: as converted for it):");
    rows.print("hangtu, one thread", bytes);
    if let Some(rules) = peers.hayabusa_rules(false) {
        let mut rows = Rows::default();
        rows.attempt("hangtu, one thread", ours(&rules, true));
        rows.attempt("hayabusa, one thread", peers.hayabusa(&rules, &input, &out, true));
        println!("\nAll of hayabusa's rules:");
        rows.print("hangtu, one thread", bytes);
    }
    let mut rows = Rows::default();
    for count in [100, 1000] {
        let rules = peers::sigma(&dir, Some(count))?;
        rows.attempt(&format!("hangtu, {count} rules"), ours(&rules, true));
    }
    rows.attempt("hangtu, all rules", ours(&all, true));
    println!("\nBy the number of rules:");
    rows.print("hangtu, 100 rules", bytes);
    Ok(())
}

/// The folder of events, its bytes and its files; made unless it stands there already.
fn events(data: &Path, dir: &Path, size: u64) -> Result<(PathBuf, u64, usize)> {
    let dir = dir.join(format!("events-{}", size >> 20));
    if !dir.exists() {
        let part = dir.with_extension("part");
        let mut files = Vec::new();
        walk(data, &mut files)?;
        files.sort();
        let (mut bytes, mut copies) = (0, 0);
        while bytes < size / 2 {
            copies += 1;
            for file in &files {
                copy(file, &part.join(format!("copy-{copies}")).join(file.strip_prefix(data)?))?;
                bytes += file.metadata()?.len();
            }
        }
        fs::write(part.join("large.evtx"), large(&files, size as usize / 2)?)?;
        fs::rename(&part, &dir)?;
    }
    let mut files = Vec::new();
    walk(&dir, &mut files)?;
    let bytes = files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
    Ok((dir, bytes, files.len()))
}

/// One log of the files' chunks that hold records, again and again until it is large enough. A chunk
/// carries its own names and templates, so it reads the same wherever it stands.
fn large(files: &[PathBuf], size: usize) -> Result<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut header = Vec::new();
    for file in files {
        let bytes = fs::read(file)?;
        let (first, rest) = bytes.split_at_checked(HEADER).context("an event log")?;
        if header.is_empty() {
            header = first.to_vec();
        }
        // The first record number is all ones in a chunk without records.
        let holds = |c: &&[u8]| c.starts_with(b"ElfChnk\0") && c[8..16] != [0xff; 8];
        chunks.extend(rest.chunks_exact(CHUNK).filter(holds).map(<[u8]>::to_vec));
    }
    let count = size.div_ceil(CHUNK).min(usize::from(u16::MAX));
    header[8..16].fill(0);
    header[16..24].copy_from_slice(&(count as u64 - 1).to_le_bytes());
    header[42..44].copy_from_slice(&(count as u16).to_le_bytes());
    header[120..124].fill(0);
    let mut crc = flate2::Crc::new();
    crc.update(&header[..120]);
    header[124..128].copy_from_slice(&crc.sum().to_le_bytes());
    Ok(chunks.iter().cycle().take(count).fold(header, |mut all, chunk| {
        all.extend(chunk);
        all
    }))
}
