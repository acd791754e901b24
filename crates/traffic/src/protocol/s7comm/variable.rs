//! Items of Read Var and Write Var: areas, addresses, values, return codes.

use crate::{bytes::Bytes, decode::Short};
use compact_str::{CompactString, format_compact};
use hangtu_record::{Operation, Outcome};

/// How many items are told one by one; of the rest how many there are.
const LISTED: usize = 4;

/// Says what the items address, and short values written. Address and count are the first one's.
pub(super) fn describe(op: &mut Operation, parameter: &[u8], data: &[u8]) {
    let items = usize::from(parameter.get(1).copied().unwrap_or(0));
    let mut r = Bytes::at(parameter, 2);
    let mut places = Places { op, told: 0 };
    let mut rest = items;
    while rest > 0 && places.told < LISTED && places.item(&mut r).is_some() {
        rest -= 1;
    }
    let told = places.told;
    if told == 0 {
        return;
    }
    let more = rest + told.saturating_sub(LISTED);
    if more > 0 {
        op.object.push_str(&format_compact!(" +{more}"));
    }
    if op.code == 5 {
        op.value = values(items, data);
    }
}

/// What an operation addresses, one place after the other.
struct Places<'o> {
    op: &'o mut Operation,
    told: usize,
}

impl Places<'_> {
    fn add(&mut self, name: &Short, address: Option<u32>, count: Option<u32>) {
        if self.told == 0 {
            self.op.object = name.text();
            (self.op.address, self.op.count) = (address, count);
        } else if self.told < LISTED {
            self.op.object.push_str(", ");
            self.op.object.push_str(&name.text());
        }
        self.told += 1;
    }

    fn item(&mut self, r: &mut Bytes<'_>) -> Option<()> {
        let (_specification, size) = (r.u8()?, usize::from(r.u8()?));
        let mut item = Bytes::new(r.take(size.min(r.remaining()))?);
        // Every item but the last is filled up to an even length.
        r.skip(size & 1);
        match item.u8()? {
            0x10 if size >= 10 => self.any(&mut item),
            // DBREAD: areas of data blocks.
            0xb0 => {
                for _ in 0..item.u8()? {
                    let (bytes, db, first) = (item.u8()?, item.u16be()?, item.u16be()?);
                    let (db, first) = (u32::from(db), u32::from(first));
                    let mut name = Short::default();
                    name.str("DB").number(db).str(".DBB").number(first);
                    self.add(&name, Some(first), Some(u32::from(bytes)));
                }
                Some(())
            }
            syntax => {
                let mut name = Short::default();
                name.str("syntax ").hex(u32::from(syntax));
                self.add(&name, None, None);
                Some(())
            }
        }
    }

    /// S7ANY: type, count, DB, area, bit address.
    fn any(&mut self, r: &mut Bytes<'_>) -> Option<()> {
        let kind = r.u8()?;
        let count = r.u16be()?;
        let db = r.u16be()?;
        let area = r.u8()?;
        let address = r.u24be()?;
        // Counters and timers have numbers.
        let numbered = matches!(area, 0x1c | 0x1d);
        let first = if numbered { address } else { address >> 3 };
        let width = match kind {
            1 => "X",
            2 | 3 => "B",
            4 | 5 => "W",
            _ => "D",
        };
        // A bit is not marked as one outside of data blocks.
        let plain = if kind == 1 { "" } else { width };
        let mut name = Short::default();
        let named = match area {
            0x80 => name.str("PE").str(plain),
            0x81 => name.str("I").str(plain),
            0x82 => name.str("Q").str(plain),
            0x83 => name.str("M").str(plain),
            0x84 => name.str("DB").number(u32::from(db)).str(".DB").str(width),
            0x85 => name.str("DI").number(u32::from(db)).str("."),
            0x1c => name.str("C"),
            0x1d => name.str("T"),
            _ => name.str("area ").hex(u32::from(area)).str(" @"),
        };
        named.number(first);
        if kind == 1 && matches!(area, 0x80..=0x84) {
            name.str(".").number(address & 7);
        }
        self.add(&name, Some(first), Some(u32::from(count)));
        Some(())
    }
}

/// Values of the first items: return code, transport size, length, data.
fn values(items: usize, data: &[u8]) -> CompactString {
    let mut out = CompactString::const_new("");
    let mut r = Bytes::new(data);
    for i in 0..items.min(LISTED) {
        let Some([_, kind, high, low]) = r.array::<4>() else { break };
        let size = size(kind, [high, low]);
        let value = r.take(size.min(r.remaining())).unwrap_or_default();
        r.skip(size & 1);
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(&Short::default().dump(value).text());
    }
    out
}

/// Bytes of a value; its length counts bits or bytes, as its transport size has it.
fn size(kind: u8, length: [u8; 2]) -> usize {
    let length = usize::from(u16::from_be_bytes(length));
    if matches!(kind, 3..=5) { length.div_ceil(8) } else { length }
}

/// Looks for items that were refused: the first tells the error. Return code 0xff is success; who hides a write among
/// others that are refused has written all the same.
pub(super) fn outcome(op: &mut Operation, parameter: &[u8], data: &[u8]) {
    let items = usize::from(parameter.get(1).copied().unwrap_or(0));
    let (mut agreed, mut refused) = (false, 0);
    let mut list = CompactString::const_new("");
    let mut r = Bytes::new(data);
    for i in 1..=items {
        let Some(code) = r.u8() else { break };
        if code == 0xff {
            agreed = true;
        } else {
            if refused == 0 {
                op.error = Some(u32::from(code));
                op.error_name = refusal(code);
            } else if refused < LISTED {
                list.push_str(", ");
            }
            if refused < LISTED {
                list.push_str(&format_compact!("{i}"));
            }
            refused += 1;
        }
        if op.code == 4 {
            let Some([kind, high, low]) = r.array::<3>() else { break };
            // As Wireshark reads it: no data behind the other codes, whatever their length.
            let size = if matches!(code, 0xff | 0x0a | 0) { size(kind, [high, low]) } else { 0 };
            // Every item but the last is filled up to an even length.
            let size = if i < items { size.next_multiple_of(2) } else { size };
            if r.skip(size).is_none() {
                break;
            }
        }
    }
    if refused > 0 {
        op.outcome = Outcome::refused(agreed);
    }
    if refused > 0 && items > 1 {
        if refused > LISTED {
            list.push_str(&format_compact!(" +{}", refused - LISTED));
        }
        let gap = if op.object.is_empty() { "" } else { " " };
        op.object.push_str(&format_compact!("{gap}(refused: {list})"));
    }
}

fn refusal(code: u8) -> &'static str {
    match code {
        0x01 => "Hardware error",
        0x03 => "Accessing the object not allowed",
        0x05 => "Invalid address",
        0x06 => "Data type not supported",
        0x07 => "Data type inconsistent",
        0x0a => "Object does not exist",
        _ => "",
    }
}
