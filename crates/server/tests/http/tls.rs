//! HTTPS without a proxy.

use crate::kit::Site;
use hangtu_server::{Config, ServeError, Server, TlsError, TlsFault};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::{fs, net::TcpStream, path::PathBuf, thread, time::Duration};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

fn made(dir: &std::path::Path) -> (CertifiedKey<KeyPair>, (PathBuf, PathBuf)) {
    let new = generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let files = (dir.join("site.pem"), dir.join("site.key"));
    fs::write(&files.0, new.cert.pem()).unwrap();
    fs::write(&files.1, new.signing_key.serialize_pem()).unwrap();
    (new, files)
}

/// Who believes this certificate and no other.
fn believer(new: &CertifiedKey<KeyPair>) -> ureq::Agent {
    let root = Certificate::from_pem(new.cert.pem().as_bytes()).unwrap().to_owned();
    let roots = RootCerts::new_with_certs(&[root]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

#[test]
fn it_speaks_tls_and_takes_over_a_new_certificate() {
    let data = tempfile::tempdir().unwrap();
    let (first, files) = made(data.path());
    let mut config = Config::new(data.path().join("data"));
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.tls = Some(files);
    let dir = data.path().to_owned();
    let site = Site::with(config, data);
    assert!(site.link.as_ref().unwrap().starts_with("https://127.0.0.1:"));
    let page = format!("https://{}/sign-in", site.address);

    // Browsers that never agree hold up nobody.
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(site.address).unwrap()).collect();
    let answer = believer(&first).get(site.link.as_ref().unwrap()).call().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    drop(silent);
    let plain = format!("http://{}/sign-in", site.address);
    assert!(believer(&first).get(plain).call().is_err(), "no HTTP on the same port");

    fs::write(dir.join("site.pem"), "half of a new certif").unwrap();
    thread::sleep(Duration::from_secs(6));
    believer(&first).get(&page).call().unwrap();
    let (second, _) = made(&dir);
    let taken_over = (0..30).any(|_| {
        thread::sleep(Duration::from_millis(500));
        believer(&second).get(&page).call().is_ok()
    });
    assert!(taken_over);
    assert!(believer(&first).get(&page).call().is_err(), "the old one is gone");
}

#[test]
fn what_does_not_hold_is_refused_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_, files) = made(dir.path());
    let refused = |tls: (PathBuf, PathBuf)| {
        let mut config = Config::new(dir.path().join("data"));
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.tls = Some(tls);
        match runtime.block_on(Server::start(config)) {
            Err(ServeError::Tls(TlsError::Bad(path, fault))) => (path, Some(fault)),
            Err(ServeError::Tls(TlsError::Read(path, _))) => (path, None),
            other => panic!("{other:?}"),
        }
    };
    let (certificate, key) = files.clone();
    let swapped = (key.clone(), certificate.clone());
    assert_eq!(refused(swapped), (key.clone(), Some(TlsFault::Certificate)));
    let nowhere = dir.path().join("nowhere");
    assert_eq!(refused((certificate.clone(), nowhere.clone())), (nowhere, None));
    assert_eq!(
        refused((certificate.clone(), certificate.clone())),
        (certificate.clone(), Some(TlsFault::Key))
    );
    let other = generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    fs::write(&key, other.signing_key.serialize_pem()).unwrap();
    assert_eq!(refused(files), (key, Some(TlsFault::Mismatch)));
}
