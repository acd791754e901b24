//! The reader of Windows event logs.

use hangtu_evidence::Input;
use hangtu_logs::{FORMATS, Observer, Settings};
use hangtu_record::{Fields, Record};
use std::io;

/// Longest text of one event: what one record may be blown up to, and as much again for names.
const MAX_TEXT: usize = 8 << 20;

struct Events {
    count: u64,
    last: u64,
    end: u64,
}

impl Observer for Events {
    fn event(&mut self, event: &Fields) -> io::Result<()> {
        let mut size = 0;
        event.each(&mut |name, value| {
            size += name.len();
            if let hangtu_record::Value::Str(text) = value {
                size += text.len();
            }
        });
        assert!(size <= MAX_TEXT, "an event of {size} bytes");
        assert!(event.origin.number > self.last, "numbers go up");
        assert!(event.origin.offset < self.end, "an event from behind the end");
        self.last = event.origin.number;
        self.count += 1;
        Ok(())
    }
}

/// A Windows event log. The first byte says how it begins: with a file header, with a chunk's
/// header, or as it stands.
pub fn read(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut bytes = Vec::new();
    if first & 1 != 0 {
        bytes.extend(b"ElfFile\0");
        bytes.resize(4096, 0);
    }
    if first & 2 != 0 {
        let start = bytes.len();
        bytes.extend(b"ElfChnk\0");
        bytes.resize(start + 512, 0);
        bytes[start + 40] = 128;
    }
    bytes.extend(rest);
    if first & 4 != 0 {
        bytes.resize(bytes.len().next_multiple_of(1 << 16), 0);
        bytes.extend_from_within(..);
    }
    let end = bytes.len() as u64;
    let mut events = Events { count: 0, last: 0, end };
    let settings = Settings::default();
    let input = Input::Memory("fuzz.evtx".into(), bytes.into());
    assert!(FORMATS.iter().any(|f| f.name == "evtx"));
    let Ok(summary) = hangtu_logs::read(&[input], 0, &settings, &mut events) else { return };
    let one = &summary.inputs[0];
    assert_eq!(one.entries, events.count);
    if one.format == "evtx" {
        assert!(one.entries <= end / 28 + 1, "{} events of {end} bytes", one.entries);
        assert!(one.damages.list.iter().all(|d| d.offset <= end), "{:?}", one.damages);
    }
}
