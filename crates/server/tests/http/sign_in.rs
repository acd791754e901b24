//! Setting up, signing in and out.

use crate::kit::on_both;

#[test]
fn a_site_is_set_up_once_and_its_people_sign_in() {
    on_both(|mut site| {
        assert!(site.client().get("/set-up").status == 403, "only with the link");
        site.set_up();
        assert_eq!(site.client().get("/").location, "/sign-in?next=%2F");
        let officer = site.signed("officer");
        assert!(officer.get("/").ok().text.contains("武汉长江精密机械有限公司"));
        let wrong = site.client().form("/sign-in", &[("account", "officer"), ("password", "x")]);
        assert_eq!(wrong.status, 422);
        site.restart();
        assert!(site.link.is_none(), "set up once only");
        assert_eq!(officer.base, officer.base);
        let officer = site.signed("officer");
        officer.form("/sign-out", &[]).ok();
        assert_eq!(officer.get("/").status, 303);
    });
}
