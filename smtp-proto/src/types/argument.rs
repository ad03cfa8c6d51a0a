//! Arguments of the commands except MAIL and RCPT.

use alloc::borrow::Cow;
use core::fmt;
use core::net::IpAddr;

use super::{
    AddressFault, AddressLiteral, Domain, Host, InvalidAddress, InvalidArgument,
    checked::{checked_text, display_text},
};
use crate::syntax::argument;

/// The name of a client: the argument of EHLO, HELO and LHLO (RFC 5321 section 4.1.1.1).
///
/// ASCII only, because the client sends it before the server offers SMTPUTF8 (RFC 6531 section 3.7.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientName<'a> {
    raw: Cow<'a, str>,
    kind: ClientNameKind,
}

/// The kinds of [`ClientName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientNameKind {
    /// A domain name.
    Domain,
    /// An address literal, with its IP address if it has one.
    Literal(Option<IpAddr>),
    /// Neither: a host name with underscores or misplaced hyphens, or an IPv6 address in brackets without its tag or
    /// with a zone. Only a lenient parser accepts it: see
    /// [`Leniency::loose_hello_names`](crate::syntax::Leniency::loose_hello_names).
    Other,
}

impl<'a> ClientName<'a> {
    /// Parses a domain or an address literal, in ASCII (RFC 5321 section 4.1.1.1).
    ///
    /// ```abnf
    /// Domain / address-literal
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the name is malformed, too long or not ASCII.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        Host::parse(text)?.try_into()
    }

    /// Wraps a text that the parser has already checked.
    pub(crate) const fn trusted(raw: &'a str, kind: ClientNameKind) -> Self {
        Self {
            raw: Cow::Borrowed(raw),
            kind,
        }
    }

    /// Returns the name as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Returns the kind of the name.
    #[must_use]
    pub const fn kind(&self) -> ClientNameKind {
        self.kind
    }

    /// Returns the name as a domain or an address literal. Returns `None` if it is neither.
    #[must_use]
    pub fn host(&self) -> Option<Host<'_>> {
        match self.kind {
            ClientNameKind::Domain => Some(Domain::trusted(&self.raw).into()),
            ClientNameKind::Literal(address) => Some(AddressLiteral::trusted(&self.raw, address).into()),
            ClientNameKind::Other => None,
        }
    }

    /// Borrows the name.
    #[must_use]
    pub fn as_borrowed(&self) -> ClientName<'_> {
        ClientName::trusted(&self.raw, self.kind)
    }

    /// Copies a borrowed name, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> ClientName<'static> {
        ClientName {
            raw: Cow::Owned(self.raw.into_owned()),
            kind: self.kind,
        }
    }
}

/// The address literal of this address: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
impl From<IpAddr> for ClientName<'static> {
    fn from(address: IpAddr) -> Self {
        let raw = alloc::string::ToString::to_string(&AddressLiteral::from(address));
        Self {
            raw: Cow::Owned(raw),
            kind: ClientNameKind::Literal(Some(address)),
        }
    }
}

impl<'a> TryFrom<Host<'a>> for ClientName<'a> {
    type Error = InvalidAddress;

    /// Fails for a domain with U-labels. Convert them to A-labels first.
    fn try_from(host: Host<'a>) -> Result<Self, InvalidAddress> {
        match host {
            Host::Domain(domain) if !domain.is_ascii() => {
                let text = domain.as_str();
                let at = text.bytes().position(|octet| !octet.is_ascii()).unwrap_or(0);
                Err(InvalidAddress::new(text, at, AddressFault::NonAsciiDomain))
            }
            Host::Domain(domain) => Ok(Self {
                raw: domain.into_raw(),
                kind: ClientNameKind::Domain,
            }),
            Host::Literal(literal) => {
                let kind = ClientNameKind::Literal(literal.address());
                Ok(Self {
                    raw: literal.into_raw(),
                    kind,
                })
            }
        }
    }
}

impl fmt::Debug for ClientName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientName({})", self.raw)
    }
}

impl fmt::Display for ClientName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.raw)
    }
}

/// The free text after the verb of a command, as in HELP or NOOP. It is not empty, and has no control characters and no
/// blanks at its start or end.
///
/// [`Printable::allows`](super::Printable::allows) defines the characters that it may contain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Argument<'a>(Cow<'a, str>);

impl<'a> Argument<'a> {
    /// Maximum octets of an argument: with its verb, twice the command line of RFC 5321 section 4.5.3.1.4.
    pub const MAX: usize = 1000;

    /// Creates an argument from a text, after checks.
    ///
    /// # Errors
    /// Returns [`InvalidArgument`] if the text is empty, too long, or contains a forbidden character or outer blanks.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidArgument> {
        let text = text.into();
        argument::check_string(&text)?;
        Ok(Self(text))
    }
}

checked_text!(Argument);
display_text!(Argument);

/// The argument of VRFY or EXPN, `String [ SP "SMTPUTF8" ]` (RFC 5321 sections 4.1.1.6 and 4.1.1.7, RFC 6531 section
/// 3.7.4.2).
///
/// ```
/// use smtp_proto::types::Query;
///
/// assert!(!Query::new("ann")?.smtputf8());
/// assert!(Query::new("jürgen")?.smtputf8());
/// # Ok::<(), smtp_proto::types::InvalidArgument>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query<'a> {
    text: Argument<'a>,
    smtputf8: bool,
}

impl<'a> Query<'a> {
    /// Creates a query from a text. Adds SMTPUTF8 if the text is not ASCII.
    ///
    /// # Errors
    /// Returns [`InvalidArgument`] if the text is not an [`Argument`], or if it has several words and the last one is
    /// `SMTPUTF8`.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidArgument> {
        let text = Argument::new(text)?;
        argument::check_query(text.as_str())?;
        Ok(Self {
            smtputf8: !text.as_str().is_ascii(),
            text,
        })
    }

    /// Wraps parts that the parser has already checked.
    pub(crate) const fn trusted(text: Argument<'a>, smtputf8: bool) -> Self {
        Self { text, smtputf8 }
    }

    /// Adds SMTPUTF8, which allows UTF-8 in the reply.
    #[must_use]
    pub fn with_smtputf8(mut self) -> Self {
        self.smtputf8 = true;
        self
    }

    /// Returns the text: an address, a user name or the name of a list.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Returns true if the query has SMTPUTF8: the reply may contain UTF-8.
    #[must_use]
    pub const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Copies a borrowed query, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Query<'static> {
        Query {
            text: self.text.into_owned(),
            smtputf8: self.smtputf8,
        }
    }
}

/// The argument of AUTH, `sasl-mech [ SP initial-response ]` (RFC 4954 section 4).
///
/// `Debug` omits the initial response, because it may contain a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Auth<'a> {
    mechanism: Cow<'a, str>,
    initial: Option<Cow<'a, str>>,
}

impl<'a> Auth<'a> {
    /// Maximum octets of the name of a mechanism (RFC 4422 section 3.1).
    pub const MAX_MECHANISM: usize = 20;

    /// Maximum octets of each response and challenge in base64: 16,384, enough for tokens of 12 kB. RFC 4954 section 4
    /// requires 12,288.
    pub const MAX_INITIAL: usize = 16_384;

    /// Creates the argument from a mechanism and an initial response in base64; `=` is an empty response. The exchange
    /// checks the base64 later.
    ///
    /// # Errors
    /// Returns [`InvalidArgument`] if a part is empty, too long, or contains a forbidden character.
    pub fn new(
        mechanism: impl Into<Cow<'a, str>>,
        initial: Option<impl Into<Cow<'a, str>>>,
    ) -> Result<Self, InvalidArgument> {
        let (mechanism, initial) = (mechanism.into(), initial.map(Into::into));
        argument::check_mechanism(&mechanism)?;
        if let Some(initial) = &initial {
            argument::check_initial_response(initial)?;
        }
        Ok(Self { mechanism, initial })
    }

    /// Wraps parts that the parser has already checked.
    pub(crate) fn trusted(mechanism: &'a str, initial: Option<&'a str>) -> Self {
        Self {
            mechanism: Cow::Borrowed(mechanism),
            initial: initial.map(Cow::Borrowed),
        }
    }

    /// Returns the name of the mechanism, in the case in which it was sent.
    #[must_use]
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// Returns the initial response as it was sent: base64 or `=`.
    #[must_use]
    pub fn initial_response(&self) -> Option<&str> {
        self.initial.as_deref()
    }

    /// Copies a borrowed argument, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Auth<'static> {
        Auth {
            mechanism: Cow::Owned(self.mechanism.into_owned()),
            initial: self.initial.map(|initial| Cow::Owned(initial.into_owned())),
        }
    }
}

impl fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let initial = self.initial.as_ref().map(|_| format_args!("..."));
        f.debug_struct("Auth")
            .field("mechanism", &self.mechanism)
            .field("initial", &initial)
            .finish()
    }
}

/// A command without its own variant in [`Command`](super::Command): a verb and its argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownCommand<'a> {
    verb: Cow<'a, str>,
    argument: Option<Argument<'a>>,
}

impl<'a> UnknownCommand<'a> {
    /// Maximum octets of an unknown verb. The longest registered verb has eight.
    pub const MAX_VERB: usize = 32;

    /// Creates a command from a verb (letters, digits and hyphens) and an argument.
    ///
    /// # Errors
    /// Returns [`InvalidArgument`] if the verb is empty, too long or known, or contains another character.
    pub fn new(
        verb: impl Into<Cow<'a, str>>,
        argument: Option<Argument<'a>>,
    ) -> Result<Self, InvalidArgument> {
        let verb = verb.into();
        argument::check_unknown_verb(&verb)?;
        Ok(Self { verb, argument })
    }

    /// Wraps parts that the parser has already checked.
    pub(crate) const fn trusted(verb: &'a str, argument: Option<Argument<'a>>) -> Self {
        Self {
            verb: Cow::Borrowed(verb),
            argument,
        }
    }

    /// Returns the verb, in the case in which it was sent.
    #[must_use]
    pub fn verb(&self) -> &str {
        &self.verb
    }

    /// Returns the argument.
    #[must_use]
    pub const fn argument(&self) -> Option<&Argument<'a>> {
        self.argument.as_ref()
    }

    /// Copies a borrowed command, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> UnknownCommand<'static> {
        UnknownCommand {
            verb: Cow::Owned(self.verb.into_owned()),
            argument: self.argument.map(Argument::into_owned),
        }
    }
}

#[cfg(test)]
mod tests;
