//! An examination tells how far it is and ends when asked.

use hangtu_catalog::Catalog;
use hangtu_examine::{Evidence, Progress, Reading, Rules, Setup, SoFar, examine, stopped};
use hangtu_record::Time;
use std::{ops::ControlFlow, path::PathBuf};

struct Until(u64, SoFar);

impl Progress for Until {
    fn at(&mut self, so_far: SoFar) -> ControlFlow<()> {
        assert!(so_far.records >= self.1.records && so_far.bytes >= self.1.bytes);
        self.1 = so_far;
        if so_far.records >= self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_examination_tells_how_far_it_is_and_ends_when_asked() {
    let plant = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant"));
    let file = plant.join("control-0700.pcapng");
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, &[]).expect("rules");
    let reading = Reading::new(8 * 3600, Time(0));
    let mut evidence = Evidence::find(std::slice::from_ref(&file), &reading).expect("a capture");
    evidence.called.insert(file, "morning.pcapng".into());
    let setup = Setup {
        catalog: &catalog,
        rules: &rules,
        authorisations: None,
        reading: &reading,
        now: Time(0),
    };
    let mut whole = Until(u64::MAX, SoFar::default());
    let examination = examine(&evidence, &setup, &mut whole).expect("it is readable");
    assert!(whole.1.findings > 0 && whole.1.findings <= examination.findings.len() as u64);
    assert_eq!(examination.run.inputs[0].path, "morning.pcapng", "by the name people know");
    let mut half = Until(whole.1.records / 2, SoFar::default());
    let ended = examine(&evidence, &setup, &mut half).expect_err("it was ended");
    assert!(stopped(&ended) && half.1.records < whole.1.records);
}
