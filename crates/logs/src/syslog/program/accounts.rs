//! Pluggable authentication modules, accounts and log-ons.

use super::{Said, between};

impl Said<'_, '_> {
    /// `pam_unix(sshd:auth): authentication failure; logname= uid=0 … rhost=192.0.2.1 user=root`
    pub(super) fn pam(mut self) {
        let mut m = self.message;
        if let Some((module, rest)) = m.strip_prefix("pam_").and_then(|r| r.split_once("): ")) {
            if let Some((_, service)) = module.split_once('(') {
                self.text("pam.service", service.split(':').next().unwrap_or_default());
            }
            m = rest;
        }
        if let Some(rest) = m.strip_prefix("session ")
            && let Some((what, user)) = rest.split_once(" for user ")
        {
            self.action(match what {
                "opened" => "session-opened",
                "closed" => "session-closed",
                _ => return,
            });
            self.outcome(true);
            // `root(uid=0) by alice(uid=1000)`
            let (user, by) = user.split_once(" by ").unwrap_or((user, ""));
            self.user(user.split('(').next().unwrap_or_default());
            self.text("user.effective.by", by.split('(').next().unwrap_or_default());
        } else if m.contains("authentication failure") {
            self.action("authentication-failed");
            self.authentication(false);
            if let Some(user) = value(m, " user=") {
                self.user(user);
            }
            if let Some(host) = value(m, " rhost=") {
                self.host(host);
            }
            if let Some(tty) = value(m, " tty=") {
                self.text("process.tty", tty);
            }
        } else if m.starts_with("check pass; user unknown") {
            self.action("invalid-user");
            self.authentication(false);
        } else if let Some(user) = m.strip_prefix("password changed for ") {
            self.action("password-changed");
            self.outcome(true);
            self.user(user);
        } else if m.contains(" has expired")
            && let Some(user) = between(m, "account ", " has expired")
        {
            self.action("account-expired");
            self.authentication(false);
            self.user(user);
        } else if m.contains("ignoring max retries") {
            self.action("authentication-limit");
            self.authentication(false);
        }
    }

    /// useradd, groupadd, usermod, passwd and their kin.
    pub(super) fn account(mut self, program: &str) {
        let m = self.message;
        let quoted = |nth: usize| m.split('\'').nth(nth).unwrap_or_default();
        if m.starts_with("failed ") || m.contains(" failed") {
            self.outcome(false);
        }
        let new_group = m.strip_prefix("new group: ").or_else(|| m.strip_prefix("group added to "));
        if let Some(rest) = m.strip_prefix("new user: ") {
            self.action("user-added");
            self.user(value(rest, "name=").unwrap_or_default());
            for (key, name) in [(" UID=", "user.id"), (" GID=", "user.group.id")] {
                self.text(name, value(rest, key).unwrap_or_default());
            }
        } else if m.starts_with("failed adding user") {
            self.action("user-added");
            self.user(quoted(1));
        } else if let Some(name) = new_group.and_then(|rest| value(rest, "name=")) {
            self.action("group-added");
            self.text("group.name", name);
        } else if m.starts_with("add '") || m.starts_with("delete '") {
            // `add 'alice' to shadow group 'sudo'`, `delete 'alice' from group 'sudo'`
            let added = m.starts_with("add");
            self.action(if added { "group-member-added" } else { "group-member-removed" });
            self.user(quoted(1));
            self.text("group.name", quoted(3));
        } else if m.starts_with("delete user ") {
            self.action("user-deleted");
            self.user(quoted(1));
        } else if m.starts_with("removed group ") || m.starts_with("group '") {
            self.action(if m.contains("removed") { "group-deleted" } else { "group-changed" });
            self.text("group.name", quoted(1));
        } else if m.starts_with("password for ") || m.starts_with("password changed for ") {
            self.action("password-changed");
            self.outcome(true);
            self.user(m.strip_prefix("password changed for ").unwrap_or(quoted(1)));
            if m.contains("changed by") {
                self.text("user.effective.by", quoted(3));
            }
        } else if m.starts_with("change ") || m.starts_with("lock ") || m.starts_with("unlock ") {
            let password = m.contains("password");
            self.action(if password { "password-changed" } else { "user-changed" });
            self.user(quoted(1));
        } else if program == "gpasswd"
            && let Some(rest) = m.strip_prefix("user ")
            && let Some((user, rest)) = rest.split_once(' ')
        {
            let added = rest.starts_with("added");
            self.action(if added { "group-member-added" } else { "group-member-removed" });
            self.user(user);
            self.text("group.name", rest.rsplit(' ').next().unwrap_or_default());
        }
    }

    /// `FAILED LOGIN (1) ON '/dev/tty1' FOR 'alice', Authentication failure`
    pub(super) fn login(mut self) {
        let m = self.message;
        let root = m.contains("ROOT LOGIN");
        if root || m.starts_with("LOGIN ON ") {
            self.action("log-on");
            self.authentication(true);
            let by = between(m, " BY ", " ").unwrap_or_default();
            self.user(if root { "root" } else { by });
        } else if m.starts_with("FAILED LOGIN") {
            self.action("log-on");
            self.authentication(false);
            self.user(between(m, "FOR '", "'").unwrap_or_default());
        } else {
            return;
        }
        if let Some(tty) = between(m, "ON ", " ") {
            self.text("process.tty", tty.trim_matches('\''));
        }
        if let Some(host) = between(m, " FROM ", " ") {
            self.host(host);
        }
    }

    /// systemd-logind.
    pub(super) fn logind(mut self) {
        let m = self.message.trim_end_matches('.');
        if let Some(rest) = m.strip_prefix("New session ") {
            let (session, user) = rest.split_once(" of user ").unwrap_or((rest, ""));
            self.action("session-opened");
            self.outcome(true);
            self.user(user.trim_matches('\''));
            self.text("session.id", session.trim_matches('\''));
        } else if let Some(session) = m.strip_prefix("Removed session ") {
            self.action("session-closed");
            self.text("session.id", session);
        }
    }
}

/// The word behind a key.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = &text[text.find(key)? + key.len()..];
    let word = rest.split([' ', ',', ';']).next()?;
    (!word.is_empty()).then_some(word)
}
