//! Request targets (RFC 9112 §3.2): what of them may be kept.

use memchr::{memchr, memrchr};

/// The parts of a target.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Host and port, where the target names them.
    pub(super) host: &'a [u8],
    /// The user before them, where a password stands behind it.
    pub(super) user: &'a [u8],
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
        match named(authority) {
            Some((user, host)) => {
                Self { host, user, path: if path.is_empty() { b"/" } else { path }, query }
            }
            None => Self::default(),
        }
    }
}

/// Path and query; what stands behind a `#` is neither.
fn parts(target: &[u8]) -> (&[u8], &[u8]) {
    let target = &target[..memchr(b'#', target).unwrap_or(target.len())];
    memchr(b'?', target)
        .map_or((target, &target[..0]), |mark| (&target[..mark], &target[mark + 1..]))
}

/// What follows `scheme://` (RFC 3986 §3.1).
fn behind_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = memchr(b':', target)?;
    let (scheme, rest) = target.split_at(colon);
    let is_scheme = scheme.first()?.is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    rest.strip_prefix(b"://").filter(|_| is_scheme)
}

/// The user who has a password, and the host with its port, of `user:password@host:port` (RFC 3986
/// §3.2). None where no port stands behind the host's colon: a password with a slash in it may.
fn named(authority: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, host) = match memrchr(b'@', authority) {
        Some(at) => (&authority[..at], &authority[at + 1..]),
        None => (&authority[..0], authority),
    };
    // The colons of IPv6 stand in brackets.
    let behind = memrchr(b']', host).map_or(host, |bracket| &host[bracket + 1..]);
    let port = memchr(b':', behind).map_or(&behind[..0], |colon| &behind[colon + 1..]);
    let user = memchr(b':', info).map_or(&info[..0], |colon| &info[..colon]);
    port.iter().all(u8::is_ascii_digit).then_some((user, host))
}

/// Host and port of a field or target that should be no more than that.
pub(super) fn host(value: &[u8]) -> &[u8] {
    named(value).map(|(_, host)| host).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Target, host};

    #[test]
    fn no_password_is_kept_of_a_target() {
        let read = |target: &'static str| {
            let Target { host, user, path, .. } = Target::read(target.as_bytes());
            [host, user, path].map(|part| std::str::from_utf8(part).unwrap())
        };
        assert_eq!(read("/a@b:c?d"), ["", "", "/a@b:c"]);
        assert_eq!(read("*"), ["", "", "*"]);
        assert_eq!(read("http://host/a?b"), ["host", "", "/a"]);
        assert_eq!(read("http://host?b"), ["host", "", "/"]);
        assert_eq!(read("http://bob:pw@host:8080/a"), ["host:8080", "bob", "/a"]);
        assert_eq!(read("ftp://bob:p@w@[::1]:21"), ["[::1]:21", "bob", "/"]);
        // A key alone, and a password that looks like a path.
        assert_eq!(read("http://key@host/a"), ["host", "", "/a"]);
        assert_eq!(read("http://bob:p/w@host/a"), ["", "", ""]);
        assert_eq!(read("bob:pw@host/a"), ["", "", ""]);
        assert_eq!(host(b"bob:pw@host:443"), b"host:443");
    }
}
