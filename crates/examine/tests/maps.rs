//! Maps of logs: those that come with the program are found, and a site's own are asked first.

use hangtu_examine::{Evidence, Reading, evidence};
use hangtu_logs::LogMap;
use hangtu_record::{JsonWriter, Record, Time};
use std::fs;

/// Records as lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl evidence::Observer for Lines {
    fn record(&mut self, record: &dyn Record) {
        JsonWriter::new().line(&mut self.0, record, "firewall.log");
    }
}

#[test]
fn shipped_maps_are_found_and_a_sites_own_come_first() {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/maps");
    fs::create_dir_all(folder).expect("a folder");
    let file = format!("{folder}/firewall.log");
    let line = "date=2026-03-02 time=14:00:00 devname=\"FW1\" logid=\"0100032002\" type=\"event\" user=\"a\"\n";
    fs::write(&file, line.repeat(3)).expect("a file");
    let maps = |reading: &Reading| {
        let found = Evidence::find(&[file.as_str().into()], reading).expect("a log");
        let mut lines = Lines::default();
        evidence::read(&found, reading, &mut lines).expect("it is readable");
        let text = String::from_utf8(lines.0).expect("JSON");
        let map = |line: &str| {
            let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
            json["log.map"].as_str().unwrap_or_default().to_owned()
        };
        text.lines().map(map).collect::<Vec<_>>()
    };
    let mut reading = Reading::new(8 * 3600, Time(0));
    assert_eq!(maps(&reading), ["fortigate"; 3]);
    let own = "version: 1\nname: own\nbasis: this test\nrecognise:\n  pattern: 'devname='\nform: kv\n\
               time:\n  columns: [date, time]\n  formats: ['%Y-%m-%d %H:%M:%S']\nfields:\n  user: user.name\n";
    reading.logs.maps.push(LogMap::parse("own.yml", own).expect("a map"));
    assert_eq!(maps(&reading), ["own"; 3]);
}
