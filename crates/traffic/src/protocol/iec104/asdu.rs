//! ASDUs: type, cause, common address, first information object.

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{Operation, Outcome, Seen, Verb};

/// Type, common address, information object address.
pub(super) type Key = (u8, u16, u32);

/// Types of monitored information that an outstation sends.
fn monitored(kind: u8) -> bool {
    matches!(kind, 1..=21 | 30..=40 | 70)
}

/// Whether the standard defines the type (IEC 60870-5-104 section 6; 60870-5-101 tables 8–14).
pub(super) fn known(kind: u8) -> bool {
    monitored(kind) || matches!(kind, 45..=51 | 58..=64 | 100..=107 | 110..=113 | 120..=127)
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

pub(super) fn read(
    cx: &mut Context<'_>,
    pending: &mut Pending<Key>,
    from: Side,
    b: &[u8],
) -> Option<()> {
    let mut r = Bytes::new(b);
    let kind = r.u8()?;
    let qualifier = r.u8()?;
    let cause = r.u8()?;
    let _originator = r.u8()?;
    let common = r.u16le()?;
    let object = r.array::<3>().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]));
    let (negative, reason) = (cause & 0x40 != 0, cause & 0x3f);
    let key = (kind, common, object.unwrap_or(0));
    let make = |cx: &Context<'_>, side: Side| {
        let (verb, name) = name(kind);
        let mut op = cx.operation(side, "iec104", verb, u32::from(kind), name);
        op.unit = Some(u32::from(common));
        op.address = object;
        op.count = Some(u32::from(qualifier & 0x7f));
        op
    };
    match reason {
        _ if monitored(kind) => {
            let mut op = make(cx, from);
            op.outcome = Outcome::NoneExpected;
            cx.emit(op);
        }
        7 | 9 | 44..=47 => {
            let mut op = pending.answer(cx, &key).unwrap_or_else(|| {
                let mut op = make(cx, from.other());
                op.seen = Seen::Response;
                value(&mut op, kind, &mut r);
                op
            });
            let refused = negative || reason >= 44;
            op.outcome = if refused { Outcome::Error } else { Outcome::Success };
            if refused {
                op.error = Some(u32::from(cause));
                op.error_name = match reason {
                    44 => "Unknown type identification",
                    45 => "Unknown cause of transmission",
                    46 => "Unknown common address",
                    47 => "Unknown information object address",
                    _ => "Negative confirmation",
                };
            }
            cx.emit(op);
        }
        // Activation termination: the request is already told.
        10 => {}
        _ => {
            let mut op = make(cx, from);
            value(&mut op, kind, &mut r);
            // File transfer is told by other ASDUs, and a read by the value itself.
            if matches!(kind, 102 | 120..=127) {
                op.outcome = Outcome::NoneExpected;
                cx.emit(op);
            } else {
                pending.ask(cx, key, op);
            }
        }
    }
    Some(())
}

/// The commanded value (IEC 60870-5-101 section 7.2.6).
fn value(op: &mut Operation, kind: u8, r: &mut Bytes<'_>) -> Option<()> {
    let state = |byte: u8, names: [&'static str; 4]| {
        let select = if byte & 0x80 != 0 { " select" } else { "" };
        format_compact!("{}{select}", names[usize::from(byte & 3)])
    };
    op.value = match kind {
        45 | 58 => state(r.u8()?, ["off", "on", "off", "on"]),
        46 | 59 => state(r.u8()?, ["not permitted", "off", "on", "not permitted"]),
        47 | 60 => state(r.u8()?, ["not permitted", "lower", "higher", "not permitted"]),
        48 | 61 => format_compact!("{}", f32::from(r.u16le()? as i16) / 32768.0),
        49 | 62 => format_compact!("{}", r.u16le()? as i16),
        50 | 63 => format_compact!("{}", f32::from_bits(r.u32le()?)),
        51 | 64 => format_compact!("{:#010x}", r.u32le()?),
        100 | 101 | 105 => format_compact!("{}", r.u8()?),
        _ => CompactString::const_new(""),
    };
    Some(())
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
