//! How far two evaluators agree (Cohen's kappa).

use hangtu_catalog::exercise::Rating;
use serde::{Deserialize, Serialize};

/// Agreement of two evaluators over what both rated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The two.
    pub evaluators: [String; 2],
    /// How many objectives both rated.
    pub both: usize,
    /// How many of them alike.
    pub alike: usize,
    /// Cohen's kappa: agreement beyond chance, from -1 to 1.
    pub kappa: Result<f64, Undefined>,
}

/// Why there is no kappa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undefined {
    /// Fewer than two objectives were rated by both.
    TooFew,
    /// Both gave every objective the same one rating: chance alone explains it.
    OneRating,
}

/// Kappa over pairs of ratings of the same things.
pub(super) fn kappa(pairs: &[(Rating, Rating)]) -> Result<f64, Undefined> {
    if pairs.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let n = pairs.len() as f64;
    let observed = pairs.iter().filter(|(a, b)| a == b).count() as f64 / n;
    let chance: f64 = Rating::ALL
        .iter()
        .map(|r| {
            let first = pairs.iter().filter(|(a, _)| a == r).count() as f64;
            let second = pairs.iter().filter(|(_, b)| b == r).count() as f64;
            first * second / (n * n)
        })
        .sum();
    if chance >= 1.0 {
        return Err(Undefined::OneRating);
    }
    Ok((observed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Rating::{M, P, S, U};

    #[test]
    fn textbook_values() {
        // 20 of 50 both yes, 15 both no, 5 and 10 apart: kappa 0.4 (Cohen's own sort of example).
        let mut pairs = vec![(P, P); 20];
        pairs.extend(vec![(P, U); 5]);
        pairs.extend(vec![(U, P); 10]);
        pairs.extend(vec![(U, U); 15]);
        assert!((kappa(&pairs).unwrap() - 0.4).abs() < 1e-9);
        assert_eq!(kappa(&[(P, P), (S, S), (M, M)]), Ok(1.0));
        assert_eq!(kappa(&[(P, P), (P, P)]), Err(Undefined::OneRating));
        assert_eq!(kappa(&[(P, P)]), Err(Undefined::TooFew));
        assert!(kappa(&[(P, U), (U, P)]).unwrap() < 0.0);
    }
}
