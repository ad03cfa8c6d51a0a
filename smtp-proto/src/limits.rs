//! All limits of the two machines, each with its reason.

use core::num::NonZeroU32;

/// A limit with two levels: the server first delays its replies, then closes the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Threshold {
    /// Above this count, the server delays each reply by [`Timeouts::penalty`](crate::server::Timeouts::penalty).
    pub soft: u32,
    /// Above this count, the server closes the session with 421.
    pub hard: u32,
}

impl Threshold {
    /// Creates a limit with these two levels.
    #[must_use]
    pub const fn new(soft: u32, hard: u32) -> Self {
        Self { soft, hard }
    }
}

/// Limits of one server session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Maximum command line in octets, CRLF included. A longer line gets 500 and is discarded up to its CRLF.
    ///
    /// RFC 5321 section 4.5.3.1.4 requires at least 512; smaller values are used unchanged, but at least 16, so that
    /// BDAT is always recognised. Default: 4096: 512, and room for the parameters of all offered extensions together
    /// (RFC 3461 alone adds 530 to RCPT).
    pub max_line_octets: usize,
    /// Maximum AUTH command, and line of its exchange, in octets, CRLF included. A longer line gets 500.
    ///
    /// Default: 16,386, which is [`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL) plus CRLF, and more than the
    /// 12,288 that RFC 4954 section 4 requires.
    pub max_auth_octets: usize,
    /// Limit on consecutive AUTH exchanges without success, for any reason. Default: soft 3, hard 10.
    pub failed_logins: Threshold,
    /// Maximum message size in octets, counted as in RFC 1870 section 5: with CRLF, without dot-stuffing.
    ///
    /// Set it with [`Config::set_max_message_size`](crate::server::Config::set_max_message_size), which also sets the
    /// advertised SIZE; the smaller of both applies. Default: 25 MiB, a common value; RFC 5321 section 4.5.3.1.7
    /// requires 64 KiB.
    pub max_message_octets: u64,
    /// Maximum recipients of one transaction; each further one gets 452 (RFC 5321 section 4.5.3.1.10). Default: 1000,
    /// ten times the minimum of section 4.5.3.1.8.
    pub max_recipients: u32,
    /// Maximum refused RCPT beyond `max_recipients` or `max_recipient_domains` that do not count as idle commands.
    /// Counted since the start of the session or its last accepted message. Each gets 452; later ones also count in
    /// `max_idle_commands`.
    ///
    /// A client may pipeline RCPT for a whole list before it reads the first 452 (RFC 2920 section 3.1). It then sends
    /// the message to the accepted recipients. Default: 1000, as in Postfix (`smtpd_recipient_overshoot_limit`).
    pub max_recipient_overshoot: u32,
    /// Maximum MAIL commands of one session, accepted or not. The next one gets 421, so that the client reconnects.
    ///
    /// Set it with [`Config::set_max_transactions`](crate::server::Config::set_max_transactions), which also announces it.
    /// Default: `None`, no limit.
    pub max_transactions: Option<NonZeroU32>,
    /// Maximum recipient domains of one session, in all its transactions, whether the recipients are accepted or not. A
    /// recipient of another domain gets 452.
    ///
    /// Set it with [`Config::set_max_recipient_domains`](crate::server::Config::set_max_recipient_domains), which also
    /// announces it. With a limit, the session stores the domains. Default: `None`, no limit.
    pub max_recipient_domains: Option<NonZeroU32>,
    /// Maximum RCPT questions open at the same time. With 1 or 0, each question waits for the answer to the previous
    /// one. Default: 16, enough to look up recipients concurrently.
    pub max_open_rcpts: usize,
    /// Limit on commands rejected for their syntax or order. A command that is out of order only because an earlier
    /// command of its pipelined group was rejected does not count. Default: soft 20, hard 100.
    pub errors: Threshold,
    /// Limit on unknown commands. Default: soft 5, hard 20.
    pub unknown_commands: Threshold,
    /// Maximum consecutive commands without progress, since the start of the session or its last accepted message.
    ///
    /// Counts NOOP, RSET, VRFY, EXPN, HELP, EHLO, XCLIENT, XFORWARD, ETRN, empty chunks, unknown commands that the application
    /// is asked about, RCPT beyond `max_recipient_overshoot`, and MAIL, RCPT and messages that the application rejected. Default:
    /// 1000, against sessions kept open by empty commands and against address harvesting.
    pub max_idle_commands: u32,
    /// Maximum octets read and discarded in the whole session: refused chunks, the rest of refused messages, over-long
    /// lines. Default: 128 MiB.
    pub max_discarded_octets: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_line_octets: 4096,
            max_auth_octets: crate::types::Auth::MAX_INITIAL + 2,
            failed_logins: Threshold::new(3, 10),
            max_message_octets: 25 << 20,
            max_recipients: 1000,
            max_recipient_overshoot: 1000,
            max_transactions: None,
            max_recipient_domains: None,
            max_open_rcpts: 16,
            errors: Threshold::new(20, 100),
            unknown_commands: Threshold::new(5, 20),
            max_idle_commands: 1000,
            max_discarded_octets: 128 << 20,
        }
    }
}

/// Limits of one client session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLimits {
    /// Maximum size of a reply, in octets and in lines; the rest is dropped. During AUTH, a line may always hold the
    /// longest challenge ([`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL)). Extensions in the dropped part of an
    /// EHLO reply count as not offered, except STARTTLS (see [`Tls`](crate::client::Tls)).
    pub reply: crate::syntax::ReplyLimits,
    /// Maximum commands (or chunks) sent before their replies, if the server offers PIPELINING (RFC 2920 section 3.1).
    /// Default: 100, whose replies fit the smallest TCP window in use.
    pub max_unanswered: usize,
    /// Maximum BDAT chunk, in octets of the message as the application passes it; at least 1. Default: 1 MiB, a compromise
    /// between one reply per chunk and the octets sent in vain after a refusal.
    pub max_chunk_octets: usize,
}

impl ClientLimits {
    /// Maximum octets read of one reply, including those dropped beyond [`reply`](Self::reply), but at least its `total`. A
    /// longer reply ends the session. No honest reply reaches 1 MiB.
    pub const MAX_REPLY_OCTETS: usize = 1 << 20;
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            reply: crate::syntax::ReplyLimits::default(),
            max_unanswered: 100,
            max_chunk_octets: 1 << 20,
        }
    }
}
