//! Open findings after each run, as a chart of stacked bars with its numbers in a table.

use crate::correct::facts::Taken;
use hangtu_catalog::Level;
use schemars::JsonSchema;
use serde::Serialize;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;

/// The open findings after one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Stand {
    pub(super) run: String,
    /// `examination` or `answers`.
    pub(super) source: String,
    pub(super) time: i64,
    /// By level, the worst first.
    pub(super) open: Vec<i64>,
    pub(super) total: i64,
}

/// Levels as the chart stacks them, the worst first.
pub(super) fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().rev()
}

/// What is drawn of each run.
pub(super) fn stands(runs: Vec<Taken>) -> Vec<Stand> {
    let stand = |t: Taken| Stand {
        total: t.work.0.iter().sum(),
        open: t.work.0.into_iter().rev().collect(),
        run: t.run,
        source: t.source,
        time: t.time,
    };
    runs.into_iter().map(stand).collect()
}

/// A piece of a bar.
pub(super) struct Piece {
    pub(super) level: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// The bars' pieces, in a box of 720 × 160.
pub(super) fn pieces(stands: &[Stand]) -> Vec<Piece> {
    let most = stands.iter().map(|s| s.total).max().unwrap_or(0).max(1) as f64;
    let step = WIDTH / stands.len().max(1) as f64;
    let width = (step * 0.7).min(48.0);
    let mut pieces = Vec::new();
    for (at, stand) in stands.iter().enumerate() {
        let mut y = HEIGHT;
        // The worst stands on the ground, where lengths are compared best.
        for (level, n) in levels().zip(&stand.open).filter(|(_, n)| **n > 0) {
            let height = *n as f64 / most * HEIGHT;
            y -= height;
            pieces.push(Piece {
                level: level.name(),
                x: format!("{:.1}", at as f64 * step + (step - width) / 2.0),
                y: format!("{y:.1}"),
                width: format!("{width:.1}"),
                height: format!("{height:.1}"),
            });
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_in_their_box() {
        let stand = |run: i64| Stand {
            run: format!("r{run}"),
            source: "examination".into(),
            time: run,
            open: vec![3, 0, 0, run, 0],
            total: run + 3,
        };
        let stands: Vec<Stand> = (0..40).map(stand).collect();
        for piece in pieces(&stands) {
            let number = |s: &str| s.parse::<f64>().expect("a number");
            assert!(number(&piece.x) >= 0.0 && number(&piece.y) >= -0.1);
            assert!(number(&piece.x) + number(&piece.width) <= WIDTH);
            assert!(number(&piece.y) + number(&piece.height) <= HEIGHT + 0.1);
        }
        assert!(pieces(&[]).is_empty());
    }
}
