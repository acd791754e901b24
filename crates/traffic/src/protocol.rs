//! The protocols we decode: one file or folder each, one line in [`REGISTRY`].

mod cip;
mod dnp3;
mod enip;
mod iec104;
mod modbus;
mod s7comm;
mod tpkt;

use crate::decode::Registration;

/// Every decoder, at most 64 of them. Order matters only between probes that both accept; the
/// stricter stands first.
pub static REGISTRY: &[&Registration] =
    &[&modbus::MODBUS, &s7comm::S7COMM, &enip::ENIP, &enip::IO, &dnp3::DNP3, &iec104::IEC104];

/// Records of a decoder, one line each, for snapshots.
#[cfg(test)]
pub(crate) fn show(out: &crate::decode::Output) -> String {
    use hangtu_record::{FieldName, Record};
    use std::fmt::Write;
    let hide = [
        FieldName::RecordKind,
        FieldName::Timestamp,
        FieldName::SourcePort,
        FieldName::DestinationPort,
        FieldName::OperationDelay,
    ];
    let mut text = String::new();
    let mut line = |record: &dyn Record| {
        record.each(&mut |name, value| {
            if !hide.iter().any(|h| h.name() == name) {
                let _ =
                    write!(text, "{}={value} ", name.strip_prefix("operation.").unwrap_or(name));
            }
        });
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    out.operations.iter().for_each(|o| line(o));
    out.files.iter().for_each(|o| line(o));
    for (protocol, n) in &out.unreadable {
        let _ = writeln!(text, "unreadable {protocol} {n}");
    }
    text
}
