//! tshark's decoding of a capture, packet by packet.

mod cip;
mod s7comm;

use super::{Aspect, NAMED, PerProtocol, Told, objects_read, outcome, range, shown};
use crate::root;
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::{Command, Stdio},
};

/// Fields asked of tshark, in the order in which a line has them.
pub(super) const FIELDS: [&str; 73] = [
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.dstport",
    "tcp.srcport",
    "udp.dstport",
    "mbtcp.len",
    "mbtcp.unit_id",
    "modbus.func_code",
    "modbus.exception_code",
    "modbus.reference_num",
    "modbus.write_reference_num",
    "modbus.word_cnt",
    "modbus.bit_cnt",
    "modbus.write_word_cnt",
    "modbus.diagnostic_code",
    "s7comm.header.rosctr",
    "s7comm.header.errcls",
    "s7comm.header.errcod",
    "s7comm.param.func",
    "s7comm.param.itemcount",
    "s7comm.param.item.syntaxid",
    "s7comm.param.item.transp_size",
    "s7comm.param.item.length",
    "s7comm.param.item.db",
    "s7comm.param.item.area",
    "s7comm.param.item.address",
    "s7comm.param.item.dbread.numareas",
    "s7comm.param.item.dbread.length",
    "s7comm.param.item.dbread.db",
    "s7comm.param.item.dbread.startaddress",
    "s7comm.param.pistart.servicename",
    "s7comm.param.userdata.type",
    "s7comm.param.userdata.funcgroup",
    "s7comm.param.userdata.subfunc",
    "s7comm.param.modetrans.subfunc",
    "s7comm.param.errcod",
    "s7comm.data.returncode",
    "s7comm.data.userdata.szl_id",
    "s7comm.data.userdata.szl_index",
    "enip.command",
    "enip.status",
    "cip.service",
    "cip.epath",
    "cip.genstat",
    "cip.pccc.cmd.code",
    "cip.pccc.fnc.code_06",
    "cip.pccc.fnc.code_07",
    "cip.pccc.fnc.code_0f",
    "cip.pccc.gs.status",
    "cip.pccc.es.status",
    "dnp3.src",
    "dnp3.dst",
    "dnp3.al.ctl",
    "dnp3.al.func",
    "dnp3.al.iin",
    "dnp3.al.obj",
    "dnp3.al.objq.prefix",
    "dnp3.al.objq.range",
    "dnp3.al.range.start",
    "dnp3.al.range.stop",
    "dnp3.al.range.quantity",
    "dnp3.al.index",
    "dnp3.al.ctrlstatus",
    "dnp3.al.file.status",
    "iec60870_asdu.typeid",
    "iec60870_asdu.causetx",
    "iec60870_asdu.nega",
    "iec60870_asdu.test",
    "iec60870_asdu.addr",
    "iec60870_asdu.ioa",
    "iec60870_asdu.numix",
];

/// tshark's view of a capture, kept in `.cache/oracle`.
pub(super) fn of(capture: &Path) -> Result<PerProtocol> {
    let cache = root().join(".cache/oracle");
    fs::create_dir_all(&cache)?;
    let key: String = capture.to_string_lossy().replace(['/', ' '], "_");
    let mut fields = DefaultHasher::new();
    FIELDS.hash(&mut fields);
    let cached = cache.join(format!("{key}.{:x}.txt", fields.finish()));
    let text = if let Ok(text) = fs::read_to_string(&cached) {
        text
    } else {
        let mut command = Command::new("tshark");
        command.args(["-n", "-r"]).arg(capture);
        command.args(["-o", "tcp.desegment_tcp_streams:TRUE", "-T", "fields"]);
        command.args(["-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]);
        command.args(["-Y", "modbus||s7comm||enip||cip||dnp3||iec60870_asdu"]);
        for field in FIELDS {
            command.args(["-e", field]);
        }
        let output =
            command.stderr(Stdio::null()).output().context("tshark (Debian package tshark)")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // One that failed, also for a capture cut short, is asked again.
        if output.status.success() {
            fs::write(&cached, &text)?;
        }
        text
    };
    let mut out = PerProtocol::new();
    for line in text.lines() {
        note(&mut out, line);
    }
    Ok(out)
}

/// One packet.
pub(super) fn note(out: &mut PerProtocol, line: &str) {
    let mut packet = Packet::read(line);
    modbus(&mut packet, out.entry("modbus").or_default());
    s7comm::note(&mut packet, out.entry("s7comm").or_default());
    enip(&mut packet, out.entry("enip").or_default());
    cip::note(&mut packet, out.entry("cip").or_default());
    dnp3(&mut packet, out.entry("dnp3").or_default());
    iec104(&mut packet, out.entry("iec104").or_default());
}

/// The values of a packet by field. Where it holds several messages, theirs stand one behind the
/// other: each message takes as many as it has.
struct Packet<'a> {
    cells: BTreeMap<&'static str, VecDeque<&'a str>>,
    source: String,
    destination: String,
}

impl<'a> Packet<'a> {
    fn read(line: &'a str) -> Self {
        let mut cells: BTreeMap<&'static str, VecDeque<&'a str>> = BTreeMap::new();
        for (field, cell) in FIELDS.into_iter().zip(line.split('|')) {
            if !cell.is_empty() {
                cells.insert(field, cell.split(',').filter(|v| !v.is_empty()).collect());
            }
        }
        // The innermost address counts, as it does with us.
        let last = |v4: &str, v6: &str| {
            let values = cells.get(v6).or_else(|| cells.get(v4));
            values.and_then(VecDeque::back).copied().unwrap_or_default().to_owned()
        };
        let (source, destination) = (last("ip.src", "ipv6.src"), last("ip.dst", "ipv6.dst"));
        Self { cells, source, destination }
    }

    fn text(&mut self, field: &str) -> Option<&'a str> {
        self.cells.get_mut(field)?.pop_front()
    }

    /// The next value of a field.
    fn take(&mut self, field: &str) -> Option<u64> {
        self.text(field).and_then(number)
    }

    /// All values that are left of a field.
    fn all(&self, field: &str) -> Vec<u64> {
        self.cells.get(field).into_iter().flatten().filter_map(|text| number(text)).collect()
    }

    fn is(&self, field: &str, value: u64) -> bool {
        self.all(field).first() == Some(&value)
    }

    fn asks(&self, told: &mut Told, aspect: Aspect, text: String) {
        told.add(aspect, &self.source, &self.destination, text);
    }

    fn answers(&self, told: &mut Told, code: u64, error: u64) {
        told.add(Aspect::Outcomes, &self.destination, &self.source, outcome(code, error));
    }
}

fn number(text: &str) -> Option<u64> {
    match text {
        "True" => Some(1),
        "False" => Some(0),
        _ => text
            .strip_prefix("0x")
            .map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok()),
    }
}

fn modbus(packet: &mut Packet<'_>, told: &mut Told) {
    let functions = packet.all("modbus.func_code");
    if packet.is("tcp.dstport", 502) {
        for function in functions {
            packet.asks(told, Aspect::Requests, format!("{function:#x}"));
            let unit = shown(packet.take("mbtcp.unit_id"));
            let (address, count) = match function {
                1 | 2 | 15 => (packet.take("modbus.reference_num"), packet.take("modbus.bit_cnt")),
                3 | 4 | 16 => (packet.take("modbus.reference_num"), packet.take("modbus.word_cnt")),
                5 | 6 | 22 => (packet.take("modbus.reference_num"), Some(1)),
                8 => (packet.take("modbus.diagnostic_code"), None),
                23 => (
                    packet.take("modbus.write_reference_num"),
                    packet.take("modbus.write_word_cnt"),
                ),
                24 => (packet.take("modbus.reference_num"), None),
                _ => (None, None),
            };
            let text = format!("{function:#x} {unit} {}", range(address, count));
            packet.asks(told, Aspect::Addresses, text);
        }
    } else if packet.is("tcp.srcport", 502) {
        // The function comes without its error bit: exceptions are the shortest responses.
        let exceptions = packet.all("modbus.exception_code").len();
        let all = exceptions == functions.len();
        for function in functions {
            let shortest = packet.take("mbtcp.len") == Some(3);
            let error = if shortest || all { packet.take("modbus.exception_code") } else { None };
            packet.answers(told, function & 0x7f, error.unwrap_or(0));
        }
    }
}

fn enip(packet: &mut Packet<'_>, told: &mut Told) {
    let asks = packet.is("tcp.dstport", 44818) || packet.is("udp.dstport", 44818);
    for command in packet.all("enip.command") {
        let status = packet.take("enip.status").unwrap_or(0);
        if matches!(command, 0x6f | 0x70) {
            continue;
        }
        if asks {
            packet.asks(told, Aspect::Requests, format!("{command:#x}"));
        } else {
            packet.answers(told, command, status);
        }
    }
}

fn dnp3(packet: &mut Packet<'_>, told: &mut Told) {
    for function in packet.all("dnp3.al.func") {
        match function {
            129 => {
                // A response of several fragments concludes with its first.
                if packet.take("dnp3.al.ctl").is_some_and(|control| control & 0x80 == 0) {
                    continue;
                }
                let statuses = ["dnp3.al.ctrlstatus", "dnp3.al.file.status"];
                let mut statuses: Vec<u64> = statuses.iter().flat_map(|f| packet.all(f)).collect();
                statuses.retain(|status| *status != 0);
                let status = statuses.first().copied();
                let indications = packet.take("dnp3.al.iin").filter(|iin| iin & 0x17 != 0);
                packet.answers(told, 0, status.or(indications).unwrap_or(0));
            }
            // tshark does not read what authentication responses carry.
            131 => {}
            _ => {
                packet.asks(told, Aspect::Requests, format!("{function:#x}"));
                let station = if function == 130 { "dnp3.src" } else { "dnp3.dst" };
                let unit = shown(packet.all(station).last().copied());
                let objects = if objects_read(function) {
                    dnp3_objects(packet, function)
                } else {
                    String::new()
                };
                packet.asks(told, Aspect::Addresses, format!("{function:#x} {unit}{objects}"));
            }
        }
    }
}

/// Object headers, and the range of the first.
fn dnp3_objects(packet: &mut Packet<'_>, function: u64) -> String {
    let named = if function == 130 { 1 } else { NAMED };
    let objects = packet.all("dnp3.al.obj").into_iter().take(named);
    let objects: Vec<_> = objects.map(|o| format!("g{}v{}", o >> 8, o & 0xff)).collect();
    let prefix = packet.take("dnp3.al.objq.prefix").unwrap_or(0);
    let (mut address, mut count) = match packet.take("dnp3.al.objq.range") {
        Some(0..=2) => {
            let start = packet.take("dnp3.al.range.start");
            let stop = packet.take("dnp3.al.range.stop");
            (start, start.zip(stop).map(|(start, stop)| stop.saturating_sub(start) + 1))
        }
        Some(7..=9 | 11) => (None, packet.take("dnp3.al.range.quantity")),
        _ => (None, None),
    };
    match prefix {
        1..=3 => address = packet.take("dnp3.al.index"),
        // Sizes, not indices.
        4..=6 => count = None,
        _ => {}
    }
    format!(" {} {}", objects.join(" "), range(address, count))
}

fn iec104(packet: &mut Packet<'_>, told: &mut Told) {
    for kind in packet.all("iec60870_asdu.typeid") {
        let cause = packet.take("iec60870_asdu.causetx").unwrap_or(0);
        let negative = packet.take("iec60870_asdu.nega").unwrap_or(0);
        let test = packet.take("iec60870_asdu.test").unwrap_or(0);
        let station = shown(packet.take("iec60870_asdu.addr"));
        let count = packet.take("iec60870_asdu.numix");
        let address = packet.take("iec60870_asdu.ioa");
        for _ in 1..count.unwrap_or(0) {
            packet.take("iec60870_asdu.ioa");
        }
        let monitored = matches!(kind, 1..=21 | 30..=40 | 70);
        if monitored || !matches!(cause, 7 | 9 | 10 | 44..=47) {
            packet.asks(told, Aspect::Requests, format!("{kind:#x}"));
            let text = format!("{kind:#x} {station} {}", range(address, count));
            packet.asks(told, Aspect::Addresses, text);
        } else if cause != 10 {
            // A termination only ends what was confirmed.
            let refused = negative != 0 || cause >= 44;
            let error = if refused { cause | negative << 6 | test << 7 } else { 0 };
            packet.answers(told, kind, error);
        }
    }
}
