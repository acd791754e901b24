//! What the server asks of others by HTTPS: only an address that an administrator wrote, in limited
//! time, by no proxy and following no redirect. Private addresses are fine, for plants run their own.

use openidconnect::url::Url;
use std::{net::IpAddr, time::Duration};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// An address that may be asked: by HTTPS, or on this machine.
pub(crate) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (plain && (url.scheme() == "https" || url.scheme() == "http" && here)).then_some(url)
}

/// Asks, blocking; `patience` bounds the whole of one request. An answer of any status is an answer.
pub(crate) fn agent(patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .tls_config(tls)
        .timeout_global(Some(patience))
        .build()
        .into()
}
