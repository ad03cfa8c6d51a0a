//! What a server is told once, for all of its sessions.

use core::{num::NonZeroU32, time::Duration};

use crate::{
    data::BareLineEndings,
    limits::ServerLimits,
    sasl::{Mechanism, PlaintextAuth},
    syntax::Leniency,
    types::{Extension, Extensions, Host, Keyword, Protocol, Text},
};

/// The settings of a server. Start from [`Config::new`] and change what should differ.
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server's own name, said in the greeting and in the reply to EHLO.
    pub hostname: Host<'static>,
    /// What follows the name in the greeting. One line; it is not a place for promises about versions.
    pub greeting: Text<'static>,
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// What EHLO offers. A parameter or command whose extension is not offered is refused.
    ///
    /// Offering does not make it work: STARTTLS needs a driver that does the handshake, AUTH an application that
    /// answers [`Event::Auth`](super::Event::Auth), the
    /// numbers of LIMITS are announced and not enforced (set [`limits`](Self::limits), too, or both with
    /// [`set_max_recipients`](Self::set_max_recipients)), and an extension
    /// that has no type needs [`UnknownPolicy::AskApplication`].
    ///
    /// What is of no use now is left out: STARTTLS under TLS, REQUIRETLS in clear (RFC 3207 section 4.2, RFC 8689
    /// section 2), and mechanisms of AUTH that [`plaintext_auth`](Self::plaintext_auth) forbids, that need a
    /// certificate or channel binding which is not there, or that have done their work.
    pub extensions: Extensions,
    /// Whether mail is taken in clear. To offer STARTTLS, add it to the extensions; the driver then has to do the
    /// handshake when [`Event::StartTls`](super::Event::StartTls) comes.
    pub tls: Tls,
    /// Whether mail is taken from anybody, or from those only who have said who they are.
    pub auth: Auth,
    /// Which mechanisms of AUTH may be used without TLS. Those that are offered are set with
    /// [`offer_auth`](Self::offer_auth).
    pub plaintext_auth: PlaintextAuth,
    /// Bounds.
    pub limits: ServerLimits,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Which faults of command syntax are forgiven.
    pub leniency: Leniency,
    /// What becomes of a message with a bare CR or LF in its text. BDAT chunks are not looked into.
    pub line_endings: BareLineEndings,
    /// Whether SEND, SOML and SAML open a transaction.
    pub obsolete_commands: ObsoleteCommands,
    /// Who answers a command that is not known.
    pub unknown_commands: UnknownPolicy,
    /// Who judges a MAIL or RCPT parameter that is not known.
    pub unknown_parameters: UnknownPolicy,
    /// What happens to a client that talks before it is greeted.
    pub early_talker: EarlyTalker,
}

impl Config {
    /// A server of this name that offers PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, DSN,
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
            obsolete_commands: ObsoleteCommands::Reject,
            unknown_commands: UnknownPolicy::Reject,
            unknown_parameters: UnknownPolicy::Reject,
            early_talker: EarlyTalker::Reject,
        }
    }

    /// A server of this name that takes mail from users only, who log in under TLS by one of these mechanisms (RFC 6409,
    /// RFC 8314): [`new`](Self::new) with STARTTLS, which is required, and AUTH, which is required, too.
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

    /// Offers AUTH by these mechanisms, in this order. The application then has to answer
    /// [`Event::Auth`](super::Event::Auth), which a loop that accepts everything does not.
    /// Those that do not fit one line of 512 octets are left out.
    pub fn offer_auth(&mut self, mechanisms: impl IntoIterator<Item = Mechanism>) {
        self.extensions.remove(Keyword::Auth);
        for mechanism in mechanisms {
            if let Ok(one) = Extension::auth(mechanism.as_str()) {
                self.extensions.add(one);
            }
        }
    }

    /// Sets the largest message that is accepted, in octets, both as a limit and as what SIZE offers (0 offers SIZE
    /// without a number, and accepts nothing but empty messages).
    pub fn set_max_message_size(&mut self, octets: u64) {
        self.limits.max_message_octets = octets;
        self.extensions.add(Extension::Size(Some(octets)));
    }

    /// Sets how many recipients a transaction may have, both as a limit and as what LIMITS announces as RCPTMAX (RFC 9422
    /// section 4.2), so that clients divide a message beforehand.
    pub fn set_max_recipients(&mut self, most: NonZeroU32) {
        self.limits.max_recipients = most.get();
        let limits = self.extensions.limits().with_rcpt_max(most);
        self.extensions.add(Extension::Limits(limits));
    }
}

/// Whether clients have to say who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Auth {
    /// They may, if AUTH is offered.
    #[default]
    Optional,
    /// They must: before, MAIL, RCPT, DATA, BDAT, VRFY, EXPN and commands that the application is asked about get 530
    /// (RFC 4954 section 6). So it is for submission (RFC 6409 section 4.3).
    Required,
}

/// Whether mail is taken in clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Tls {
    /// It is. A server that takes mail for the public has no choice (RFC 3207 section 4).
    #[default]
    Optional,
    /// It is not: before TLS, all but NOOP, EHLO, STARTTLS and QUIT get 530.
    Required,
}

/// What SEND, SOML and SAML (RFC 821, RFC 5321 appendix F.6) do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum ObsoleteCommands {
    /// They get 502.
    #[default]
    Reject,
    /// They open a transaction as MAIL does; [`Mail::kind`](crate::types::Mail) tells which it was.
    Accept,
}

/// Who deals with what this crate does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum UnknownPolicy {
    /// The machine refuses it: 500 for a command, 555 for a parameter.
    #[default]
    Reject,
    /// The application sees it and decides.
    AskApplication,
}

/// What happens when a client talks before the greeting (RFC 5321 section 4.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum EarlyTalker {
    /// The greeting is a 554. Only junk mailers do not wait. It shows best with a
    /// [`Timeouts::banner`] above zero.
    #[default]
    Reject,
    /// What it said is answered after the greeting.
    Tolerate,
}

/// How long each phase of a session may take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// How long the greeting is held back while the machine listens for clients that talk too early. Default 0.
    pub greeting_delay: Duration,
    /// For a TLS handshake to be done. Default 1 minute: it needs no person and no disk, and a peer that has not come
    /// to its end by then does not mean to.
    pub handshake: Duration,
    /// For a whole command line to come. Default 5 minutes (RFC 5321 section 4.5.3.2.7).
    pub command: Duration,
    /// For message content to come, beyond what [`min_data_rate`](Self::min_data_rate) allows for its size. Default
    /// 5 minutes: more than the 3 minutes that a client may need for a block (RFC 5321 section 4.5.3.2.5).
    pub data: Duration,
    /// Message content, in octets a second, that buys more time; at least 1. Default 500: a peer that drips
    /// slower is cut off after [`data`](Self::data).
    pub min_data_rate: u32,
    /// For the application to answer a question other than the verdict; then it is answered with 451. Default
    /// 1 minute: a client may give up after 2 (RFC 5321 section 4.5.3.2.4, DATA).
    pub application: Duration,
    /// For the application to give the verdict on a message; then the client is told 451. Default 5 minutes: a
    /// client waits 10 (RFC 5321 section 4.5.3.2.6).
    pub message_acceptance: Duration,
    /// For the peer to take what is to be written at one time. Default 5 minutes.
    pub write: Duration,
    /// How long a reply is held back once a soft bound is exceeded. Default 1 second.
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
