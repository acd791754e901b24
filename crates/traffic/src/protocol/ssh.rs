//! SSH (RFC 4253): what both programs call themselves and which algorithms they agree on. All
//! after the key exchange is ciphertext, so how a log-on ended is not visible.

use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, OwnedValue, Text};
use memchr::{memchr, memrchr};

/// SSH over TCP, on any port.
pub(super) static REGISTRATION: Registration = Registration {
    name: "ssh",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[22, 2222],
    probe,
    make: || Box::<Ssh>::default(),
};

/// The longest identification line (§4.2) and how much a server may say before it.
const MAX_LINE: usize = 255;
const MAX_BEFORE: usize = 4096;
/// The longest packet (§6.1).
const MAX_PACKET: usize = 35_000;
/// How much of a name list is kept: the longest ones in use have some hundred bytes.
const MAX_LIST: usize = 4096;
const KEXINIT: u8 = 20;

fn probe(peek: Peek<'_>) -> Verdict {
    let start = &peek.bytes[..peek.bytes.len().min(8)];
    match start {
        b"SSH-2.0-" | b"SSH-1.99" => Verdict::Yes(None),
        _ if start.starts_with(b"SSH-1.") && start.len() == 8 => Verdict::Yes(None),
        _ if start.len() < 8 && b"SSH-2.0-".starts_with(start) => Verdict::More,
        _ if start.len() < 8 && b"SSH-1.99".starts_with(start) => Verdict::More,
        _ => Verdict::No,
    }
}

/// The algorithms one side offers: key exchange, then for either direction cipher and code.
#[derive(Debug, Default)]
struct Offer {
    exchange: String,
    host_key: String,
    cipher: String,
    code: String,
}

#[derive(Debug, Default)]
struct Ssh {
    greeted: [bool; 2],
    offers: [Option<Offer>; 2],
}

impl Offer {
    fn memory(&self) -> usize {
        let lists = [&self.exchange, &self.host_key, &self.cipher, &self.code];
        lists.into_iter().map(String::capacity).sum()
    }
}

/// The operating system a software version gives away.
fn system(banner: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 11] = [
        ("Ubuntu", "Ubuntu"),
        ("Raspbian", "Raspbian"),
        ("Debian", "Debian"),
        ("deb", "Debian"),
        ("FreeBSD", "FreeBSD"),
        ("NetBSD", "NetBSD"),
        ("for_Windows", "Windows"),
        ("WeOnlyDo", "Windows"),
        ("Cisco", "Cisco IOS"),
        ("ROSSSH", "MikroTik RouterOS"),
        ("HUAWEI", "Huawei VRP"),
    ];
    KNOWN.iter().find(|(mark, _)| banner.contains(mark)).map(|(_, name)| *name)
}

/// Reads the name lists of KEXINIT (§7.1).
fn offer(payload: &[u8]) -> Option<Offer> {
    let mut b = Bytes::at(payload, 17);
    let mut list = || {
        let length = b.u32be()? as usize;
        let mut names = b.take(length)?;
        if names.len() > MAX_LIST {
            names = &names[..memrchr(b',', &names[..MAX_LIST]).unwrap_or(0)];
        }
        Some(String::from_utf8_lossy(names).into_owned())
    };
    let (exchange, host_key) = (list()?, list()?);
    let (cipher, _) = (list()?, list()?);
    let (code, _) = (list()?, list()?);
    Some(Offer { exchange, host_key, cipher, code })
}

/// The first name of the client's that the server has too (§7.1).
fn agreed<'a>(client: &'a str, server: &str) -> Option<&'a str> {
    // In order, so that long lists cost little more than short ones.
    let mut known: Vec<&str> = server.split(',').collect();
    known.sort_unstable();
    client.split(',').find(|name| known.binary_search(name).is_ok())
}

impl Ssh {
    fn greet(cx: &mut Context<'_>, from: Side, line: &[u8]) {
        let banner = clean(line);
        if let Some(system) = system(&banner) {
            cx.about(from, FieldName::HostOs, system);
        }
        let version = banner.split('-').nth(1).map(Text::from).unwrap_or_default();
        cx.fact(FieldName::ProtocolVersion, OwnedValue::Str(version));
        let name = match from {
            Side::Client => FieldName::ClientBanner,
            Side::Server => FieldName::ServerBanner,
        };
        cx.about(from, name, &banner);
        cx.fact(name, OwnedValue::Str(banner));
    }

    fn agree(cx: &mut Context<'_>, client: &Offer, server: &Offer) {
        // Such ciphers bring their own code (RFC 5647 §5.1 and OpenSSH's).
        let sealed = agreed(&client.cipher, &server.cipher)
            .is_some_and(|c| c.contains("gcm") || c.contains("poly1305"));
        for (what, client, server) in [
            ("kex", &client.exchange, &server.exchange),
            ("hostkey", &client.host_key, &server.host_key),
            ("cipher", &client.cipher, &server.cipher),
            ("mac", &client.code, &server.code),
        ] {
            if what == "mac" && sealed {
                continue;
            }
            if let Some(name) = agreed(client, server) {
                cx.fact_text(FieldName::ServiceName, format!("{what}={name}").as_bytes());
            }
        }
    }
}

impl Decoder for Ssh {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if !self.greeted[from as usize] {
            let Some(end) = memchr(b'\n', bytes) else {
                return if bytes.len() > MAX_BEFORE { DONE } else { 0 };
            };
            let line = &bytes[..end];
            if line.starts_with(b"SSH-") {
                self.greeted[from as usize] = true;
                Self::greet(cx, from, &line[..line.len().min(MAX_LINE)]);
                if line.starts_with(b"SSH-1.") && !line.starts_with(b"SSH-1.99") {
                    return DONE;
                }
            }
            return end + 1;
        }
        let mut b = Bytes::new(bytes);
        let (Some(length), Some(padding), Some(kind)) = (b.u32be(), b.u8(), b.u8()) else {
            return 0;
        };
        let length = length as usize;
        if length > MAX_PACKET || length < usize::from(padding) + 2 || kind != KEXINIT {
            cx.unreadable("ssh");
            return DONE;
        }
        let Some(payload) = bytes.get(5..4 + length - usize::from(padding)) else { return 0 };
        self.offers[from as usize] = offer(payload);
        if let [Some(client), Some(server)] = &self.offers {
            Self::agree(cx, client, server);
            self.offers = [None, None];
        }
        *cx.held = self.offers.iter().flatten().map(Offer::memory).sum();
        DONE
    }

    fn gap(&mut self, _cx: &mut Context<'_>, from: Side) {
        // Neither a banner nor an offer that is half lost can be read, and nothing follows.
        self.greeted[from as usize] = true;
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Side, drive, held};
    use hangtu_record::Transport;

    fn side(banner: &[u8], lists: [&str; 6]) -> Vec<u8> {
        let mut payload = vec![super::KEXINIT; 17];
        for list in lists {
            payload.extend_from_slice(&(list.len() as u32).to_be_bytes());
            payload.extend_from_slice(list.as_bytes());
        }
        let mut out = banner.to_vec();
        out.extend_from_slice(&(payload.len() as u32 + 5).to_be_bytes());
        out.push(4);
        out.extend_from_slice(&payload);
        out.extend_from_slice(&[0; 4]);
        out
    }

    #[test]
    fn banners_and_agreed_algorithms() {
        let client = side(
            b"SSH-2.0-PuTTY_0.70\r\n",
            [
                "curve25519-sha256,diffie-hellman-group1-sha1",
                "ssh-ed25519,ssh-rsa",
                "aes256-ctr,3des-cbc",
                "",
                "hmac-sha2-256,hmac-md5",
                "",
            ],
        );
        let server = side(
            b"notice\r\nSSH-2.0-OpenSSH_5.3p1 Debian-3\r\n",
            ["diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "", "hmac-md5", ""],
        );
        let segments = [(Side::Server, &server[..]), (Side::Client, &client[..])];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        network.protocol_version = 2.0
        server.banner = SSH-2.0-OpenSSH_5.3p1 Debian-3
        client.banner = SSH-2.0-PuTTY_0.70
        service.name = kex=diffie-hellman-group1-sha1
        service.name = hostkey=ssh-rsa
        service.name = cipher=3des-cbc
        service.name = mac=hmac-md5
        "#);
    }

    #[test]
    fn lists_as_long_as_a_packet_are_compared_at_once_and_let_go() {
        let (ours, theirs) = ("a,".repeat(15_000) + "a", "b,".repeat(15_000) + "b");
        let client = side(b"SSH-2.0-x\r\n", ["kex", "key", &ours, "", "mac", ""]);
        let server = side(b"SSH-2.0-y\r\n", ["kex", "key", &theirs, "", "mac", ""]);
        // Many connections, as one costs little either way.
        for _ in 0..100 {
            let segments = [(Side::Client, &client[..]), (Side::Server, &server[..])];
            let (_, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
            assert_eq!(facts.len(), 6);
            assert_eq!(held(&REGISTRATION, segments), 0);
        }
        let alone = held(&REGISTRATION, [(Side::Client, &client[..])]);
        assert!((super::MAX_LIST..2 * super::MAX_LIST).contains(&alone), "{alone}");
    }
}
