//! TLS, and TLCP of GB/T 38636-2020: names, versions, ciphers, certificates and the client's JA4,
//! until a direction turns to ciphertext.

mod certificate;
mod ciphers;
mod hello;
#[cfg(test)]
mod tests;

use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict},
};
use hangtu_record::{FieldName, OwnedValue, Text};
use hello::{ClientHello, ServerHello};
use sha2::{Digest, Sha256};

/// TLS over TCP, on any port.
pub(super) static REGISTRATION: Registration = Registration {
    name: "tls",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[443, 8443, 465, 636, 853, 989, 990, 993, 995, 5061, 8883],
    probe,
    make: || Box::<Tls>::default(),
};

/// Record types (RFC 8446 §5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// Handshake types.
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
/// Version 1.1 of TLCP in records and hellos.
const TLCP: u16 = 0x0101;
const TLS_1_3: u16 = 0x0304;
const SSL_2: u16 = 0x0002;

/// The longest record: 2^14 bytes and what old versions may add (RFC 5246 §6.2.3).
const MAX_RECORD: usize = (1 << 14) + 2048;
/// The longest handshake message kept: long enough for certificate chains that exist.
const MAX_MESSAGE: usize = 32 * 1024;
/// How far to look for the next handshake record after bytes were lost.
const MAX_SEARCH: usize = 64 * 1024;

/// Type and length of a record, when its header can be one.
fn record(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut b = Bytes::new(bytes);
    let (kind, version, length) = (b.u8()?, b.u16be()?, usize::from(b.u16be()?));
    let known = matches!(version, 0x0300..=TLS_1_3 | TLCP) && (20..=24).contains(&kind);
    (known && length <= MAX_RECORD && length > 0).then_some((kind, length))
}

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    if bytes.len() < 11 {
        let begun = matches!(bytes, [] | [HANDSHAKE])
            || bytes.starts_with(&[HANDSHAKE, 3])
            || bytes.starts_with(&[HANDSHAKE, 1]);
        return if begun { Verdict::More } else { Verdict::No };
    }
    if client_hello_of_ssl2(bytes).is_some() {
        return Verdict::Yes(Some(Side::Client));
    }
    let Some((kind, length)) = record(bytes) else { return Verdict::No };
    if kind == HANDSHAKE {
        return handshake(bytes);
    }
    // The capture joined after the handshake: the port has to say it, and the next record too.
    let next = bytes.get(5 + length..).is_none_or(|next| next.len() < 5 || record(next).is_some());
    if peek.by_port.is_some() && kind == APPLICATION_DATA && next {
        Verdict::Yes(None)
    } else {
        Verdict::No
    }
}

/// Whether a hello begins in handshake records, which may be as short as one byte (RFC 8446 §5.1).
fn handshake(bytes: &[u8]) -> Verdict {
    // Type, length and version of the message.
    let mut first = [0; 6];
    let (mut known, mut rest) = (0, bytes);
    while known < first.len() {
        let (kind, length) = match record(rest) {
            Some(record) => record,
            None if rest.len() < 5 => return Verdict::More,
            None => return Verdict::No,
        };
        if kind != HANDSHAKE {
            return Verdict::No;
        }
        let part = length.min(first.len() - known);
        let Some(content) = rest.get(5..5 + part) else { return Verdict::More };
        first[known..known + part].copy_from_slice(content);
        known += part;
        rest = rest.get(5 + length..).unwrap_or_default();
    }
    let [kind, a, b, c, high, low] = first;
    let size = u32::from_be_bytes([0, a, b, c]) as usize;
    let version = u16::from_be_bytes([high, low]);
    let hello = matches!(version, 0x0300..=0x0303 | TLCP) && (38..MAX_MESSAGE).contains(&size);
    match kind {
        CLIENT_HELLO if hello => Verdict::Yes(Some(Side::Client)),
        SERVER_HELLO if hello => Verdict::Yes(Some(Side::Server)),
        _ => Verdict::No,
    }
}

/// Version offered and length of a ClientHello in the format of SSL 2.0 (RFC 5246 appendix E.2).
fn client_hello_of_ssl2(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut b = Bytes::new(bytes);
    let length = usize::from(b.u16be()?.checked_sub(0x8000)?);
    let (kind, version) = (b.u8()?, b.u16be()?);
    let (ciphers, session, challenge) = (b.u16be()?, b.u16be()?, b.u16be()?);
    let fits = kind == CLIENT_HELLO
        && matches!(version, SSL_2 | 0x0300..=0x0303)
        && (ciphers > 0 && ciphers % 3 == 0)
        && matches!(session, 0 | 16)
        && (16..=32).contains(&challenge)
        && length == 9 + usize::from(ciphers) + usize::from(session) + usize::from(challenge);
    fits.then_some((version, 2 + length))
}

/// What is left of a handshake message that goes on in the next record, and whether to search.
#[derive(Debug, Default)]
struct Half {
    partial: Vec<u8>,
    searched: Option<usize>,
}

/// The decoder; others hand their flow to it when they change to TLS.
#[derive(Debug, Default)]
pub(super) struct Tls {
    halves: [Half; 2],
    offered: u16,
    agreed: bool,
}

fn version_name(version: u16) -> &'static str {
    match version {
        TLS_1_3 => "1.3",
        0x0303 => "1.2",
        0x0302 => "1.1",
        0x0301 => "1.0",
        0x0300 => "SSL 3.0",
        SSL_2 => "SSL 2.0",
        TLCP => "TLCP 1.1",
        _ => "",
    }
}

impl Tls {
    /// Reads the handshake messages of a record; true when this side has nothing more to say.
    fn handshake(&mut self, cx: &mut Context<'_>, from: Side, payload: &[u8]) -> bool {
        let mut kept = std::mem::take(&mut self.halves[from as usize].partial);
        let joined = if kept.is_empty() {
            payload
        } else {
            kept.extend_from_slice(payload);
            &kept
        };
        let mut b = Bytes::new(joined);
        let mut done = false;
        while !done && !b.is_empty() {
            let mut head = b;
            let (Some(kind), Some(length)) = (head.u8(), head.u24be()) else { break };
            if length as usize > MAX_MESSAGE {
                cx.unreadable("tls");
                done = true;
                break;
            }
            let Some(body) = head.take(length as usize) else { break };
            done = self.message(cx, kind, body);
            b = head;
        }
        let left = b.rest();
        if !done {
            let partial = if left.len() == kept.len() { kept } else { left.to_vec() };
            self.halves[from as usize].partial = partial;
        }
        *cx.held = self.halves.iter().map(|half| half.partial.capacity()).sum();
        done
    }

    fn message(&mut self, cx: &mut Context<'_>, kind: u8, body: &[u8]) -> bool {
        match kind {
            CLIENT_HELLO => {
                let Some(hello) = ClientHello::read(body) else {
                    cx.unreadable("tls");
                    return true;
                };
                self.offered = hello.version;
                cx.fact_text(FieldName::TlsServerName, hello.server_name);
                cx.fact(FieldName::TlsJa4, OwnedValue::Str(hello.ja4()));
                for protocol in hello.alpn.iter().take(4) {
                    cx.fact_text(FieldName::TlsAlpn, protocol);
                }
                true
            }
            SERVER_HELLO => {
                let Some(hello) = ServerHello::read(body) else {
                    cx.unreadable("tls");
                    return true;
                };
                self.agreed = true;
                let version = Text::const_new(version_name(hello.version));
                cx.fact(FieldName::TlsVersion, OwnedValue::Str(version));
                let cipher = ciphers::name(hello.cipher)
                    .map_or_else(|| Text::from(format!("0x{:04x}", hello.cipher)), Text::const_new);
                cx.fact(FieldName::TlsCipher, OwnedValue::Str(cipher));
                cx.fact_text(FieldName::TlsAlpn, hello.alpn);
                // From here a TLS 1.3 server is unreadable; so is one asking for another hello.
                hello.version == TLS_1_3
            }
            CERTIFICATE => {
                let mut b = Bytes::at(body, 3);
                let first = b.u24be().and_then(|length| b.take(length as usize));
                if let Some(certificate) = first {
                    let hash = hello::hex(&Sha256::digest(certificate));
                    cx.fact(FieldName::TlsCertificate, OwnedValue::Str(hash));
                    if let Some(names) = certificate::names(certificate) {
                        cx.fact_text(FieldName::TlsSubject, names.subject.as_bytes());
                        cx.fact_text(FieldName::TlsIssuer, names.issuer.as_bytes());
                    }
                }
                true
            }
            SERVER_HELLO_DONE => true,
            _ => false,
        }
    }

    /// The place of the next handshake record whose message can be read.
    fn search(bytes: &[u8]) -> Option<usize> {
        (0..bytes.len()).find(|at| {
            let rest = &bytes[*at..];
            rest[0] == HANDSHAKE
                && record(rest).is_some()
                && matches!(rest.get(5..7), Some([CLIENT_HELLO | SERVER_HELLO | CERTIFICATE, 0]))
        })
    }
}

impl Decoder for Tls {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(searched) = self.halves[from as usize].searched {
                match Self::search(rest) {
                    Some(next) => {
                        self.halves[from as usize].searched = None;
                        at += next;
                    }
                    None if searched + rest.len() > MAX_SEARCH => return DONE,
                    None => {
                        let used = rest.len().saturating_sub(6);
                        self.halves[from as usize].searched = Some(searched + used);
                        return at + used;
                    }
                }
                continue;
            }
            if rest.len() < 5 {
                return at;
            }
            match record(rest) {
                Some((CHANGE_CIPHER_SPEC | APPLICATION_DATA, _)) => return DONE,
                Some((HANDSHAKE, length)) => {
                    let Some(payload) = rest.get(5..5 + length) else { return at };
                    if self.handshake(cx, from, payload) {
                        return DONE;
                    }
                    at += 5 + length;
                }
                Some((ALERT | 24, length)) => at += 5 + length,
                _ => match client_hello_of_ssl2(rest) {
                    Some((version, length)) if from == Side::Client && self.offered == 0 => {
                        self.offered = version;
                        at += length;
                    }
                    _ => {
                        cx.unreadable("tls");
                        self.halves[from as usize].searched = Some(0);
                    }
                },
            }
        }
        at
    }

    fn gap(&mut self, cx: &mut Context<'_>, from: Side) {
        self.halves[from as usize] = Half { partial: Vec::new(), searched: Some(0) };
        *cx.held = self.halves[from.other() as usize].partial.capacity();
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        if !self.agreed {
            let version = Text::const_new(version_name(self.offered));
            cx.fact(FieldName::TlsVersion, OwnedValue::Str(version));
        }
    }
}
