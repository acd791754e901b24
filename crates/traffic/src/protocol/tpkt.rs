//! TPKT (RFC 1006) and the COTP below it (ISO 8073 class 0): shared by everything on port 102.

/// What one TPKT frame carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cotp<'a> {
    /// Connection request or confirm.
    Connect {
        /// Whether it is the request.
        request: bool,
    },
    /// Data, and whether the message ends here.
    Data(&'a [u8], bool),
    /// Anything else.
    Other,
}

/// Size of the frame at the start, when one can start like this.
pub(crate) fn frame(b: &[u8]) -> Option<usize> {
    let size = usize::from(u16::from_be_bytes([*b.get(2)?, *b.get(3)?]));
    // Version 3, reserved 0, at least a COTP header of three bytes.
    (b[0] == 3 && b[1] == 0 && size >= 7).then_some(size)
}

/// Reads the COTP part of a whole frame.
pub(crate) fn cotp(frame: &[u8]) -> Cotp<'_> {
    let Some((&length, rest)) = frame.get(4..).and_then(|b| b.split_first()) else {
        return Cotp::Other;
    };
    match rest.first().map(|t| t & 0xf0) {
        Some(0xe0) => Cotp::Connect { request: true },
        Some(0xd0) => Cotp::Connect { request: false },
        Some(0xf0) if length >= 2 => match rest.get(usize::from(length)..) {
            Some(data) => Cotp::Data(data, rest[1] & 0x80 != 0),
            None => Cotp::Other,
        },
        _ => Cotp::Other,
    }
}

/// Whether a frame that starts in the middle of a stream looks like one beyond its first bytes;
/// what is not there yet speaks for it.
pub(crate) fn likely(b: &[u8]) -> bool {
    frame(b).is_some_and(|size| size <= 8192)
        && match (b.get(4), b.get(5)) {
            (Some(length), Some(0xf0)) => *length == 2,
            (Some(length), Some(0xe0 | 0xd0)) => *length >= 6,
            (_, Some(_)) => false,
            _ => true,
        }
}

/// The next place where a frame could start, or the end less what may be the start of one.
pub(crate) fn resync(b: &[u8]) -> usize {
    (1..b.len().saturating_sub(4))
        .find(|i| likely(&b[*i..]))
        .unwrap_or(b.len().saturating_sub(3).max(1))
}
