//! SMTP or LMTP.

/// Which of the two protocols is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are these two")]
pub enum Protocol {
    /// SMTP (RFC 5321): EHLO or HELO, and one verdict on each message.
    #[default]
    Smtp,
    /// LMTP (RFC 2033): LHLO, and one verdict for each accepted recipient.
    Lmtp,
}
