//! Unified social credit codes (GB 32100-2015): 18 characters, the last a check character.

use crate::{Arg, Bilingual, key};
use serde::Serialize;
use std::fmt;

/// A code whose check character holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CreditCode(String);

impl CreditCode {
    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The six digits of the area in which it was registered.
    pub fn region(&self) -> &str {
        &self.0[2..8]
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a credit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditCodeError {
    /// Not 18 characters.
    #[error("a credit code has 18 characters, this has {0}")]
    Length(usize),
    /// A character that cannot stand there.
    #[error("{found:?} cannot stand at position {position} of a credit code")]
    Character {
        /// From 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The check character does not fit the others.
    #[error("the last character of this credit code would be {expected}, not {found}")]
    Check {
        /// What the other characters ask for.
        expected: char,
        /// What stands there.
        found: char,
    },
}

impl CreditCodeError {
    /// The error as users read it.
    pub fn message(self) -> Bilingual {
        match self {
            Self::Length(found) => {
                Bilingual::message(key::CREDIT_CODE_LENGTH, &[("found", Arg::Number(found as u64))])
            }
            Self::Character { position, found } => Bilingual::message(
                key::CREDIT_CODE_CHARACTER,
                &[
                    ("position", Arg::Number(position as u64)),
                    ("found", Arg::Text(found.encode_utf8(&mut [0; 4]))),
                ],
            ),
            Self::Check { expected, found } => Bilingual::message(
                key::CREDIT_CODE_CHECK,
                &[
                    ("expected", Arg::Text(expected.encode_utf8(&mut [0; 4]))),
                    ("found", Arg::Text(found.encode_utf8(&mut [0; 4]))),
                ],
            ),
        }
    }
}

/// The alphabet: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^i mod 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// Reads a credit code; blanks around it and small letters are forgiven.
pub fn credit_code(text: &str) -> Result<CreditCode, CreditCodeError> {
    let text = text.trim();
    let count = text.chars().count();
    if count != 18 {
        return Err(CreditCodeError::Length(count));
    }
    let mut code = String::with_capacity(18);
    let mut sum = 0;
    for (i, found) in text.chars().enumerate() {
        let c = found.to_ascii_uppercase();
        let wrong = CreditCodeError::Character { position: i + 1, found };
        let value = ALPHABET.iter().position(|a| char::from(*a) == c).ok_or(wrong)?;
        // Positions 3 to 8 are the administrative division: digits only.
        if (2..8).contains(&i) && value > 9 {
            return Err(wrong);
        }
        if let Some(weight) = WEIGHTS.get(i) {
            sum += weight * value;
        } else {
            let expected = char::from(ALPHABET[(31 - sum % 31) % 31]);
            if c != expected {
                return Err(CreditCodeError::Check { expected, found: c });
            }
        }
        code.push(c);
    }
    Ok(CreditCode(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Published codes of Tencent Computer Systems, Alibaba (China) Network Technology, Huawei.
    const REAL: [&str; 3] = ["91440300708461136T", "91330100799655058B", "914403001922038216"];

    #[test]
    fn published_codes_hold_and_errors_say_what() {
        for real in REAL {
            assert_eq!(credit_code(&format!(" {} ", real.to_lowercase())).unwrap().as_str(), real);
        }
        assert_eq!(credit_code("91330100"), Err(CreditCodeError::Length(8)));
        assert_eq!(
            credit_code("91330100799655O58B"),
            Err(CreditCodeError::Character { position: 15, found: 'O' })
        );
        let wrong = credit_code("91330100799655058C").unwrap_err();
        assert_eq!(wrong, CreditCodeError::Check { expected: 'B', found: 'C' });
        assert!(wrong.message().zh.contains('B') && wrong.message().en.contains('B'));
    }

    proptest! {
        // 31 is prime and no two weights are equal: every such slip changes the sum.
        #[test]
        fn one_changed_or_two_swapped_characters_never_pass(
            which in 0..REAL.len(), i in 0..18usize, j in 0..18usize, c in 0..31usize,
        ) {
            let real = REAL[which].as_bytes();
            let mut changed = real.to_vec();
            changed[i] = ALPHABET[c];
            let mut swapped = real.to_vec();
            swapped.swap(i, j);
            // The check character weighs 1, as the first does: those two may change places.
            for slip in [changed, if i.min(j) == 0 && i.max(j) == 17 { real.to_vec() } else { swapped }] {
                let passes = credit_code(std::str::from_utf8(&slip).unwrap()).is_ok();
                prop_assert_eq!(passes, slip == real);
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,24}") {
            let _ = credit_code(&text);
        }
    }
}
