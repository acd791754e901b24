//! `cargo xtask bench`: speed as ratios to peers measured in the same run.
//!
//! For `traffic` the capture is mixed from ../shared/data/traffic: every Ethernet capture there, copied with
//! rewritten addresses and interleaved in time, until it is large enough. CPU seconds are user plus
//! system time of the whole process, as `/usr/bin/time` (Debian package time) tells them.

mod exam;
pub(crate) mod history;
mod intake;
mod logs;
mod seat;

use crate::{release_binary, root, shared};
use anyhow::{Context, Result, bail};
use hangtu_evidence::{Input, find};
use hangtu_traffic::capture::{self, Chunk, open};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Runs a benchmark.
pub fn run(args: &[String]) -> Result<()> {
    let what = args.first().map(String::as_str);
    let known = ["traffic", "memory", "logs", "seat", "exam", "intake", "nation", "history"];
    if !what.is_some_and(|w| known.contains(&w)) {
        bail!(
            "usage: cargo xtask bench traffic [--mib N] [--no-tshark] | memory | logs [--mib N] | seat | \
             exam | intake | nation | history [--months N]"
        );
    }
    let value = |name: &str| {
        args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)).map(String::as_str)
    };
    let mib = value("--mib").map(str::parse::<u64>).transpose().context("--mib takes a number")?;
    match what {
        Some("exam") => return exam::run_all(),
        Some("history") => return history::run_all(value("--months")),
        Some("intake") => return intake::run_all(),
        Some("nation") => return seat::nation(),
        Some("seat") => return seat::run_all(),
        _ => {}
    }
    if what == Some("logs") {
        return logs::run(mib.unwrap_or(64));
    }
    let mib = mib.unwrap_or(1100);
    let Some(data) = shared("data/traffic") else {
        println!("bench: ../shared/data/traffic is absent; nothing to mix");
        return Ok(());
    };
    let hangtu = release_binary()?;
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir)?;
    let capture = mixed(&data, &dir, mib << 20)?;
    if what == Some("memory") {
        return memory(&data, &dir, &hangtu, mib << 20);
    }
    let (bytes, packets) = (capture.metadata()?.len(), packets_of(&hangtu, &capture)?);
    println!(
        "capture: {:.2} GB, {packets} packets, {:.0} bytes each",
        bytes as f64 / 1e9,
        bytes as f64 / packets as f64
    );
    let hangtu = hangtu.display().to_string();
    let f = capture.display().to_string();
    let fields: Vec<&str> = "frame.number ip.src ip.dst modbus.func_code s7comm.header.rosctr s7comm.param.func enip.command cip.service dnp3.al.func iec60870_asdu.typeid"
        .split(' ')
        .flat_map(|field| ["-e", field])
        .collect();
    let mut tshark = vec!["tshark", "-n", "-r", &f, "-T", "fields"];
    tshark.extend(&fields);
    let report = dir.join("report").display().to_string();
    let ours = |what: &[&'static str], threads, file| {
        [&[&*hangtu], what, &["--threads", threads, file]].concat()
    };
    let commands = [
        ("cat", vec!["cat", &f]),
        ("tcpdump", vec!["tcpdump", "-r", &f, "-w", "/dev/null"]),
        ("ndpiReader", vec!["ndpiReader", "-q", "-i", &f]),
        ("hangtu, records off", ours(&["assets"], "1", &f)),
        ("hangtu, records off, two threads", ours(&["assets"], "2", &f)),
        ("hangtu, records on", ours(&["records"], "1", &f)),
        ("hangtu, records on, two threads", ours(&["records"], "2", &f)),
        ("hangtu examine", vec![&hangtu, "examine", "--threads", "1", "--out", &report, &f]),
    ];
    let mut rows = Rows::default();
    let mut both = Vec::new();
    // In turns: a machine that is slower for a while is so for all.
    for round in 0..ROUNDS {
        rows.round(&commands)?;
        // Minutes long, it sees both better and worse moments of the machine; once, amid the others.
        if round == ROUNDS / 2 && !args.iter().any(|a| a == "--no-tshark") {
            rows.round(&[("tshark", tshark.clone())])?;
        }
        let walls: Vec<f64> = (0..5).map(|_| two_at_once(&hangtu, &f)).collect::<Result<_>>()?;
        let wall = middle(walls);
        println!("round {round}: two processes at once {wall:.2} s");
        both.push(wall);
    }
    let alone = rows.costs("hangtu, records off").iter().zip(&both);
    let most = middle(alone.map(|(one, both)| 2.0 * one.wall / both).collect());
    println!("two processes at once, the most this machine gives: {most:.2} times");
    for (how, ratio) in [("the middle", Rows::ratio as Ratio), ("the least", Rows::least)] {
        for what in ["off", "on"] {
            let one = format!("hangtu, records {what}");
            let cpu = |cost: &Cost| cost.cpu;
            println!(
                "{how}, records {what}: {:.2} x tcpdump, 1/{:.2} of ndpiReader, 1/{:.0} of tshark; two threads {:.2} times as fast",
                ratio(&rows, &one, "tcpdump", cpu),
                ratio(&rows, "ndpiReader", &one, cpu),
                ratio(&rows, "tshark", &one, cpu),
                ratio(&rows, &one, &format!("{one}, two threads"), |cost| cost.wall),
            );
        }
    }
    rows.print("tcpdump", bytes);
    Ok(())
}

/// How many times as much one took as another, over all rounds.
type Ratio = fn(&Rows, &str, &str, fn(&Cost) -> f64) -> f64;

/// How often each program is measured.
const ROUNDS: usize = 7;

/// Seconds below which a program is measured five times in a row, and the middle counts: what others do on the machine
/// for a moment may last as long.
const SHORT: f64 = 3.0;

/// What was measured, in order.
#[derive(Default)]
struct Rows(Vec<(String, Vec<Cost>)>);

impl Rows {
    /// The middle of three.
    fn measure(&mut self, name: &str, command: &[&str]) -> Result<()> {
        for _ in 0..3 {
            self.round(&[(name, command.to_vec())])?;
        }
        Ok(())
    }

    /// Measures each, short ones five times. What counts is the middle of several rounds.
    fn round(&mut self, commands: &[(&str, Vec<&str>)]) -> Result<()> {
        for (name, command) in commands {
            let mut all = vec![timed(command)?];
            while all[0].wall < SHORT && all.len() < 5 {
                all.push(timed(command)?);
            }
            let cost = Cost::middle(&all);
            println!("  {name}: {:.2} CPU s, {:.2} s, {} MiB", cost.cpu, cost.wall, cost.mib);
            match self.0.iter_mut().find(|(n, _)| n == name) {
                Some((_, costs)) => costs.push(cost),
                None => self.0.push(((*name).to_owned(), vec![cost])),
            }
        }
        Ok(())
    }

    /// Measures a program that may be absent, or not able to do it; then there is no row.
    fn attempt(&mut self, name: &str, command: Option<Vec<String>>) {
        let Some(command) = command else { return };
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        if let Err(error) = self.measure(name, &words) {
            self.0.retain(|(n, _)| n != name);
            println!("  {name}: not measured: {error:#}");
        }
    }

    fn costs(&self, name: &str) -> &[Cost] {
        self.0.iter().find(|(n, _)| n == name).map_or(&[], |(_, costs)| costs)
    }

    /// How many times that of `base` it was: the middle of the rounds, each of which saw both on a
    /// machine as fast or as slow. Of one not measured in each round, the ratio of the middles.
    fn ratio(&self, name: &str, base: &str, of: fn(&Cost) -> f64) -> f64 {
        let (costs, bases) = (self.costs(name), self.costs(base));
        if costs.len() != bases.len() {
            let middle = |costs: &[Cost]| middle(costs.iter().map(of).collect());
            return middle(costs) / middle(bases);
        }
        middle(costs.iter().zip(bases).map(|(cost, base)| of(cost) / of(base)).collect())
    }

    /// The same of the least that each of them took in any round: what others do on the machine only adds.
    fn least(&self, name: &str, base: &str, of: fn(&Cost) -> f64) -> f64 {
        let least = |name| self.costs(name).iter().map(of).fold(f64::INFINITY, f64::min);
        least(name) / least(base)
    }

    /// The table, with CPU seconds as ratios to those of `base`, over an input of so many bytes.
    fn print(&self, base: &str, bytes: u64) {
        println!("\n| program | CPU s | × {base} | MB per CPU s | wall s | peak MiB |");
        println!("|---|---|---|---|---|---|");
        for (name, costs) in &self.0 {
            let cost = Cost::middle(costs);
            let (cpu, speed) = (cost.cpu, bytes as f64 / 1e6 / cost.cpu);
            let (ratio, wall, mib) = (self.ratio(name, base, |c| c.cpu), cost.wall, cost.mib);
            println!("| {name} | {cpu:.2} | {ratio:.2} | {speed:.1} | {wall:.2} | {mib} |");
        }
    }
}

/// Peak memory over a capture and over ten times of it.
fn memory(data: &Path, dir: &Path, hangtu: &Path, size: u64) -> Result<()> {
    let hangtu = hangtu.display().to_string();
    let report = dir.join("report").display().to_string();
    println!("| program | capture GB | peak MiB |\n|---|---|---|");
    for size in [size, size * 10] {
        let capture = mixed(data, dir, size)?.display().to_string();
        let gb = Path::new(&capture).metadata()?.len() as f64 / 1e9;
        let records = timed(&[&hangtu, "records", &capture])?;
        println!("| hangtu records | {gb:.2} | {} |", records.mib);
        let examine = timed(&[&hangtu, "examine", "--out", &report, &capture])?;
        println!("| hangtu examine | {gb:.2} | {} |", examine.mib);
    }
    Ok(())
}

/// Seconds until two processes that started together are both done.
fn two_at_once(hangtu: &str, capture: &str) -> Result<f64> {
    let start = std::time::Instant::now();
    let spawn = || {
        Command::new(hangtu)
            .args(["assets", "--threads", "1", capture])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let (mut a, mut b) = (spawn()?, spawn()?);
    a.wait()?;
    b.wait()?;
    Ok(start.elapsed().as_secs_f64())
}

#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
    mib: u64,
}

impl Cost {
    /// The middle of each time, and the most memory.
    fn middle(costs: &[Self]) -> Self {
        let times = |of: fn(&Self) -> f64| middle(costs.iter().map(of).collect());
        let mib = costs.iter().map(|c| c.mib).max().unwrap_or_default();
        Self { cpu: times(|c| c.cpu), wall: times(|c| c.wall), mib }
    }
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn timed(command: &[&str]) -> Result<Cost> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "hangtu-bench %U %S %e %M", "--"])
        .args(command)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("/usr/bin/time (Debian package time)")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !matches!(output.status.code(), Some(0 | 3)) {
        bail!("{} ended with {}: {text}", command[0], output.status);
    }
    let line = text
        .lines()
        .rev()
        .find_map(|l| l.strip_prefix("hangtu-bench "))
        .with_context(|| format!("{}: {text}", command[0]))?;
    let numbers: Vec<f64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
    match numbers[..] {
        [user, system, wall, kib] => {
            Ok(Cost { cpu: user + system, wall, mib: (kib / 1024.0).round() as u64 })
        }
        _ => bail!("{}: {line}", command[0]),
    }
}

fn packets_of(hangtu: &Path, capture: &Path) -> Result<u64> {
    let out = root().join("target/bench/count");
    let status = Command::new(hangtu)
        .args(["examine", "--out"])
        .arg(&out)
        .arg(capture)
        .stdout(Stdio::null())
        .status()?;
    if !matches!(status.code(), Some(0 | 3)) {
        bail!("hangtu examine ended with {status}");
    }
    let text = fs::read_to_string(out.join("findings.json"))?;
    let value: serde_json::Value = serde_json::from_str(&text)?;
    value["coverage"]["packets"].as_u64().context("coverage.packets")
}

/// A packet ready to be written: time within its source, bytes, length on the wire.
type Packet = (i64, Vec<u8>, u32);

/// Mixes a capture of at least that size, unless it stands there already.
fn mixed(data: &Path, dir: &Path, size: u64) -> Result<PathBuf> {
    let path = dir.join(format!("mixed-{}.pcap", size >> 20));
    if path.metadata().is_ok_and(|m| m.len() >= size) {
        return Ok(path);
    }
    let inputs = find(&[data.to_owned()], &[&capture::first_time])?.inputs.concat();
    let mut sources: Vec<Vec<Packet>> = Vec::new();
    for input in &inputs {
        if let Some(packets) = load(input)? {
            sources.push(packets);
        }
    }
    let one: u64 = sources.iter().flatten().map(|p| p.1.len() as u64 + 16).sum();
    let copies = size.div_ceil(one.max(1));
    println!("mixing {} captures of {:.0} MB, {copies} copies", sources.len(), one as f64 / 1e6);
    // Each copy of each source starts at its own moment of an hour.
    let mut heap = BinaryHeap::new();
    for copy in 0..copies {
        for (source, packets) in sources.iter().enumerate() {
            let start = splitmix(copy << 32 | source as u64) % 3_600_000_000_000;
            heap.push(Reverse((start as i64 + packets[0].0, copy, source, 0_usize, start as i64)));
        }
    }
    let temporary = path.with_extension("part");
    let mut out = BufWriter::with_capacity(1 << 20, fs::File::create(&temporary)?);
    out.write_all(&[
        0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
    ])?;
    while let Some(Reverse((time, copy, source, index, start))) = heap.pop() {
        let (_, bytes, wire) = &sources[source][index];
        let absolute = 1_772_400_000_000_000_000 + time;
        out.write_all(&((absolute / 1_000_000_000) as u32).to_le_bytes())?;
        out.write_all(&((absolute % 1_000_000_000) as u32).to_le_bytes())?;
        out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        out.write_all(&wire.to_le_bytes())?;
        let mut bytes = bytes.clone();
        readdress(&mut bytes, copy);
        out.write_all(&bytes)?;
        if let Some((next, _, _)) = sources[source].get(index + 1) {
            heap.push(Reverse((start + next, copy, source, index + 1, start)));
        }
    }
    out.flush()?;
    fs::rename(&temporary, &path)?;
    Ok(path)
}

/// The packets of an Ethernet capture, times from 0; `None` for other link types and empty ones.
fn load(input: &Input) -> Result<Option<Vec<Packet>>> {
    let (mut reader, _) = open(input, |file| file)?;
    let mut chunk = Chunk::default();
    let mut packets = Vec::new();
    while reader.next_chunk(&mut chunk) {
        for p in &chunk.packets {
            if p.link != 1 {
                return Ok(None);
            }
            packets.push((p.time.0, chunk.bytes(p).to_vec(), p.wire_len));
        }
    }
    let Some(first) = packets.iter().map(|p| p.0).min() else { return Ok(None) };
    for packet in &mut packets {
        packet.0 = (packet.0 - first).min(7_200_000_000_000);
    }
    packets.sort_by_key(|p| p.0);
    Ok(Some(packets))
}

/// Gives each copy its own IPv4 addresses: the second octet moves.
fn readdress(bytes: &mut [u8], copy: u64) {
    let mut at = 12;
    while matches!(bytes.get(at..at + 2), Some([0x81, 0] | [0x88, 0xa8])) {
        at += 4;
    }
    if matches!(bytes.get(at..at + 2), Some([8, 0])) && bytes.len() >= at + 22 {
        for octet in [at + 2 + 13, at + 2 + 17] {
            bytes[octet] = bytes[octet].wrapping_add(copy as u8);
        }
    }
}

fn splitmix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
