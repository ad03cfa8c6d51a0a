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
    /// The name of the server, in the greeting and in the reply to EHLO. U-labels are sent as A-labels, because no client has
    /// asked for UTF-8 then (RFC 6531 section 3.7.1). Without the feature `idna`, write them in lower case and in Unicode
    /// Normalization Form C.
    pub hostname: Host<'static>,
    /// The text after the name in the greeting. Characters beyond ASCII become `?`. Do not reveal versions.
    pub greeting: Text<'static>,
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// The extensions in the reply to EHLO. A parameter or command whose extension is not offered is refused.
    ///
    /// An extension may need more than this list. STARTTLS needs a driver that does the handshake, AUTH an application that
    /// answers [`Event::Auth`](super::Event::Auth), and an extension without a type [`UnknownPolicy::AskApplication`]. The
    /// numbers of LIMITS are announced only: set [`limits`](Self::limits), too, or both with
    /// [`set_max_recipients`](Self::set_max_recipients), [`set_max_transactions`](Self::set_max_transactions) and
    /// [`set_max_recipient_domains`](Self::set_max_recipient_domains).
    ///
    /// The machine refuses values beyond the bounds of FUTURERELEASE and DELIVERBY, and classes that NO-SOLICITING lists. The
    /// application checks the rest, which needs a calendar, mailboxes or trust: the time of a release
    /// ([`release_time`](crate::types::MailParameters::release_time)), deadlines, priorities and owners. FUTURERELEASE is for
    /// submission only (RFC 4865 section 4.2); its latest time moves, so offer it to each session anew.
    ///
    /// EHLO omits what cannot be used now: STARTTLS under TLS, REQUIRETLS in plaintext (RFC 3207 section 4.2, RFC 8689
    /// section 2), and AUTH mechanisms that [`plaintext_auth`](Self::plaintext_auth) forbids, that need a missing certificate
    /// or channel binding, or that come after authentication.
    pub extensions: Extensions,
    /// The need for TLS. To offer STARTTLS, add it to the extensions; the driver then has to do the handshake at
    /// [`Event::StartTls`](super::Event::StartTls).
    pub tls: Tls,
    /// The need for authentication.
    pub auth: Auth,
    /// The AUTH mechanisms that may be used without TLS. [`offer_auth`](Self::offer_auth) sets those that are offered.
    pub plaintext_auth: PlaintextAuth,
    /// Bounds.
    pub limits: ServerLimits,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The faults of command syntax that are accepted.
    pub leniency: Leniency,
    /// The treatment of a bare CR or LF in message text. BDAT chunks are not searched.
    pub line_endings: BareLineEndings,
    /// The treatment of parameters after HELO.
    pub helo_parameters: HeloParameters,
    /// The treatment of commands that this crate does not know.
    pub unknown_commands: UnknownPolicy,
    /// The treatment of MAIL and RCPT parameters that this crate does not know.
    pub unknown_parameters: UnknownPolicy,
    /// The treatment of a client that sends before the greeting.
    pub early_talker: EarlyTalker,
}

impl Config {
    /// Makes the configuration of a server that offers PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, DSN,
    /// CHUNKING, BINARYMIME and HELP.
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

    /// Makes the configuration of a submission server: [`new`](Self::new) with STARTTLS and AUTH by these mechanisms, both
    /// required (RFC 6409, RFC 8314).
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
    /// The application then has to answer [`Event::Auth`](super::Event::Auth). Mechanisms that do not fit one line of 512 octets
    /// are left out.
    pub fn offer_auth(&mut self, mechanisms: impl IntoIterator<Item = Mechanism>) {
        self.extensions.remove(Keyword::Auth);
        for mechanism in mechanisms {
            if let Ok(one) = Extension::auth(mechanism.as_str()) {
                self.extensions.add(one);
            }
        }
    }

    /// Sets the largest accepted message in octets, as a limit and as the parameter of SIZE. 0 offers SIZE without a number, and
    /// accepts only empty messages.
    pub fn set_max_message_size(&mut self, octets: u64) {
        self.limits.max_message_octets = octets;
        self.extensions.add(Extension::Size(Some(octets)));
    }

    /// Sets the most recipients of a transaction, as a limit and as RCPTMAX of LIMITS (RFC 9422 section 4.2), so that clients
    /// divide a message beforehand.
    pub fn set_max_recipients(&mut self, most: NonZeroU32) {
        self.limits.max_recipients = most.get();
        let limits = self.extensions.limits().with_rcpt_max(most);
        self.extensions.add(Extension::Limits(limits));
    }

    /// Sets the most MAIL commands of a session, as a limit and as MAILMAX of LIMITS (RFC 9422 section 4.1). At most
    /// 999,999 are announced.
    pub fn set_max_transactions(&mut self, most: NonZeroU32) {
        self.limits.max_transactions = Some(most);
        let limits = self.extensions.limits().with_mail_max(most);
        self.extensions.add(Extension::Limits(limits));
    }

    /// Sets the most recipient domains of a session, as a limit and as RCPTDOMAINMAX of LIMITS (RFC 9422 section 4.3). At
    /// most 999,999 are announced.
    pub fn set_max_recipient_domains(&mut self, most: NonZeroU32) {
        self.limits.max_recipient_domains = Some(most);
        let limits = self.extensions.limits().with_rcpt_domain_max(most);
        self.extensions.add(Extension::Limits(limits));
    }
}

/// The need for authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Auth {
    /// Clients may authenticate, if AUTH is offered.
    #[default]
    Optional,
    /// Clients must authenticate. Before, MAIL, RCPT, DATA, BDAT, VRFY, EXPN, ETRN and commands that the application is asked about
    /// get 530 (RFC 4954 section 6). For submission (RFC 6409 section 4.3).
    Required,
}

/// The need for TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Tls {
    /// Mail is accepted in plaintext. A public mail server must do so (RFC 3207 section 4).
    #[default]
    Optional,
    /// Before TLS, all commands but NOOP, EHLO, STARTTLS and QUIT get 530.
    Required,
}

/// The treatment of MAIL and RCPT parameters after HELO, where no extension was offered (RFC 5321 section 2.2.1).
///
/// The commands of configured extensions (STARTTLS, AUTH, BDAT) are accepted after HELO: they cannot be mistaken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum HeloParameters {
    /// They get 555.
    #[default]
    Reject,
    /// SIZE and BODY are accepted if their extensions are configured, because some old clients send them.
    AcceptSizeAndBody,
}

/// The treatment of commands and parameters that this crate does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum UnknownPolicy {
    /// They are refused: 500 for a command, 555 for a parameter.
    #[default]
    Reject,
    /// The application is asked.
    AskApplication,
}

/// The treatment of a client that sends before the greeting (RFC 5321 section 4.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum EarlyTalker {
    /// The greeting is 554: only junk mailers do not wait. Set a [`Timeouts::greeting_delay`] to detect more of them.
    #[default]
    Reject,
    /// Its commands are answered after the greeting.
    Tolerate,
}

/// The time that each phase of a session may take.
///
/// A value of zero means that the time is over at once; [`Duration::MAX`] means that it never is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The greeting is held back so long, to detect clients that send too early. Default 0.
    pub greeting_delay: Duration,
    /// TLS handshake timeout. Default 1 minute.
    pub handshake: Duration,
    /// Time for a whole command line. Default 5 minutes (RFC 5321 section 4.5.3.2.7).
    pub command: Duration,
    /// Time for message data. It shrinks while the server waits, and each [`min_data_rate`](Self::min_data_rate) octets that
    /// arrive and are kept restore a second; so no wait is longer. Default 5 minutes, more than the 3 minutes that a client may
    /// need for a block (RFC 5321 section 4.5.3.2.5).
    pub data: Duration,
    /// The lowest rate of message data in octets a second, at least 1. Default 500.
    pub min_data_rate: u32,
    /// Time for the application to answer a question other than the end of data; then the machine answers 451. Default
    /// 1 minute: a client may give up after 2 (RFC 5321 section 4.5.3.2.4, DATA).
    ///
    /// The machine acts on it only when it is polled. A loop that awaits an answer in the arm of an event does not poll: give
    /// the ticket to a task, and go on with the loop.
    pub application: Duration,
    /// Time for the application to accept or reject a whole message; then the machine answers 451. Default 5 minutes: a client
    /// waits 10 (RFC 5321 section 4.5.3.2.6).
    pub message_acceptance: Duration,
    /// Time for the client to read the output queued when the wait began. Default 5 minutes.
    pub write: Duration,
    /// Replies are held back so long once a soft bound is exceeded. Default 1 second.
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
