//! The protocols we decode: one file or folder each, one line in [`REGISTRY`].

mod cip;
mod dhcp;
mod dnp3;
mod dns;
mod enip;
mod ftp;
mod http;
mod iec104;
mod modbus;
mod nbns;
mod rdp;
mod s7comm;
mod smb;
mod ssh;
mod telnet;
mod tls;
mod tpkt;
mod vnc;

use crate::decode::Registration;

/// Every decoder, at most 64 of them. Order matters only between probes that both accept; the
/// stricter stands first.
pub static REGISTRY: &[&Registration] = &[
    &modbus::REGISTRATION,
    &s7comm::REGISTRATION,
    &enip::REGISTRATION,
    &enip::IO,
    &dnp3::REGISTRATION,
    &iec104::REGISTRATION,
    &smb::REGISTRATION,
    &tls::REGISTRATION,
    &http::REGISTRATION,
    &ssh::REGISTRATION,
    &vnc::REGISTRATION,
    &rdp::REGISTRATION,
    &ftp::REGISTRATION,
    &telnet::REGISTRATION,
    &dhcp::REGISTRATION,
    &nbns::REGISTRATION,
    &dns::REGISTRATION,
];

/// Whether records may carry that protocol name.
pub fn is_name(name: &str) -> bool {
    // CIP travels inside EtherNet/IP; the others are told apart by a decoder of a near name.
    matches!(name, "cip" | "s7comm-plus" | "mdns" | "llmnr")
        || REGISTRY.iter().any(|r| r.name == name)
}

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
    out.records.operations.iter().for_each(|o| line(o));
    out.records.files.iter().for_each(|o| line(o));
    for (protocol, n) in &out.unreadable {
        let _ = writeln!(text, "unreadable {protocol} {n}");
    }
    text
}

/// What a decoder told, one line each, for snapshots.
#[cfg(test)]
fn told(
    out: &crate::decode::Output,
    facts: &[(hangtu_record::FieldName, hangtu_record::OwnedValue)],
) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "{} = {}", name.name(), value.as_value());
    }
    for f in &out.records.files {
        let target = if f.target.is_empty() { String::new() } else { format!(" -> {}", f.target) };
        let size = f.size.map(|n| format!(", {n} bytes")).unwrap_or_default();
        let entropy = f.entropy.map(|e| format!(", entropy {e}")).unwrap_or_default();
        let (verb, share, path) = (f.verb.name(), &f.share, &f.path);
        let (status, user, at) = (f.status, &f.user, f.origin.number);
        let _ = writeln!(
            text,
            "{verb} {share}:{path}{target}{size}{entropy}, status {status:#x}, by {user}, #{at}",
        );
    }
    for (protocol, count) in &out.unreadable {
        let _ = writeln!(text, "{count} unreadable {protocol}");
    }
    text
}
