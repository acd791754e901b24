//! ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1), and the JA4 of the client.
//!
//! JA4 is FoxIO's TLS client fingerprint (BSD 3-Clause; `technical_details/JA4.md` of their
//! repository); the other JA4+ methods are licensed otherwise and stay out of here.

use crate::{bytes::Bytes, decode};
use hangtu_record::Text;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client says first.
#[derive(Debug, Default)]
pub(super) struct ClientHello<'a> {
    pub(super) version: u16,
    pub(super) server_name: &'a [u8],
    pub(super) alpn: Vec<&'a [u8]>,
    ciphers: Vec<u16>,
    extensions: Vec<u16>,
    signatures: Vec<u16>,
}

/// What a server agrees to.
#[derive(Debug, Default)]
pub(super) struct ServerHello<'a> {
    pub(super) version: u16,
    pub(super) cipher: u16,
    pub(super) alpn: &'a [u8],
}

/// Reserved values that clients sprinkle to keep servers tolerant (RFC 8701).
const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn vector<'a>(b: &mut Bytes<'a>) -> Option<Bytes<'a>> {
    let length = usize::from(b.u16be()?);
    b.take(length).map(Bytes::new)
}

fn numbers(mut b: Bytes<'_>) -> Vec<u16> {
    std::iter::from_fn(|| b.u16be()).filter(|n| !is_grease(*n)).collect()
}

/// The protocol names of an ALPN extension (RFC 7301 §3.1).
fn protocols(mut b: Bytes<'_>) -> impl Iterator<Item = &[u8]> {
    let mut list = vector(&mut b).unwrap_or(Bytes::new(&[]));
    std::iter::from_fn(move || {
        let length = usize::from(list.u8()?);
        list.take(length)
    })
}

impl<'a> ClientHello<'a> {
    /// Reads the body of the message.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut b = Bytes::new(body);
        let mut hello = Self { version: b.u16be()?, ..Self::default() };
        b.skip(32)?;
        let session = usize::from(b.u8()?);
        b.skip(session)?;
        hello.ciphers = numbers(vector(&mut b)?);
        let compression = usize::from(b.u8()?);
        b.skip(compression)?;
        let Some(mut extensions) = vector(&mut b) else { return Some(hello) };
        while let (Some(kind), Some(data)) = (extensions.u16be(), vector(&mut extensions)) {
            if !is_grease(kind) {
                hello.extensions.push(kind);
                hello.extension(kind, data);
            }
        }
        Some(hello)
    }

    fn extension(&mut self, kind: u16, mut data: Bytes<'a>) -> Option<()> {
        match kind {
            SERVER_NAME => {
                let mut list = vector(&mut data)?;
                if list.u8()? == 0 {
                    self.server_name = vector(&mut list)?.rest();
                }
            }
            SIGNATURE_ALGORITHMS => self.signatures = numbers(vector(&mut data)?),
            ALPN => self.alpn = protocols(data).take(16).collect(),
            SUPPORTED_VERSIONS => {
                let length = usize::from(data.u8()?);
                let versions = numbers(Bytes::new(data.take(length)?));
                self.version = versions.into_iter().max()?;
            }
            _ => {}
        }
        Some(())
    }

    /// The JA4 of a client over TCP.
    pub(super) fn ja4(&self) -> Text {
        let version = match self.version {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0x0002 => "s2",
            _ => "00",
        };
        let name = if self.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
        let [first, last] = self.alpn_ends();
        let mut ciphers = self.ciphers.clone();
        ciphers.sort_unstable();
        let mut extensions = self.extensions.clone();
        extensions.retain(|e| !matches!(*e, SERVER_NAME | ALPN));
        extensions.sort_unstable();
        // Counts take the name and ALPN in, the hash leaves them out.
        let mut out = Text::const_new("");
        let _ = write!(
            out,
            "t{version}{name}{:02}{:02}{first}{last}_{}_{}",
            self.ciphers.len().min(99),
            self.extensions.len().min(99),
            short_hash(&ciphers, &[]),
            short_hash(&extensions, &self.signatures),
        );
        out
    }

    /// First and last character of the first protocol name, or of its hex where one of the two is
    /// not alphanumeric.
    fn alpn_ends(&self) -> [char; 2] {
        let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        match self.alpn.first().copied().unwrap_or_default() {
            [] => ['0', '0'],
            [first, .., last] | [first @ last]
                if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() =>
            {
                [char::from(*first), char::from(*last)]
            }
            [first, .., last] | [first @ last] => [hex(first >> 4), hex(last & 15)],
        }
    }
}

/// The first 12 hex digits of the SHA-256 of the lists as hex numbers; twelve zeros for nothing.
fn short_hash(list: &[u16], then: &[u16]) -> Text {
    if list.is_empty() {
        return Text::const_new("000000000000");
    }
    let mut text = Vec::with_capacity(5 * (list.len() + then.len()));
    for group in [list, then] {
        for (at, number) in group.iter().enumerate() {
            text.push(if at == 0 { b'_' } else { b',' });
            text.extend(number.to_be_bytes().into_iter().flat_map(decode::hex));
        }
    }
    // Nothing stands before the first one.
    hex(&Sha256::digest(&text[1..])[..6])
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> Text {
    let mut out = Text::with_capacity(2 * bytes.len());
    out.extend(bytes.iter().flat_map(|byte| decode::hex(*byte)).map(char::from));
    out
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the message.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut b = Bytes::new(body);
        let mut hello = Self { version: b.u16be()?, ..Self::default() };
        b.skip(32)?;
        let session = usize::from(b.u8()?);
        b.skip(session)?;
        hello.cipher = b.u16be()?;
        b.skip(1)?;
        let Some(mut extensions) = vector(&mut b) else { return Some(hello) };
        while let (Some(kind), Some(mut data)) = (extensions.u16be(), vector(&mut extensions)) {
            match kind {
                SUPPORTED_VERSIONS => hello.version = data.u16be().unwrap_or(hello.version),
                ALPN => hello.alpn = protocols(data).next().unwrap_or_default(),
                _ => {}
            }
        }
        Some(hello)
    }
}
