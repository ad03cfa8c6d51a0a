//! Every bound of the two machines, each with its reason.

/// When to become unfriendly and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Threshold {
    /// From here on every further one costs the peer [`Timeouts::penalty`](crate::server::Timeouts::penalty).
    pub soft: u32,
    /// One more than this and the session is closed with 421.
    pub hard: u32,
}

impl Threshold {
    /// A bound with these two values.
    #[must_use]
    pub const fn new(soft: u32, hard: u32) -> Self {
        Self { soft, hard }
    }
}

/// What one session may cost a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Longest command line in octets, CRLF included. RFC 5321 section 4.5.3.1.4 asks for at least 512; less than 16 counts as
    /// 16, so that BDAT is always recognised. A longer line gets 500 and is dropped up to its CRLF. Default 4096: room for 512 plus the
    /// growth that all offered extensions may ask for together (RFC 3461 alone: 530 on RCPT).
    pub max_line_octets: usize,
    /// Longest AUTH command and longest line of its exchange in octets, CRLF included. A longer one gets 500. Default
    /// 16,386: [`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL), which is more than the 12,288 that RFC 4954
    /// section 4 asks for, and CRLF.
    pub max_auth_octets: usize,
    /// Exchanges of AUTH that let nobody in, in a row, whoever ended them and for whatever reason. Default 3 and 10.
    pub failed_logins: Threshold,
    /// Largest message in octets, as in RFC 1870 section 5: CRLF counted, dot-stuffing not. Set it with
    /// [`Config::set_max_message_size`](crate::server::Config::set_max_message_size), which changes what SIZE offers, too; the
    /// smaller of both counts. Default 25 MiB, the usual value in the field; RFC 5321 section 4.5.3.1.7 asks for 64 KiB.
    pub max_message_octets: u64,
    /// Most recipients of one transaction; one more gets 452 (RFC 5321 section 4.5.3.1.10). Default 1000, ten
    /// times what section 4.5.3.1.8 asks for.
    pub max_recipients: u32,
    /// Most RCPT questions that may be open at once. Default 16: enough to look recipients up side by side.
    /// 1 (or 0) makes every question wait for the answer to the one before.
    pub max_open_rcpts: usize,
    /// Commands that were refused for their syntax or order. Those that are out of order because one before them
    /// in a pipelined group was refused do not count. Default 20 and 100.
    pub errors: Threshold,
    /// Commands that are not SMTP at all. Default 5 and 20.
    pub unknown_commands: Threshold,
    /// Most commands in a row that bring no message forward since the session began or its last message was
    /// accepted: NOOP, RSET, VRFY, EXPN, HELP, EHLO, empty chunks, unknown ones that the application is asked
    /// about, RCPT beyond `max_recipients`, and MAIL, RCPT and messages that the application refused. Default 1000: against sessions held open
    /// by chatter, and against trying out names.
    pub max_idle_commands: u32,
    /// Most octets that are read only to be dropped, in the whole session: refused chunks, the rest of refused
    /// messages, over-long lines. Default 128 MiB.
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
            max_open_rcpts: 16,
            errors: Threshold::new(20, 100),
            unknown_commands: Threshold::new(5, 20),
            max_idle_commands: 1000,
            max_discarded_octets: 128 << 20,
        }
    }
}

/// What one session may cost a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLimits {
    /// How long a reply may be, in octets and in lines. In an exchange of AUTH a line may hold the longest
    /// challenge ([`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL)), whatever stands here.
    pub reply: crate::syntax::ReplyLimits,
    /// Most commands (or chunks) sent ahead of their replies when PIPELINING is offered (RFC 2920 section 3.1).
    /// Default 100: the replies to so many fit the smallest TCP window in use.
    pub max_unanswered: usize,
    /// Largest BDAT chunk in octets of the message as it is given; at least 1. Default 1 MiB: a reply for each, and
    /// little to send in vain when one is refused.
    pub max_chunk_octets: usize,
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
