//! Credentials in fields (RFC 9110 §11.6.2, §11.7.2): the user and the scheme, never the secret.

use super::user;
use crate::{
    decode::{Context, Side, clean},
    protocol::smb::ntlm,
};
use hangtu_record::{FieldName, OwnedValue, Text};
use memchr::memchr;

/// Whose log-ons a request carries, of which the status tells the fate.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Credentials {
    /// The server's.
    pub(super) server: bool,
    /// The proxy's.
    pub(super) proxy: bool,
}

impl Credentials {
    /// Tells what a status says of them: that they were refused, or what was done with them. An
    /// error says nothing.
    pub(super) fn judge(self, cx: &mut Context<'_>, status: u16) {
        if !self.server && !self.proxy {
            return;
        }
        let outcome = match status {
            200..=399 => "success",
            401 if self.server => "failure",
            407 if self.proxy => "failure",
            403 => "failure",
            _ => return,
        };
        cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
    }
}

/// Reads an Authorization or Proxy-Authorization field; true when the status will tell its fate.
pub(super) fn read(cx: &mut Context<'_>, value: &[u8]) -> bool {
    let end = memchr(b' ', value).unwrap_or(value.len());
    let (scheme, credentials) = (&value[..end], value[end..].trim_ascii_start());
    let mut scheme = clean(scheme);
    scheme.make_ascii_lowercase();
    match scheme.as_str() {
        "basic" => {
            // Without a colon it is no user and password (RFC 7617 §2), but perhaps a key.
            let pair = base64(credentials);
            let name = memchr(b':', &pair).map(|colon| &pair[..colon]);
            user(cx, name.unwrap_or_default());
        }
        "digest" => {
            let name = credentials.split(|b| *b == b',').find_map(|parameter| {
                let value = parameter.trim_ascii().strip_prefix(b"username=")?;
                value.strip_prefix(b"\"")?.strip_suffix(b"\"")
            });
            user(cx, name.unwrap_or_default());
        }
        "ntlm" | "negotiate" => {
            let token = base64(credentials);
            return matches!(
                ntlm::note(cx, Side::Client, &token),
                Some(ntlm::Token::User(_) | ntlm::Token::Kerberos)
            );
        }
        "bearer" => {}
        // Something else may stand here, secrets included.
        _ => return false,
    }
    cx.fact(FieldName::AuthMethod, OwnedValue::Str(scheme));
    true
}

/// Reads a WWW-Authenticate or Proxy-Authenticate field: what the server's NTLM names.
pub(super) fn challenge(cx: &mut Context<'_>, value: &[u8]) {
    if let Some(token) = value.strip_prefix(b"NTLM ").or(value.strip_prefix(b"Negotiate ")) {
        ntlm::note(cx, Side::Server, &base64(token));
    }
}

/// Decodes Base64 as far as it goes.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}
