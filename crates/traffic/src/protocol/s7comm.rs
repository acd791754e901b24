//! S7comm: Siemens S7-300/400 (and 1200/1500 with PUT/GET) over TPKT and COTP. There is no public
//! standard; the layout is what Wireshark's dissector and years of captures agree on.

mod userdata;
mod variable;

use super::tpkt::{self, Cotp};
use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Peek, Pending, Registration, Side, Verdict, clean},
};
use compact_str::CompactString;
use hangtu_record::{Operation, Outcome, Seen, Verb};

/// S7comm.
pub(super) static REGISTRATION: Registration = Registration {
    name: "s7comm",
    also: &["s7comm-plus"],
    industrial: true,
    tcp: true,
    udp: false,
    ports: &[102],
    probe,
    make: || {
        let (pending, parts) = (Pending::default(), <[Vec<u8>; 2]>::default());
        Box::new(S7comm { pending, parts, lost: [true; 2] })
    },
};

/// Longest message put together from COTP fragments.
const MAX_MESSAGE: usize = 16 * 1024;

fn probe(peek: Peek<'_>) -> Verdict {
    let mut rest = peek.bytes;
    let mut sender = None;
    // Connection requests look alike for all of port 102: the first data tells.
    for _ in 0..8 {
        if rest.len() < 7 {
            return match tpkt::frame(rest) {
                None if !rest.is_empty() && (rest[0] != 3 || rest.len() >= 4) => Verdict::No,
                _ => Verdict::More,
            };
        }
        let Some(size) = tpkt::frame(rest) else { return Verdict::No };
        let whole = &rest[..size.min(rest.len())];
        match tpkt::cotp(whole) {
            Cotp::Connect { request } => {
                if whole.windows(7).any(|w| w == b"Cookie:") || peek.by_port.is_none() && size > 64
                {
                    return Verdict::No;
                }
                sender = Some(if request { Side::Client } else { Side::Server });
            }
            Cotp::Data(data, _) => {
                return match data {
                    [] => Verdict::More,
                    [0x32, 1..=3 | 7, ..] => Verdict::Yes(sender.or_else(|| says(data))),
                    [0x72, 1..=3 | 0xfd | 0xfe, ..] => Verdict::Yes(sender),
                    _ => Verdict::No,
                };
            }
            Cotp::Other => return Verdict::No,
        }
        rest = &rest[size.min(rest.len())..];
    }
    Verdict::No
}

/// Who sends a message of this type; a controller also sends jobs while it loads a block.
fn says(data: &[u8]) -> Option<Side> {
    match (data.get(1)?, data.get(10)?) {
        (1, 0x1b | 0x1c) => Some(Side::Server),
        (1, _) => Some(Side::Client),
        (2 | 3, _) if !matches!(data.get(12), Some(0x1b | 0x1c)) => Some(Side::Server),
        _ => None,
    }
}

struct S7comm {
    pending: Pending<(Side, u16)>,
    parts: [Vec<u8>; 2],
    /// Sides whose next frame must be looked for: after a gap, and where the capture joined.
    lost: [bool; 2],
}

impl Decoder for S7comm {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let lost = &mut self.lost[from as usize];
        if bytes.len() < if *lost { 6 } else { 4 } {
            return 0;
        }
        let size = tpkt::frame(bytes).filter(|_| !*lost || tpkt::likely(bytes));
        let Some(size) = size else {
            if !std::mem::replace(lost, true) {
                cx.unreadable("s7comm");
            }
            return tpkt::resync(bytes);
        };
        let Some(frame) = bytes.get(..size) else { return 0 };
        *lost = false;
        if let Cotp::Data(data, last) = tpkt::cotp(frame) {
            let part = &mut self.parts[from as usize];
            if last && part.is_empty() {
                self.message(cx, from, data);
            } else {
                part.extend_from_slice(&data[..data.len().min(MAX_MESSAGE - part.len())]);
                if last {
                    let whole = std::mem::take(part);
                    self.message(cx, from, &whole);
                }
                *cx.held = self.parts.iter().map(Vec::capacity).sum();
            }
        }
        size
    }

    fn gap(&mut self, cx: &mut Context<'_>, from: Side) {
        self.parts[from as usize] = Vec::new();
        *cx.held = self.parts[from.other() as usize].capacity();
        self.lost[from as usize] = true;
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
    }
}

impl S7comm {
    fn message(&mut self, cx: &mut Context<'_>, from: Side, b: &[u8]) {
        if b.first() == Some(&0x72) {
            *cx.protocol = "s7comm-plus";
            return;
        }
        if self.read(cx, from, b).is_none() && !b.is_empty() {
            cx.unreadable("s7comm");
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, from: Side, b: &[u8]) -> Option<()> {
        let mut r = Bytes::new(b);
        if r.u8()? != 0x32 {
            return None;
        }
        let kind = r.u8()?;
        r.skip(2)?;
        let reference = r.u16be()?;
        let (parameters, data) = (usize::from(r.u16be()?), usize::from(r.u16be()?));
        let error = if matches!(kind, 2 | 3) { u32::from(r.u16be()?) } else { 0 };
        let parameter = r.take(parameters.min(r.remaining()))?;
        let data = r.take(data.min(r.remaining()))?;
        match kind {
            1 => {
                let code = *parameter.first()?;
                let (verb, name) = function(code);
                let mut op = cx.operation(from, "s7comm", verb, u32::from(code), name);
                describe(&mut op, parameter, data);
                if from == Side::Server {
                    // The controller fetches the block that a station offered: part of a download
                    // that the station asked for, not an operation upon the station.
                    op.verb = Verb::Other;
                }
                self.pending.ask(cx, (from, reference), op);
            }
            2 | 3 => {
                let mut op =
                    self.pending.answer(cx, &(from.other(), reference)).unwrap_or_else(|| {
                        let code = parameter.first().copied().unwrap_or(0);
                        let (verb, name) = function(code);
                        let mut op =
                            cx.operation(from.other(), "s7comm", verb, u32::from(code), name);
                        op.seen = Seen::Response;
                        if from == Side::Client {
                            op.verb = Verb::Other;
                        }
                        op
                    });
                op.outcome = if error == 0 { Outcome::Success } else { Outcome::Error };
                op.error = (error != 0).then_some(error);
                op.error_name = error_class(error);
                if error == 0 && matches!(op.code, 4 | 5) {
                    variable::outcome(&mut op, parameter, data);
                }
                cx.emit(op);
            }
            7 => userdata::read(cx, &mut self.pending, from, reference, parameter, data)?,
            _ => return None,
        }
        Some(())
    }
}

fn describe(op: &mut Operation, parameter: &[u8], data: &[u8]) {
    match op.code {
        4 | 5 => variable::describe(op, parameter, data),
        // Request download, start upload: eight bytes of status and ids, then the file name.
        0x1a..=0x1f => {
            let name = parameter.get(8).and_then(|len| parameter.get(9..9 + usize::from(*len)));
            op.object = name.map(block).unwrap_or_default();
        }
        0x28 => program_invocation(op, parameter),
        0x29 => {
            let name = parameter.get(6).and_then(|len| parameter.get(7..7 + usize::from(*len)));
            op.object = name.map(clean).unwrap_or_default();
        }
        _ => {}
    }
}

/// A block's file name such as `_0800001P`: kind, number, destination file system.
fn block(name: &[u8]) -> CompactString {
    let kind = match name.get(1..3) {
        Some(b"08") => "OB",
        Some(b"0A") => "DB",
        Some(b"0B") => "SDB",
        Some(b"0C") => "FC",
        Some(b"0D") => "SFC",
        Some(b"0E") => "FB",
        Some(b"0F") => "SFB",
        _ => return clean(name),
    };
    let number = name.get(3..8).and_then(|d| std::str::from_utf8(d).ok()?.parse::<u32>().ok());
    number.map_or_else(|| clean(name), |n| compact_str::format_compact!("{kind}{n}"))
}

/// Function 0x28: a named service of the controller, with a parameter block before the name.
fn program_invocation(op: &mut Operation, parameter: &[u8]) {
    let mut r = Bytes::at(parameter, 8);
    let Some(len) = r.u16be() else { return };
    let Some(block) = r.take(usize::from(len)) else { return };
    let Some(name) = r.u8().and_then(|len| r.take(usize::from(len))) else { return };
    op.object = clean(name);
    // What these carry is the password.
    if !matches!(name, b"_N_LOGIN_" | b"_N_NEWPWD") {
        op.value = clean(block);
    }
    (op.verb, op.function) = match name {
        b"P_PROGRAM" => (Verb::Start, "PI Service: start program"),
        b"_INSE" | b"_INS2" => (Verb::Download, "PI Service: activate block"),
        b"_DELE" => (Verb::Delete, "PI Service: delete block"),
        b"_GARB" => (Verb::Configure, "PI Service: compress memory"),
        b"_MODU" | b"_RESTART" => (Verb::Configure, "PI Service: copy RAM to ROM"),
        // Of a Sinumerik NC (Wireshark's table).
        b"_N_F_DELE" | b"_N_F_DELR" | b"_N_DELETO" => (Verb::Delete, "PI Service: delete NC file"),
        b"_N_F_XFER" => (Verb::Upload, "PI Service: select NC file for upload"),
        b"_N_LOGIN_" | b"_N_NEWPWD" => (Verb::Authenticate, "PI Service: NC password"),
        b"_N_CONFIG" | b"_N_DASAVE" | b"_N_F_PROT" | b"_N_SELECT" | b"_N_STRTLK" => {
            (Verb::Configure, "PI Service: NC settings")
        }
        _ => (Verb::Other, "PI Service"),
    };
}

fn function(code: u8) -> (Verb, &'static str) {
    match code {
        0x00 => (Verb::Other, "CPU services"),
        0x04 => (Verb::Read, "Read Var"),
        0x05 => (Verb::Write, "Write Var"),
        0x1a => (Verb::Download, "Request download"),
        0x1b => (Verb::Download, "Download block"),
        0x1c => (Verb::Download, "Download ended"),
        0x1d => (Verb::Upload, "Start upload"),
        0x1e => (Verb::Upload, "Upload"),
        0x1f => (Verb::Upload, "End upload"),
        0x28 => (Verb::Other, "PI Service"),
        0x29 => (Verb::Stop, "PLC Stop"),
        0xf0 => (Verb::Connect, "Setup communication"),
        _ => (Verb::Other, ""),
    }
}

fn error_class(error: u32) -> &'static str {
    match error >> 8 {
        0x81 => "Application relationship",
        0x82 => "Object definition",
        0x83 => "No resources available",
        0x84 => "Error on service processing",
        0x85 => "Error on supplies",
        0x87 => "Access error",
        0xd2 => "Block error",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
