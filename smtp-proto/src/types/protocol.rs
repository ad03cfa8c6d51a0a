//! The protocol: SMTP or LMTP.

/// The protocol of a session: SMTP or LMTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are no others")]
pub enum Protocol {
    /// SMTP (RFC 5321): EHLO or HELO, and one final reply for each message.
    #[default]
    Smtp,
    /// LMTP (RFC 2033): LHLO, and one final reply for each accepted recipient.
    Lmtp,
}
