//! VNC's opening (RFC 6143 §7.1 to §7.3): version, security type, how the log-on ended and what
//! the desktop is called. The screen itself is skipped.

use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict, clean},
};
use hangtu_record::{FieldName, OwnedValue, Text};

/// VNC on TCP 5900 and its displays.
pub(super) static REGISTRATION: Registration = Registration {
    name: "vnc",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[5900, 5901, 5902, 5903, 5800],
    probe,
    make: || Box::<Vnc>::default(),
};

/// Security types (§7.2).
const NONE: u8 = 1;
const PASSWORD: u8 = 2;

/// Major and minor of `RFB 003.008\n`.
fn version(line: &[u8]) -> Option<(u16, u16)> {
    let line = line.get(..12)?.strip_prefix(b"RFB ")?.strip_suffix(b"\n")?;
    let number = |digits: &[u8]| {
        let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    (line[3] == b'.').then_some((number(&line[..3])?, number(&line[4..])?))
}

/// The minor version of RFB 3 that a version amounts to: RealVNC's own from 4.0 on go on from 3.8.
fn effective((major, minor): (u16, u16)) -> u16 {
    if major > 3 { 8 } else { minor }
}

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    if bytes.len() < 12 {
        let begun = bytes.iter().zip(b"RFB ").all(|(a, b)| a == b);
        return if begun { Verdict::More } else { Verdict::No };
    }
    if version(bytes).is_some() { Verdict::Yes(None) } else { Verdict::No }
}

/// The name of a security type (§7.2 and the registry).
fn method(kind: u8) -> Text {
    Text::const_new(match kind {
        NONE => "none",
        PASSWORD => "vnc",
        5 => "ra2",
        6 => "ra2ne",
        16 => "tight",
        17 => "ultra",
        18 => "tls",
        19 => "vencrypt",
        20 => "sasl",
        30 => "apple-dh",
        129..=134 => "unix",
        other => return Text::from(format!("type {other}")),
    })
}

/// The server lets nobody in and says why instead of offering a type (§7.1.2); nothing more follows.
fn refused(cx: &mut Context<'_>) -> Option<usize> {
    cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new("failure")));
    None
}

/// What comes next from one side.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Step {
    #[default]
    Version,
    /// The security types offered, or the client's choice of them.
    Security,
    /// The challenge, or the response to it.
    Challenge,
    Result,
    /// ServerInit, or ClientInit.
    Init,
}

#[derive(Debug, Default)]
struct Vnc {
    steps: [Step; 2],
    /// The minor version both speak.
    minor: u16,
    /// The type that is used, once known.
    kind: Option<u8>,
}

impl Vnc {
    fn used(&mut self, cx: &mut Context<'_>, kind: u8) {
        self.kind = Some(kind);
        cx.fact(FieldName::AuthMethod, OwnedValue::Str(method(kind)));
    }

    /// How many bytes of the server were read; 0 for more, none when nothing more can be.
    fn server(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<usize> {
        let mut b = Bytes::new(bytes);
        let step = &mut self.steps[Side::Server as usize];
        match *step {
            Step::Version => {
                let Some(line) = b.take(12) else { return Some(0) };
                self.minor = effective(version(line)?);
                *step = Step::Security;
            }
            Step::Security if self.minor < 7 => {
                let Some(kind) = b.u32be() else { return Some(0) };
                if kind == 0 {
                    return refused(cx);
                }
                *step = if kind == u32::from(PASSWORD) { Step::Challenge } else { Step::Init };
                self.used(cx, u8::try_from(kind).ok()?);
                self.ours()?;
            }
            Step::Security => {
                let count = b.u8()?;
                if count == 0 {
                    return refused(cx);
                }
                if b.take(usize::from(count)).is_none() {
                    return Some(0);
                }
                // What follows depends on the client's choice.
                *step = Step::Challenge;
            }
            Step::Challenge => match self.kind? {
                PASSWORD => {
                    if b.take(16).is_none() {
                        return Some(0);
                    }
                    *step = Step::Result;
                }
                NONE => {
                    *step = if self.minor >= 8 { Step::Result } else { Step::Init };
                    return self.server(cx, bytes);
                }
                _ => return None,
            },
            Step::Result => {
                let Some(result) = b.u32be() else { return Some(0) };
                let outcome = if result == 0 { "success" } else { "failure" };
                cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
                (result == 0).then_some(())?;
                *step = Step::Init;
            }
            Step::Init => {
                // Size and pixel format, then the name (§7.3.2).
                let Some(length) = b.skip(20).and_then(|()| b.u32be()) else { return Some(0) };
                let length = (length as usize).min(1024);
                let Some(name) = b.take(length) else { return Some(0) };
                let name = clean(name);
                cx.about(Side::Server, FieldName::ServerBanner, &name);
                cx.fact(FieldName::ServerBanner, OwnedValue::Str(name));
                return None;
            }
        }
        Some(b.position())
    }

    /// Goes on only with security types whose next bytes are known.
    fn ours(&self) -> Option<()> {
        matches!(self.kind, Some(NONE | PASSWORD)).then_some(())
    }

    fn client(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<usize> {
        let mut b = Bytes::new(bytes);
        let step = &mut self.steps[Side::Client as usize];
        match *step {
            Step::Version => {
                let Some(line) = b.take(12) else { return Some(0) };
                let (major, minor) = version(line)?;
                // The client's word decides (§7.1.1).
                self.minor = effective((major, minor));
                *step = Step::Security;
                let text = Text::from(format!("{major}.{minor}"));
                cx.fact(FieldName::ProtocolVersion, OwnedValue::Str(text));
                // In 3.3 the server decides alone.
                (self.minor >= 7).then_some(())?;
            }
            Step::Security => {
                let kind = b.u8()?;
                self.used(cx, kind);
                return None;
            }
            _ => return None,
        }
        Some(b.position())
    }
}

impl Decoder for Vnc {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let step = match from {
                Side::Client => self.client(cx, rest),
                Side::Server => self.server(cx, rest),
            };
            match step {
                Some(0) => return at,
                Some(step) => at += step,
                None => return DONE,
            }
        }
        at
    }

    fn gap(&mut self, _cx: &mut Context<'_>, from: Side) {
        // Nothing marks where the next message begins.
        self.steps[from as usize] = Step::Challenge;
        self.kind = None;
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Side, drive};
    use hangtu_record::Transport;

    #[test]
    fn the_opening_tells_method_outcome_and_desktop() {
        use Side::{Client as C, Server as S};
        let init = b"\x04\0\x03\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x05HMI-1";
        let segments: [(Side, &[u8]); 9] = [
            (S, b"RFB 003.008\n"),
            (C, b"RFB 003.008\n"),
            (S, b"\x02\x02\x10"),
            (C, b"\x02"),
            (S, b"0123456789abcdef"),
            (C, b"fedcba9876543210"),
            (S, b"\0\0\0\0"),
            (C, b"\x01"),
            (S, init),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        network.protocol_version = 3.8
        authentication.method = vnc
        authentication.outcome = success
        server.banner = HMI-1
        "#);
    }

    #[test]
    fn a_server_that_offers_no_type_refuses() {
        use Side::{Client as C, Server as S};
        let told = |version: &[u8], none: &[u8]| {
            let segments: [(Side, &[u8]); 4] =
                [(S, version), (C, version), (S, none), (S, b"\0\0\0\x03Too")];
            let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
            crate::protocol::told(&out, &facts)
        };
        insta::assert_snapshot!(told(b"RFB 003.003\n", b"\0\0\0\0"), @r#"
        network.protocol_version = 3.3
        authentication.outcome = failure
        "#);
        insta::assert_snapshot!(told(b"RFB 003.008\n", b"\0"), @r#"
        network.protocol_version = 3.8
        authentication.outcome = failure
        "#);
    }
}
