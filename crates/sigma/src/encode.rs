//! The encodings of values (*modifiers*, "Encoding").

use crate::modifier::Modifier;
use base64::{Engine, engine::general_purpose::STANDARD};

/// The variants a text becomes by the encoding modifiers, in their order. `None` when the bytes
/// that result are no text, e.g. UTF-16 of Chinese without Base64 after it.
pub(crate) fn encode(text: &str, modifiers: &[Modifier]) -> Option<Vec<String>> {
    let mut list = vec![text.as_bytes().to_vec()];
    for modifier in modifiers {
        list = match modifier {
            Modifier::Wide | Modifier::Utf16Le => wide(&list, &[], u16::to_le_bytes)?,
            Modifier::Utf16Be => wide(&list, &[], u16::to_be_bytes)?,
            Modifier::Utf16 => wide(&list, &[0xff, 0xfe], u16::to_le_bytes)?,
            Modifier::Base64 => list.iter().map(|b| STANDARD.encode(b).into_bytes()).collect(),
            Modifier::Base64Offset => list.iter().flat_map(|b| offsets(b)).collect(),
            _ => list,
        };
    }
    list.into_iter().map(|bytes| String::from_utf8(bytes).ok()).collect()
}

fn wide(list: &[Vec<u8>], mark: &[u8], order: fn(u16) -> [u8; 2]) -> Option<Vec<Vec<u8>>> {
    list.iter()
        .map(|bytes| {
            let text = std::str::from_utf8(bytes).ok()?;
            let units = text.encode_utf16().flat_map(order);
            Some(mark.iter().copied().chain(units).collect())
        })
        .collect()
}

/// The part of the value's Base64 that stays the same whatever stands before and after, for each
/// of the three positions it can have.
fn offsets(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3_usize).filter_map(move |offset| {
        let mut padded = vec![b' '; offset];
        padded.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&padded);
        let start = [0, 2, 3][offset];
        let cut = [0, 3, 2][padded.len() % 3];
        let inner = encoded.as_bytes().get(start..encoded.len().checked_sub(cut)?)?;
        (!inner.is_empty()).then(|| inner.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        use Modifier as M;
        let one = |text, mods: &[M]| encode(text, mods).map(|l| l.join(" "));
        assert_eq!(one("foobar", &[M::Base64]).as_deref(), Some("Zm9vYmFy"));
        assert_eq!(one("ab", &[M::Wide]).as_deref(), Some("a\0b\0"));
        assert_eq!(one("ab", &[M::Utf16Be]).as_deref(), Some("\0a\0b"));
        assert_eq!(one("ab", &[M::Utf16]), None);
        assert_eq!(one("ab", &[M::Utf16, M::Base64]).as_deref(), Some("//5hAGIA"));
        // The example of the specification's first version.
        assert_eq!(
            one("http://", &[M::Base64Offset]).as_deref(),
            Some("aHR0cDovL h0dHA6Ly odHRwOi8v")
        );
        assert_eq!(one("厂", &[M::Wide, M::Base64]).as_deref(), Some("glM="));
    }
}
