//! Little-endian numbers and text at places that nobody vouches for.

/// What the bytes say makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

pub(super) type Result<T> = std::result::Result<T, Broken>;

/// The `N` bytes at `at`.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Broken)
}

pub(super) fn u8_at(bytes: &[u8], at: usize) -> Result<u8> {
    bytes.get(at).copied().ok_or(Broken)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// `len` bytes at `at`.
pub(super) fn slice(bytes: &[u8], at: usize, len: usize) -> Result<&[u8]> {
    bytes.get(at..).and_then(|rest| rest.get(..len)).ok_or(Broken)
}

/// Appends UTF-16 in little-endian order; what is no text becomes U+FFFD. An odd last byte is left
/// out.
pub(super) fn push_utf16(out: &mut String, bytes: &[u8]) {
    const BLOCK: usize = 32;
    let mut rest = bytes;
    // Nearly all text of events is ASCII: a block at a time, in loops the compiler makes vectors of.
    while !rest.is_empty() {
        let block = &rest[..rest.len().min(2 * BLOCK)];
        let mut narrow = [0; BLOCK];
        let mut all = 0;
        for (to, pair) in narrow.iter_mut().zip(block.chunks_exact(2)) {
            all |= u16::from_le_bytes([pair[0], pair[1]]);
            *to = pair[0];
        }
        match str::from_utf8(&narrow[..block.len() / 2]) {
            Ok(text) if all < 0x80 => out.push_str(text),
            _ => break,
        }
        rest = &rest[block.len()..];
    }
    let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

#[cfg(test)]
mod tests {
    use super::push_utf16;

    #[test]
    fn text_of_any_length_and_script_is_read() {
        let long = "plc-07 ".repeat(40);
        for text in ["", "a", "工程师站", &long, &format!("{long}阀门😀{long}")] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut out = String::new();
            push_utf16(&mut out, &bytes);
            assert_eq!(out, text);
        }
        let mut out = String::new();
        push_utf16(&mut out, &[0x41, 0, 0x00, 0xd8, 0x42, 0, 0x43]);
        assert_eq!(out, "A\u{fffd}B");
    }
}
