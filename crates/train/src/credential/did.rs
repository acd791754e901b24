//! `did:key` for Ed25519 (W3C CCG, did:key method): the key itself is the name, so that nothing has
//! to be fetched.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Multicodec `ed25519-pub` as a varint.
const ED25519: [u8; 2] = [0xed, 0x01];
const PREFIX: &str = "did:key:z";

/// The `did:key` of a public key of Ed25519.
pub fn did_key(public: &[u8; 32]) -> String {
    let bytes = [ED25519.as_slice(), public].concat();
    format!("{PREFIX}{}", base58(&bytes))
}

/// The key that a `did:key` is; none for other methods and other kinds of key. A fragment
/// (`did:key:z…#z…`, the name of the key within the document) must repeat the key.
pub fn public_of_did_key(did: &str) -> Option<[u8; 32]> {
    let (did, fragment) = match did.split_once('#') {
        Some((did, fragment)) => (did, Some(fragment)),
        None => (did, None),
    };
    let text = did.strip_prefix(PREFIX)?;
    if fragment.is_some_and(|f| f.strip_prefix('z') != Some(text)) {
        return None;
    }
    let bytes = from_base58(text)?;
    let key = bytes.strip_prefix(&ED25519)?.try_into().ok()?;
    // One spelling only.
    (did_key(&key) == did).then_some(key)
}

fn base58(bytes: &[u8]) -> String {
    let zeroes = bytes.iter().take_while(|b| **b == 0).count();
    // Little-endian digits of base 58.
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let text = digits.iter().rev().map(|d| char::from(ALPHABET[usize::from(*d)]));
    std::iter::repeat_n('1', zeroes).chain(text).collect()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    // 34 bytes are 48 digits at most.
    if text.len() > 64 {
        return None;
    }
    let zeroes = text.bytes().take_while(|c| *c == b'1').count();
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for c in text.bytes() {
        let mut carry = ALPHABET.iter().position(|a| *a == c)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(carry as u8);
            carry >>= 8;
        }
    }
    bytes.extend(std::iter::repeat_n(0, zeroes));
    bytes.reverse();
    Some(bytes)
}
