//! Request targets (RFC 9112 §3.2): what of them may be kept.

use super::query::is_secret;
use memchr::{memchr, memrchr};

/// The parts of a target.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) authority: Authority<'a>,
    pub(super) path: &'a [u8],
    /// It may hold secrets.
    pub(super) query: &'a [u8],
}

impl<'a> Target<'a> {
    /// Reads a target in any form but that of CONNECT. Nothing is kept of one that may hide a password.
    pub(super) fn read(target: &'a [u8]) -> Self {
        let Some(authority) = behind_scheme(target) else {
            if !target.starts_with(b"/") && memchr(b'@', target).is_some() {
                return Self::default();
            }
            let (path, query) = parts(target);
            return Self { path, query, ..Self::default() };
        };
        let end = authority.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
        let (authority, rest) = authority.split_at(end.unwrap_or(authority.len()));
        let (path, query) = parts(rest);
        match Authority::read(authority) {
            Some(authority) => {
                Self { authority, path: if path.is_empty() { b"/" } else { path }, query }
            }
            None => Self::default(),
        }
    }
}

/// Path and query; what stands behind a `#` is neither.
fn parts(whole: &[u8]) -> (&[u8], &[u8]) {
    let target = &whole[..memchr(b'#', whole).unwrap_or(whole.len())];
    let (path, query) = memchr(b'?', target)
        .map_or((target, &target[..0]), |mark| (&target[..mark], &target[mark + 1..]));
    // Behind a raw space another URL with a password in it may stand.
    match memchr(b' ', path) {
        Some(space) if memchr(b'@', &whole[space..]).is_some() || is_secret(&path[space..]) => {
            (&path[..space], query)
        }
        _ => (path, query),
    }
}

/// What follows `scheme://` (RFC 3986 §3.1).
fn behind_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = memchr(b':', target)?;
    let (scheme, rest) = target.split_at(colon);
    let is_scheme = scheme.first()?.is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    rest.strip_prefix(b"://").filter(|_| is_scheme)
}

/// Who is asked: `user:password@host:port` (RFC 3986 §3.2).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// The user, where a password stands behind it.
    pub(super) user: &'a [u8],
    /// Without the dot that ends a whole name, which is the same name.
    pub(super) host: &'a [u8],
    pub(super) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads what should be no more than that. None where no port stands behind the host's colon: a password with a
    /// slash in it may.
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        let (info, host) = match memrchr(b'@', value) {
            Some(at) => (&value[..at], &value[at + 1..]),
            None => (&value[..0], value),
        };
        // The colons of IPv6 stand in brackets.
        let bracket = memrchr(b']', host).map_or(0, |bracket| bracket + 1);
        let colon = memchr(b':', &host[bracket..]).map_or(host.len(), |colon| bracket + colon);
        let (host, port) = host.split_at(colon);
        let port = port.strip_prefix(b":").unwrap_or_default();
        if !port.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let port = std::str::from_utf8(port).ok().and_then(|port| port.parse().ok());
        let user = memchr(b':', info).map_or(&info[..0], |colon| &info[..colon]);
        Some(Self { user, host: host.strip_suffix(b".").unwrap_or(host), port })
    }
}

#[cfg(test)]
mod tests {
    use super::{Authority, Target};

    #[test]
    fn no_password_is_kept_of_a_target() {
        let read = |target: &'static str| {
            let Target { authority, path, .. } = Target::read(target.as_bytes());
            let Authority { user, host, port } = authority;
            let text = |part| std::str::from_utf8(part).unwrap();
            (text(host), port, text(user), text(path))
        };
        assert_eq!(read("/a@b:c?d"), ("", None, "", "/a@b:c"));
        assert_eq!(read("*"), ("", None, "", "*"));
        assert_eq!(read("http://host/a?b"), ("host", None, "", "/a"));
        assert_eq!(read("http://host.?b"), ("host", None, "", "/"));
        assert_eq!(read("http://bob:pw@host:8080/a"), ("host", Some(8080), "bob", "/a"));
        assert_eq!(read("ftp://bob:p@w@[::1]:21"), ("[::1]", Some(21), "bob", "/"));
        // A key alone, and a password that looks like a path.
        assert_eq!(read("http://key@host:/a"), ("host", None, "", "/a"));
        assert_eq!(read("http://bob:p/w@host/a"), ("", None, "", ""));
        assert_eq!(read("bob:pw@host/a"), ("", None, "", ""));
        // Raw spaces.
        assert_eq!(read("/a b c?d e@f"), ("", None, "", "/a"));
        assert_eq!(read("/a b c?d e"), ("", None, "", "/a b c"));
        assert_eq!(read("/a http://bob:p w@host"), ("", None, "", "/a"));
        assert_eq!(read("/a http://bob:p?w@host"), ("", None, "", "/a"));
        assert_eq!(read("/a user=bob password=pw"), ("", None, "", "/a"));
        assert_eq!(read("http://bob:p w@host/a b"), ("host", None, "bob", "/a b"));
        assert_eq!(read("a.htm bob:pw@host"), ("", None, "", ""));
        let none = Authority { user: b"", host: b"host", port: None };
        assert_eq!(Authority::read(b"host:99999"), Some(none));
    }
}
