//! The trail: searched, exported, verified, and telling when somebody touched it.

use crate::kit::on_both;
use hangtu_ledger::{Note, verify_export};

#[test]
fn the_trail_is_searched_exported_and_verified() {
    on_both(|site| {
        site.set_up();
        assert_eq!(
            site.client().form("/sign-in", &[("account", "nobody"), ("password", "x")]).status,
            422
        );
        let auditor = site.signed("aud");
        assert!(auditor.get("/audit").ok().text.contains("建立企业"));
        let found = auditor.api("/audit?action=person.create");
        assert_eq!(found["entries"].as_array().unwrap().len(), 4);
        assert_eq!(auditor.api("/audit?text=OFFICER&action=person")["entries"][0]["sequence"], 4);
        assert_eq!(auditor.api("/audit?text=100%25")["entries"].as_array().unwrap().len(), 0);
        assert_eq!(auditor.api("/audit?to=2020-01-01")["entries"].as_array().unwrap().len(), 0);
        assert_eq!(auditor.get("/audit?from=x").status, 422);
        let refused = auditor.api("/audit?log=instance&action=session.refuse");
        assert_eq!(refused["entries"].as_array().unwrap().len(), 1);
        assert!(auditor.get("/audit/own/0").ok().text.contains("91420100MA4KX1234B"));
        assert_eq!(auditor.get("/audit/own/99999").status, 404);

        let verified = auditor.api("/audit/verify");
        assert_eq!(verified["holds"], true);
        let checkpoint: Note = auditor.get("/audit/checkpoint").ok().text.parse().unwrap();
        let export = auditor.form("/audit/export", &[("log", "own")]).ok().text;
        let said = verify_export(export.as_bytes(), None, Some(&checkpoint)).unwrap();
        assert_eq!(said.relation, Some(hangtu_ledger::Relation::Consistent));
        assert!(export.contains("\"audit.export\""), "the export is itself an entry");
        // Any byte that is changed shows.
        for at in (0..export.len()).step_by(97) {
            let mut changed = export.clone().into_bytes();
            changed[at] ^= 1;
            assert!(verify_export(changed.as_slice(), Some(&said.header.key), None).is_err());
        }

        // A row that is edited behind the program's back shows, and is not exported.
        site.sql(
            "UPDATE ledger_entry SET body = replace(body, '\"OFFICER\"', '\"x\"'), \
             actor_name = 'nobody' WHERE sequence = 3",
        );
        let verified = auditor.api("/audit/verify");
        assert_eq!((&verified["holds"], &verified["broken"]), (&false.into(), &3.into()));
        site.sql("UPDATE ledger_entry SET actor_name = 'system' WHERE sequence = 3");
        assert_eq!(auditor.api("/audit/verify")["holds"], true);
        site.sql(
            "UPDATE ledger_entry SET body = replace(body, 'officer', 'intruder') WHERE sequence = 4",
        );
        assert_eq!(auditor.api("/audit/verify")["holds"], false);
        assert_eq!(auditor.form("/audit/export", &[("log", "own")]).status, 409);
        assert!(auditor.get("/audit/verify").ok().text.contains("核验未通过"));
        assert_eq!(site.signed("officer").get("/audit").status, 403);
    });
}
