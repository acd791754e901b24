//! What known programs say in their messages, under the names of the Elastic Common Schema.

mod accounts;
mod system;

use hangtu_record::Fields;
use std::net::IpAddr;

/// Adds what the message of a known program says.
pub(crate) fn known(program: &str, message: &str, event: &mut Fields) {
    let message = message.trim();
    // rsyslog folds repeated messages: `message repeated 3 times: [ Failed password …]`.
    if let Some(rest) = message.strip_prefix("message repeated ")
        && let Some((_, inside)) = rest.split_once("times: [")
    {
        return known(program, inside.trim_end_matches(']'), event);
    }
    // `sshd(pam_unix)` of old systems, `sshd-session` of new ones, `/usr/sbin/cron`, `CRON`.
    let name = program.rsplit('/').next().unwrap_or(program);
    let (name, pam) = match name.split_once('(') {
        Some((name, rest)) => (name, rest.starts_with("pam")),
        None => (name, false),
    };
    let said = Said { message, event };
    if pam || message.starts_with("pam_") || message.starts_with("PAM ") {
        return said.pam();
    }
    match name {
        "sshd" | "sshd-session" | "sshd-auth" | "dropbear" => said.sshd(),
        "sudo" => said.sudo(),
        "su" => said.su(),
        "cron" | "CRON" | "crond" | "CROND" | "crontab" | "anacron" => said.cron(),
        "useradd" | "adduser" | "groupadd" | "addgroup" | "usermod" | "userdel" | "groupdel"
        | "groupmod" | "passwd" | "chpasswd" | "gpasswd" | "chage" | "chfn" | "chsh"
        | "newusers" => said.account(name),
        "systemd" => said.systemd(),
        "systemd-logind" | "elogind" => said.logind(),
        "kernel" => said.kernel(),
        "login" => said.login(),
        "ftpd" | "vsftpd" | "klogind" | "xinetd" | "rlogind" | "telnetd" => said.connection(),
        _ => {}
    }
}

/// A message, and the event it is of.
struct Said<'m, 'e> {
    message: &'m str,
    event: &'e mut Fields,
}

/// The text between two others; up to the end when the second does not follow.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(rest.split_once(end).map_or(rest, |(inside, _)| inside))
}

impl Said<'_, '_> {
    fn action(&mut self, action: &str) {
        self.event.push("event.action", action);
    }

    fn outcome(&mut self, success: bool) {
        self.event.push("event.outcome", if success { "success" } else { "failure" });
    }

    /// The outcome of proving who one is.
    fn authentication(&mut self, success: bool) {
        self.outcome(success);
        self.event.push("authentication.outcome", if success { "success" } else { "failure" });
    }

    fn user(&mut self, user: &str) {
        self.text("user.name", user);
    }

    fn text(&mut self, name: &str, value: &str) {
        if !matches!(value.trim(), "" | "-" | "?") {
            self.event.push(name, value.trim());
        }
    }

    fn command(&mut self, command: &str) {
        self.text("process.command_line", command);
        self.text("CommandLine", command);
    }

    /// An address, or the name of a host.
    fn host(&mut self, host: &str) {
        let host = host.trim().trim_start_matches("::ffff:");
        match host.parse::<IpAddr>() {
            Ok(ip) => self.event.push("source.ip", ip),
            Err(_) => self.text("source.domain", host),
        }
    }

    /// `ADDRESS port N …`
    fn peer(&mut self, text: &str) {
        let mut words = text.split_whitespace();
        self.host(words.next().unwrap_or_default().trim_end_matches(':'));
        if words.next() == Some("port")
            && let Some(Ok(port)) = words.next().map(|w| w.trim_end_matches(':').parse::<u16>())
        {
            self.event.push("source.port", i64::from(port));
        }
    }

    fn sshd(mut self) {
        let message = self.message;
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let starts = |text: &str| message.starts_with(text);
        if starts("Accepted ") || starts("Failed ") || starts("Postponed ") {
            let Some((method, rest)) =
                message.split_once(' ').and_then(|(_, r)| r.split_once(" for "))
            else {
                return;
            };
            // A user name may hold " from " too: the last one is the program's.
            let Some((user, from)) = rest.rsplit_once(" from ") else { return };
            self.action("ssh-login");
            if !starts("Postponed ") {
                self.authentication(starts("Accepted "));
            }
            self.text("authentication.method", method);
            self.user(user.strip_prefix("invalid user ").unwrap_or(user));
            self.peer(from);
        } else if let Some(rest) =
            message.strip_prefix("Invalid user ").or_else(|| message.strip_prefix("Illegal user "))
        {
            self.action("invalid-user");
            self.authentication(false);
            let (user, from) = rest.rsplit_once(" from ").unwrap_or((rest, ""));
            self.user(user);
            self.peer(from);
        } else if let Some(rest) = message.strip_prefix("input_userauth_request: invalid user ") {
            self.action("invalid-user");
            self.user(rest.trim_end_matches("[preauth]"));
        } else if let Some(rest) =
            message.strip_prefix("maximum authentication attempts exceeded for ")
        {
            self.action("authentication-limit");
            self.authentication(false);
            let (user, from) = rest.rsplit_once(" from ").unwrap_or((rest, ""));
            self.user(user.strip_prefix("invalid user ").unwrap_or(user));
            self.peer(from);
        } else if let Some(at) = message.find("Too many authentication failures") {
            self.action("authentication-limit");
            self.authentication(false);
            if let Some(user) = between(&message[at..], " for ", " [") {
                self.user(user.strip_prefix("invalid user ").unwrap_or(user));
            }
        } else if let Some(rest) = message.strip_prefix("Received disconnect from ") {
            self.action("disconnected");
            self.peer(rest);
        } else if let Some(rest) =
            ["Disconnected from ", "Connection closed by ", "Connection reset by "]
                .iter()
                .find_map(|p| message.strip_prefix(p))
        {
            self.action("disconnected");
            self.user_and_peer(rest);
        } else if let Some(rest) = message.strip_prefix("Connection from ") {
            self.action("connected");
            self.peer(rest);
        } else if let Some(rest) =
            message.strip_prefix("Did not receive identification string from ")
        {
            self.action("no-identification");
            self.peer(rest);
        } else if let Some(rest) = message.strip_prefix("reverse mapping checking getaddrinfo for ")
        {
            self.action("reverse-mapping-failed");
            self.host(between(rest, "[", "]").unwrap_or_default());
        } else if let Some((user, rest)) =
            message.strip_prefix("User ").and_then(|r| r.split_once(" from "))
            && let Some((host, _)) = rest.split_once(" not allowed")
        {
            self.action("ssh-login");
            self.authentication(false);
            self.user(user);
            self.host(host);
        }
    }

    /// `[[authenticating|invalid] user NAME ]ADDRESS port N`
    fn user_and_peer(&mut self, text: &str) {
        let text = text.strip_prefix("authenticating ").unwrap_or(text);
        let text = text.strip_prefix("invalid ").unwrap_or(text);
        let Some(rest) = text.strip_prefix("user ") else { return self.peer(text) };
        // The name may hold blanks or be empty: the address is in front of the last " port ".
        let Some((front, port)) = rest.rsplit_once(" port ") else { return };
        let (user, address) = front.rsplit_once(' ').unwrap_or(("", front));
        self.user(user);
        self.peer(&format!("{address} port {port}"));
    }

    /// `ALICE : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls`
    fn sudo(mut self) {
        let Some((user, rest)) = self.message.split_once(" : ") else { return };
        let Some((_, command)) = rest.split_once("COMMAND=") else { return };
        self.action("sudo");
        let front = &rest[..rest.len() - command.len()];
        let before = front.split(" ; ").next().unwrap_or_default();
        let refused = !before.contains('=');
        if refused {
            self.text("event.reason", before);
            if before.contains("incorrect password") {
                self.authentication(false);
            } else {
                self.outcome(false);
            }
        } else {
            self.outcome(true);
        }
        self.user(user);
        for (key, name) in [
            ("TTY=", "process.tty"),
            ("PWD=", "process.working_directory"),
            ("USER=", "user.effective.name"),
        ] {
            if let Some(value) = front.split(" ; ").find_map(|p| p.trim().strip_prefix(key)) {
                self.text(name, value.trim_end_matches(" ;"));
            }
        }
        self.command(command);
    }

    fn su(mut self) {
        let m = self.message;
        let pair = |said: &mut Self, by: &str, to: &str, success| {
            said.action("su");
            said.authentication(success);
            said.user(by);
            said.text("user.effective.name", to);
        };
        if let Some(rest) = m.strip_prefix("Successful su for ") {
            let (to, by) = rest.split_once(" by ").unwrap_or((rest, ""));
            pair(&mut self, by, to, true);
        } else if let Some(rest) = m.strip_prefix("FAILED su for ") {
            let (to, by) = rest.split_once(" by ").unwrap_or((rest, ""));
            pair(&mut self, by, to, false);
        } else if let Some((failed, rest)) = m.split_once("(to ") {
            let (to, by) = rest.split_once(") ").unwrap_or((rest, ""));
            let by = by.split_once(" on ").map_or(by, |(by, _)| by);
            pair(&mut self, by, to, !failed.starts_with("FAILED"));
        } else if let Some((success, rest)) = m
            .strip_prefix("+ ")
            .map(|r| (true, r))
            .or_else(|| m.strip_prefix("- ").map(|r| (false, r)))
            && let Some((by, to)) = rest.rsplit(' ').next().and_then(|w| w.split_once(':'))
        {
            pair(&mut self, by, to, success);
        }
    }

    /// `(root) CMD (run-parts /etc/cron.hourly)`
    fn cron(mut self) {
        let Some((user, rest)) = self.message.strip_prefix('(').and_then(|m| m.split_once(") "))
        else {
            return;
        };
        let (what, detail) = rest.split_once(" (").unwrap_or((rest, ""));
        let detail = detail.strip_suffix(')').unwrap_or(detail);
        self.user(user);
        match what {
            "CMD" | "CMDEND" => {
                self.action("cron-command");
                self.command(detail);
            }
            "RELOAD" | "BEGIN EDIT" | "END EDIT" | "REPLACE" | "LIST" | "DELETE" => {
                self.action(&format!("cron-{}", what.to_ascii_lowercase().replace(' ', "-")));
            }
            _ => {}
        }
    }
}
