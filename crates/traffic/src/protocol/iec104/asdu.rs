//! ASDUs: type, cause, common address, first information object.

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{Operation, Outcome, Seen, Text, Verb};

/// What an ASDU and its mirrors have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    kind: u8,
    common: u16,
    object: u32,
    /// Whether it deactivates.
    ends: bool,
    test: bool,
}

/// What waits for the other station.
#[derive(Default)]
pub(super) struct Waiting {
    /// Requests, for their confirmations.
    asked: Pending<Key>,
    /// Confirmed commands, for their terminations.
    running: Pending<Key>,
    /// The newest ASDU of a file transfer. Nothing confirms it, but it may be refused.
    file: Pending<Key>,
}

impl Waiting {
    pub(super) fn flush(&mut self, cx: &mut Context<'_>) {
        self.asked.flush(cx);
        self.running.flush(cx);
        self.file.flush(cx);
    }
}

/// Nanoseconds after which no termination is waited for: the slowest drives take less.
const TERMINATION: i64 = 60_000_000_000;

/// Types of monitored information that an outstation sends.
fn monitored(kind: u8) -> bool {
    matches!(kind, 1..=21 | 30..=40 | 70)
}

/// Types of file transfer.
fn file(kind: u8) -> bool {
    matches!(kind, 120..=127)
}

/// Whether the standard defines the type (IEC 60870-5-104 section 6; 60870-5-101 tables 8–14).
pub(super) fn known(kind: u8) -> bool {
    monitored(kind) || file(kind) || matches!(kind, 45..=51 | 58..=64 | 100..=107 | 110..=113)
}

/// Types that the standard leaves to makers (IEC 60870-5-101 section 7.2.1).
fn private(kind: u8) -> bool {
    kind >= 128
}

/// Who sends such an ASDU: activations come from the controlling station.
pub(super) fn sender(b: &[u8]) -> Option<Side> {
    let (kind, cause) = (*b.first()?, b.get(2)? & 0x3f);
    match cause {
        _ if monitored(kind) => Some(Side::Server),
        6 | 8 => Some(Side::Client),
        7 | 9 | 10 | 44..=47 => Some(Side::Server),
        _ => None,
    }
}

/// One ASDU.
struct Asdu {
    key: Key,
    cause: u8,
    /// Address of the first information object, where there is one.
    address: Option<u32>,
    count: u32,
    value: Text,
    /// Of what it qualifies, where the verb depends on that.
    qualifier: u8,
    /// Whether the value is only selected, to be executed by another ASDU.
    select: bool,
}

impl Asdu {
    fn read(b: &[u8]) -> Option<Self> {
        let mut r = Bytes::new(b);
        let (kind, structure, cause, _originator) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let common = r.u16le()?;
        let object = r.array::<3>().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]));
        let key = Key {
            kind,
            common,
            object: object.unwrap_or(0),
            ends: matches!(cause & 0x3f, 8 | 9),
            test: cause & 0x80 != 0,
        };
        let qualifier = match kind {
            101 | 105 => r.rest().first(),
            // Behind the names of file and section.
            122 => r.rest().get(3),
            _ => None,
        };
        let qualifier = qualifier.copied().unwrap_or(0);
        let (mut value, select) = value(kind, &mut r).unwrap_or_default();
        for (is, word) in [(key.ends, "(deactivation)"), (key.test, "(test)")] {
            if is && !monitored(kind) {
                value.push_str(if value.is_empty() { "" } else { " " });
                value.push_str(word);
            }
        }
        let address = object.filter(|_| !private(kind));
        let count = u32::from(structure & 0x7f);
        Some(Self { key, cause, address, count, value, qualifier, select })
    }

    /// Cause of transmission (IEC 60870-5-101 section 7.2.3).
    fn reason(&self) -> u8 {
        self.cause & 0x3f
    }

    fn negative(&self) -> bool {
        self.cause & 0x40 != 0
    }

    /// Whether it comes back to who asked.
    fn confirms(&self) -> bool {
        matches!(self.reason(), 7 | 9 | 44..=47)
            // A read command has no confirmation but this.
            || (self.key.kind, self.reason(), self.negative()) == (102, 5, true)
    }

    /// Whether the station says so again when all is done.
    fn terminates(&self) -> bool {
        self.reason() == 7
            && !self.negative()
            && !self.select
            && matches!(self.key.kind, 45..=51 | 58..=64 | 100 | 101)
    }

    /// What that side does with it, where its type alone does not say (IEC 60870-5-101 sections 7.2.6.23 to 7.2.6.30
    /// and 7.4.11).
    fn verb(&self, side: Side) -> Option<Verb> {
        Some(match (self.key.kind, self.qualifier, side) {
            // Counters are frozen or reset.
            (101, 0x40.., _) => Verb::Write,
            // Reset of events that wait, not of the station.
            (105, 2, _) => Verb::Configure,
            (122, call, Side::Client) if call & 0x0f == 4 => Verb::Delete,
            // A file goes to the station, which calls for its sections.
            (120 | 121 | 123 | 125, _, Side::Client) => Verb::Download,
            (122 | 127, _, Side::Server) => Verb::Other,
            _ => return None,
        })
    }

    /// The operation, as asked by that side.
    fn operation(&self, cx: &Context<'_>, side: Side) -> Operation {
        let (verb, name) = name(self.key.kind);
        let verb = self.verb(side).unwrap_or(verb);
        // Tests control no process and change no state (IEC 60870-5-101 section 7.2.3).
        let verb = if self.key.test && verb != Verb::Report { Verb::Diagnose } else { verb };
        let mut op = cx.operation(side, "iec104", verb, u32::from(self.key.kind), name);
        op.unit = Some(u32::from(self.key.common));
        op.address = self.address;
        op.count = Some(self.count);
        op.value.clone_from(&self.value);
        op
    }

    /// The same, of which only what answers it was seen.
    fn unseen(&self, cx: &Context<'_>, from: Side) -> Operation {
        let mut op = self.operation(cx, from.other());
        op.seen = Seen::Response;
        op
    }

    /// How an operation that this answers ended.
    fn conclude(&self, op: &mut Operation) {
        op.outcome = Outcome::Success;
        if self.negative() || self.reason() >= 44 {
            op.outcome = Outcome::Error;
            op.error = Some(u32::from(self.cause));
            op.error_name = match self.reason() {
                10 => "Negative termination",
                44 => "Unknown type identification",
                45 => "Unknown cause of transmission",
                46 => "Unknown common address",
                47 => "Unknown information object address",
                _ => "Negative confirmation",
            };
        }
    }
}

pub(super) fn read(
    cx: &mut Context<'_>,
    waiting: &mut Waiting,
    from: Side,
    b: &[u8],
) -> Option<()> {
    let asdu = Asdu::read(b)?;
    let kind = asdu.key.kind;
    waiting.running.expire(cx, TERMINATION);
    match asdu.reason() {
        reason if monitored(kind) => {
            // What was requested answers a read command.
            if reason == 5 {
                requested(cx, waiting, &asdu);
            }
            let mut op = asdu.operation(cx, from);
            op.outcome = Outcome::NoneExpected;
            cx.emit(op);
        }
        _ if asdu.confirms() => confirmed(cx, waiting, from, &asdu),
        10 => terminated(cx, waiting, from, &asdu),
        // A private type says nothing of what it reports.
        _ if private(kind) && from == Side::Server => {}
        _ => {
            let mut op = asdu.operation(cx, from);
            if file(kind) {
                // File transfer is told by other ASDUs.
                op.outcome = Outcome::NoneExpected;
                waiting.file.flush(cx);
                waiting.file.ask(cx, asdu.key, op);
            } else {
                waiting.asked.ask(cx, asdu.key, op);
            }
        }
    }
    Some(())
}

/// Concludes the read command that monitored information answers.
fn requested(cx: &mut Context<'_>, waiting: &mut Waiting, asdu: &Asdu) {
    let read = |key: &Key, _: &Operation| {
        let asked = (102, asdu.key.common, asdu.key.object);
        ((key.kind, key.common, key.object) == asked).then_some(())
    };
    if let Some(mut op) = waiting.asked.answer_in_turn(cx, read) {
        op.outcome = Outcome::Success;
        cx.emit(op);
    }
}

/// Gives a request its confirmation.
fn confirmed(cx: &mut Context<'_>, waiting: &mut Waiting, from: Side, asdu: &Asdu) {
    let fit = |key: &Key, op: &Operation| {
        // An unknown cause or address stands where activation or deactivation was said.
        let ends = if asdu.reason() >= 44 { key.ends } else { asdu.key.ends };
        (*key == Key { ends, ..asdu.key }).then(|| op.value == asdu.value)
    };
    let queue = if file(asdu.key.kind) { &mut waiting.file } else { &mut waiting.asked };
    let mut op = queue.answer_in_turn(cx, fit).unwrap_or_else(|| asdu.unseen(cx, from));
    asdu.conclude(&mut op);
    if asdu.terminates() {
        waiting.running.ask(cx, asdu.key, op);
    } else {
        cx.emit(op);
    }
}

/// Ends a command that was confirmed, or whose confirmation was not seen.
fn terminated(cx: &mut Context<'_>, waiting: &mut Waiting, from: Side, asdu: &Asdu) {
    let fit = |key: &Key, op: &Operation| (*key == asdu.key).then(|| op.value == asdu.value);
    let ended = waiting.running.answer_in_turn(cx, fit);
    let ended = ended.or_else(|| waiting.asked.answer_in_turn(cx, fit));
    // One without a command belongs to one that was told, and adds to it only when it failed.
    let failed = asdu.negative().then(|| asdu.unseen(cx, from));
    if let Some(mut op) = ended.or(failed) {
        asdu.conclude(&mut op);
        cx.emit(op);
    }
}

/// The commanded value (IEC 60870-5-101 section 7.2.6), and whether it is only selected.
fn value(kind: u8, r: &mut Bytes<'_>) -> Option<(Text, bool)> {
    let state = |byte: u8, names: [&'static str; 4]| {
        (CompactString::const_new(names[usize::from(byte & 3)]), byte)
    };
    let (mut text, qualifier) = match kind {
        45 | 58 => state(r.u8()?, ["off", "on", "off", "on"]),
        46 | 59 => state(r.u8()?, ["not permitted", "off", "on", "not permitted"]),
        47 | 60 => state(r.u8()?, ["not permitted", "lower", "higher", "not permitted"]),
        // A set point has its qualifier of command behind it.
        48 | 61 => {
            let value = f32::from(r.u16le()? as i16) / 32768.0;
            (format_compact!("{value}"), r.u8().unwrap_or(0))
        }
        49 | 62 => {
            let value = r.u16le()? as i16;
            (format_compact!("{value}"), r.u8().unwrap_or(0))
        }
        50 | 63 => {
            let value = f32::from_bits(r.u32le()?);
            (format_compact!("{value}"), r.u8().unwrap_or(0))
        }
        51 | 64 => (format_compact!("{:#010x}", r.u32le()?), 0),
        100 | 101 | 105 => (format_compact!("{}", r.u8()?), 0),
        _ => return None,
    };
    let select = qualifier & 0x80 != 0;
    if select {
        text.push_str(" select");
    }
    Some((text, select))
}

fn name(kind: u8) -> (Verb, &'static str) {
    match kind {
        1 => (Verb::Report, "M_SP_NA_1"),
        2 => (Verb::Report, "M_SP_TA_1"),
        3 => (Verb::Report, "M_DP_NA_1"),
        4 => (Verb::Report, "M_DP_TA_1"),
        5 => (Verb::Report, "M_ST_NA_1"),
        6 => (Verb::Report, "M_ST_TA_1"),
        7 => (Verb::Report, "M_BO_NA_1"),
        8 => (Verb::Report, "M_BO_TA_1"),
        9 => (Verb::Report, "M_ME_NA_1"),
        10 => (Verb::Report, "M_ME_TA_1"),
        11 => (Verb::Report, "M_ME_NB_1"),
        12 => (Verb::Report, "M_ME_TB_1"),
        13 => (Verb::Report, "M_ME_NC_1"),
        14 => (Verb::Report, "M_ME_TC_1"),
        15 => (Verb::Report, "M_IT_NA_1"),
        16 => (Verb::Report, "M_IT_TA_1"),
        20 => (Verb::Report, "M_PS_NA_1"),
        21 => (Verb::Report, "M_ME_ND_1"),
        30 => (Verb::Report, "M_SP_TB_1"),
        31 => (Verb::Report, "M_DP_TB_1"),
        32 => (Verb::Report, "M_ST_TB_1"),
        33 => (Verb::Report, "M_BO_TB_1"),
        34 => (Verb::Report, "M_ME_TD_1"),
        35 => (Verb::Report, "M_ME_TE_1"),
        36 => (Verb::Report, "M_ME_TF_1"),
        37 => (Verb::Report, "M_IT_TB_1"),
        38 => (Verb::Report, "M_EP_TD_1"),
        39 => (Verb::Report, "M_EP_TE_1"),
        40 => (Verb::Report, "M_EP_TF_1"),
        70 => (Verb::Report, "M_EI_NA_1"),
        17..=19 => (Verb::Report, "M_EP"),
        45 => (Verb::Control, "C_SC_NA_1"),
        46 => (Verb::Control, "C_DC_NA_1"),
        47 => (Verb::Control, "C_RC_NA_1"),
        48 => (Verb::Control, "C_SE_NA_1"),
        49 => (Verb::Control, "C_SE_NB_1"),
        50 => (Verb::Control, "C_SE_NC_1"),
        51 => (Verb::Control, "C_BO_NA_1"),
        58 => (Verb::Control, "C_SC_TA_1"),
        59 => (Verb::Control, "C_DC_TA_1"),
        60 => (Verb::Control, "C_RC_TA_1"),
        61 => (Verb::Control, "C_SE_TA_1"),
        62 => (Verb::Control, "C_SE_TB_1"),
        63 => (Verb::Control, "C_SE_TC_1"),
        64 => (Verb::Control, "C_BO_TA_1"),
        100 => (Verb::Read, "C_IC_NA_1"),
        101 => (Verb::Read, "C_CI_NA_1"),
        102 => (Verb::Read, "C_RD_NA_1"),
        103 => (Verb::SetTime, "C_CS_NA_1"),
        104 => (Verb::Diagnose, "C_TS_NA_1"),
        105 => (Verb::Restart, "C_RP_NA_1"),
        106 => (Verb::Diagnose, "C_CD_NA_1"),
        107 => (Verb::Diagnose, "C_TS_TA_1"),
        110 => (Verb::Configure, "P_ME_NA_1"),
        111 => (Verb::Configure, "P_ME_NB_1"),
        112 => (Verb::Configure, "P_ME_NC_1"),
        113 => (Verb::Configure, "P_AC_NA_1"),
        120 => (Verb::Other, "F_FR_NA_1"),
        121 => (Verb::Other, "F_SR_NA_1"),
        122 => (Verb::Upload, "F_SC_NA_1"),
        123 => (Verb::Other, "F_LS_NA_1"),
        124 => (Verb::Other, "F_AF_NA_1"),
        125 => (Verb::Other, "F_SG_NA_1"),
        126 => (Verb::Other, "F_DR_TA_1"),
        127 => (Verb::Upload, "F_SC_NB_1"),
        _ => (Verb::Other, ""),
    }
}
