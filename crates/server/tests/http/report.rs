//! Reports: frozen, numbered, hashed, and the same in every file.

use crate::kit::on_both;
use hangtu_catalog::sha256;
use serde_json::{Value, json};
use std::fs;

#[test]
fn a_report_freezes_what_is_known() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let office = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant/office.pcap.gz");
        assert_eq!(officer.examine("office.pcap.gz", &fs::read(office).unwrap())["state"], "done");
        assert_eq!(site.signed("sys").post("/reports", &json!({})).status, 403);

        let first = officer.post("/reports", &json!({})).ok().json();
        let place = format!("/reports/{}", first["id"].as_str().unwrap());
        let whole = officer.api(&place);
        let file = |name: &str| officer.get(&format!("/api/v1{place}/{name}")).ok();
        for f in whole["files"].as_array().unwrap() {
            let name = f["name"].as_str().unwrap();
            let answer = file(name);
            assert!(answer.bytes.len() > 500, "{name}");
            assert_eq!(f["sha256"], sha256(&answer.bytes), "{name}");
            let attached = answer
                .headers
                .iter()
                .any(|(n, v)| n == "content-disposition" && v.starts_with("attachment"));
            assert!(attached, "{name}");
        }
        assert_eq!(whole["files"].as_array().unwrap().len(), 17);

        // The facts are those of the pages, and the OSCAL documents count the same.
        let facts = file("facts.json").json();
        let listed = officer.api("/findings?state=all")["total"].as_u64().unwrap();
        let found = facts["findings"].as_array().unwrap();
        assert_eq!(found.len() as u64, listed);
        assert_eq!(facts["controls"].as_array().unwrap().len(), 91);
        assert_eq!(facts["runs"][0]["inputs"], 1);
        let oscal: Value = file("oscal-plan-of-action.zh-CN.json").json();
        let items = oscal["plan-of-action-and-milestones"]["poam-items"].as_array().unwrap();
        assert_eq!(items.len(), found.len());
        let results = file("oscal-assessment-results.en.json").json();
        let result = &results["assessment-results"]["results"][0];
        assert_eq!(result["observations"].as_array().unwrap().len(), found.len());
        assert_eq!(results["assessment-results"]["metadata"]["oscal-version"], "1.1.2");
        let sarif = file("run-1.findings.zh-CN.sarif").json();
        assert_eq!(sarif["version"], "2.1.0");
        assert!(file("run-1.findings.en.ocsf.jsonl").text.lines().count() >= found.len());
        let html = file("report.zh-CN.html").text;
        let title = found[0]["title"]["zh-CN"].as_str().unwrap();
        assert!(html.contains(title) && html.contains(facts["ledger_root"].as_str().unwrap()));

        // What happens later does not change it; the next one has the next number.
        let finding = found[0]["id"].as_str().unwrap();
        let comment = json!({ "step": "comment", "text": "x" });
        officer.post(&format!("/findings/{finding}/step"), &comment).ok();
        let second = officer.post("/reports", &json!({})).ok().json();
        assert_eq!(second["number"], 2);
        assert_eq!(file("facts.json").json(), facts);
        let later = format!("/reports/{}/facts.json", second["id"].as_str().unwrap());
        let later = officer.get(&format!("/api/v1{later}")).ok().json();
        assert!(later["ledger_size"].as_u64() > facts["ledger_size"].as_u64());
    });
}
