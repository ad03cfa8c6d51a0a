//! Why a value could not be made.

use super::{AddressLiteral, Domain, Mailbox, Path};

/// Why a text is not a domain, an address literal, a mailbox or a path (RFC 5321 section 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// The domain is missing or holds what a domain cannot hold.
    #[error("write the domain with letters, digits, inner hyphens and single dots")]
    Domain,
    /// The domain is longer than [`Domain::MAX`].
    #[error("shorten the domain to {} octets", Domain::MAX)]
    LongDomain,
    /// A label of the domain is longer than [`Domain::MAX_LABEL`].
    #[error("shorten each label of the domain to {} octets", Domain::MAX_LABEL)]
    LongLabel,
    /// The address literal is malformed, or longer than [`AddressLiteral::MAX`].
    #[error(
        "write the address literal like [192.0.2.1] or [IPv6:2001:db8::1], at most {} octets",
        AddressLiteral::MAX
    )]
    Literal,
    /// The local part is missing or holds what has to be quoted.
    #[error("quote the local part")]
    LocalPart,
    /// The local part is longer than [`Mailbox::MAX_LOCAL_PART`].
    #[error("shorten the local part to {} octets", Mailbox::MAX_LOCAL_PART)]
    LongLocalPart,
    /// A quoted local part has no closing quote, or a backslash stands before nothing that it can quote.
    #[error("close the quotes of the local part")]
    Quotes,
    /// There is no `@` behind the local part.
    #[error("write @ and a domain after the local part")]
    At,
    /// The source route does not end in a colon.
    #[error("write the source route like @a.example,@b.example:")]
    Route,
    /// The source route is longer than [`Path::MAX_ROUTE`].
    #[error("shorten the source route to {} octets", Path::MAX_ROUTE)]
    LongRoute,
    /// The path is not within angle brackets.
    #[error("put the path in angle brackets")]
    Brackets,
    /// The null path stands where a recipient belongs.
    #[error("name a recipient, <> is none")]
    Null,
    /// Something follows where the address has ended.
    #[error("remove what follows the address")]
    Trailing,
    /// A control character, of ASCII or Unicode.
    #[error("remove the control character")]
    Control,
}

/// Why a MAIL or RCPT parameter cannot be accepted (RFC 5321 section 4.1.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidParameter {
    /// The keyword is no `esmtp-keyword`.
    #[error("write the keyword with letters, digits and hyphens")]
    Keyword,
    /// The value is malformed or out of range.
    #[error("correct the value")]
    Value,
    /// The parameter needs a value.
    #[error("give a value")]
    MissingValue,
    /// The parameter takes no value (SMTPUTF8, RFC 6531 section 3.4; REQUIRETLS, RFC 8689 section 2).
    #[error("remove the value")]
    UnwantedValue,
    /// The parameter was given before.
    #[error("give the parameter once")]
    Repeated,
    /// The value is longer than its definition allows: [`Xtext::MAX`](super::Xtext::MAX),
    /// [`Xtext::MAX_ENVELOPE_ID`](super::Xtext::MAX_ENVELOPE_ID),
    /// [`OriginalRecipient::MAX`](super::OriginalRecipient::MAX).
    #[error("shorten the value")]
    Long,
    /// This crate has a type for the parameter: use that.
    #[error("set this parameter by its own method")]
    Known,
}

/// Why a text cannot be the argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidArgument {
    /// There is no text, or nothing but blanks.
    #[error("give an argument")]
    Empty,
    /// The text is too long: see [`Argument::MAX`](super::Argument::MAX).
    #[error("shorten the argument")]
    Long,
    /// A control character, or a character that this argument cannot hold.
    #[error("remove the characters that are not allowed here")]
    Character,
    /// Blanks stand at the start or the end.
    #[error("remove the blanks around the argument")]
    Blanks,
    /// The last word of a VRFY or EXPN argument would be read as the SMTPUTF8 parameter.
    #[error("do not end the argument with the word SMTPUTF8")]
    SmtpUtf8,
    /// The verb is one that has a variant of its own in [`Command`](super::Command).
    #[error("use the command's own type")]
    KnownVerb,
}
