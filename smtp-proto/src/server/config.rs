//! The configuration that all sessions of a server share.

use core::{num::NonZeroU32, time::Duration};

use crate::{
    data::BareLineEndings,
    limits::ServerLimits,
    sasl::{Mechanism, PlaintextAuth},
    syntax::Leniency,
    types::{Extension, Extensions, Host, Keyword, Protocol, Text},
};

/// The settings of a server. Start from [`Config::new`], and change fields.
///
/// ```
/// use std::time::Duration;
///
/// use smtp_proto::{server::Config, types::Host};
///
/// let mut config = Config::new(Host::parse("mx.example.org")?);
/// config.timeouts.command = Duration::from_secs(120);
/// config.set_max_message_size(10 << 20);
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The name of the server, in the greeting and in the reply to EHLO. U-labels are sent as A-labels, because the
    /// client has not yet asked for UTF-8 (RFC 6531 section 3.7.1). Without the feature `idna`, write U-labels in lower
    /// case and in Unicode Normalization Form C.
    pub hostname: Host<'static>,
    /// The text after the name in the greeting. Default: `ESMTP ready`. Characters beyond ASCII become `?`. Do not
    /// reveal versions.
    pub greeting: Text<'static>,
    /// SMTP or LMTP. Default: SMTP.
    pub protocol: Protocol,
    /// The extensions in the reply to EHLO. The server refuses a parameter or command whose extension is not offered.
    ///
    /// Some extensions need more than this list. STARTTLS needs a driver with TLS. AUTH needs an application that
    /// answers [`Event::Auth`](super::Event::Auth). An extension without its own type needs
    /// [`UnknownPolicy::AskApplication`]. The numbers of LIMITS are only announced here, so set
    /// [`limits`](Self::limits), too, or both with [`set_max_recipients`](Self::set_max_recipients),
    /// [`set_max_transactions`](Self::set_max_transactions) and
    /// [`set_max_recipient_domains`](Self::set_max_recipient_domains).
    ///
    /// The machine refuses values beyond the bounds of FUTURERELEASE and DELIVERBY, and classes that NO-SOLICITING
    /// lists. The application checks values that need a calendar, mailboxes or trust: the time of a release
    /// ([`release_time`](crate::types::MailParameters::release_time)), deadlines, priorities and owners. FUTURERELEASE
    /// is for submission only (RFC 4865 section 4.2). Its latest time moves, so set it for each session, with
    /// [`extensions_mut`](super::Server::extensions_mut).
    ///
    /// The reply to EHLO omits extensions that cannot be used now: STARTTLS under TLS, REQUIRETLS in plaintext (RFC
    /// 3207 section 4.2, RFC 8689 section 2), and AUTH mechanisms that [`plaintext_auth`](Self::plaintext_auth)
    /// forbids, or that need a missing certificate or channel binding. After authentication it omits AUTH.
    pub extensions: Extensions,
    /// TLS requirement: optional, or before any mail. Default: [`Tls::Optional`]. To offer STARTTLS, add it to the
    /// extensions. The driver then performs the handshake on [`Event::StartTls`](super::Event::StartTls).
    pub tls: Tls,
    /// Authentication requirement: optional, or before any mail.
    pub auth: Auth,
    /// The AUTH mechanisms allowed without TLS. Default: [`PlaintextAuth::Forbid`], none.
    /// [`offer_auth`](Self::offer_auth) sets the offered mechanisms.
    pub plaintext_auth: PlaintextAuth,
    /// Limits on memory, and on the work that a client can cause.
    pub limits: ServerLimits,
    /// The time allowed for each phase.
    pub timeouts: Timeouts,
    /// The faults in the syntax of commands that the server accepts.
    pub leniency: Leniency,
    /// Treatment of a bare CR or LF in message data after DATA. Default: [`BareLineEndings::Reject`]. BDAT chunks may
    /// contain them.
    pub line_endings: BareLineEndings,
    /// Treatment of MAIL and RCPT parameters after HELO. Default: [`HeloParameters::Reject`].
    pub helo_parameters: HeloParameters,
    /// Treatment of commands that this crate does not know. Default: [`UnknownPolicy::Reject`].
    pub unknown_commands: UnknownPolicy,
    /// Treatment of MAIL and RCPT parameters that this crate does not know. Default: [`UnknownPolicy::Reject`].
    pub unknown_parameters: UnknownPolicy,
    /// Treatment of a client that sends before the greeting. Default: [`EarlyTalker::Reject`].
    pub early_talker: EarlyTalker,
}

impl Config {
    /// Creates the configuration of a server that offers PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES,
    /// DSN, CHUNKING, BINARYMIME and HELP.
    #[must_use]
    pub fn new(hostname: Host<'static>) -> Self {
        let limits = ServerLimits::default();
        let extensions = [
            Extension::Pipelining,
            Extension::Size(Some(limits.max_message_octets)),
            Extension::EightBitMime,
            Extension::SmtpUtf8,
            Extension::EnhancedStatusCodes,
            Extension::Dsn,
            Extension::Chunking,
            Extension::BinaryMime,
            Extension::Help,
        ];
        Self {
            hostname,
            greeting: const { Text::from_static("ESMTP ready") },
            protocol: Protocol::Smtp,
            tls: Tls::Optional,
            auth: Auth::Optional,
            plaintext_auth: PlaintextAuth::Forbid,
            extensions: extensions.into_iter().collect(),
            limits,
            timeouts: Timeouts::default(),
            leniency: Leniency::default(),
            line_endings: BareLineEndings::Reject,
            helo_parameters: HeloParameters::Reject,
            unknown_commands: UnknownPolicy::Reject,
            unknown_parameters: UnknownPolicy::Reject,
            early_talker: EarlyTalker::Reject,
        }
    }

    /// Creates the configuration of a submission server: [`new`](Self::new) with STARTTLS and AUTH by these mechanisms,
    /// both required (RFC 6409, RFC 8314).
    #[must_use]
    pub fn submission(hostname: Host<'static>, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        let mut config = Self::new(hostname);
        config.extensions.add(Extension::StartTls);
        config.offer_auth(mechanisms);
        Self {
            tls: Tls::Required,
            auth: Auth::Required,
            ..config
        }
    }

    /// Offers AUTH by these mechanisms, in this order.
    ///
    /// The application then has to answer [`Event::Auth`](super::Event::Auth). Mechanisms that do not fit one line of
    /// 512 octets are omitted.
    pub fn offer_auth(&mut self, mechanisms: impl IntoIterator<Item = Mechanism>) {
        self.extensions.remove(Keyword::Auth);
        for mechanism in mechanisms {
            if let Ok(one) = Extension::auth(mechanism.as_str()) {
                self.extensions.add(one);
            }
        }
    }

    /// Sets the maximum message size in octets, as a limit and as the parameter of SIZE. 0 offers SIZE without a
    /// number, and accepts only empty messages.
    pub fn set_max_message_size(&mut self, octets: u64) {
        self.limits.max_message_octets = octets;
        self.extensions.add(Extension::Size(Some(octets)));
    }

    /// Sets the maximum recipients of a transaction, as a limit and as RCPTMAX of LIMITS (RFC 9422 section 4.2), so
    /// that clients split a message beforehand.
    pub fn set_max_recipients(&mut self, most: NonZeroU32) {
        self.limits.max_recipients = most.get();
        let limits = self.extensions.limits().with_rcpt_max(most);
        self.extensions.add(Extension::Limits(limits));
    }

    /// Sets the maximum MAIL commands of a session, as a limit and as MAILMAX of LIMITS (RFC 9422 section 4.1). At most
    /// 999,999 are announced.
    pub fn set_max_transactions(&mut self, most: NonZeroU32) {
        self.limits.max_transactions = Some(most);
        let limits = self.extensions.limits().with_mail_max(most);
        self.extensions.add(Extension::Limits(limits));
    }

    /// Sets the maximum recipient domains of a session, as a limit and as RCPTDOMAINMAX of LIMITS (RFC 9422 section
    /// 4.3). At most 999,999 are announced.
    pub fn set_max_recipient_domains(&mut self, most: NonZeroU32) {
        self.limits.max_recipient_domains = Some(most);
        let limits = self.extensions.limits().with_rcpt_domain_max(most);
        self.extensions.add(Extension::Limits(limits));
    }
}

/// Authentication requirement: optional, or before any mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Auth {
    /// Clients may authenticate, if AUTH is offered.
    #[default]
    Optional,
    /// Clients must authenticate, as in submission (RFC 6409 section 4.3). Before, MAIL, RCPT, DATA, BDAT, VRFY, EXPN,
    /// ETRN and commands of [`UnknownPolicy::AskApplication`] get 530 (RFC 4954 section 6).
    Required,
}

/// TLS requirement: optional, or before any mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Tls {
    /// Mail is accepted in plaintext. A public mail server must do so (RFC 3207 section 4).
    #[default]
    Optional,
    /// Before TLS, all commands except NOOP, EHLO, STARTTLS and QUIT get 530 (RFC 3207 section 4).
    Required,
}

/// Treatment of MAIL and RCPT parameters after HELO, where no extension was offered (RFC 5321 section 2.2.1).
///
/// The commands of configured extensions (STARTTLS, AUTH, BDAT) are always accepted after HELO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum HeloParameters {
    /// They get 555.
    #[default]
    Reject,
    /// SIZE and BODY are accepted if their extensions are configured, because some old clients send them.
    AcceptSizeAndBody,
}

/// Treatment of commands and parameters that this crate does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum UnknownPolicy {
    /// They are refused: 500 for a command, 555 for a parameter.
    #[default]
    Reject,
    /// The application decides: a command comes as [`Event::Command`](super::Event::Command), a parameter is among the
    /// others of [`Event::Mail`](super::Event::Mail) or [`Event::Recipient`](super::Event::Recipient).
    AskApplication,
}

/// Treatment of a client that sends before the greeting (RFC 5321 section 4.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum EarlyTalker {
    /// The greeting is 554, because usually only spam software does not wait. Set [`Timeouts::greeting_delay`] to
    /// detect more of it.
    #[default]
    Reject,
    /// The server replies to its commands after the greeting.
    Tolerate,
}

/// The time allowed for each phase of a session.
///
/// Zero means no time at all; [`Duration::MAX`] means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Delay of the greeting, to detect clients that send too early. Default: 0, no delay.
    pub greeting_delay: Duration,
    /// Time for the TLS handshake. Default: 1 minute.
    pub handshake: Duration,
    /// Time for a whole command line, or a response in an AUTH exchange. Default: 5 minutes (RFC 5321 section
    /// 4.5.3.2.7).
    pub command: Duration,
    /// Time for message data; also the maximum of one wait. It shrinks while the server waits. Each
    /// [`min_data_rate`](Self::min_data_rate) octets that arrive and are kept restore one second. Default: 5 minutes. A
    /// client may need 3 minutes for a block (RFC 5321 section 4.5.3.2.5).
    pub data: Duration,
    /// The minimum rate of message data in octets per second, at least 1. Default: 500.
    pub min_data_rate: u32,
    /// Time for the application to answer a question, except [`Event::EndOfData`](super::Event::EndOfData), before the
    /// machine replies 451. Default: 1 minute, because a client may give up after 2 (RFC 5321 section 4.5.3.2.4, DATA).
    ///
    /// The machine acts on it only when it is polled. A loop that awaits an answer in the arm of an event does not
    /// poll: pass the ticket to a task, and continue the loop.
    pub application: Duration,
    /// Time for the application to accept or reject a whole message, before the machine replies 451. Default: 5
    /// minutes, because a client waits 10 (RFC 5321 section 4.5.3.2.6).
    pub message_acceptance: Duration,
    /// Time for the client to read the output queued when the wait began. Default: 5 minutes.
    pub write: Duration,
    /// Delay of each reply once a soft limit is exceeded. Default: 1 second.
    pub penalty: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
        Self {
            greeting_delay: Duration::ZERO,
            handshake: Duration::from_secs(60),
            command: FIVE_MINUTES,
            data: FIVE_MINUTES,
            min_data_rate: 500,
            application: Duration::from_secs(60),
            message_acceptance: FIVE_MINUTES,
            write: FIVE_MINUTES,
            penalty: Duration::from_secs(1),
        }
    }
}
