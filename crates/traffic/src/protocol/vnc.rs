//! VNC's opening (RFC 6143 §7.1 to §7.3): version, security type, how the log-on ended and what
//! the desktop is called. The screen itself is skipped.
//!
//! Two security types only begin a choice of their own: Tight ("The RFB Protocol" of the community,
//! Tight Security Type) and VeNCrypt 0.2 (its own proposal, 6.2.19; TLS begins behind the choice).

#[cfg(test)]
mod tests;

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

/// Security types (§7.2 and the registry); beyond a byte, what VeNCrypt knows besides.
const NONE: u32 = 1;
const PASSWORD: u32 = 2;
const TIGHT: u32 = 16;
const VENCRYPT: u32 = 19;
/// User and password in clear.
const PLAIN: u32 = 256;
/// More than any server offers within Tight.
const MAX_OFFERED: u32 = 64;

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

/// The name of a security type.
fn method(kind: u32) -> Text {
    Text::const_new(match kind {
        // Encryption alone (TLSNone, X509None) asks nobody who they are.
        NONE | 257 | 260 => "none",
        PASSWORD => "vnc",
        5 => "ra2",
        6 => "ra2ne",
        TIGHT => "tight",
        17 => "ultra",
        18 => "tls",
        VENCRYPT => "vencrypt",
        20 => "sasl",
        30 => "apple-dh",
        129..=134 => "unix",
        PLAIN => "plain",
        258 => "tls-vnc",
        259 => "tls-plain",
        261 => "x509-vnc",
        262 => "x509-plain",
        263 => "tls-sasl",
        264 => "x509-sasl",
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
    /// What the type asks for: a challenge, the result, or a further choice.
    Challenge,
    /// The tunnels of Tight, or the client's choice of them.
    Tunnel,
    /// The security types within Tight, or the client's choice of them.
    Within,
    /// The version of VeNCrypt.
    Extension,
    /// Whether that version suits and the security types within VeNCrypt, or the client's choice of them.
    Subtype,
    Result,
    /// ServerInit, or ClientInit.
    Init,
}

#[derive(Debug, Default)]
struct Vnc {
    steps: [Step; 2],
    /// The minor version both speak.
    minor: u16,
    /// The type that is used, once known; none again while the client has something to choose.
    kind: Option<u32>,
}

impl Vnc {
    fn used(&mut self, cx: &mut Context<'_>, kind: u32) {
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
                *step = Step::Challenge;
                self.used(cx, u8::try_from(kind).ok()?.into());
                matches!(kind, NONE | PASSWORD).then_some(())?;
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
            Step::Challenge => {
                *step = match self.kind? {
                    PASSWORD => {
                        if b.take(16).is_none() {
                            return Some(0);
                        }
                        Step::Result
                    }
                    NONE if self.minor < 8 => Step::Init,
                    NONE | PLAIN => Step::Result,
                    TIGHT => Step::Tunnel,
                    VENCRYPT => Step::Extension,
                    _ => return None,
                };
                if b.position() == 0 {
                    return self.server(cx, bytes);
                }
            }
            Step::Tunnel | Step::Within | Step::Extension | Step::Subtype => {
                let step = *step;
                return self.offer(cx, step, bytes);
            }
            Step::Result => {
                let Some(result) = b.u32be() else { return Some(0) };
                if result > 0xffff && self.kind == Some(NONE) {
                    // Old servers of Tight go straight on: this is the size of the screen.
                    *step = Step::Init;
                    return self.server(cx, bytes);
                }
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

    /// What the server offers within Tight or VeNCrypt; as [`Self::server`].
    fn offer(&mut self, cx: &mut Context<'_>, step: Step, bytes: &[u8]) -> Option<usize> {
        // What the client chose before decides what this is.
        self.kind?;
        let mut b = Bytes::new(bytes);
        let (next, offers) = match step {
            Step::Tunnel | Step::Within => {
                let Some(count) = b.u32be() else { return Some(0) };
                (count <= MAX_OFFERED).then_some(())?;
                if b.take(16 * count as usize).is_none() {
                    return Some(0);
                }
                let next = if step == Step::Tunnel { Step::Within } else { Step::Challenge };
                (next, count > 0)
            }
            Step::Extension => {
                if b.take(2).is_none() {
                    return Some(0);
                }
                (Step::Subtype, true)
            }
            _ => {
                (b.u8()? == 0).then_some(())?;
                let Some(count) = b.u8() else { return Some(0) };
                if count == 0 {
                    return refused(cx);
                }
                if b.take(4 * usize::from(count)).is_none() {
                    return Some(0);
                }
                (Step::Challenge, true)
            }
        };
        self.steps[Side::Server as usize] = next;
        if offers {
            self.steps[Side::Client as usize] = step;
            self.kind = None;
        } else if step == Step::Within {
            // Tight without any type: nobody is asked.
            self.used(cx, NONE);
        }
        Some(b.position())
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
                let kind = b.u8()?.into();
                // Nothing of the client's before the server offers more is read.
                *step = Step::Init;
                self.used(cx, kind);
                matches!(kind, TIGHT | VENCRYPT).then_some(())?;
            }
            Step::Tunnel => {
                let Some(tunnel) = b.u32be() else { return Some(0) };
                // 0 is none; in any other nothing can be read.
                (tunnel == 0).then_some(())?;
                *step = Step::Init;
                self.kind = Some(TIGHT);
            }
            Step::Extension => {
                let Some(version) = b.array::<2>() else { return Some(0) };
                // 0.0 is none, and 0.1 was soon given up.
                (version == [0, 2]).then_some(())?;
                *step = Step::Init;
                self.kind = Some(VENCRYPT);
            }
            Step::Within | Step::Subtype => {
                let Some(kind) = b.u32be() else { return Some(0) };
                let known = *step == Step::Subtype || kind <= 0xff;
                (kind > 0 && known).then_some(())?;
                *step = Step::Init;
                self.used(cx, kind);
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
