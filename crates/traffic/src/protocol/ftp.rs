//! FTP's control channel (RFC 959): who logs on and what is done to which files. Passwords are
//! passed over; after AUTH TLS (RFC 4217) the flow is TLS.

use super::tls::Tls;
use crate::decode::{Context, Decoder, Peek, Registration, Side, Verdict, clean};
use hangtu_record::{FieldName, FileAction, FileVerb, Origin, OwnedValue, Text, Time};
use memchr::memchr;
use std::collections::VecDeque;

/// FTP on TCP 21; elsewhere by its greeting.
pub(super) static REGISTRATION: Registration = Registration {
    name: "ftp",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[21, 2121],
    probe,
    make: || Box::<Ftp>::default(),
};

const MAX_LINE: usize = 4096;
const MAX_WAITING: usize = 64;

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    let reply = bytes.len() >= 4 && bytes[..3] == *b"220" && matches!(bytes[3], b' ' | b'-');
    if reply {
        let line = &bytes[..bytes.len().min(256)];
        let named = line.windows(3).any(|w| w.eq_ignore_ascii_case(b"ftp"));
        // SMTP greets with the same code.
        return match (named, peek.by_port) {
            (true, _) | (_, Some(Side::Server)) => Verdict::Yes(Some(Side::Server)),
            _ if line.contains(&b'\n') => Verdict::No,
            _ => Verdict::More,
        };
    }
    if peek.by_port.is_none() {
        let begun = bytes.len() < 4 && b"220".starts_with(&bytes[..bytes.len().min(3)]);
        return if begun { Verdict::More } else { Verdict::No };
    }
    let word = bytes.iter().take(5).position(|b| !b.is_ascii_alphabetic());
    let line_end = bytes.iter().position(|b| *b == b'\n');
    match (word, line_end) {
        (Some(3 | 4), Some(_)) if verb(bytes).is_some() => Verdict::Yes(Some(Side::Client)),
        (Some(0), Some(_))
            if matches!(bytes, [b'1'..=b'5', b'0'..=b'5', b'0'..=b'9', b' ' | b'-', ..]) =>
        {
            Verdict::Yes(Some(Side::Server))
        }
        (_, None) if bytes.len() < 64 && bytes.iter().all(u8::is_ascii_graphic) => Verdict::More,
        _ => Verdict::No,
    }
}

/// Commands of RFC 959, RFC 2228, RFC 2389 and RFC 3659, and what those for directories were called
/// before (RFC 1123 §4.1.3.1).
const VERBS: [&str; 47] = [
    "ABOR", "ACCT", "ALLO", "APPE", "AUTH", "CDUP", "CWD", "DELE", "EPRT", "EPSV", "FEAT", "HELP",
    "LIST", "MDTM", "MFMT", "MKD", "MLSD", "MLST", "MODE", "NLST", "NOOP", "OPTS", "PASS", "PASV",
    "PBSZ", "PORT", "PROT", "PWD", "QUIT", "REIN", "REST", "RETR", "RMD", "RNFR", "RNTO", "SITE",
    "SIZE", "STAT", "STOR", "STOU", "SYST", "TYPE", "XCUP", "XCWD", "XMKD", "XPWD", "XRMD",
];

/// The command of a line: one we know, or USER.
fn verb(line: &[u8]) -> Option<&'static str> {
    let end = line.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(line.len());
    let word = &line[..end];
    VERBS.iter().chain(&["USER"]).find(|v| v.as_bytes().eq_ignore_ascii_case(word)).copied()
}

#[derive(Debug)]
struct Asked {
    verb: &'static str,
    argument: Text,
    /// Whose command it is.
    user: Text,
    time: Time,
    origin: Origin,
    /// Bytes that the preliminary reply announced.
    size: Option<u64>,
}

#[derive(Debug, Default)]
struct Ftp {
    waiting: VecDeque<Asked>,
    user: Text,
    /// Whether an account was let in.
    accepted: bool,
    rename_from: Text,
    tls: Option<Tls>,
    lost: [bool; 2],
    greeted: bool,
}

/// `(1234 bytes` in a preliminary reply, as most servers write it.
fn announced(line: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(line);
    let (before, _) = text.rsplit_once(" bytes")?;
    before.rsplit('(').next()?.trim().parse().ok()
}

impl Ftp {
    /// The most that the commands that wait take.
    fn memory(&self) -> usize {
        self.waiting.capacity() * size_of::<Asked>() + self.waiting.len() * 400
    }

    fn command(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        let Some(verb) = verb(line) else { return };
        let rest = line[verb.len()..].trim_ascii();
        let secret = matches!(verb, "PASS" | "ACCT" | "SITE");
        let argument = if secret { Text::const_new("") } else { clean(rest) };
        if verb == "USER" {
            // Beside one that was let in it would look as if it were too.
            if !self.accepted {
                cx.fact(FieldName::UserName, OwnedValue::Str(argument.clone()));
            }
            self.user.clone_from(&argument);
        }
        cx.fact(FieldName::Command, OwnedValue::Str(Text::const_new(verb)));
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        let (time, origin, user) = (cx.time, cx.origin, self.user.clone());
        self.waiting.push_back(Asked { verb, argument, user, time, origin, size: None });
    }

    fn reply(&mut self, cx: &mut Context<'_>, line: &[u8]) {
        let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return };
        let code = u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0');
        let text = rest.get(1..).unwrap_or_default();
        if code == 220 && !self.greeted && self.waiting.is_empty() {
            self.greeted = true;
            let banner = clean(text);
            cx.about(Side::Server, FieldName::ServerBanner, &banner);
            cx.fact(FieldName::ServerBanner, OwnedValue::Str(banner));
            return;
        }
        // All but the last line of a reply have a dash after the code (§4.2).
        if rest.first() == Some(&b'-') {
            return;
        }
        if code < 200 {
            if let Some(asked) = self.waiting.front_mut() {
                asked.size = announced(text);
            }
            return;
        }
        let Some(asked) = self.waiting.pop_front() else { return };
        let outcome = match (asked.verb, code) {
            ("USER" | "PASS" | "ACCT", 230 | 232) => "success",
            ("USER" | "PASS" | "ACCT", 421 | 430 | 500..) => "failure",
            _ => "",
        };
        if !outcome.is_empty() {
            cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
            cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("password")));
            if outcome == "success" {
                self.accept(cx, &asked.user);
            }
        }
        match asked.verb {
            "AUTH" if code == 234 => {
                self.tls = Some(Tls::default());
                // No replies are read from here on.
                self.waiting = VecDeque::new();
            }
            "SYST" if code == 215 => cx.about(Side::Server, FieldName::HostOs, &clean(text)),
            // Where it is refused, so is the RNTO behind it, which then says what was tried.
            "RNFR" => self.rename_from = asked.argument,
            _ => self.file(cx, asked, if code < 400 { 0 } else { code }),
        }
    }

    /// An account was let in: those refused before it are told no more.
    fn accept(&mut self, cx: &mut Context<'_>, user: &Text) {
        let known = OwnedValue::Str(user.clone());
        if !std::mem::replace(&mut self.accepted, true) {
            cx.facts.retain(|(name, value)| *name != FieldName::UserName || *value == known);
        }
        cx.fact(FieldName::UserName, known);
        cx.about(Side::Client, FieldName::UserName, user);
    }

    fn file(&mut self, cx: &mut Context<'_>, asked: Asked, status: u32) {
        let verb = match asked.verb {
            "RETR" => FileVerb::Read,
            "STOR" | "STOU" | "APPE" => FileVerb::Write,
            "DELE" | "RMD" | "XRMD" => FileVerb::Delete,
            "MKD" | "XMKD" => FileVerb::Create,
            "RNTO" => FileVerb::Rename,
            _ => return,
        };
        let nothing = Text::const_new("");
        let renamed = std::mem::take(&mut self.rename_from);
        let (path, target) = if verb == FileVerb::Rename {
            (renamed, asked.argument)
        } else {
            (asked.argument, nothing.clone())
        };
        // How much a transfer moves only some servers announce; the others move nothing.
        let moves = matches!(verb, FileVerb::Read | FileVerb::Write);
        let size = if moves { asked.size } else { Some(0) };
        cx.emit_file(FileAction {
            time: asked.time,
            origin: asked.origin,
            source: *cx.parties.of(Side::Client),
            destination: *cx.parties.of(Side::Server),
            protocol: "ftp",
            verb,
            share: nothing,
            path,
            target,
            size,
            entropy: None,
            status,
            user: asked.user,
        });
    }
}

impl Decoder for Ftp {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(tls) = &mut self.tls {
                return match tls.data(cx, from, rest) {
                    0 => at,
                    used => used.saturating_add(at),
                };
            }
            let Some(end) = memchr(b'\n', rest) else {
                return if rest.len() > MAX_LINE { bytes.len() } else { at };
            };
            let line = rest[..end].trim_ascii_end();
            at += end + 1;
            // The first line after lost bytes may lack its beginning.
            if std::mem::take(&mut self.lost[from as usize]) {
                continue;
            }
            match from {
                Side::Client => self.command(cx, line),
                Side::Server => self.reply(cx, line),
            }
            *cx.held = self.memory();
        }
        at
    }

    fn gap(&mut self, cx: &mut Context<'_>, from: Side) {
        if let Some(tls) = &mut self.tls {
            return tls.gap(cx, from);
        }
        self.lost[from as usize] = true;
        // Which reply answers which command is no longer known.
        self.waiting.clear();
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        if let Some(tls) = &mut self.tls {
            tls.end(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::REGISTRATION;
    use crate::decode::{Side, drive};
    use hangtu_record::Transport;

    #[test]
    fn file_work_is_read_and_the_password_is_not() {
        use Side::{Client as C, Server as S};
        let segments: [(Side, &[u8]); 14] = [
            (S, b"220-Hello\r\n220 ProFTPD\r\n"),
            (C, b"USER eng\r\n"),
            (S, b"331 Password required\r\n"),
            (C, b"PASS secret\r\n"),
            (S, b"230 Logged in\r\n"),
            (C, b"RETR plc.zip\r\n"),
            (S, b"150 Opening BINARY mode data connection for plc.zip (4711 bytes).\r\n"),
            (S, b"226 Done\r\n"),
            (C, b"RNFR a.prj\r\nRNTO a.prj.locked\r\n"),
            (S, b"350 Ready\r\n250 Renamed\r\n"),
            (C, b"DELE b.prj\r\n"),
            (S, b"550 No\r\n"),
            (C, b"AUTH TLS\r\n"),
            (S, b"234 Go\r\n"),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
        server.banner = Hello
        user.name = eng
        session.command = USER
        session.command = PASS
        authentication.outcome = success
        authentication.method = password
        session.command = RETR
        session.command = RNFR
        session.command = RNTO
        session.command = DELE
        session.command = AUTH
        read :plc.zip, 4711 bytes, status 0x0, by eng, #6
        rename :a.prj -> a.prj.locked, 0 bytes, status 0x0, by eng, #9
        delete :b.prj, 0 bytes, status 0x226, by eng, #11
        "#);
    }

    #[test]
    fn only_who_was_let_in_looks_as_if_they_were() {
        use Side::{Client as C, Server as S};
        let refused: [(Side, &[u8]); 2] =
            [(C, b"USER anonymous\r\nPASS a@b\r\n"), (S, b"331 ok\r\n530 no\r\n")];
        let told = |segments: &[(Side, &[u8])]| {
            let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments.iter().copied());
            crate::protocol::told(&out, &facts)
        };
        insta::assert_snapshot!(told(&refused), @r"
        user.name = anonymous
        session.command = USER
        session.command = PASS
        authentication.outcome = failure
        authentication.method = password
        ");
        // All at once, and another try behind it.
        let both: [(Side, &[u8]); 2] = [
            (C, b"USER plc\r\nPASS x\r\nDELE a\r\nUSER root\r\nPASS y\r\n"),
            (S, b"331 ok\r\n230 in\r\n250 Gone\r\n331 ok\r\n530 no\r\n"),
        ];
        insta::assert_snapshot!(told(&[refused, both].concat()), @r"
        session.command = USER
        session.command = PASS
        authentication.outcome = failure
        authentication.method = password
        user.name = plc
        session.command = DELE
        authentication.outcome = success
        delete :a, 0 bytes, status 0x0, by plc, #3
        ");
    }

    #[test]
    fn what_is_not_known_of_a_file_is_left_out() {
        use Side::{Client as C, Server as S};
        let segments: [(Side, &[u8]); 11] = [
            (C, b"STOR up.csv\r\n"),
            (S, b"150 Ok to send data.\r\n"),
            (S, b"226 Done\r\n"),
            (C, b"XMKD new\r\n"),
            (S, b"257 Made\r\n"),
            (C, b"XRMD old\r\n"),
            (S, b"250 Gone\r\n"),
            (C, b"RNFR secret.prj\r\n"),
            (S, b"550 Not yours\r\n"),
            (C, b"RNTO mine.prj\r\n"),
            (S, b"503 RNFR first\r\n"),
        ];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        insta::assert_snapshot!(crate::protocol::told(&out, &facts), @"
        session.command = STOR
        session.command = XMKD
        session.command = XRMD
        session.command = RNFR
        session.command = RNTO
        write :up.csv, status 0x0, by , #1
        create :new, 0 bytes, status 0x0, by , #4
        delete :old, 0 bytes, status 0x0, by , #6
        rename :secret.prj -> mine.prj, 0 bytes, status 0x1f7, by , #10
        ");
    }
}
