//! `cargo xtask plant`: a plant's day of network evidence, built packet by packet from a fixed
//! seed, with what was approved, what happened, and what an examination must find.
//!
//! Sending goes through `net::Net`; TCP through `line::Line`; what is sent when stands in
//! `day` (ordinary) and `incident` (planted); `expected` says what the planted must come to.

mod capture;
mod clock;
mod day;
mod expected;
mod host;
mod incident;
mod line;
mod net;
mod protocol;
mod random;
mod readme;
mod wire;

use anyhow::{Context, Result, bail};
use clock::at;
use host::Segment;
use net::Net;
use std::{fs, path::Path};

/// Everything that looks like chance comes from here.
pub const SEED: u64 = 0x4c61_6e73_6861_6e21;

const PLANT: [Segment; 3] = [Segment::Control, Segment::Supervision, Segment::Operations];

/// A generated file: name and content.
pub type File = (&'static str, Vec<u8>);

/// Every file of the example plant; `root` is the workspace, whose rules are named.
pub fn files(root: &Path) -> Result<Vec<File>> {
    let mut net = Net::new(SEED);
    day::script(&mut net);
    incident::script(&mut net);
    // Stable: frames of one moment stay in the order in which they were sent.
    net.frames.sort_by_key(|f| f.time);
    let change = at("16:00");
    let plant = |f: &&net::Frame| PLANT.contains(&f.segment);
    let frames = || net.frames.iter();
    let early = capture::pcapng(&PLANT, frames().filter(plant).filter(|f| f.time < change));
    let late = capture::trunk_pcap(frames().filter(plant).filter(|f| f.time >= change));
    let office = capture::pcap(frames().filter(|f| !plant(f)));
    Ok(vec![
        ("control-0700.pcapng", early),
        ("control-1600.pcap.zst", capture::zstd(&late)?),
        ("office.pcap.gz", capture::gzip(&office)?),
        ("authorisations.yaml", include_bytes!("plant/authorisations.yaml").to_vec()),
        ("expected.json", expected::json(root)?),
        ("README.md", readme::text(root, SEED)?),
    ])
}

/// Writes them into a folder, `examples/plant` unless said.
pub fn run(root: &Path, args: &[String]) -> Result<()> {
    let dir = match args {
        [] => root.join("examples/plant"),
        [dir] => dir.into(),
        _ => bail!("usage: cargo xtask plant [DIR]"),
    };
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    for (name, bytes) in files(root)? {
        let path = dir.join(name);
        println!("{} ({} bytes)", path.display(), bytes.len());
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
