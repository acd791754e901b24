//! What courses show as evidence is what the program really says of the example plant.
#![allow(clippy::unwrap_used, missing_docs)]

use hangtu_catalog::Catalog;
use std::{collections::HashSet, path::Path, process::Command};

#[test]
fn every_line_of_evidence_is_a_record_of_the_plant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ran = Command::new(env!("CARGO_BIN_EXE_hangtu"))
        .args(["records", "examples/plant"])
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let records: HashSet<&str> = said.lines().collect();
    let catalog = Catalog::embedded().unwrap();
    let mut shown = 0;
    for course in &catalog.courses {
        for question in course.bank() {
            for line in &question.evidence {
                assert!(records.contains(line.as_str()), "{}: {line}", question.id);
                shown += 1;
            }
        }
    }
    assert!(shown >= 36, "{shown}");
}
