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
    REGISTRY.iter().any(|r| r.names().any(|known| known == name))
}

/// Whether stations operate controllers by the protocol of that name.
pub fn is_industrial(name: &str) -> bool {
    industrial().any(|known| known == name)
}

/// The names that records give to protocols by which stations operate controllers.
pub fn industrial() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().filter(|r| r.industrial).flat_map(|r| r.names())
}

/// Operations of a decoder, one line each, for snapshots.
#[cfg(test)]
pub(crate) fn show(out: &crate::decode::Output) -> String {
    told(out, &[])
}

/// What a decoder told, one line each, for snapshots.
#[cfg(test)]
pub(crate) fn told(
    out: &crate::decode::Output,
    facts: &[(hangtu_record::FieldName, hangtu_record::OwnedValue)],
) -> String {
    use hangtu_record::{FieldName, Record as _};
    use std::fmt::Write as _;
    let hide = [
        FieldName::RecordKind,
        FieldName::Timestamp,
        FieldName::SourcePort,
        FieldName::DestinationPort,
        FieldName::OperationDelay,
    ];
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "{} = {}", name.name(), value.as_value());
    }
    for operation in &out.records.operations {
        operation.each(&mut |name, value| {
            if !hide.iter().any(|h| h.name() == name) {
                let name = name.strip_prefix("operation.").unwrap_or(name);
                let _ = write!(text, "{name}={value} ");
            }
        });
        text.truncate(text.trim_end().len());
        text.push('\n');
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_a_fuzz_target() {
        const TARGETS: &str = include_str!("../../../fuzz/Cargo.toml");
        for registration in REGISTRY {
            let target = format!(
                "[[bin]]\nname = \"{}\"\npath = \"targets/protocol.rs\"\n",
                registration.name
            );
            assert!(TARGETS.contains(&target), "fuzz/Cargo.toml lacks {target}");
        }
    }

    #[test]
    fn names_are_told_by_the_registry() {
        let names: Vec<_> = industrial().collect();
        assert_eq!(names, ["modbus", "s7comm", "s7comm-plus", "enip", "cip", "dnp3", "iec104"]);
        assert!(["mdns", "llmnr", "enip-io", "ssh", "cip"].into_iter().all(is_name));
        assert!(!is_name("profinet") && !is_industrial("enip-io") && !is_industrial(""));
    }
}
