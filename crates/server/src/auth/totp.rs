//! Time-based one-time codes (RFC 6238: SHA-1, six digits, thirty seconds, as every generator has).

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

const STEP: i64 = 30;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base32 (RFC 4648) without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        for at in 0..(chunk.len() * 8).div_ceil(5) {
            text.push(ALPHABET[(bits >> (35 - 5 * at) & 31) as usize] as char);
        }
    }
    text
}

/// The code of a time step.
fn code(secret: &[u8], step: i64) -> String {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let hash = sign(&key, &step.to_be_bytes());
    let hash = hash.as_ref();
    let at = usize::from(hash[hash.len() - 1] & 15);
    let word = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", word % 1_000_000)
}

/// The time step whose code this is: now, or one before or after for clocks that drift, and later
/// than the last one used.
pub(crate) fn step(secret: &[u8], typed: &str, seconds: i64, last: i64) -> Option<i64> {
    let now = seconds.div_euclid(STEP);
    (now - 1..=now + 1).find(|step| *step > last && code(secret, *step) == typed)
}

/// What a generator reads from the QR code.
pub(crate) fn url(secret: &[u8], account: &str) -> String {
    let account: String = account.bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
    format!("otpauth://totp/Hangtu:{account}?secret={}&issuer=Hangtu", base32(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (time, expected) in [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")] {
            assert_eq!(code(secret, time / 30), expected, "RFC 6238, appendix B");
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(step(secret, "287082", 59, 0), Some(1));
        assert_eq!(step(secret, "287082", 89, 0), Some(1), "thirty seconds late");
        assert_eq!(step(secret, "287082", 120, 0), None, "too late");
        assert_eq!(step(secret, "287082", 59, 1), None, "used already");
    }
}
