//! One file per protocol; each builds only what the day needs.

pub(super) mod desktop;
pub(super) mod dhcp;
pub(super) mod dnp3;
pub(super) mod dns;
pub(super) mod enip;
pub(super) mod http;
pub(super) mod iec104;
pub(super) mod modbus;
pub(super) mod nbns;
pub(super) mod ntlm;
pub(super) mod s7;
pub(super) mod smb;
pub(super) mod ssh;
pub(super) mod telnet;
pub(super) mod tls;

/// Text as Windows writes it.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
