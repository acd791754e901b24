//! As much of X.509 (RFC 5280 §4.1) as names the two parties of a certificate.

use crate::{bytes::Bytes, decode::clean};
use hangtu_record::Text;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const VERSION: u8 = 0xa0;

/// Who a certificate is for and who signed it.
pub(super) struct Names {
    pub(super) subject: Text,
    pub(super) issuer: Text,
}

/// One DER element: its tag and content (X.690 §8.1).
fn element<'a>(b: &mut Bytes<'a>) -> Option<(u8, &'a [u8])> {
    let tag = b.u8()?;
    let length = match b.u8()? {
        short @ ..=0x7f => usize::from(short),
        0x81 => usize::from(b.u8()?),
        0x82 => usize::from(b.u16be()?),
        0x83 => b.u24be()? as usize,
        _ => return None,
    };
    Some((tag, b.take(length)?))
}

fn expect<'a>(b: &mut Bytes<'a>, tag: u8) -> Option<Bytes<'a>> {
    let (found, content) = element(b)?;
    (found == tag).then(|| Bytes::new(content))
}

/// Reads both names.
pub(super) fn names(certificate: &[u8]) -> Option<Names> {
    let mut certificate = expect(&mut Bytes::new(certificate), SEQUENCE)?;
    let mut b = expect(&mut certificate, SEQUENCE)?;
    if b.peek() == Some(VERSION) {
        element(&mut b)?;
    }
    let (_serial, _algorithm) = (element(&mut b)?, element(&mut b)?);
    let issuer = name(expect(&mut b, SEQUENCE)?);
    let _validity = element(&mut b)?;
    let subject = name(expect(&mut b, SEQUENCE)?);
    Some(Names { subject, issuer })
}

/// The keyword of an attribute type (RFC 4514 §3, RFC 5280 §4.1.2.4).
fn keyword(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        _ => return None,
    })
}

/// A distinguished name, most specific part first (RFC 4514 §2.1); unknown attributes are left out.
fn name(mut rdns: Bytes<'_>) -> Text {
    let mut parts: Vec<(&str, Text)> = Vec::new();
    while let (Some(mut rdn), ..16) = (expect(&mut rdns, SET), parts.len()) {
        let Some(mut pair) = expect(&mut rdn, SEQUENCE) else { break };
        let (Some((OBJECT_IDENTIFIER, oid)), Some((tag, value))) =
            (element(&mut pair), element(&mut pair))
        else {
            break;
        };
        let Some(keyword) = keyword(oid) else { continue };
        let value = if tag == BMP_STRING {
            let units = value.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
            clean(String::from_utf16_lossy(&units.take(100).collect::<Vec<_>>()).as_bytes())
        } else {
            clean(value)
        };
        parts.push((keyword, value));
    }
    let mut out = Text::const_new("");
    for (keyword, value) in parts.iter().rev() {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(keyword);
        out.push('=');
        out.push_str(value);
    }
    out
}
