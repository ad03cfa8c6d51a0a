//! The flags and the policy of the `server` examples.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use clap::{Parser, ValueEnum};
use smtp_driver::ServeOptions;
use smtp_proto::{
    data::BareLineEndings,
    sasl::{PlaintextAuth, Secret},
    server::{Auth, Config, EarlyTalker, ObsoleteCommands},
    syntax::Leniency,
    types::{Code, EnhancedCode, Extension, ForwardPath, Host, Protocol, Rejection, Text},
};
use smtp_rustls::ServerTls;

use crate::{store::Store, tls, users::Users};

/// A small mail server: takes mail for its domains and stores it in a Maildir.
#[derive(Clone, Debug, Parser)]
#[command(name = "server")]
#[non_exhaustive]
pub struct Flags {
    /// Listen here for SMTP (repeatable); port 0 picks one [default: 127.0.0.1:2525]
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<SocketAddr>,
    /// Listen here for SMTP under TLS from the first octet (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_tls: Vec<SocketAddr>,
    /// Listen here for LMTP (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_lmtp: Vec<SocketAddr>,
    /// The server's name, in the greeting and in Received
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub hostname: String,
    /// Where messages go
    #[arg(long, value_name = "DIR", default_value = "./maildir")]
    pub maildir: PathBuf,
    /// Accept messages and drop them, for load tests
    #[arg(long)]
    pub discard: bool,
    /// Certificate chain in PEM; with --key, STARTTLS is offered
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Make a certificate up, which nobody trusts
    #[arg(long)]
    pub self_signed: bool,
    /// Let this user in, who may send to every domain (repeatable)
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub user: Vec<Secret>,
    /// Let the bearer of this token in, as this user (repeatable)
    #[arg(long, value_name = "NAME:TOKEN")]
    pub token: Vec<Secret>,
    /// Take mail over SMTP from users only
    #[arg(long)]
    pub require_auth: bool,
    /// Take passwords and tokens without TLS, too: whoever listens can use them
    #[arg(long)]
    pub insecure_auth: bool,
    /// Take mail for this domain (repeatable); without it for every domain
    #[arg(long, value_name = "NAME")]
    pub domain: Vec<String>,
    /// Refuse this recipient with 550 5.1.1 (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub reject: Vec<String>,
    /// Largest message, in octets
    #[arg(long, value_name = "BYTES", default_value_t = 25 << 20)]
    pub max_size: u64,
    /// Most recipients of a message
    #[arg(long, value_name = "N", default_value = "1000")]
    pub max_recipients: NonZeroU32,
    /// Seconds to wait for a command
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// Most connections at a time, of each listener
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_connections: usize,
    /// What to do with a bare CR or LF in a message
    #[arg(long, value_name = "POLICY", default_value = "reject")]
    pub line_endings: LineEndings,
    /// Take commands by the letter of the grammar, without the usual leniencies
    #[arg(long)]
    pub strict: bool,
    /// Accept this departure from the protocol (repeatable), to try a device
    #[arg(long, value_name = "NAME")]
    pub leniency: Vec<Lenient>,
}

/// A departure from the protocol that a client may need.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the choices of the flag")]
pub enum Lenient {
    /// `MAIL FROM: <a@b.example>` (on without --strict).
    SpaceAfterColon,
    /// `EHLO my_pc` (on without --strict).
    HelloNames,
    /// `MAIL FROM:a@b.example`.
    MissingBrackets,
    /// `<a@b.example.>`, whose last dot is dropped.
    TrailingDot,
    /// Commands before the greeting.
    EarlyTalk,
    /// `SEND FROM:`, `SOML FROM:` and `SAML FROM:`, which are as MAIL.
    ObsoleteCommands,
}

/// What to do with a bare CR or LF in a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the choices of the flag")]
pub enum LineEndings {
    /// Refuse the message.
    Reject,
    /// Make each a CRLF.
    Normalize,
    /// Leave them.
    Keep,
}

/// A listener that the flags ask for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// Where.
    pub address: SocketAddr,
    /// Which protocol.
    pub protocol: Protocol,
    /// TLS is spoken from the first octet.
    pub implicit_tls: bool,
}

impl Endpoint {
    /// What the server prints once it listens; `address` has the port that was picked.
    #[must_use]
    pub fn announcement(&self, address: SocketAddr) -> String {
        let kind = match self.protocol {
            Protocol::Smtp if self.implicit_tls => "smtps",
            Protocol::Smtp => "smtp",
            Protocol::Lmtp => "lmtp",
        };
        format!("listening on {address} ({kind})")
    }
}

impl Flags {
    /// The listeners that the flags ask for.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut smtp = self.listen.clone();
        if smtp.is_empty() && self.listen_tls.is_empty() && self.listen_lmtp.is_empty() {
            smtp.push(SocketAddr::from(([127, 0, 0, 1], 2525)));
        }
        let endpoint = |protocol, implicit_tls| {
            move |address: &SocketAddr| Endpoint {
                address: *address,
                protocol,
                implicit_tls,
            }
        };
        let plain = smtp.iter().map(endpoint(Protocol::Smtp, false));
        let under_tls = self.listen_tls.iter().map(endpoint(Protocol::Smtp, true));
        let lmtp = self.listen_lmtp.iter().map(endpoint(Protocol::Lmtp, false));
        plain.chain(under_tls).chain(lmtp).collect()
    }

    /// The settings for TLS, if there is an identity.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags.
    pub fn tls(&self) -> Result<Option<ServerTls>, String> {
        match (&self.cert, &self.key) {
            (Some(_), Some(_)) if self.self_signed => Err("--self-signed: there is a --cert already".into()),
            (Some(cert), Some(key)) => tls::server(cert, key).map(Some),
            (None, None) if self.self_signed => tls::self_signed(&self.hostname).map(Some),
            (None, None) if self.listen_tls.is_empty() => Ok(None),
            (None, None) => Err("--listen-tls: give --cert and --key, or --self-signed".into()),
            _ => Err("--cert and --key: give both".into()),
        }
    }

    /// The configuration of the sessions of one listener.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags.
    pub fn config(&self, protocol: Protocol, users: &Users) -> Result<Arc<Config>, String> {
        let host: Host<'static> = Host::parse(&self.hostname)
            .map_err(|error| format!("--hostname {:?}: {error}", self.hostname))?
            .into_owned();
        let mut config = Config::new(host);
        config.protocol = protocol;
        if self.has_tls() {
            config.extensions.add(Extension::StartTls);
            config.extensions.add(Extension::RequireTls);
        }
        config.set_max_message_size(self.max_size);
        config.set_max_recipients(self.max_recipients);
        config.timeouts.command = Duration::from_secs(self.timeout);
        config.timeouts.handshake = config.timeouts.handshake.min(config.timeouts.command);
        config.timeouts.data = Duration::from_secs(self.timeout);
        config.timeouts.write = Duration::from_secs(self.timeout);
        config.offer_auth(users.mechanisms());
        // Who speaks LMTP hands over what was taken before.
        if self.require_auth && protocol == Protocol::Smtp {
            config.auth = Auth::Required;
        }
        if self.insecure_auth {
            config.plaintext_auth = PlaintextAuth::Insecure;
        }
        // Who guesses at passwords has to wait; nothing else here is slowed down.
        config.limits.errors.soft = config.limits.errors.hard;
        config.limits.unknown_commands.soft = config.limits.unknown_commands.hard;
        config.line_endings = match self.line_endings {
            LineEndings::Reject => BareLineEndings::Reject,
            LineEndings::Normalize => BareLineEndings::Normalize,
            LineEndings::Keep => BareLineEndings::Keep,
        };
        if self.strict {
            config.leniency = Leniency::STRICT;
        }
        for lenient in &self.leniency {
            let leniency = &mut config.leniency;
            match lenient {
                Lenient::SpaceAfterColon => leniency.space_after_colon = true,
                Lenient::HelloNames => leniency.loose_hello_names = true,
                Lenient::MissingBrackets => leniency.missing_brackets = true,
                Lenient::TrailingDot => leniency.trailing_dot = true,
                Lenient::EarlyTalk => config.early_talker = EarlyTalker::Tolerate,
                Lenient::ObsoleteCommands => config.obsolete_commands = ObsoleteCommands::Accept,
            }
        }
        Ok(Arc::new(config))
    }

    /// Who may log in.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags. Passwords and tokens are not in it.
    pub fn users(&self) -> Result<Users, String> {
        let pairs = |flag: &'static str, values: &[Secret]| {
            let pairs = values.iter().map(|value| {
                let (name, secret) = value
                    .expose_str()
                    .and_then(|value| value.split_once(':'))
                    .ok_or_else(|| format!("{flag}: give a name, a colon and what proves it"))?;
                Ok((name.to_owned(), Secret::from(secret)))
            });
            pairs.collect::<Result<Vec<_>, String>>()
        };
        let users = Users::new(pairs("--user", &self.user)?, pairs("--token", &self.token)?)
            .map_err(|why| format!("--user and --token: {why}"))?;
        if self.require_auth && !users.can_log_in() {
            return Err("--require-auth: give --user or --token, or nobody can send".into());
        }
        if self.insecure_auth && !users.can_log_in() {
            return Err("--insecure-auth: give --user or --token, or there is nothing to take".into());
        }
        if users.can_log_in() && !self.has_tls() && !self.insecure_auth {
            return Err(
                "--user and --token: give --cert and --key, or --self-signed, since logins need TLS; \
                 or --insecure-auth to do without"
                    .into(),
            );
        }
        Ok(users)
    }

    /// How many sessions one listener runs.
    #[must_use]
    pub fn options(&self, endpoint: Endpoint) -> ServeOptions {
        let mut options = ServeOptions::default();
        options.max_connections = self.max_connections;
        options.max_connections_per_peer = self.max_connections;
        options.implicit_tls = endpoint.implicit_tls;
        options
    }

    /// Where messages go.
    ///
    /// # Errors
    ///
    /// When the Maildir cannot be made.
    pub fn store(&self) -> Result<Store, String> {
        if self.discard {
            return Ok(Store::discard());
        }
        Store::maildir(&self.maildir)
            .map_err(|error| format!("--maildir {}: {error}", self.maildir.display()))
    }

    /// Whether a recipient is taken from a client who is this user, or nobody in particular.
    ///
    /// # Errors
    ///
    /// The rejection to answer with.
    pub fn judge(&self, recipient: &ForwardPath<'_>, identity: Option<&str>) -> Result<(), Rejection> {
        if recipient.is_postmaster() && self.is_local(recipient) {
            return Ok(());
        }
        let Some(mailbox) = recipient.mailbox() else {
            return Ok(());
        };
        let refused = |address: &String| {
            ForwardPath::parse(address).is_ok_and(|path| path.mailbox() == Some(mailbox.as_borrowed()))
        };
        // A local part that names another host asks for relaying by an old trick: user%host, host!user, "user@host".
        let trick = !self.domain.is_empty() && mailbox.local_part().contains(['%', '!', '@']);
        if identity.is_none() && (trick || !self.is_local(recipient)) {
            return Err(Rejection::RELAY_DENIED);
        }
        if self.reject.iter().any(refused) {
            return Err(Rejection::NO_SUCH_USER);
        }
        Ok(())
    }

    const fn has_tls(&self) -> bool {
        self.self_signed || self.cert.is_some()
    }

    fn is_local(&self, recipient: &ForwardPath<'_>) -> bool {
        let domain = recipient.mailbox().map(|mailbox| mailbox.domain().to_owned());
        self.domain.is_empty()
            || domain.is_none_or(|domain| self.domain.iter().any(|own| own.eq_ignore_ascii_case(&domain)))
    }
}

/// The rejection for a message that could not be stored.
#[must_use]
pub fn not_stored() -> Rejection {
    Rejection::LOCAL_ERROR
}

/// What a positive verdict says of a message that is stored under `id`.
#[must_use]
pub fn stored_as(id: &str) -> Text<'static> {
    Text::from_str_lossy(&format!("stored as {id}"))
}

/// The rejection for EXPN: there are no lists (RFC 5321 section 3.5.3).
#[must_use]
pub fn no_lists() -> Rejection {
    const STATUS: Option<EnhancedCode> = EnhancedCode::new(5, 1, 1);
    STATUS
        .and_then(|status| {
            Rejection::new(
                Code::UNAVAILABLE,
                status,
                const { Text::from_static("no such list") },
            )
            .ok()
        })
        .unwrap_or(Rejection::NO_SUCH_USER)
}

#[cfg(test)]
mod tests;
