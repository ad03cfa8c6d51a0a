//! The configuration of a client.

use core::time::Duration;

use crate::{
    data::LineEndings,
    limits::ClientLimits,
    sasl::{Credentials, Mechanism, PlaintextAuth},
    types::{ClientName, Protocol},
};

/// The settings of a client. Start from [`Config::new`] or [`Config::submission`], and change fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The client's name in EHLO, HELO and LHLO: its fully qualified domain name, or an address literal
    /// if it has none (RFC 5321 section 4.1.4).
    pub hello: ClientName<'static>,
    /// SMTP or LMTP. Default: SMTP.
    pub protocol: Protocol,
    /// The use of STARTTLS. Default: [`Tls::Disabled`].
    pub tls: Tls,
    /// Credentials for AUTH during connection setup (RFC 4954). Default: `None`, no authentication.
    pub login: Option<Login>,
    /// The mechanisms of AUTH allowed without TLS. Default: [`PlaintextAuth::Forbid`], none.
    pub plaintext_auth: PlaintextAuth,
    /// Limits on memory, pipelining and chunks.
    pub limits: ClientLimits,
    /// The time allowed for each phase.
    pub timeouts: Timeouts,
    /// Treatment of bare CR and LF in a message. Default: [`LineEndings::Normalize`]. A BINARYMIME message is sent
    /// unchanged.
    pub line_endings: LineEndings,
    /// The use of PIPELINING (RFC 2920). Default: [`ExtensionUse::IfOffered`].
    pub pipelining: ExtensionUse,
    /// The use of BDAT instead of DATA (RFC 3030). Default: [`ExtensionUse::Never`]. A BINARYMIME message always uses
    /// it.
    pub chunking: ExtensionUse,
    /// The use of PRDR for a message with several recipients: a reply for each of them after the message, as in LMTP
    /// (draft-hall-prdr). Default: [`ExtensionUse::Never`].
    pub prdr: ExtensionUse,
    /// Treatment of octets above 127 in a message for a server that does not offer 8BITMIME. Default:
    /// [`EightBit::Refuse`].
    pub eight_bit: EightBit,
}

impl Config {
    /// Creates the configuration for a submission server: requires TLS, and authenticates (RFC 6409, RFC 8314).
    #[must_use]
    pub fn submission(hello: ClientName<'static>, credentials: Credentials) -> Self {
        Self {
            tls: Tls::Required,
            login: Some(Login::new(credentials)),
            ..Self::new(hello)
        }
    }

    /// Creates the configuration of a client that uses PIPELINING and DATA, without TLS and AUTH.
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
            prdr: ExtensionUse::Never,
            eight_bit: EightBit::Refuse,
        }
    }
}

/// The credentials of a client, and the choice of its AUTH mechanism (RFC 4954).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The user name, and the password or token.
    pub credentials: Credentials,
    /// Restricts AUTH to this mechanism. Default: `None`, the strongest mechanism that both sides support.
    pub mechanism: Option<Mechanism>,
    /// The refusals after which the client tries the next mechanism. Default: [`Fallback::Unsupported`].
    pub fallback: Fallback,
}

/// The refusals of AUTH after which a client tries the next mechanism, each once.
///
/// Without TLS, no weaker mechanism follows, because an attacker could send the refusal (RFC 4954 section 4): LOGIN may
/// follow PLAIN, but PLAIN does not follow SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Fallback {
    /// 504 and 534: the server does not accept this mechanism.
    Unsupported,
    /// Also 535: the server may accept the user by another mechanism only. The server counts each attempt as a failed
    /// login.
    AnyRefusal,
}

impl Login {
    /// Creates a login with these credentials, by the strongest mechanism that both sides support.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            mechanism: None,
            fallback: Fallback::Unsupported,
        }
    }
}

/// The use of STARTTLS (RFC 3207). It has no effect on a session that is
/// [under TLS](super::Client::new_over_tls) from the start.
///
/// If a part of the EHLO reply was beyond the [limits](crate::limits::ClientLimits::reply), the offer may be in that part:
/// STARTTLS counts as offered, and a server without it refuses the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the policies there are")]
pub enum Tls {
    /// Required. Without TLS the session ends before any mail is sent.
    Required,
    /// Used if the server offers it. A man in the middle can remove the offer, so this protects against passive
    /// eavesdroppers only.
    Opportunistic,
    /// Not used: the session stays in plaintext.
    Disabled,
}

/// Treatment of octets above 127 in a message for a server that does not offer 8BITMIME (RFC 6152).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum EightBit {
    /// The message is not sent.
    Refuse,
    /// The message is sent without BODY, as Postfix, Exim and sendmail can do. RFC 6152 section 3 forbids it, and a
    /// server may clear the eighth bit.
    Send,
}

/// Use of an optional extension by a client: if the server offers it, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum ExtensionUse {
    /// Used if the server offers it.
    IfOffered,
    /// Not used.
    Never,
}

/// The time allowed for each phase of a session. The default is the minimum of RFC 5321 section 4.5.3.2, where there is
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The whole greeting. Default: 5 minutes.
    pub greeting: Duration,
    /// The TLS handshake. Default: 1 minute.
    pub handshake: Duration,
    /// The reply to a command without a timeout of its own. Default: 5 minutes.
    pub command: Duration,
    /// The reply to MAIL. Default: 5 minutes.
    pub mail: Duration,
    /// The reply to each RCPT. Default: 5 minutes.
    pub recipient: Duration,
    /// The reply to DATA. Default: 2 minutes.
    pub data_start: Duration,
    /// The transfer of each piece of the message, or its arrival from the application. Default: 3 minutes.
    pub data_block: Duration,
    /// The reply to the end of the message or of a chunk; in LMTP, each of them. Default: 10 minutes.
    pub data_end: Duration,
    /// The reply to QUIT. Default: 10 seconds, because nothing depends on the reply.
    pub quit: Duration,
    /// The transfer of queued commands. Default: 5 minutes.
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
    /// Creates timeouts with the same time for every phase.
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
