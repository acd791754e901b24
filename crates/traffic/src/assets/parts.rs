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
    // From the end, as that moves each element once.
    let mut parts: Vec<_> = (1..list.len().div_ceil(size))
        .rev()
        .map(|part| (part * size, list.split_off(part * size)))
        .collect();
    parts.push((0, list));
    parts.reverse();
    joined(at_once(parts, |(start, part)| f(start, part)))
}

/// What `f` makes of each of a few, in their order, by a thread for each: the first by this one.
pub(super) fn at_once<T: Send, R: Send>(few: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut few = few.into_iter();
    let Some(first) = few.next() else { return Vec::new() };
    thread::scope(|scope| {
        let f = &f;
        let others: Vec<_> = few.map(|one| scope.spawn(move || f(one))).collect();
        let done = |other: thread::ScopedJoinHandle<'_, R>| {
            other.join().unwrap_or_else(|lost| panic::resume_unwind(lost))
        };
        let first = f(first);
        std::iter::once(first).chain(others.into_iter().map(done)).collect()
    })
}

/// Lists as one, the first with the others behind it.
pub(super) fn joined<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists = lists.into_iter();
    let mut all = lists.next().unwrap_or_default();
    lists.for_each(|list| all.extend(list));
    all
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
