//! Typed values as the text that the event's XML shows (\[MS-EVEN6\] 2.2.12 `Type`, libyal "EVTX"
//! 4.7 value types).

use super::bytes::{array, push_utf16, u16_at, u32_at, u64_at};
use encoding_rs::{GB18030, WINDOWS_1252};
use hangtu_record::Time;
use std::fmt::Write as _;

/// Numbers of the types that are more than a way to write a number.
pub(super) const NULL: u8 = 0x00;
pub(super) const STRING: u8 = 0x01;
pub(super) const FILETIME: u8 = 0x11;
pub(super) const BINXML: u8 = 0x21;
/// Set in the type of a list of such values.
pub(super) const ARRAY: u8 = 0x80;

/// Numbers of hundreds of nanoseconds from 1601-01-01 to 1970-01-01.
const EPOCH: i64 = 116_444_736_000_000_000;

/// The moment a FILETIME names, when a [`Time`] can hold it.
pub(super) fn time(filetime: u64) -> Option<Time> {
    i64::try_from(filetime).ok()?.checked_sub(EPOCH)?.checked_mul(100).map(Time)
}

/// The whole number that a value is; `None` for other types and for what is too large.
pub(super) fn int(kind: u8, bytes: &[u8]) -> Option<i64> {
    let all = |n: usize| bytes.get(..n);
    Some(match kind {
        0x03 => i64::from(i8::from_le_bytes(all(1)?.try_into().ok()?)),
        0x04 => i64::from(*bytes.first()?),
        0x05 => i64::from(i16::from_le_bytes(all(2)?.try_into().ok()?)),
        0x06 => i64::from(u16::from_le_bytes(all(2)?.try_into().ok()?)),
        0x07 => i64::from(i32::from_le_bytes(all(4)?.try_into().ok()?)),
        0x08 => i64::from(u32::from_le_bytes(all(4)?.try_into().ok()?)),
        0x09 => i64::from_le_bytes(all(8)?.try_into().ok()?),
        0x0a => u64::from_le_bytes(all(8)?.try_into().ok()?).try_into().ok()?,
        _ => return None,
    })
}

/// Appends one value (no list, no BinXML). What is shorter than its type needs is written as
/// bytes.
pub(super) fn write(out: &mut String, kind: u8, bytes: &[u8]) {
    if kind == STRING || kind == 0x23 {
        return push_utf16(out, trimmed(bytes));
    }
    if let Some(n) = int(kind, bytes) {
        return digits(out, n);
    }
    if fixed(out, kind, bytes).is_none() {
        hex(out, bytes);
    }
}

/// Types other than text and numbers up to 63 bits; `None` when the bytes do not suffice.
fn fixed(out: &mut String, kind: u8, bytes: &[u8]) -> Option<()> {
    match kind {
        NULL => {}
        0x02 => ansi(out, bytes),
        0x0a => write!(out, "{}", u64_at(bytes, 0).ok()?).ok()?,
        0x0b => write!(out, "{}", f32::from_le_bytes(array(bytes, 0).ok()?)).ok()?,
        0x0c => write!(out, "{}", f64::from_le_bytes(array(bytes, 0).ok()?)).ok()?,
        0x0d => out.push_str(if bytes.iter().any(|b| *b != 0) { "true" } else { "false" }),
        0x0f => guid(out, &array(bytes, 0).ok()?),
        0x10 | 0x14 | 0x15 | 0x20 => {
            let n = match bytes.len() {
                4 => u64::from(u32_at(bytes, 0).ok()?),
                _ => u64_at(bytes, 0).ok()?,
            };
            write!(out, "{n:#x}").ok()?;
        }
        FILETIME => filetime(out, u64_at(bytes, 0).ok()?),
        0x12 => {
            let part = |i: usize| u16_at(bytes, 2 * i).ok();
            let (date, clock) = ([part(0)?, part(1)?, part(3)?], [part(4)?, part(5)?, part(6)?]);
            let millis = part(7)?;
            let ([y, m, d], [h, min, s]) = (date, clock);
            write!(out, "{y:04}-{m:02}-{d:02} {h:02}:{min:02}:{s:02}.{millis:03}").ok()?;
        }
        0x13 => return sid(out, bytes).map(|_| ()),
        _ => return None,
    }
    Some(())
}

/// The values of a list one by one: `each` gets the type and the bytes of one.
pub(super) fn elements<'a>(kind: u8, bytes: &'a [u8], mut each: impl FnMut(u8, &'a [u8])) {
    let kind = kind & !ARRAY;
    let size = match kind {
        0x03 | 0x04 => 1,
        0x05 | 0x06 => 2,
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => 4,
        0x09 | 0x0a | 0x0c | 0x11 | 0x15 => 8,
        0x0f | 0x12 => 16,
        // Pointers have the size of the machine that wrote them, which the list does not say.
        0x10 if bytes.len().is_multiple_of(8) => 8,
        0x10 => 4,
        0x01 => return strings(bytes, 2, |text| each(kind, text)),
        0x02 => return strings(bytes, 1, |text| each(kind, text)),
        0x13 => {
            let mut rest = bytes;
            while let Some(size) = sid(&mut String::new(), rest) {
                each(kind, &rest[..size]);
                rest = &rest[size..];
            }
            return;
        }
        _ => return each(kind, bytes),
    };
    bytes.chunks_exact(size).for_each(|one| each(kind, one));
}

/// Texts that end in a zero each; the last one may lack it.
fn strings<'a>(bytes: &'a [u8], unit: usize, mut each: impl FnMut(&'a [u8])) {
    let mut start = 0;
    for (i, unit_bytes) in bytes.chunks_exact(unit).enumerate() {
        if unit_bytes.iter().all(|b| *b == 0) {
            each(&bytes[start..i * unit]);
            start = (i + 1) * unit;
        }
    }
    if bytes.len() >= start + unit {
        each(&bytes[start..]);
    }
}

/// Without the zeroes some providers put at the end.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., 0, 0] = bytes
        && rest.len() % 2 == 0
    {
        bytes = rest;
    }
    bytes
}

/// Text in a code page that nobody names: UTF-8 where it is that, else the Chinese one, else the
/// western one.
fn ansi(out: &mut String, bytes: &[u8]) {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    let bytes = &bytes[..end];
    if let Ok(text) = str::from_utf8(bytes) {
        return out.push_str(text);
    }
    let (text, wrong) = GB18030.decode_without_bom_handling(bytes);
    if wrong {
        out.push_str(&WINDOWS_1252.decode_without_bom_handling(bytes).0);
    } else {
        out.push_str(&text);
    }
}

const UPPER: &[u8; 16] = b"0123456789ABCDEF";

fn hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(UPPER[usize::from(byte >> 4)].into());
        out.push(UPPER[usize::from(byte & 15)].into());
    }
}

fn digits(out: &mut String, n: i64) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    let mut rest = n.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        out.push('-');
    }
    // Only digits are in it.
    out.push_str(str::from_utf8(&buffer[at..]).unwrap_or_default());
}

/// `{00000000-0000-0000-0000-000000000000}`; the first three groups are little-endian numbers.
fn guid(out: &mut String, bytes: &[u8; 16]) {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = *b"{00000000-0000-0000-0000-000000000000}";
    let mut at = 1;
    for i in ORDER {
        if text[at] == b'-' {
            at += 1;
        }
        text[at] = UPPER[usize::from(bytes[i] >> 4)];
        text[at + 1] = UPPER[usize::from(bytes[i] & 15)];
        at += 2;
    }
    out.push_str(str::from_utf8(&text).unwrap_or_default());
}

/// `S-1-5-21-…` (\[MS-DTYP\] 2.4.2.1); gives how many bytes it takes.
fn sid(out: &mut String, bytes: &[u8]) -> Option<usize> {
    let [revision, count, a @ ..] = array::<8>(bytes, 0).ok()?;
    let subs = bytes.get(8..8 + 4 * usize::from(count))?;
    let authority = u64::from_be_bytes([0, 0, a[0], a[1], a[2], a[3], a[4], a[5]]);
    out.push_str("S-");
    digits(out, i64::from(revision));
    out.push('-');
    if authority >> 32 == 0 {
        digits(out, authority as i64);
    } else {
        let _ = write!(out, "{authority:#x}");
    }
    for sub in subs.chunks_exact(4) {
        out.push('-');
        digits(out, i64::from(u32::from_le_bytes([sub[0], sub[1], sub[2], sub[3]])));
    }
    Some(8 + subs.len())
}

/// `2026-03-02 06:00:00.123`, with seven decimals where there are more than three.
fn filetime(out: &mut String, filetime: u64) {
    let (seconds, fraction) = (filetime / 10_000_000, filetime % 10_000_000);
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, so that the leap day comes last (Hinnant, "chrono-compatible
    // low-level date algorithms"); 584,694 of them are before 1601-01-01.
    let days = days + 584_694;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    let _ = match fraction % 10_000 {
        0 => write!(out, ".{:03}", fraction / 10_000),
        _ => write!(out, ".{fraction:07}"),
    };
}
