//! The readers of text logs.

use hangtu_evidence::{Input, InputSummary};
use hangtu_logs::{LogMap, Observer, Settings, read};
use hangtu_record::{Fields, Kind};
use std::{io, sync::LazyLock};

/// Looks at every field of what comes.
#[derive(Default)]
struct Look {
    events: u64,
    size: usize,
}

impl Observer for Look {
    fn event(&mut self, event: &Fields) -> io::Result<()> {
        assert_eq!(event.kind, Kind::Event);
        assert!(event.text("log.format").is_some(), "an event without a format: {event:?}");
        self.events += 1;
        self.size +=
            event.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>();
        Ok(())
    }
}

/// Reads bytes behind a line by which the format is recognised.
fn log(front: &str, data: &[u8], maps: Vec<LogMap>) -> Option<InputSummary> {
    let bytes = [front.as_bytes(), data].concat();
    let size = bytes.len();
    let settings = Settings {
        utc_offset: 8 * 3600,
        now: hangtu_record::Time(1_798_675_200_000_000_000),
        maps,
        ..Settings::default()
    };
    let mut look = Look::default();
    let input = Input::Memory("fuzz".into(), bytes.into());
    let summary = read(&[input], 0, &settings, &mut look).ok()?.inputs.pop()?;
    assert_eq!(summary.entries, look.events);
    if !summary.format.contains('+') {
        assert!(look.events <= size as u64, "{} events", look.events);
        // Names and aliases repeat what stands there; they do not multiply it.
        assert!(look.size <= 40 * size + 4096 * look.events as usize, "{} bytes", look.size);
        for damage in &summary.damages.list {
            assert!(damage.offset <= size as u64, "{damage:?}");
        }
    }
    Some(summary)
}

/// Linux audit records.
pub fn auditd(data: &[u8]) {
    log("type=USER_CMD msg=audit(1767312000.000:1): pid=1\n", data, Vec::new());
}

/// Lines of syslog.
pub fn syslog(data: &[u8]) {
    log("Mar  2 06:00:00 h a: b\n", data, Vec::new());
}

/// JSON of the journal and of Windows events; the export format of the journal.
pub fn logjson(data: &[u8]) {
    let Some((which, data)) = data.split_first() else { return };
    log(
        match which % 3 {
            0 => "{\"__REALTIME_TIMESTAMP\":\"1772402400123456\"}\n",
            1 => "{\"Event\":{\"System\":{}}}\n",
            _ => "__CURSOR=s\n__REALTIME_TIMESTAMP=1772402400123456\n\n",
        },
        data,
        Vec::new(),
    );
}

/// Windows events as XML.
pub fn logxml(data: &[u8]) {
    log("<Events><Event><System/></Event>\n", data, Vec::new());
}

/// Maps that are shipped; compiling their patterns costs more than reading an input.
static SHIPPED: LazyLock<Vec<LogMap>> = LazyLock::new(|| {
    [
        include_str!("../../content/logmaps/kingview-alarm.yml"),
        include_str!("../../content/logmaps/fortigate.yml"),
        include_str!("../../content/logmaps/huawei-usg.yml"),
    ]
    .iter()
    .map(|text| LogMap::parse("shipped", text).expect("a shipped map"))
    .collect()
});

/// A mapping file and, behind a NUL, a log; without one a log of the shipped maps.
pub fn logmap(data: &[u8]) {
    let end = data.iter().position(|b| *b == 0);
    let (map, rest) = data.split_at(end.unwrap_or(0));
    let maps = match std::str::from_utf8(map).map(|text| LogMap::parse("fuzz.yml", text)) {
        Ok(Ok(map)) => vec![map],
        _ => SHIPPED.clone(),
    };
    log("", rest.strip_prefix(&[0]).unwrap_or(rest), maps);
}
