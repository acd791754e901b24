//! Where passkeys hold: they belong to a name that browsers reach securely.

use crate::config::Config;
use std::net::IpAddr;
use webauthn_rp::request::{AsciiDomain, RpId};

/// The name that passkeys are bound to, and the one origin they are accepted from.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) id: RpId,
    pub(crate) origin: String,
}

impl Party {
    /// From the public URL; without one, `localhost` where the program serves this machine only.
    /// Nothing where browsers refuse passkeys: no HTTPS, or an address in place of a name.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let local = || format!("{scheme}://localhost:{}", config.listen.port());
        let alone = config.listen.ip().is_loopback() && !config.behind_proxy;
        let url = config.public_url.clone().or_else(|| alone.then(local))?;
        let (scheme, rest) = url.split_once("://")?;
        let (scheme, authority) =
            (scheme.to_ascii_lowercase(), rest.split('/').next()?.to_ascii_lowercase());
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
            None => (authority.as_str(), None),
        };
        let secure = match scheme.as_str() {
            "https" => host.parse::<IpAddr>().is_err() && !host.starts_with('['),
            "http" => host == "localhost" || host.ends_with(".localhost"),
            _ => false,
        };
        if !secure {
            return None;
        }
        // As browsers write it: without the port that the scheme implies.
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = port.filter(|p| *p != usual).map(|p| format!(":{p}")).unwrap_or_default();
        let origin = format!("{scheme}://{host}{port}");
        let id = RpId::Domain(AsciiDomain::try_from(host.to_owned()).ok()?);
        Some(Self { id, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: Option<&str>, listen: &str) -> Option<(String, String)> {
        let mut config = Config::new("data".into());
        config.public_url = url.map(str::to_owned);
        config.listen = listen.parse().unwrap();
        Party::of(&config).map(|p| (p.id.as_ref().to_owned(), p.origin))
    }

    #[test]
    fn passkeys_hold_where_browsers_offer_them() {
        let here = "127.0.0.1:8420";
        let pair = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
        assert_eq!(origin(None, here), pair("localhost", "http://localhost:8420"));
        assert_eq!(origin(None, "0.0.0.0:8420"), None, "reached by HTTP from elsewhere");
        let named = pair("seat.plant.example", "https://seat.plant.example");
        assert_eq!(origin(Some("https://Seat.plant.example:443/"), here), named);
        let port = pair("seat.plant.example", "https://seat.plant.example:8443");
        assert_eq!(origin(Some("https://seat.plant.example:8443"), here), port);
        for refused in ["http://seat.plant.example", "https://10.0.0.5", "https://[::1]:8443", "x"]
        {
            assert_eq!(origin(Some(refused), here), None, "{refused}");
        }
    }
}
