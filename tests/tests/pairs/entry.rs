//! The steps before the messages: TLS, and a login.

use smtp_tests::escape_all;

use smtp_tests::Dice;

/// A way into the session.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    starttls: bool,
    server_requires_tls: bool,
    client_tls: &'static str,
    /// `true` if the handshake succeeds.
    pub(crate) handshake: bool,
    /// The offers of the server.
    mechanisms: Vec<&'static str>,
    server_requires_login: bool,
    plaintext_auth: [&'static str; 2],
    pub(crate) login: Option<Who>,
}

/// A user who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) user: String,
    secret: String,
    token: bool,
    right: bool,
}

impl Entry {
    /// The server accepts mail without a login.
    pub(crate) const fn open() -> Self {
        Self {
            starttls: false,
            server_requires_tls: false,
            client_tls: "disabled",
            handshake: true,
            mechanisms: Vec::new(),
            server_requires_login: false,
            plaintext_auth: ["forbid"; 2],
            login: None,
        }
    }

    pub(crate) fn new(dice: &mut Dice) -> Self {
        let policies = ["forbid", "non-plaintext", "insecure"];
        let mut mechanisms = vec!["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"];
        mechanisms.retain(|_| !dice.one_in(3));
        let login = (!dice.one_in(3)).then(|| Who::new(dice));
        Self {
            starttls: !dice.one_in(4),
            server_requires_tls: dice.one_in(3),
            client_tls: dice.pick(&["disabled", "opportunistic", "required"]),
            handshake: !dice.one_in(5),
            mechanisms,
            server_requires_login: dice.one_in(3),
            plaintext_auth: [dice.pick(&policies), dice.pick(&policies)],
            login,
        }
    }

    /// The settings of a story.
    pub(crate) fn settings(&self) -> Vec<String> {
        let mut lines = vec![
            format!("client tls {}", self.client_tls),
            format!("server plaintext-auth {}", self.plaintext_auth[0]),
        ];
        let mut when = |condition: bool, line: &str| {
            if condition {
                lines.push(line.to_owned());
            }
        };
        when(self.starttls, "server starttls");
        when(self.server_requires_tls, "server tls-required");
        when(self.server_requires_login, "server auth-required");
        when(
            !self.mechanisms.is_empty(),
            &format!("server auth {}", self.mechanisms.join(" ")),
        );
        if let Some(who) = &self.login {
            let (user, secret) = (escape_all(who.user.as_bytes()), escape_all(who.secret.as_bytes()));
            // A wrong password is one character shorter than the right one.
            let rest = if who.right { "" } else { "x" };
            lines.push(format!("user {user} {secret}{rest}"));
            let kind = if who.token { "token" } else { "login" };
            lines.push(format!("client {kind} {user} {secret}"));
            lines.push(format!("client plaintext-auth {}", self.plaintext_auth[1]));
        }
        lines
    }

    fn is_encrypted(&self) -> bool {
        self.starttls && self.client_tls != "disabled" && self.handshake
    }

    /// Returns true if mail is accepted once the client is ready.
    pub(crate) fn takes_mail(&self) -> bool {
        (!self.server_requires_login || self.login.is_some())
            && (!self.server_requires_tls || self.is_encrypted())
    }

    /// The reason why the session ends before it is ready, if nothing else fails.
    pub(crate) fn end(&self) -> Option<&'static str> {
        match self.client_tls {
            "required" if !self.starttls => return Some("TlsNotOffered"),
            "required" | "opportunistic" if self.starttls && !self.handshake => return Some("TlsFailed"),
            _ => {}
        }
        let who = self.login.as_ref()?;
        let may_be_used = |mechanism: &str| {
            self.is_encrypted()
                || self.plaintext_auth.iter().all(|policy| match *policy {
                    "forbid" => false,
                    // CRAM-MD5 is the only mechanism here that does not send the password.
                    "non-plaintext" => mechanism == "CRAM-MD5",
                    _ => true,
                })
        };
        let usable = |mechanism: &&'static str| {
            ["XOAUTH2", "OAUTHBEARER"].contains(mechanism) == who.token && may_be_used(mechanism)
        };
        if !self.mechanisms.iter().any(usable) {
            return Some("NoMechanism");
        }
        let in_order = !self.server_requires_tls || self.is_encrypted();
        (!(who.right && in_order)).then_some("LoginRefused")
    }
}

impl Who {
    fn new(dice: &mut Dice) -> Self {
        let token = dice.one_in(2);
        let letters: Vec<char> = if token {
            "ABCxyz0189._~+/-".chars().collect()
        } else {
            ('!'..='~')
                .chain([' ', '\u{e0}', '\u{20ac}', '\u{1f4e7}'])
                .collect()
        };
        let most = if token { 400 } else { 20 };
        let mut word = |letters: &[char], most| -> String {
            (0..=dice.below(most)).map(|_| dice.pick(letters)).collect()
        };
        let secret = word(&letters, most);
        let names: Vec<char> = ('!'..='~').chain(['\u{e0}', '\u{ff}']).collect();
        Self {
            user: word(&names, 12),
            secret,
            token,
            right: !dice.one_in(4),
        }
    }
}
