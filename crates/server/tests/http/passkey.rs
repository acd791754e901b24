//! Passkeys, with an authenticator made of software.

use crate::kit::{Answer, Client, PASSWORD, Site, on_both};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Holds one key, and lies when it is told to.
struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    handle: Vec<u8>,
    counter: u32,
    origin: String,
    rp: String,
    /// Present, and verified by a finger or a PIN.
    flags: u8,
}

fn sha(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

impl Authenticator {
    fn new(site: &Site) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        Self {
            id: sha(key.public_key().as_ref()),
            key,
            handle: Vec::new(),
            counter: 0,
            origin: format!("http://localhost:{}", site.address.port()),
            rp: "localhost".into(),
            flags: 0x05,
        }
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin,
            "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn data(&mut self, attested: bool) -> Vec<u8> {
        self.counter += 1;
        let mut data = sha(self.rp.as_bytes());
        data.push(self.flags | if attested { 0x40 } else { 0 });
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn create(&mut self, options: &Value) -> String {
        assert_eq!(options["rp"]["id"], "localhost");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        self.handle = B64.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let client = self.client_data("webauthn.create", &options["challenge"]);
        let mut data = self.data(true);
        data.extend([0; 16]);
        data.extend((self.id.len() as u16).to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let id = B64.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform", "response": {
                "clientDataJSON": B64.encode(client), "attestationObject": B64.encode(object),
                "transports": ["internal"] } })
        .to_string()
    }

    fn get(&mut self, options: &Value) -> String {
        assert_eq!(options["rpId"], "localhost");
        assert_eq!(options["userVerification"], "required");
        let client = self.client_data("webauthn.get", &options["challenge"]);
        let data = self.data(false);
        let signed = [data.clone(), sha(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let id = B64.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform", "response": {
                "clientDataJSON": B64.encode(client), "authenticatorData": B64.encode(data),
                "signature": B64.encode(signature), "userHandle": B64.encode(&self.handle) } })
        .to_string()
    }
}

fn add(client: &Client, key: &mut Authenticator) -> Answer {
    let asked = client.form("/me/passkeys/begin", &[("name", "办公电脑"), ("password", PASSWORD)]);
    let credential = key.create(&asked.ok().json());
    client.form("/me/passkeys", &[("credential", &credential)])
}

/// Asks for a challenge and has it answered.
fn answered(client: &Client, key: &mut Authenticator) -> String {
    key.get(&client.form("/sign-in/passkey/begin", &[]).ok().json())
}

fn sign_in(client: &Client, credential: &str) -> Answer {
    client.form("/sign-in/passkey", &[("credential", credential), ("next", "/findings")])
}

/// Halfway in: the password was right.
fn half(site: &Site, account: &str) -> Client {
    let client = site.client();
    let answer = client.form("/sign-in", &[("account", account), ("password", PASSWORD)]);
    assert_eq!(answer.location, "/sign-in/code");
    client
}

fn proofs(client: &Client) -> Vec<String> {
    let me = client.api("/me");
    let sessions = me["sessions"].as_array().unwrap();
    sessions.iter().map(|s| s["proof"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_passkey_signs_in_alone_and_after_the_password() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let mut key = Authenticator::new(&site);
        let wrong = [("name", "x"), ("password", "not the password")];
        assert_eq!(officer.form("/me/passkeys/begin", &wrong).status, 422, "asks for the password");
        let added = add(&officer, &mut key);
        assert!(added.location.starts_with("/me/once/"), "recovery codes: {}", added.location);
        let codes = officer.get(&added.location).ok().text;
        assert!(codes.contains('-'), "{codes}");
        assert!(officer.get("/me").ok().text.contains("办公电脑"));

        let alone = site.client();
        let credential = answered(&alone, &mut key);
        let answer = sign_in(&alone, &credential);
        assert_eq!(
            (answer.status, answer.location.as_str()),
            (303, "/findings"),
            "{}",
            answer.text
        );
        assert_eq!(proofs(&alone)[0], "passkey");

        let second = half(&site, "officer");
        let page = second.get("/sign-in/code").ok().text;
        assert!(page.contains("使用通行密钥验证"), "{page}");
        assert_eq!(second.get("/me").status, 303, "not in yet");
        let credential = answered(&second, &mut key);
        let answer = second.form("/sign-in/code/passkey", &[("credential", &credential)]);
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(proofs(&second)[0], "password+passkey");

        let me = second.api("/me");
        let id = me["passkeys"][0]["id"].as_str().unwrap();
        assert!(me["passkeys"][0]["used"].is_i64());
        second.form(&format!("/me/passkeys/{id}/name"), &[("name", "钥匙")]).ok();
        let other = site.signed("sec");
        let removal = format!("/me/passkeys/{id}/remove");
        assert_eq!(other.form(&removal, &[("password", PASSWORD)]).status, 404, "another's");
        second.form(&removal, &[("password", PASSWORD)]).ok();
        assert_eq!(second.api("/me")["recovery_codes"], 0, "they go with the last factor");
        assert_eq!(site.signed("officer").api("/me")["passkeys"], json!([]));
        let notes = site.column("SELECT body FROM ledger_entry WHERE action LIKE 'factor.%'");
        assert_eq!(notes.len(), 3, "{notes:?}");
    });
}

#[test]
fn what_does_not_prove_it_is_refused() {
    on_both(|site| {
        site.set_up();
        let (officer, sec) = (site.signed("officer"), site.signed("sec"));
        let (mut key, mut theirs) = (Authenticator::new(&site), Authenticator::new(&site));
        key.flags = 0x01;
        assert_eq!(add(&officer, &mut key).status, 422, "nobody verified");
        key.flags = 0x05;
        add(&officer, &mut key).ok();
        add(&sec, &mut theirs).ok();
        assert_eq!(add(&sec, &mut theirs).status, 409, "registered already");

        let client = site.client();
        let refused = |client: &Client, credential: &str, why: &str| {
            let answer = sign_in(client, credential);
            assert_eq!(answer.status, 422, "{why}: {}", answer.text);
            assert_eq!(client.get("/me").status, 303, "{why}");
        };
        let (origin, rp) = (key.origin.clone(), key.rp.clone());
        key.origin = "http://localhost:1".into();
        let credential = answered(&client, &mut key);
        refused(&client, &credential, "another origin");
        key.origin = origin;
        key.rp = "example.com".into();
        let credential = answered(&client, &mut key);
        refused(&client, &credential, "another name");
        key.rp = rp;

        let stranger = site.client();
        let credential = answered(&client, &mut key);
        assert_eq!(sign_in(&stranger, &credential).status, 409, "another browser");
        assert_eq!(sign_in(&client, &credential).status, 303);
        let again = site.client();
        assert_eq!(sign_in(&client, &credential).status, 409, "the challenge is used");
        answered(&again, &mut key);
        refused(&again, &credential, "the answer to an older challenge");

        key.counter = 0;
        let client = site.client();
        let credential = answered(&client, &mut key);
        refused(&client, &credential, "a counter behind");
        let notes = site.column("SELECT body FROM ledger_entry WHERE action = 'session.refuse'");
        assert!(notes.iter().any(|n| n.contains("counter")), "{notes:?}");

        let second = half(&site, "officer");
        let credential = answered(&second, &mut theirs);
        let answer = second.form("/sign-in/code/passkey", &[("credential", &credential)]);
        assert_eq!(answer.status, 422, "another person's");
        assert_eq!(second.get("/me").status, 303);

        let id = sec.api("/me")["passkeys"][0]["id"].as_str().unwrap().to_owned();
        sec.form(&format!("/me/passkeys/{id}/remove"), &[("password", PASSWORD)]).ok();
        let client = site.client();
        let credential = answered(&client, &mut theirs);
        refused(&client, &credential, "removed");
        let answer = client.form("/sign-in/passkey/begin", &[]);
        assert_eq!(answer.status, 429, "guessing is slowed down");
    });
}

#[test]
fn without_a_secure_name_there_are_no_passkeys() {
    let data = tempfile::tempdir().unwrap();
    let mut config = hangtu_server::Config::new(data.path().join("data"));
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.public_url = Some("http://10.1.2.3:8420".into());
    let site = Site::with(config, data);
    site.set_up();
    let officer = site.signed("officer");
    assert!(officer.get("/me").ok().text.contains("--public-url"));
    let begun = officer.form("/me/passkeys/begin", &[("name", "x"), ("password", PASSWORD)]);
    assert_eq!(begun.status, 409);
    assert!(!site.client().get("/sign-in").ok().text.contains("data-passkey"));
}
