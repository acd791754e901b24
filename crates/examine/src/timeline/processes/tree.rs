//! Beginnings and ends put together to trees.

use super::{Parent, Process, Processes, Start};
use crate::timeline::text;
use hangtu_record::Time;
use std::collections::HashMap;

/// Beginnings of one process in two logs are no further apart than this.
const TWICE: i64 = 2_000_000_000;
/// Deeper processes are written as deep as this.
const DEEPEST: u32 = 64;

/// Host and number → beginnings, in the order of their time.
type Numbers = HashMap<(String, u64), Vec<usize>>;

struct Linker {
    starts: Vec<Start>,
    guids: HashMap<String, usize>,
    numbers: Numbers,
    boots: HashMap<String, Vec<Time>>,
}

pub(super) fn tree(mut all: Processes) -> Vec<Process> {
    all.starts.sort_by(|a, b| {
        let key = |s: &Start| (s.time, s.process.place.clone());
        a.process.host.cmp(&b.process.host).then_with(|| key(a).cmp(&key(b)))
    });
    let mut boots: HashMap<String, Vec<Time>> = HashMap::new();
    for (host, time) in std::mem::take(&mut all.boots) {
        boots.entry(host).or_default().push(time);
    }
    for times in boots.values_mut() {
        times.sort_unstable();
    }
    let starts = once(std::mem::take(&mut all.starts));
    let mut linker = Linker { starts, guids: HashMap::new(), numbers: HashMap::new(), boots };
    linker.number();
    all.ends.sort_by_key(|end| end.time);
    for end in all.ends {
        let by_guid = end.guid.as_ref().and_then(|guid| linker.guids.get(guid).copied());
        let ended = by_guid.or_else(|| linker.nearest(&end.host, end.pid?, end.time, None));
        if let Some(process) = ended.map(|index| &mut linker.starts[index].process)
            && process.end.is_none()
        {
            process.end = Some(end.time);
        }
    }
    let parents = linker.parents();
    write(linker.starts, &parents)
}

/// Security and Sysmon tell of the same process; Sysmon tells more.
fn once(starts: Vec<Start>) -> Vec<Start> {
    let mut kept: Vec<Start> = Vec::with_capacity(starts.len());
    let mut recent: HashMap<(String, u64), usize> = HashMap::new();
    for mut start in starts {
        let base = |s: &Start| text::base(&s.process.image).to_lowercase();
        let Some(pid) = start.process.pid else {
            kept.push(start);
            continue;
        };
        let key = (start.process.host.clone(), pid);
        let same = recent.get(&key).copied().filter(|index| {
            let known = &kept[*index];
            known.guid.is_some() != start.guid.is_some()
                && start.time.since(known.time) <= TWICE
                && base(known) == base(&start)
        });
        if let Some(index) = same {
            let known = &mut kept[index];
            if start.guid.is_some() {
                std::mem::swap(known, &mut start);
            }
            known.shown |= start.shown;
            known.process.rules.append(&mut start.process.rules);
            known.process.rules.sort_unstable();
            known.process.rules.dedup();
            if known.process.command.is_empty() {
                known.process.command = start.process.command;
            }
        } else {
            recent.insert(key, kept.len());
            kept.push(start);
        }
    }
    kept
}

impl Linker {
    fn number(&mut self) {
        for (index, start) in self.starts.iter().enumerate() {
            if let Some(guid) = &start.guid {
                self.guids.entry(guid.clone()).or_insert(index);
            }
            if let Some(pid) = start.process.pid {
                let key = (start.process.host.clone(), pid);
                self.numbers.entry(key).or_default().push(index);
            }
        }
    }

    /// The process of that number that ran at a moment: the nearest one begun before it, since the
    /// host was last started, and not the one asking.
    fn nearest(&self, host: &str, pid: u64, at: Time, asking: Option<usize>) -> Option<usize> {
        let of_number = self.numbers.get(&(host.to_owned(), pid))?;
        let times = self.boots.get(host).map_or(&[][..], Vec::as_slice);
        let boot = times[..times.partition_point(|boot| *boot <= at)].last();
        let before = &of_number[..of_number.partition_point(|i| self.starts[*i].time <= at)];
        let found = before.iter().rev().copied().find(|index| Some(*index) != asking)?;
        let start = &self.starts[found];
        (boot.is_none_or(|boot| start.time >= *boot)
            && start.process.end.is_none_or(|end| end >= at))
        .then_some(found)
    }

    /// Whose child each is. Parents of which only children tell are put in.
    fn parents(&mut self) -> Vec<Option<usize>> {
        let mut parents = Vec::with_capacity(self.starts.len());
        let mut ghosts: HashMap<(String, String), usize> = HashMap::new();
        for index in 0..self.starts.len() {
            let found = self.parent(index);
            let start = &self.starts[index];
            let ghost = || {
                let parent = &start.parent;
                let named = !parent.image.is_empty();
                let id = parent.guid.clone().or_else(|| parent.pid.map(|p| p.to_string()))?;
                let host = &start.process.host;
                let since =
                    self.boots.get(host).map_or(0, |b| b.partition_point(|t| *t <= start.time));
                named.then(|| (host.clone(), format!("{id} {since} {}", parent.image)))
            };
            let parent = match (found, ghost()) {
                (Some(found), _) => Some(found),
                (None, None) => None,
                (None, Some(key)) => Some(if let Some(known) = ghosts.get(&key) {
                    *known
                } else {
                    let new = unseen(start);
                    self.starts.push(new);
                    ghosts.insert(key, self.starts.len() - 1);
                    self.starts.len() - 1
                }),
            };
            parents.push(parent);
        }
        parents.resize(self.starts.len(), None);
        parents
    }

    fn parent(&self, index: usize) -> Option<usize> {
        let start = &self.starts[index];
        let parent = &start.parent;
        if let Some(found) = parent.guid.as_ref().and_then(|guid| self.guids.get(guid)) {
            return (*found != index).then_some(*found);
        }
        let found = self.nearest(&start.process.host, parent.pid?, start.time, Some(index))?;
        let base = |image: &str| text::base(image).to_lowercase();
        let other = &self.starts[found].process.image;
        (parent.image.is_empty() || base(other) == base(&parent.image)).then_some(found)
    }
}

/// A parent of which only its child tells.
fn unseen(child: &Start) -> Start {
    let process = Process {
        depth: 0,
        host: child.process.host.clone(),
        start: None,
        end: None,
        pid: child.parent.pid,
        image: child.parent.image.clone(),
        command: child.parent.command.clone(),
        user: String::new(),
        place: None,
        rules: Vec::new(),
    };
    Start { process, time: child.time, shown: false, guid: None, parent: Parent::default() }
}

/// Trees from the top down: what is asked for, and what it hangs on.
fn write(starts: Vec<Start>, parents: &[Option<usize>]) -> Vec<Process> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); starts.len()];
    let mut wanted: Vec<bool> = vec![false; starts.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(index);
        }
        let mut at = starts[index].shown.then_some(index);
        // Ends at the latest where a cycle closes.
        while let Some(here) = at.filter(|here| !wanted[*here]) {
            wanted[here] = true;
            at = parents[here];
        }
    }
    let by_time = |a: &usize, b: &usize| {
        let key = |i: usize| (&starts[i].process.host, starts[i].time, &starts[i].process.place, i);
        key(*a).cmp(&key(*b))
    };
    for list in &mut children {
        list.sort_by(by_time);
    }
    let mut roots: Vec<usize> = (0..starts.len()).filter(|i| parents[*i].is_none()).collect();
    roots.sort_by(by_time);
    // What hangs on no root hangs on itself: a forged or mistaken cycle, begun anywhere.
    let mut rest: Vec<usize> = (0..starts.len()).filter(|i| parents[*i].is_some()).collect();
    rest.sort_by(by_time);
    let mut done = vec![false; starts.len()];
    let mut trees: Vec<(usize, Vec<(usize, u32)>)> = Vec::new();
    for root in roots.into_iter().chain(rest) {
        let mut tree = Vec::new();
        let mut next = vec![(root, 0)];
        while let Some((index, depth)) = next.pop() {
            if std::mem::replace(&mut done[index], true) {
                continue;
            }
            if wanted[index] {
                tree.push((index, depth));
            }
            let deeper = (depth + 1).min(DEEPEST);
            next.extend(children[index].iter().rev().map(|child| (*child, deeper)));
        }
        if !tree.is_empty() {
            trees.push((root, tree));
        }
    }
    trees.sort_by(|(a, _), (b, _)| by_time(a, b));
    let mut starts: Vec<Option<Start>> = starts.into_iter().map(Some).collect();
    let lines = trees.into_iter().flat_map(|(_, tree)| tree);
    lines
        .filter_map(|(index, depth)| {
            let process = starts[index].take()?.process;
            Some(Process { depth, ..process })
        })
        .collect()
}
