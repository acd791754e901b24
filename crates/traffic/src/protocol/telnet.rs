//! Telnet (RFC 854): that somebody logs on in the clear, and as whom. What is typed at a password
//! prompt is passed over.

use crate::decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict, clean};
use hangtu_record::{FieldName, OwnedValue, Text};
use memchr::memmem;

/// Telnet on TCP 23 and where devices like to put it.
pub(super) static REGISTRATION: Registration = Registration {
    name: "telnet",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[23, 2323],
    probe,
    make: || Box::<Telnet>::default(),
};

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;
const WILL: u8 = 251;
const DONT: u8 = 254;
/// Options (IANA): the two that carry a user name are the environment's (RFC 1408, RFC 1572).
const MAX_OPTION: u8 = 49;
const TERMINAL_TYPE: u8 = 24;
const ENVIRON: u8 = 36;
const NEW_ENVIRON: u8 = 39;
/// The longest subnegotiation and typed line that are kept.
const MAX_KEPT: usize = 256;
/// How much is read of a session before it is let go.
const MAX_READ: usize = 64 * 1024;

/// Whether the bytes begin with an option negotiation (RFC 855).
fn negotiation(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [IAC] | [IAC, WILL..=DONT] => None,
        [IAC, WILL..=DONT, option, rest @ ..] if *option <= MAX_OPTION => Some(
            rest.is_empty()
                || rest[0] != IAC
                || negotiation(&rest[..rest.len().min(3)]).unwrap_or(true),
        ),
        _ => Some(false),
    }
}

/// What a prompt asks for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    User,
    Password,
}

fn prompt(line: &[u8]) -> Asked {
    const PASSWORD: [&[u8]; 4] = [b"password", b"passwd", b"passcode", b"password for admin"];
    const USER: [&[u8]; 6] =
        [b"login", b"username", b"user name", b"user", b"login as", b"account"];
    let Some(line) = line.trim_ascii_end().strip_suffix(b":") else { return Asked::Nothing };
    let line = line.trim_ascii_end().to_ascii_lowercase();
    let ends = |words: &[&[u8]]| words.iter().any(|word| line.ends_with(word));
    if ends(&PASSWORD) {
        Asked::Password
    } else if ends(&USER) && !line.starts_with(b"last login") {
        Asked::User
    } else {
        Asked::Nothing
    }
}

fn probe(peek: Peek<'_>) -> Verdict {
    match negotiation(peek.bytes) {
        None => Verdict::More,
        // One negotiation on another port is too little to go by; two in a row are telling.
        Some(true) if peek.by_port.is_some() || peek.bytes.get(3) == Some(&IAC) => {
            Verdict::Yes(None)
        }
        _ if peek.by_port == Some(Side::Server)
            && prompt(&peek.bytes[peek.bytes.len().saturating_sub(64)..]) != Asked::Nothing =>
        {
            Verdict::Yes(Some(Side::Server))
        }
        _ => Verdict::No,
    }
}

#[derive(Debug, Default)]
struct Telnet {
    asked: Asked,
    /// The server's last line so far.
    line: Vec<u8>,
    /// How long that is at most while it is a prompt and the echo of what was typed at it.
    echoed: usize,
    /// The user name typed so far.
    typed: Vec<u8>,
    /// A password was sent and the server has not yet answered.
    sent: bool,
    finished: bool,
    read: [usize; 2],
}

impl Telnet {
    /// Text from the server, commands taken out.
    fn show(&mut self, cx: &mut Context<'_>, byte: u8) {
        match byte {
            b'\r' | b'\n' => {
                self.judge(cx);
                self.next_line();
            }
            b' '.. => {
                if self.line.len() >= MAX_KEPT {
                    self.next_line();
                }
                self.line.push(byte);
            }
            _ => {}
        }
    }

    /// The server's line is over, and the prompt for a name that stood in it.
    fn next_line(&mut self) {
        self.line.clear();
        self.name_no_more();
    }

    /// What is typed from here on may be a password.
    fn name_no_more(&mut self) {
        if self.asked == Asked::User {
            self.asked = Asked::Nothing;
        }
    }

    /// What the server's line says about the log-on.
    fn judge(&mut self, cx: &mut Context<'_>) {
        const REFUSED: [&[u8]; 8] = [
            b"incorrect",
            b"failed",
            b"failure",
            b"invalid",
            b"denied",
            b"bad password",
            b"wrong",
            b"error",
        ];
        const WELCOME: [&[u8]; 2] = [b"last login", b"welcome"];
        if !self.sent {
            return;
        }
        let line = self.line.trim_ascii().to_ascii_lowercase();
        if line.is_empty() {
            return;
        }
        let has = |marks: &[&[u8]]| marks.iter().any(|mark| memmem::find(&line, mark).is_some());
        let shell = matches!(line.last(), Some(b'$' | b'#' | b'>' | b'%'));
        let outcome = if has(&REFUSED) {
            "failure"
        } else if has(&WELCOME) || shell {
            self.finished = true;
            "success"
        } else {
            return;
        };
        self.sent = false;
        cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
    }

    /// One byte typed at a prompt.
    fn type_in(&mut self, cx: &mut Context<'_>, byte: u8) {
        self.echoed = self.echoed.saturating_add(1);
        match (self.asked, byte) {
            (Asked::Nothing, _) => {}
            (Asked::User, b'\r' | b'\n') if !self.typed.is_empty() => {
                cx.fact_text(FieldName::UserName, &self.typed);
                cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("password")));
                self.typed.clear();
                // The prompt is answered, whatever comes behind it.
                self.next_line();
            }
            (Asked::User, 8 | 127) => {
                self.typed.pop();
            }
            (Asked::User, b' '..) if self.typed.len() < MAX_KEPT => self.typed.push(byte),
            (Asked::Password, b'\r' | b'\n') => {
                self.sent = true;
                self.asked = Asked::Nothing;
            }
            _ => {}
        }
    }

    /// A subnegotiation from the client: terminal type (RFC 1091) or environment.
    fn subnegotiation(cx: &mut Context<'_>, content: &[u8]) {
        match content {
            [TERMINAL_TYPE, 0, name @ ..] => cx.fact_text(FieldName::ClientBanner, name),
            [ENVIRON | NEW_ENVIRON, 0, pairs @ ..] => {
                // VAR 0, VALUE 1, USERVAR 3 separate names and values.
                let mut parts = pairs.split(|b| matches!(b, 0 | 1 | 3));
                while let Some(part) = parts.next() {
                    if part == b"USER" {
                        cx.fact_text(FieldName::UserName, parts.next().unwrap_or_default());
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads a command at `bytes[0] == IAC`; how long it is, 0 for more bytes.
    fn command(cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        match bytes {
            [_] | [_, WILL..=DONT] => 0,
            [_, WILL..=DONT, ..] => 3,
            [_, SB, rest @ ..] => match rest.windows(2).position(|w| w == [IAC, SE]) {
                Some(end) => {
                    if from == Side::Client {
                        Self::subnegotiation(cx, &rest[..end.min(MAX_KEPT)]);
                    }
                    2 + end + 2
                }
                None if rest.len() > 4 * MAX_KEPT => bytes.len(),
                None => 0,
            },
            _ => 2,
        }
    }
}

impl Decoder for Telnet {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let read = &mut self.read[from as usize];
        *read = read.saturating_add(bytes.len());
        if self.finished || *read > MAX_READ {
            return DONE;
        }
        let (mut at, mut text) = (0, false);
        while let Some(byte) = bytes.get(at) {
            if *byte == IAC {
                match Self::command(cx, from, &bytes[at..]) {
                    0 => break,
                    step => at += step,
                }
                continue;
            }
            at += 1;
            text = true;
            match from {
                Side::Server => self.show(cx, *byte),
                Side::Client => self.type_in(cx, *byte),
            }
        }
        if from == Side::Server && text && !self.line.is_empty() {
            match prompt(&self.line) {
                Asked::Nothing => {
                    // While a name is echoed the line ends in the name, not in the prompt.
                    if self.line.len() > self.echoed {
                        self.name_no_more();
                    }
                    self.judge(cx);
                }
                asked => {
                    if asked == Asked::User && self.asked != asked {
                        // The log-on that came before this prompt was refused.
                        if std::mem::take(&mut self.sent) {
                            let text = Text::const_new("failure");
                            cx.fact(FieldName::AuthOutcome, OwnedValue::Str(text));
                        }
                        self.typed.clear();
                    }
                    self.asked = asked;
                    self.echoed = self.line.len();
                }
            }
        }
        *cx.held = self.line.capacity() + self.typed.capacity();
        at
    }

    fn gap(&mut self, _cx: &mut Context<'_>, _from: Side) {
        // What was typed may have been to another prompt: keep nothing of it.
        self.asked = Asked::Nothing;
        self.typed.clear();
        self.line.clear();
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        let banner = clean(&self.line);
        if prompt(&self.line) == Asked::User && !banner.is_empty() {
            cx.fact(FieldName::ServerBanner, OwnedValue::Str(banner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Peek, Side, Verdict, drive};
    use hangtu_record::Transport;

    #[test]
    fn user_and_outcome_are_read_and_the_password_is_not() {
        use Side::{Client as C, Server as S};
        let segments: [(Side, &[u8]); 14] = [
            (S, b"\xff\xfd\x18\xff\xfb\x01\r\nRTU-4\r\nlogin: "),
            (C, b"\xff\xfb\x18\xff\xfa\x18\0XTERM\xff\xf0"),
            (C, b"ad"),
            (S, b"ad"),
            (C, b"x\x7fmin\r\0"),
            (S, b"x\x08 \x08min\r\nPassword: "),
            (C, b"secret1\r\0"),
            (S, b"\r\nLogin incorrect\r\nlogin: "),
            (C, b"root\r\n"),
            (S, b"root\r\nPassword: "),
            (C, b"sec"),
            (C, b"ret2\r\n"),
            (S, b"\r\nroot@rtu:~# "),
            (C, b"rm -rf /\r\n"),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        client.banner = XTERM
        user.name = admin
        authentication.method = password
        authentication.outcome = failure
        user.name = root
        authentication.outcome = success
        "#);
    }

    #[test]
    fn a_password_asked_for_in_other_words_is_no_name() {
        use Side::{Client as C, Server as S};
        for prompt in [&b"Kennwort: "[..], b"PIN:", b"\r\nKennwort: ", b"\xff\xfb\x01"] {
            // Asked after the name, and without one.
            let after: [(Side, &[u8]); 5] = [
                (S, b"login: "),
                (C, b"root\r\n"),
                (S, b"\xff\xfb\x01"),
                (S, prompt),
                (C, b"geheim123\r\n"),
            ];
            let (out, facts) = drive(&REGISTRATION, Transport::Tcp, after);
            insta::allow_duplicates! {
                insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
                user.name = root
                authentication.method = password
                "#);
            }
            let alone: [(Side, &[u8]); 3] = [(S, b"login: "), (S, prompt), (C, b"geheim123\r\n")];
            let (_, facts) = drive(&REGISTRATION, Transport::Tcp, alone);
            assert_eq!(facts.is_empty(), prompt[0] != 0xff);
        }
    }

    #[test]
    fn blanks_may_stand_before_the_colon() {
        use Side::{Client as C, Server as S};
        let peek = Peek {
            bytes: b"RTU-4\r\nLogin : ",
            by_port: Some(Side::Server),
            transport: Transport::Tcp,
        };
        assert_eq!((REGISTRATION.probe)(peek), Verdict::Yes(Some(Side::Server)));
        let segments: [(Side, &[u8]); 5] = [
            (S, peek.bytes),
            (C, b"root\r\n"),
            (S, b"Password : "),
            (C, b"secret\r\n"),
            (S, b"\r\nAccess denied\r\n"),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        user.name = root
        authentication.method = password
        authentication.outcome = failure
        "#);
    }
}
