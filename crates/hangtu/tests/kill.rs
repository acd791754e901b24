//! What was told to be saved survives `kill -9`, at whatever moment it comes.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;
use kit::{Site, get, post, signed, signed_as};
use serde_json::json;
use std::{sync::mpsc, thread, time::Duration};

#[test]
fn what_was_told_to_be_saved_survives() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut site = Site::start(&data);
    site.set_up(&data);
    let round = post(&signed(&site.base), &site.base, "/answers/open", &json!({})).unwrap();
    let round = round["id"].as_str().unwrap().to_owned();

    let mut last = String::new();
    for life in 0..6_u64 {
        let (base, agent) = (site.base.clone(), signed(&site.base));
        let (tell, told) = mpsc::channel();
        let place = round.clone();
        let writer = thread::spawn(move || {
            let all = get(&agent, &base, "/answers/questions?control=GOV-01");
            let first = all["questions"][0]["version"].as_i64().unwrap();
            for n in 0_i64.. {
                let note = format!("{life}/{n}");
                let body =
                    json!({ "round": place, "version": first + n, "choice": "no", "note": note });
                if post(&agent, &base, "/answers/questions/GOV-01", &body).is_none() {
                    return;
                }
                tell.send(note).unwrap();
            }
        });
        thread::sleep(Duration::from_millis(120 + 53 * life));
        site.kill();
        writer.join().unwrap();
        let acknowledged: Vec<String> = told.iter().collect();
        assert!(!acknowledged.is_empty(), "the program was killed too soon");
        last.clone_from(acknowledged.last().unwrap());
        println!("life {life}: {} answers acknowledged", acknowledged.len());

        site = Site::start(&data);
        let agent = signed(&site.base);
        let shown = get(&agent, &site.base, "/answers/questions?control=GOV-01");
        let note = shown["questions"][0]["note"].as_str().unwrap();
        // The one after may have been saved without anybody having been told.
        let number = |note: &str| note.split('/').nth(1).unwrap().parse::<u64>().unwrap();
        let next = format!("{life}/{}", number(&last) + 1);
        assert!(note == last || note == next, "{note}, but {last} was acknowledged");
    }
    // The log is whole after six deaths.
    let agent = signed_as(&site.base, "aud");
    assert_eq!(get(&agent, &site.base, "/audit/verify")["holds"], true);
}
