//! Single sign-on, with a real provider (npm `oidc-provider`, e2e/provider.mjs).

use crate::kit::{Answer, Client, PASSWORD, Site, on_both};
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

struct Idp {
    process: Child,
    /// Kept: it says more later, and dies when nobody listens.
    _said: BufReader<ChildStdout>,
    base: String,
}

impl Drop for Idp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Idp {
    /// Starts it for a site; nothing where node or its packages are missing.
    fn start(site: &Site) -> Option<Self> {
        let e2e = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e");
        if !e2e.join("node_modules/oidc-provider").is_dir() {
            println!("note: oidc-provider is not installed (npm ci in e2e); not tried");
            return None;
        }
        let process = Command::new("node")
            .arg(e2e.join("provider.mjs"))
            .arg(format!("http://{}/sign-in/sso", site.address))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = process else {
            println!("note: node is not installed; not tried");
            return None;
        };
        let mut base = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut base).unwrap();
        Some(Self { process, _said: said, base: base.trim().to_owned() })
    }

    /// Signs somebody in there; gives the way back to the site.
    fn walk(&self, mode: &str, url: &str) -> String {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        agent.get(format!("{}/mode?{mode}", self.base)).call().unwrap();
        let mut at = url.to_owned();
        for _ in 0..6 {
            assert!(at.starts_with(&self.base), "{at}");
            let mut answer = agent.get(&at).call().unwrap();
            let to = answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned());
            let to = to.unwrap_or_else(|| panic!("{at}: {:?}", answer.body_mut().read_to_string()));
            if let Some((_, query)) = to.split_once("/sign-in/sso?") {
                return format!("/sign-in/sso?{query}");
            }
            at = if to.starts_with('/') { format!("{}{to}", self.base) } else { to };
        }
        panic!("never comes back: {at}");
    }
}

/// A browser goes to the provider and comes back with what the provider says.
fn away(idp: &Idp, client: &Client, id: &str, mode: &str) -> String {
    let begun = client.get(&format!("/sign-in/sso/{id}?next=%2Ffindings"));
    assert_eq!(begun.status, 303, "{}", begun.text);
    idp.walk(mode, &begun.location)
}

fn sign_in(site: &Site, idp: &Idp, id: &str, mode: &str) -> (Client, Answer) {
    let client = site.client();
    let back = away(idp, &client, id, mode);
    let answer = client.get(&back);
    (client, answer)
}

fn part<'p>(path: &'p str, name: &str) -> &'p str {
    let query = path.split_once('?').unwrap().1;
    query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

#[test]
fn people_sign_on_with_the_identity_that_is_linked() {
    on_both(|site| {
        let Some(idp) = Idp::start(&site) else { return };
        site.set_up();
        let sys = site.signed("sys");
        let mut form = json!({ "name": "统一认证", "issuer": idp.base, "client": "hangtu",
            "secret": "a secret of the plant's provider", "enabled": "yes" });
        let id = sys.post("/sso", &form).ok().json()["id"].as_str().unwrap().to_owned();
        sys.post(&format!("/sso/{id}/test"), &json!({})).ok();
        let kept = site.column("SELECT secret FROM sso_provider");
        assert!(!kept[0].contains("secret"), "sealed");
        assert!(!sys.get("/api/v1/sso").ok().text.contains("a secret"));
        assert!(site.client().get("/sign-in").ok().text.contains("使用“统一认证”登录"));
        let people = || site.column("SELECT id FROM person").len();
        let before = people();

        let (client, answer) = sign_in(&site, &idp, &id, "sub=alice");
        assert_eq!(answer.status, 409, "linked to nobody");
        assert!(answer.text.contains("未关联"), "{}", answer.text);
        assert_eq!((client.get("/me").status, people()), (303, before), "and nobody is made");

        let officer = site.signed("officer");
        let begin = [("provider", id.as_str()), ("password", PASSWORD)];
        let wrong = [("provider", id.as_str()), ("password", "not the password")];
        assert_eq!(officer.form("/me/identities/begin", &wrong).status, 422);
        let begun = officer.form("/me/identities/begin", &begin).ok();
        let back = idp.walk("sub=alice", &begun.location);
        assert_eq!(officer.get(&back).location, "/me");
        let me = officer.api("/me");
        assert_eq!(me["identities"][0]["subject"], "alice", "{me}");
        let sec = site.signed("sec");
        let begun = sec.form("/me/identities/begin", &begin).ok();
        assert_eq!(sec.get(&idp.walk("sub=alice", &begun.location)).status, 409, "taken");
        let begun = sec.form("/me/identities/begin", &begin).ok();
        let back = idp.walk("sub=carol", &begun.location);
        assert_eq!(officer.get(&back).status, 409, "in another browser");

        let (client, answer) = sign_in(&site, &idp, &id, "sub=alice");
        assert_eq!(
            (answer.status, answer.location.as_str()),
            (303, "/findings"),
            "{}",
            answer.text
        );
        let me = client.api("/me");
        assert_eq!(
            (&me["account"], &me["sessions"][0]["proof"]),
            (&json!("officer"), &json!("oidc"))
        );

        let assign = |account: &str| json!({ "account": account, "subject": "bob" });
        assert_eq!(sys.post(&format!("/sso/{id}/assign"), &assign("sys")).status, 409, "oneself");
        sys.post(&format!("/sso/{id}/assign"), &assign("sec")).ok();
        let (client, _) = sign_in(&site, &idp, &id, "sub=bob");
        assert_eq!(client.api("/me")["account"], "sec");

        site.sql(
            "INSERT INTO totp (person, organisation, secret, created, step) \
             SELECT id, organisation, '', 0, 0 FROM person WHERE account = 'sec'",
        );
        let (client, answer) = sign_in(&site, &idp, &id, "sub=bob");
        assert_eq!(answer.location, "/sign-in/code", "the second step is still asked for");
        assert_eq!(client.get("/me").status, 303);

        let other = site.other_organisation();
        assert_eq!(other.form("/me/identities/begin", &begin).status, 404, "another's provider");
        site.sql("UPDATE person SET roles = 'system' WHERE account = 'other'");
        assert_eq!(other.post(&format!("/sso/{id}"), &form).status, 404);
        assert_eq!(other.api("/sso")["providers"], json!([]));

        form["enabled"] = json!("");
        let client = site.client();
        let back = away(&idp, &client, &id, "sub=alice");
        sys.post(&format!("/sso/{id}"), &form).ok();
        assert_eq!(client.get(&back).status, 404, "disabled meanwhile");
        assert_eq!(site.client().get(&format!("/sign-in/sso/{id}")).status, 404);
        assert!(!site.client().get("/sign-in").ok().text.contains("统一认证"));
    });
}

#[test]
fn what_the_provider_did_not_say_to_this_browser_is_refused() {
    on_both(|site| {
        let Some(idp) = Idp::start(&site) else { return };
        site.set_up();
        let sys = site.signed("sys");
        let form = json!({ "name": "统一认证", "issuer": idp.base, "client": "hangtu",
            "secret": "a secret of the plant's provider", "enabled": "yes" });
        let id = sys.post("/sso", &form).ok().json()["id"].as_str().unwrap().to_owned();
        let assign = json!({ "account": "officer", "subject": "alice" });
        sys.post(&format!("/sso/{id}/assign"), &assign).ok();
        let refused = |client: &Client, path: &str, why: &str| {
            let answer = client.get(path);
            assert_eq!(answer.status, 409, "{why}: {}", answer.text);
            assert_eq!(client.get("/me").status, 303, "{why}");
        };

        let client = site.client();
        let first = away(&idp, &client, &id, "sub=alice");
        assert_eq!(client.get(&first).status, 303);
        client.form("/sign-out", &[]).ok();
        refused(&client, &first, "the same way back again");

        let client = site.client();
        let back = away(&idp, &client, &id, "sub=alice");
        refused(&client, &back.replace(part(&back, "state"), "forged"), "another state");
        refused(&client, &back, "after a forged one the round is over");

        let client = site.client();
        let back = away(&idp, &client, &id, "sub=alice");
        refused(&client, &back.replace(part(&back, "code"), part(&first, "code")), "a used code");

        let (client, answer) = sign_in(&site, &idp, &id, "sub=alice&nonce=another");
        assert_eq!((answer.status, client.get("/me").status), (409, 303), "another nonce");
        let (client, answer) = sign_in(&site, &idp, &id, "sub=mallory&tamper=alice");
        assert_eq!((answer.status, client.get("/me").status), (409, 303), "not what was signed");
        let notes = site.column("SELECT body FROM ledger_entry WHERE action = 'session.refuse'");
        assert_eq!(notes.iter().filter(|n| n.contains("proof")).count(), 3, "{notes:?}");
        assert_eq!(site.client().get(&format!("/sign-in/sso/{id}")).status, 429, "slowed down");
    });
}
