//! The protocols we decode: one file or folder each, one line here.

use crate::decode::Registration;

mod dhcp;
mod dns;
mod ftp;
mod http;
mod nbns;
mod rdp;
mod smb;
mod ssh;
mod telnet;
mod tls;
mod vnc;

/// Every decoder. Order matters only between probes that both accept; the stricter stands first.
pub static REGISTRY: &[&Registration] = &[
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
    for f in &out.files {
        let target = if f.target.is_empty() { String::new() } else { format!(" -> {}", f.target) };
        let entropy = f.entropy.map(|e| format!(", entropy {e}")).unwrap_or_default();
        let (verb, share, path) = (f.verb.name(), &f.share, &f.path);
        let (size, status, user, at) = (f.size, f.status, &f.user, f.origin.number);
        let _ = writeln!(
            text,
            "{verb} {share}:{path}{target}, {size} bytes{entropy}, status {status:#x}, by {user}, #{at}",
        );
    }
    for (protocol, count) in &out.unreadable {
        let _ = writeln!(text, "{count} unreadable {protocol}");
    }
    text
}
