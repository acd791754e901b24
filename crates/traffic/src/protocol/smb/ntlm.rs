//! NTLMSSP messages (MS-NLMP §2.2.1) inside SPNEGO, SMB or HTTP: who logs on, from which host.

use crate::{
    bytes::Bytes,
    decode::{Context, Side, clean, clean_utf16},
};
use hangtu_record::{FieldName, OwnedValue, Text};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x0000_0001;
const VERSION: u32 = 0x0200_0000;

/// Which step of a log-on a security token was.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Token {
    /// NTLM has begun or the server challenged.
    Underway,
    /// The client said who it is; empty for an anonymous log-on.
    User(Text),
    /// A Kerberos ticket: the user is not readable.
    Kerberos,
}

/// The place where an NTLMSSP message begins in a token.
fn find(token: &[u8]) -> Option<&[u8]> {
    let at = token.windows(SIGNATURE.len()).take(4096).position(|w| w == SIGNATURE)?;
    token.get(at..)
}

/// Text that a (length, maximum, offset) triple at `at` points to.
fn field(message: &[u8], at: usize, unicode: bool) -> Option<Text> {
    let mut b = Bytes::at(message, at);
    let length = usize::from(b.u16le()?);
    b.skip(2)?;
    let offset = b.u32le()? as usize;
    let bytes = message.get(offset..)?.get(..length)?;
    Some(if unicode { clean_utf16(bytes) } else { clean(bytes) })
}

/// `Windows major.minor.build` of the VERSION structure (§2.2.2.10). Samba and others send build 0
/// or nothing; that tells nothing about the host.
fn windows(message: &[u8], at: usize) -> Option<Text> {
    let mut b = Bytes::at(message, at);
    let (major, minor, build) = (b.u8()?, b.u8()?, b.u16le()?);
    (build != 0 && matches!(major, 5..=10))
        .then(|| Text::from(format!("Windows {major}.{minor}.{build}")))
}

fn about(cx: &mut Context<'_>, side: Side, name: FieldName, text: Option<Text>) {
    if let Some(text) = text {
        cx.about(side, name, &text);
    }
}

/// Reads a security token sent by `from` and notes whom and what it names.
pub(in crate::protocol) fn note(cx: &mut Context<'_>, from: Side, token: &[u8]) -> Option<Token> {
    /// Kerberos V5 mechanism followed by the AP-REQ token id (RFC 4121 §4.1).
    const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00";
    let Some(message) = find(token) else {
        let kerberos = token.windows(KERBEROS.len()).take(256).any(|w| w == KERBEROS);
        return kerberos.then(|| {
            cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("kerberos")));
            Token::Kerberos
        });
    };
    let mut b = Bytes::at(message, 8);
    match b.u32le()? {
        1 => Some(Token::Underway),
        2 => {
            let flags = Bytes::at(message, 20).u32le()?;
            let mut pairs = Bytes::at(message, 40);
            let length = usize::from(pairs.u16le()?);
            let offset = Bytes::at(message, 44).u32le()? as usize;
            let info = message.get(offset..).unwrap_or_default();
            let mut info = Bytes::new(&info[..length.min(info.len())]);
            // AV_PAIRs (§2.2.2.1): 1 is the NetBIOS name of the server; 0 ends the list.
            while let (Some(id @ 1..), Some(length)) = (info.u16le(), info.u16le()) {
                let Some(value) = info.take(usize::from(length)) else { break };
                if id == 1 {
                    about(cx, from, FieldName::HostName, Some(clean_utf16(value)));
                }
            }
            if flags & VERSION != 0 {
                about(cx, from, FieldName::HostOs, windows(message, 48));
            }
            Some(Token::Underway)
        }
        3 => {
            let flags = Bytes::at(message, 60).u32le().unwrap_or(UNICODE);
            let unicode = flags & UNICODE != 0;
            let user = field(message, 36, unicode)?;
            if user.is_empty() {
                cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("anonymous")));
                return Some(Token::User(user));
            }
            cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("ntlm")));
            cx.fact(FieldName::UserName, OwnedValue::Str(user.clone()));
            cx.about(from, FieldName::UserName, &user);
            if let Some(domain) = field(message, 28, unicode) {
                cx.fact(FieldName::UserDomain, OwnedValue::Str(domain));
            }
            if let Some(host) = field(message, 44, unicode) {
                cx.about(from, FieldName::HostName, &host);
                cx.fact(FieldName::HostName, OwnedValue::Str(host));
            }
            if flags & VERSION != 0 {
                about(cx, from, FieldName::HostOs, windows(message, 64));
            }
            Some(Token::User(user))
        }
        _ => None,
    }
}
