//! Captures of which somebody said what happens in them (`labels.tsv` under ../shared/data/traffic).

use hangtu_catalog::Catalog;
use hangtu_examine::{Evidence, Reading, Rules, Setup, examine};
use hangtu_record::Time;
use std::{fs, path::Path};

const TRAFFIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/traffic");

/// The rules of which one fires, as their titles begin; none where nothing in it is for a rule.
fn expected(label: &str) -> &'static [&'static str] {
    match label {
        "clock change" => &["Clock of"],
        "cpu start" => &["Controller started"],
        "cpu stop" | "mode change" => &["Controller stopped"],
        "disable unsolicited" => &["Unsolicited reporting"],
        "firmware change" => &["Firmware of"],
        "operate output" => &["Control command"],
        "port config change" => &["Configuration of"],
        "program download" | "protocol change" => &["Program or configuration"],
        "program upload" => &["Program or recipe"],
        // A clock is set by writing to DNP3, too.
        "write" => &["Process values", "Clock of"],
        _ => &[],
    }
}

/// Captures of which the label does not hold, or that are of protocols not decoded yet.
const EXCEPT: [(&str, &str); 9] = [
    ("mms-stopRequest.pcap", "MMS"),
    ("iec61850_write.pcap", "MMS"),
    ("EIP-SoftwareUploadFailure.pcap", "the controller does not answer ARP"),
    ("EIP-SoftwareDownloadFailure.pcap", "the controller does not answer ARP"),
    ("DNP3-WriteRequest.pcap", "asks for the status of the link and no more"),
    ("DNP3-SelectOperateRequest.pcap", "the same"),
    ("S7-1200-Uploading-OB1-TIAV12.pcap", "S7comm-plus"),
    ("Timer_sync.pcapng", "S7comm-plus"),
    ("Timer_sync_FehlerbeiMW100.pcapng", "S7comm-plus"),
];

#[test]
fn what_somebody_saw_in_a_capture_is_found() {
    let Ok(labels) = fs::read_to_string(Path::new(TRAFFIC).join("labels.tsv")) else {
        println!("skipped: ../shared/data/traffic is absent");
        return;
    };
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, &[]).expect("rules");
    let reading = Reading::new(8 * 3600, Time(0));
    let (mut seen, mut wrong) = (0, Vec::new());
    for line in labels.lines() {
        let (label, file) = (line.split('\t').next().unwrap_or(""), line.split('\t').next_back());
        let file = file.expect("a path");
        let titles = expected(label);
        let excepted = EXCEPT.iter().any(|(name, _)| file.ends_with(name));
        if titles.is_empty() {
            continue;
        }
        seen += 1;
        let evidence =
            Evidence::find(&[Path::new(TRAFFIC).join(file)], &reading).expect("a capture");
        let setup = Setup {
            catalog: &catalog,
            rules: &rules,
            authorisations: None,
            reading: &reading,
            now: Time(0),
        };
        let examination = examine(&evidence, &setup, &mut ()).expect("it is readable");
        let found = examination
            .findings
            .iter()
            .any(|finding| titles.iter().any(|title| finding.title.en.starts_with(title)));
        if found == excepted {
            wrong.push(format!("{label}: {file}"));
        }
    }
    assert!(seen > 30 && wrong.is_empty(), "{seen}, {wrong:#?}");
}
