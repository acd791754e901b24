//! A cursor over bytes from the wire: every read is checked and says `None` at the end.

/// Reads forward through a slice; nothing it does can panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

macro_rules! number {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $from:ident;)*) => {
        $($(#[$doc])*
        pub(crate) fn $name(&mut self) -> Option<$type> {
            self.array().map(<$type>::$from)
        })*
    };
}

#[allow(dead_code, reason = "decoders use what their protocol needs")]
impl<'a> Bytes<'a> {
    /// A cursor at the start.
    pub(crate) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// A cursor `at` bytes in; at the end when that lies beyond it.
    pub(crate) fn at(all: &'a [u8], at: usize) -> Self {
        Self { all, at: at.min(all.len()) }
    }

    /// How many bytes have been read.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(crate) const fn remaining(&self) -> usize {
        self.all.len() - self.at
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// What is left, without moving.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }

    /// The next byte, without moving.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.all.get(self.at).copied()
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let out = self.rest().get(..n)?;
        self.at += n;
        Some(out)
    }

    /// Moves past `n` bytes.
    pub(crate) fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(|_| ())
    }

    /// The next `N` bytes as an array.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let out = *self.rest().first_chunk()?;
        self.at += N;
        Some(out)
    }

    /// The next byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    /// Three bytes, most significant first.
    pub(crate) fn u24be(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    number! {
        /// Two bytes, most significant first.
        u16be: u16 = from_be_bytes;
        /// Two bytes, least significant first.
        u16le: u16 = from_le_bytes;
        /// Four bytes, most significant first.
        u32be: u32 = from_be_bytes;
        /// Four bytes, least significant first.
        u32le: u32 = from_le_bytes;
        /// Eight bytes, least significant first.
        u64le: u64 = from_le_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn reads_stop_at_the_end_without_moving() {
        let mut b = Bytes::new(&[1, 2, 3, 4, 5]);
        assert_eq!((b.u8(), b.u16be(), b.u32le(), b.remaining()), (Some(1), Some(0x0203), None, 2));
        assert_eq!((b.take(3), b.u16le(), b.u8(), b.is_empty()), (None, Some(0x0504), None, true));
        assert_eq!(Bytes::at(&[1], 9).rest(), &[] as &[u8]);
    }
}
