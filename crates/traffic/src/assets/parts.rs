//! A long list done in parts, each by a thread.

use crate::read::MAX_THREADS;
use std::{panic, thread};

/// A list shorter than this is done before a thread would have begun.
const SHORT: usize = 512;

/// What `f` makes of the parts of a list, in its order, by so many threads (64 at most); it is told where
/// a part begins.
pub fn in_parts<T: Send, R: Send>(
    mut list: Vec<T>,
    threads: usize,
    f: impl Fn(usize, Vec<T>) -> Vec<R> + Sync,
) -> Vec<R> {
    if threads < 2 || list.len() < SHORT {
        return f(0, list);
    }
    let size = list.len().div_ceil(threads.min(MAX_THREADS));
    thread::scope(|scope| {
        // From the end, as that moves each element once.
        let others: Vec<_> = (1..list.len().div_ceil(size))
            .rev()
            .map(|part| {
                let (start, f) = (part * size, &f);
                let part = list.split_off(start);
                scope.spawn(move || f(start, part))
            })
            .collect();
        let mut out = f(0, list);
        for part in others.into_iter().rev() {
            out.extend(part.join().unwrap_or_else(|lost| panic::resume_unwind(lost)));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_in_order() {
        for (len, threads) in [
            (0, 2),
            (1, 2),
            (511, 9),
            (512, 2),
            (513, 7),
            (4000, 64),
            (1025, 1),
            (9000, usize::MAX),
        ] {
            let told = in_parts((0..len).collect(), threads, |start, part: Vec<usize>| {
                part.into_iter().enumerate().map(|(i, n)| (start + i, n * 2)).collect()
            });
            assert_eq!(
                told,
                (0..len).map(|n| (n, n * 2)).collect::<Vec<_>>(),
                "{len} by {threads}"
            );
        }
    }
}
