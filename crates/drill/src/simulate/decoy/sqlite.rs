//! SQLite 3 databases (sqlite.org/fileformat2.html): one table of measurements, a root page over
//! its leaves.

use crate::simulate::draw::Draw;

const PAGE: usize = 4096;
const SCHEMA: &str = "CREATE TABLE measurement(id INTEGER PRIMARY KEY, tag TEXT, value INTEGER)";
/// Children a root page of integers can have; more pages than that are not made.
const MOST_LEAVES: usize = 300;

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = vec![(n & 0x7f) as u8];
    n >>= 7;
    while n > 0 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.reverse();
    out
}

/// A row: the serial types, then the values.
fn record(columns: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let types: Vec<u8> = columns.iter().flat_map(|(t, _)| varint(*t)).collect();
    let mut out = varint(types.len() as u64 + 1);
    out.extend(types);
    out.extend(columns.iter().flat_map(|(_, value)| value.iter().copied()));
    out
}

fn text(value: &str) -> (u64, Vec<u8>) {
    (value.len() as u64 * 2 + 13, value.as_bytes().to_vec())
}

/// A page of cells, which grow downwards from its end; `head` is where its header lies.
fn page(kind: u8, head: usize, cells: &[Vec<u8>], right: Option<u32>) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let mut end = PAGE;
    let mut slot = head + if right.is_some() { 12 } else { 8 };
    for cell in cells {
        end -= cell.len();
        page[end..end + cell.len()].copy_from_slice(cell);
        page[slot..slot + 2].copy_from_slice(&(end as u16).to_be_bytes());
        slot += 2;
    }
    page[head] = kind;
    page[head + 3..head + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
    page[head + 5..head + 7].copy_from_slice(&(end as u16).to_be_bytes());
    if let Some(right) = right {
        page[head + 8..head + 12].copy_from_slice(&right.to_be_bytes());
    }
    page
}

pub(super) fn database(draw: &mut Draw, wish: usize) -> Vec<u8> {
    // A page above others has at least two below it.
    let leaves = (wish / PAGE).saturating_sub(2).clamp(2, MOST_LEAVES);
    let mut id = 0_u64;
    let mut pages = Vec::with_capacity(leaves);
    let mut keys = Vec::with_capacity(leaves);
    for _ in 0..leaves {
        let mut cells: Vec<Vec<u8>> = Vec::new();
        let mut room = PAGE - 8;
        loop {
            id += 1;
            let tag = format!("TIC-{:03}.PV", draw.range(1, 400));
            let value = (draw.word() as u32).to_be_bytes().to_vec();
            // The row's id stands for the first column.
            let row = record(&[(0, vec![]), text(&tag), (4, value)]);
            let mut cell = varint(row.len() as u64);
            cell.extend(varint(id));
            cell.extend(row);
            if room < cell.len() + 2 {
                id -= 1;
                break;
            }
            room -= cell.len() + 2;
            cells.push(cell);
        }
        keys.push(id);
        pages.push(page(13, 0, &cells, None));
    }
    let first_leaf = 3_u32;
    let children: Vec<Vec<u8>> = keys[..leaves - 1]
        .iter()
        .enumerate()
        .map(|(at, key)| {
            let mut cell = (first_leaf + at as u32).to_be_bytes().to_vec();
            cell.extend(varint(*key));
            cell
        })
        .collect();
    let root = page(5, 0, &children, Some(first_leaf + leaves as u32 - 1));
    let row = record(&[
        text("table"),
        text("measurement"),
        text("measurement"),
        (1, vec![2]),
        text(SCHEMA),
    ]);
    let mut cell = varint(row.len() as u64);
    cell.extend(varint(1));
    cell.extend(row);
    let mut first = page(13, 100, &[cell], None);
    let mut header = b"SQLite format 3\0".to_vec();
    header.extend((PAGE as u16).to_be_bytes());
    header.extend([1, 1, 0, 64, 32, 32]);
    let count = leaves as u32 + 2;
    // Change counter, pages, no free pages, schema cookie and format, caches, UTF-8, user version,
    // incremental vacuum, application id.
    for n in [1, count, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0_u32] {
        header.extend(n.to_be_bytes());
    }
    header.extend([0; 20]);
    header.extend(1_u32.to_be_bytes());
    header.extend(3_045_000_u32.to_be_bytes());
    first[..100].copy_from_slice(&header);
    first.extend(root);
    first.extend(pages.concat());
    first
}
