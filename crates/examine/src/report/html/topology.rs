//! Where each asset stands in the network picture: chosen by importance, laid out by zone and level.
//!
//! Zones are boxes side by side; within all of them the levels of the plant stand at the same
//! height, outside networks at the top and controllers at the bottom. Pure numbers, no markup.

use hangtu_catalog::Level;
use hangtu_traffic::protocol::is_industrial;
use std::collections::{BTreeMap, HashMap};

use crate::model::{Asset, Examination};

/// More than these cannot be told apart in one picture.
pub(super) const MAX_NODES: usize = 60;
const MAX_EDGES: usize = 160;
const MAX_ZONES: usize = 8;

pub(super) const CARD: (usize, usize) = (140, 34);
const GAP: (usize, usize) = (14, 18);
const PAD: usize = 10;
pub(super) const HEADER: usize = 26;
const MARGIN: usize = 80;
/// The page's own width; more scrolls.
const WIDTH: usize = 1190;
const MIN_WIDTH: usize = 420;

/// Levels of the plant from the top of the picture to the bottom.
pub(super) const BANDS: usize = 5;

/// An asset in the picture.
pub(super) struct Node<'a> {
    pub(super) asset: &'a Asset,
    /// Its row in the table.
    pub(super) row: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    /// Findings on it and the worst of them.
    pub(super) findings: usize,
    pub(super) worst: Option<Level>,
}

/// All conversations between two nodes.
pub(super) struct Edge {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) industrial: bool,
    pub(super) worst: Option<Level>,
    pub(super) protocols: Vec<String>,
    weight: u64,
}

/// A zone's box.
pub(super) struct Zone<'a> {
    /// `None`: zones that found no place of their own.
    pub(super) name: Option<&'a str>,
    pub(super) declared: bool,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The picture.
pub(super) struct Topology<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) edges: Vec<Edge>,
    pub(super) zones: Vec<Zone<'a>>,
    /// Top and height of each level in use.
    pub(super) bands: [Option<(usize, usize)>; BANDS],
    /// Connected pairs in the evidence, drawn or not.
    pub(super) pairs: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

fn industrial(protocol: &str, operations: bool) -> bool {
    operations || is_industrial(protocol)
}

/// The level an asset stands at: 0 outside, 1 enterprise, 2 operations, 3 supervision, 4 control.
fn band(asset: &Asset) -> usize {
    let speaks = |list: &[String]| list.iter().any(|p| industrial(p, false));
    match asset.roles.first().map_or("unknown", |role| role.name.as_str()) {
        "external" | "remote-access-client" => 0,
        "historian" | "remote-access-server" | "router" => 2,
        "scada-server" | "hmi" | "engineering-station" | "rtu-master" => 3,
        "controller" | "rtu" | "gateway" => 4,
        "server" | "unknown" if speaks(&asset.serves) => 4,
        "server" | "unknown" if speaks(&asset.uses) => 3,
        _ => 1,
    }
}

type Pairs<'a> = BTreeMap<(&'a str, &'a str), Edge>;

fn pair<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a <= b { (a, b) } else { (b, a) }
}

fn pairs(examination: &Examination) -> Pairs<'_> {
    let empty =
        || Edge { a: 0, b: 0, industrial: false, worst: None, protocols: Vec::new(), weight: 0 };
    let mut pairs = Pairs::new();
    for conversation in &examination.conversations {
        if conversation.source == conversation.destination {
            continue;
        }
        let edge = pairs
            .entry(pair(&conversation.source, &conversation.destination))
            .or_insert_with(empty);
        edge.industrial |= industrial(&conversation.protocol, !conversation.verbs.is_empty());
        edge.weight = edge.weight.saturating_add(conversation.bytes);
        if edge.protocols.len() < 8 && !edge.protocols.contains(&conversation.protocol) {
            edge.protocols.push(conversation.protocol.clone());
        }
    }
    for finding in &examination.findings {
        if let Some(peer) = finding.peer.as_deref().filter(|peer| *peer != finding.subject) {
            let edge = pairs.entry(pair(&finding.subject, peer)).or_insert_with(empty);
            edge.worst = edge.worst.max(Some(finding.level));
        }
    }
    pairs
}

/// Assets with findings come first, then those that speak industrial protocols, then by bytes.
fn chosen<'a>(examination: &'a Examination, pairs: &Pairs<'a>) -> Vec<Node<'a>> {
    let mut on: HashMap<&str, (usize, Option<Level>)> = HashMap::new();
    for finding in &examination.findings {
        let (count, worst) = on.entry(&finding.subject).or_default();
        *count += 1;
        *worst = (*worst).max(Some(finding.level));
    }
    let mut speaks: HashMap<&str, (Option<Level>, bool)> = HashMap::new();
    for ((a, b), edge) in pairs {
        for end in [*a, *b] {
            let (worst, industrial) = speaks.entry(end).or_default();
            *worst = (*worst).max(edge.worst);
            *industrial |= edge.industrial;
        }
    }
    let mut nodes: Vec<Node<'_>> = examination
        .assets
        .iter()
        .enumerate()
        .map(|(row, asset)| {
            let (findings, worst) = on.get(asset.id.as_str()).copied().unwrap_or_default();
            Node { asset, row, x: 0, y: 0, findings, worst }
        })
        .collect();
    nodes.sort_by_cached_key(|node| {
        let id = node.asset.id.as_str();
        let (on_edge, industrial) = speaks.get(id).copied().unwrap_or_default();
        let bytes = node.asset.bytes_sent.saturating_add(node.asset.bytes_received);
        std::cmp::Reverse((node.worst.max(on_edge), node.worst, industrial, bytes))
    });
    nodes.truncate(MAX_NODES);
    nodes.sort_by_key(|node| node.row);
    nodes
}

/// Lays out the picture; `None` without assets.
pub(super) fn topology(examination: &Examination) -> Option<Topology<'_>> {
    let pairs = pairs(examination);
    let mut nodes = chosen(examination, &pairs);
    if nodes.is_empty() {
        return None;
    }
    let count = pairs.len();
    let places: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(i, node)| (node.asset.id.as_str(), i)).collect();
    let mut edges: Vec<Edge> = pairs
        .into_iter()
        .filter_map(|((a, b), edge)| Some(Edge { a: *places.get(a)?, b: *places.get(b)?, ..edge }))
        .collect();
    edges.sort_by_key(|edge| std::cmp::Reverse((edge.worst, edge.industrial, edge.weight)));
    edges.truncate(MAX_EDGES);
    edges.reverse(); // The important ones are drawn last, over the others.

    let groups = groups(&nodes);
    let columns = columns(&groups);
    let mut rows = [0; BANDS];
    for (group, columns) in groups.iter().zip(&columns) {
        for (band, members) in group.members.iter().enumerate() {
            rows[band] = rows[band].max(members.len().div_ceil(*columns));
        }
    }
    let mut bands = [None; BANDS];
    let mut y = 8;
    for (band, rows) in rows.into_iter().enumerate() {
        if rows > 0 {
            let height = HEADER + rows * (CARD.1 + GAP.1);
            bands[band] = Some((y, height));
            y += height + 6;
        }
    }
    let (lefts, width) = left_edges(&groups, &columns);
    let mut zones = Vec::new();
    for ((group, columns), x) in groups.iter().zip(columns).zip(lefts) {
        let (mut top, mut bottom) = (usize::MAX, 0);
        for (band, members) in group.members.iter().enumerate() {
            let Some((band_top, _)) = bands[band].filter(|_| !members.is_empty()) else { continue };
            let rows = members.len().div_ceil(columns);
            top = top.min(band_top);
            bottom = bottom.max(band_top + HEADER + rows * (CARD.1 + GAP.1) - GAP.1 + PAD);
            for (i, node) in members.iter().enumerate() {
                nodes[*node].x = x + PAD + (i % columns) * (CARD.0 + GAP.0);
                nodes[*node].y = band_top + HEADER + (i / columns) * (CARD.1 + GAP.1);
            }
        }
        let size = (box_width(columns), bottom - top);
        zones.push(Zone {
            name: group.name,
            declared: group.declared,
            x,
            y: top,
            width: size.0,
            height: size.1,
        });
    }
    Some(Topology { nodes, edges, zones, bands, pairs: count, width, height: y + 4 })
}

fn box_width(columns: usize) -> usize {
    2 * PAD + columns * (CARD.0 + GAP.0) - GAP.0
}

/// Left edge of each zone, and the width of all: zones that share a level stand side by side, others above one another.
fn left_edges(groups: &[Group<'_>], columns: &[usize]) -> (Vec<usize>, usize) {
    let mut ends = [MARGIN; BANDS];
    let mut places = Vec::new();
    for (group, columns) in groups.iter().zip(columns) {
        let x = group.bands().map(|band| ends[band]).max().unwrap_or(MARGIN);
        for band in group.bands() {
            ends[band] = x + box_width(*columns) + GAP.0;
        }
        places.push(x);
    }
    let width = ends.into_iter().fold(MIN_WIDTH, usize::max);
    // Where no zone reaches over two levels, each level is centred by itself.
    let free = |band: usize| {
        groups.iter().all(|group| !group.bands().contains(&band) || group.bands().count() == 1)
    };
    for (group, x) in groups.iter().zip(&mut places) {
        let band = *group.bands().start();
        if free(band) {
            *x += width.saturating_sub(ends[band]) / 2;
        }
    }
    (places, width)
}

struct Group<'a> {
    name: Option<&'a str>,
    declared: bool,
    members: [Vec<usize>; BANDS],
}

impl Group<'_> {
    fn len(&self) -> usize {
        self.members.iter().map(Vec::len).sum()
    }

    /// The levels it reaches over.
    fn bands(&self) -> std::ops::RangeInclusive<usize> {
        let used = |members: &Vec<usize>| !members.is_empty();
        let first = self.members.iter().position(used).unwrap_or(0);
        first..=self.members.iter().rposition(used).unwrap_or(first)
    }

    /// Mean level, in thousandths.
    fn mean(&self) -> usize {
        let sum: usize = self.members.iter().enumerate().map(|(b, m)| b * m.len()).sum();
        sum * 1000 / self.len().max(1)
    }
}

/// Nodes by zone and level; zones nearest the outside first, the rarest merged into one.
fn groups<'a>(nodes: &[Node<'a>]) -> Vec<Group<'a>> {
    let mut by_zone: BTreeMap<&str, Group<'a>> = BTreeMap::new();
    for (i, node) in nodes.iter().enumerate() {
        let group = by_zone.entry(&node.asset.zone).or_insert_with(|| Group {
            name: Some(&node.asset.zone),
            declared: node.asset.zone_declared,
            members: Default::default(),
        });
        group.members[band(node.asset)].push(i);
    }
    let mut groups: Vec<Group<'a>> = by_zone.into_values().collect();
    if groups.len() > MAX_ZONES {
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let mut rest = Group { name: None, declared: false, members: Default::default() };
        for group in groups.drain(MAX_ZONES - 1..) {
            for (band, members) in group.members.into_iter().enumerate() {
                rest.members[band].extend(members);
            }
        }
        groups.push(rest);
    }
    groups.sort_by_key(Group::mean);
    groups
}

/// How many cards each zone puts side by side: the tallest zone that has room on all its levels
/// gets the next column.
fn columns(groups: &[Group<'_>]) -> Vec<usize> {
    let mut columns = vec![1; groups.len()];
    loop {
        let rows = |i: usize| {
            groups[i].members.iter().map(|m| m.len().div_ceil(columns[i])).max().unwrap_or(0)
        };
        let used = |band: usize| {
            groups
                .iter()
                .zip(&columns)
                .filter(|(group, _)| group.bands().contains(&band))
                .fold(MARGIN, |x, (_, columns)| x + box_width(*columns) + GAP.0)
        };
        let room = |i: &usize| {
            rows(*i) > 1 && groups[*i].bands().all(|b| used(b) + CARD.0 + GAP.0 <= WIDTH + GAP.0)
        };
        let tallest =
            (0..groups.len()).filter(room).max_by_key(|i| (rows(*i), std::cmp::Reverse(*i)));
        match tallest {
            Some(i) => columns[i] += 1,
            None => return columns,
        }
    }
}
