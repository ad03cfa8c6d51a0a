//! What a client is told once, for all of its sessions.

use core::time::Duration;

use crate::{
    data::LineEndings,
    limits::ClientLimits,
    sasl::{Credentials, Mechanism, PlaintextAuth},
    types::{ClientName, Protocol},
};

/// The settings of a client. Start from [`Config::new`] and change what should differ.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the client calls itself in EHLO, HELO and LHLO: its own fully qualified name, or an address literal
    /// when it has none (RFC 5321 section 4.1.4).
    pub hello: ClientName<'static>,
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// Whether the session goes over to TLS with STARTTLS.
    pub tls: Tls,
    /// Who the client says it is, and how, before the session is ready; `None`: it does not say (RFC 4954).
    pub login: Option<Login>,
    /// What may be shown without TLS to say who the client is. Default [`PlaintextAuth::Forbid`]: nothing.
    pub plaintext_auth: PlaintextAuth,
    /// Bounds.
    pub limits: ClientLimits,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// What to do with bare CR and LF in a message. A BINARYMIME message is sent as it is.
    pub line_endings: LineEndings,
    /// Whether commands are sent in groups (RFC 2920).
    pub pipelining: ExtensionUse,
    /// Whether BDAT is used instead of DATA (RFC 3030). A BINARYMIME message always uses it.
    pub chunking: ExtensionUse,
}

impl Config {
    /// A client of this name that hands its mail to a submission server: it needs TLS and logs in (RFC 6409, RFC 8314).
    #[must_use]
    pub fn submission(hello: ClientName<'static>, credentials: Credentials) -> Self {
        Self {
            tls: Tls::Required,
            login: Some(Login::new(credentials)),
            ..Self::new(hello)
        }
    }

    /// A client of this name that pipelines when it may, sends messages with DATA, and does not ask for TLS.
    #[must_use]
    pub fn new(hello: ClientName<'static>) -> Self {
        Self {
            hello,
            protocol: Protocol::Smtp,
            tls: Tls::Disabled,
            login: None,
            plaintext_auth: PlaintextAuth::Forbid,
            limits: ClientLimits::default(),
            timeouts: Timeouts::default(),
            line_endings: LineEndings::default(),
            pipelining: ExtensionUse::IfOffered,
            chunking: ExtensionUse::Never,
        }
    }
}

/// How a client says who it is (RFC 4954).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// Who it is and what proves it.
    pub credentials: Credentials,
    /// By which mechanism only; `None`: by the strongest that the server offers, too. Default `None`.
    pub mechanism: Option<Mechanism>,
}

impl Login {
    /// A login with these, by the strongest mechanism that the server offers.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            mechanism: None,
        }
    }
}

/// Whether a session goes over to TLS with STARTTLS (RFC 3207). It means nothing for a session that is
/// [under TLS](super::Client::new_over_tls) from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the policies there are")]
pub enum Tls {
    /// It must. Without it the session ends before any mail is sent.
    Required,
    /// When the server offers it. Somebody in between can take the offer away, so this helps against listeners only.
    Opportunistic,
    /// Never: all goes in clear.
    Disabled,
}

/// Whether an extension is made use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum ExtensionUse {
    /// When the server offers it.
    IfOffered,
    /// Not even then.
    Never,
}

/// How long each phase of a session may take. The defaults are the minima of RFC 5321 section 4.5.3.2
/// where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the whole greeting. Default 5 minutes.
    pub greeting: Duration,
    /// For a TLS handshake to be done. Default 1 minute: it needs no person and no disk, and a peer that has not come
    /// to its end by then does not mean to.
    pub handshake: Duration,
    /// For the reply to a command without a time of its own. Default 5 minutes.
    pub command: Duration,
    /// For the reply to MAIL. Default 5 minutes.
    pub mail: Duration,
    /// For the reply to each RCPT. Default 5 minutes.
    pub recipient: Duration,
    /// For the reply to DATA. Default 2 minutes.
    pub data_start: Duration,
    /// For each piece of the message to be taken by the server. Default 3 minutes.
    pub data_block: Duration,
    /// For the reply to the end of the message or of a chunk, and in LMTP for each. Default 10 minutes.
    pub data_end: Duration,
    /// For the reply to QUIT; nothing depends on it. Default 10 seconds.
    pub quit: Duration,
    /// For the server to take the commands that are to be written. Default 5 minutes.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const fn minutes(minutes: u64) -> Duration {
            Duration::from_secs(60 * minutes)
        }
        Self {
            greeting: minutes(5),
            handshake: minutes(1),
            command: minutes(5),
            mail: minutes(5),
            recipient: minutes(5),
            data_start: minutes(2),
            data_block: minutes(3),
            data_end: minutes(10),
            quit: Duration::from_secs(10),
            write: minutes(5),
        }
    }
}

impl Timeouts {
    /// The same time for every phase.
    #[must_use]
    pub const fn all(time: Duration) -> Self {
        Self {
            greeting: time,
            handshake: time,
            command: time,
            mail: time,
            recipient: time,
            data_start: time,
            data_block: time,
            data_end: time,
            quit: time,
            write: time,
        }
    }
}
