//! How random written bytes look: text is low, ciphertext and archives are close to 8.

/// Byte counts of the first 64 KiB written to a file.
#[derive(Debug)]
pub(super) struct Sample {
    counts: [u32; 256],
    seen: u32,
}

impl Default for Sample {
    fn default() -> Self {
        Self { counts: [0; 256], seen: 0 }
    }
}

impl Sample {
    const MOST: usize = 64 * 1024;
    const LEAST: u32 = 256;

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(Self::MOST - self.seen as usize)];
        for b in bytes {
            self.counts[usize::from(*b)] += 1;
        }
        self.seen += bytes.len() as u32;
    }

    /// Shannon entropy in bits a byte, to three decimals so that it reads the same everywhere.
    pub(super) fn entropy(&self) -> Option<f64> {
        if self.seen < Self::LEAST {
            return None;
        }
        let total = f64::from(self.seen);
        let bits: f64 = self.counts.iter().filter(|c| **c > 0).fold(0.0, |sum, c| {
            let p = f64::from(*c) / total;
            sum - p * p.log2()
        });
        Some((bits * 1000.0).round() / 1000.0)
    }
}
