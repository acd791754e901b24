//! Open findings after each run, as a chart of stacked bars with its numbers in a table.

use crate::correct::facts::Point;
use hangtu_catalog::Level;
use schemars::JsonSchema;
use serde::Serialize;

/// Runs shown: the newest.
const RUNS: usize = 24;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;

/// The open findings after one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Stand {
    pub(super) run: String,
    pub(super) time: i64,
    /// By level, the worst first.
    pub(super) open: Vec<u64>,
    pub(super) total: u64,
}

/// Levels as the chart stacks them, the worst first.
pub(super) fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().rev()
}

/// One line for each run, in order of time.
pub(super) fn stands(points: &[Point]) -> Vec<Stand> {
    let mut stands: Vec<Stand> = Vec::new();
    for point in points {
        let at = stands.iter().position(|s| s.run == point.run).unwrap_or_else(|| {
            let open = vec![0; Level::ALL.len()];
            stands.push(Stand { run: point.run.clone(), time: point.time, open, total: 0 });
            stands.len() - 1
        });
        let n = u64::try_from(point.open).unwrap_or(0);
        if let Some(level) = levels().position(|l| l.name() == point.level) {
            stands[at].open[level] += n;
            stands[at].total += n;
        }
    }
    stands.sort_by_key(|s| s.time);
    stands.split_off(stands.len().saturating_sub(RUNS))
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
        let point = |run: usize, level: &str, open| Point {
            run: format!("r{run}"),
            time: run as i64,
            level: level.into(),
            open,
        };
        let points: Vec<Point> = (0..40)
            .flat_map(|run| [point(run, "major", 3), point(run, "low", run as i64)])
            .collect();
        let stands = stands(&points);
        assert_eq!(stands.len(), RUNS);
        assert_eq!(stands[RUNS - 1].total, 42);
        for piece in pieces(&stands) {
            let number = |s: &str| s.parse::<f64>().expect("a number");
            assert!(number(&piece.x) >= 0.0 && number(&piece.y) >= -0.1);
            assert!(number(&piece.x) + number(&piece.width) <= WIDTH);
            assert!(number(&piece.y) + number(&piece.height) <= HEIGHT + 0.1);
        }
        assert!(pieces(&[]).is_empty());
    }
}
