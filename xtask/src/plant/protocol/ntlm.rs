//! NTLMSSP messages (MS-NLMP §2.2.1): who logs on, from which host.

use super::utf16;
use crate::plant::net::Net;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// Unicode, target, NTLM, extended security, target info, version, 128 bits.
const FLAGS: u32 = 0x2289_0205;
/// Windows 10.0 build 19045.
const WINDOWS_10: [u8; 8] = [10, 0, 0x65, 0x4a, 0, 0, 0, 15];
/// Windows Server 2019.
const SERVER_2019: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];

/// A log-on: who, of which domain, from which host.
#[derive(Clone, Copy)]
pub(in crate::plant) struct User {
    pub(in crate::plant) name: &'static str,
    pub(in crate::plant) domain: &'static str,
    pub(in crate::plant) host: &'static str,
}

pub(super) fn negotiate() -> Vec<u8> {
    [SIGNATURE, &1_u32.to_le_bytes(), &FLAGS.to_le_bytes(), &[0; 16], &WINDOWS_10].concat()
}

/// Length, maximum and offset of a part.
fn place(length: usize, offset: usize) -> Vec<u8> {
    let length = (length as u16).to_le_bytes();
    [&length[..], &length, &(offset as u32).to_le_bytes()].concat()
}

pub(super) fn challenge(server: &str, challenge: &[u8]) -> Vec<u8> {
    let name = utf16(server);
    // The NetBIOS name of the server, and the end of the list.
    let info = [&[1, 0][..], &(name.len() as u16).to_le_bytes(), &name, &[0; 4]].concat();
    let target = place(name.len(), 56);
    let list = place(info.len(), 56 + name.len());
    let (kind, flags) = (2_u32.to_le_bytes(), FLAGS.to_le_bytes());
    let parts: [&[u8]; 10] =
        [SIGNATURE, &kind, &target, &flags, challenge, &[0; 8], &list, &SERVER_2019, &name, &info];
    parts.concat()
}

/// An NTLMv2 response (§2.2.2.8) that proves nothing: made of chance.
pub(super) fn proof(net: &mut Net) -> Vec<u8> {
    let (proof, time_and_challenge) = (net.random.bytes(16), net.random.bytes(16));
    // Versions, then no pairs and the end of them.
    [&proof[..], &[1, 1, 0, 0, 0, 0, 0, 0], &time_and_challenge, &[0; 4], &[0; 4], &[0; 4]].concat()
}

/// The answer to the challenge.
pub(super) fn authenticate(user: User, proof: &[u8]) -> Vec<u8> {
    let (domain, name, host) = (utf16(user.domain), utf16(user.name), utf16(user.host));
    let mut offset = 72;
    let mut head = Vec::new();
    let mut content = Vec::new();
    // LM and NT responses come first in the header; the content stands in the same order.
    for part in [&[0; 24][..], proof, &domain, &name, &host, &[]] {
        head.extend(place(part.len(), offset));
        offset += part.len();
        content.extend(part);
    }
    let kind = 3_u32.to_le_bytes();
    [SIGNATURE, &kind, &head, &FLAGS.to_le_bytes(), &WINDOWS_10, &content].concat()
}
