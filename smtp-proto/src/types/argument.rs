//! Arguments of commands other than MAIL and RCPT.

use alloc::borrow::Cow;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use super::{AddressFault, AddressLiteral, Domain, Host, InvalidAddress, InvalidArgument};
use crate::syntax::argument;

/// What a client calls itself: the argument of EHLO, HELO and LHLO (RFC 5321 section 4.1.1.1). ASCII only, since
/// it comes before the server can offer SMTPUTF8 (RFC 6531 section 3.7.1).
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
    /// An address literal, with this address unless it is of another kind.
    Literal(Option<IpAddr>),
    /// Neither: a host name with underscores or misplaced hyphens, or an IPv6 address in brackets without its tag or
    /// with a zone. Only a lenient parser makes it: see [`Leniency::loose_hello_names`](crate::syntax::Leniency::loose_hello_names).
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
    /// The name is malformed, too long or not ASCII.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        Host::parse(text)?.try_into()
    }

    /// Wraps what the grammar has already recognised.
    pub(crate) const fn trusted(raw: &'a str, kind: ClientNameKind) -> Self {
        Self {
            raw: Cow::Borrowed(raw),
            kind,
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// What kind of name it is.
    #[must_use]
    pub const fn kind(&self) -> ClientNameKind {
        self.kind
    }

    /// The name as a domain or an address literal; none when it is neither.
    #[must_use]
    pub fn host(&self) -> Option<Host<'_>> {
        match self.kind {
            ClientNameKind::Domain => Some(Domain::trusted(&self.raw).into()),
            ClientNameKind::Literal(address) => Some(AddressLiteral::trusted(&self.raw, address).into()),
            ClientNameKind::Other => None,
        }
    }

    /// The same name, borrowed from this one.
    #[must_use]
    pub fn borrow(&self) -> ClientName<'_> {
        ClientName::trusted(&self.raw, self.kind)
    }

    /// The same name with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> ClientName<'static> {
        ClientName {
            raw: Cow::Owned(self.raw.into_owned()),
            kind: self.kind,
        }
    }
}

impl<'a> TryFrom<Host<'a>> for ClientName<'a> {
    type Error = InvalidAddress;

    /// Fails for a domain with U-labels: convert it to A-labels first.
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

impl FromStr for ClientName<'static> {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        ClientName::parse(text).map(ClientName::into_owned)
    }
}

/// A free text behind a verb: not empty, no control characters, no blanks at its ends.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Argument<'a>(Cow<'a, str>);

impl<'a> Argument<'a> {
    /// Most octets of an argument: with its verb, twice the command line of RFC 5321 section 4.5.3.1.4.
    pub const MAX: usize = 1000;

    /// Takes a text.
    ///
    /// # Errors
    /// When it is empty, too long, or holds what an argument cannot hold.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidArgument> {
        let text = text.into();
        argument::check_string(&text)?;
        Ok(Self(text))
    }

    /// Wraps a text that a parser recognised.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same argument with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> Argument<'static> {
        Argument(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argument({})", self.0)
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whom VRFY or EXPN asks for: `String [ SP "SMTPUTF8" ]` (RFC 5321 sections 4.1.1.6 and 4.1.1.7, RFC 6531
/// section 3.7.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query<'a> {
    text: Argument<'a>,
    smtputf8: bool,
}

impl<'a> Query<'a> {
    /// Asks for `text`; SMTPUTF8 is added when the text is not ASCII.
    ///
    /// # Errors
    /// When the text cannot be an [`Argument`], or its last of several words is `SMTPUTF8`.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidArgument> {
        let text = Argument::new(text)?;
        argument::check_query(text.as_str())?;
        Ok(Self {
            smtputf8: !text.as_str().is_ascii(),
            text,
        })
    }

    /// Joins what a parser recognised.
    pub(crate) const fn trusted(text: Argument<'a>, smtputf8: bool) -> Self {
        Self { text, smtputf8 }
    }

    /// Allows UTF-8 in the answer.
    #[must_use]
    pub fn with_smtputf8(mut self) -> Self {
        self.smtputf8 = true;
        self
    }

    /// Whom: an address, a user name, the name of a list.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Whether the SMTPUTF8 parameter is there: the answer may hold UTF-8.
    #[must_use]
    pub const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// The same query with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> Query<'static> {
        Query {
            text: self.text.into_owned(),
            smtputf8: self.smtputf8,
        }
    }
}

/// The argument of AUTH: `sasl-mech [ SP initial-response ]` (RFC 4954 section 4).
///
/// The initial response is kept out of `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Auth<'a> {
    mechanism: Cow<'a, str>,
    initial: Option<Cow<'a, str>>,
}

impl<'a> Auth<'a> {
    /// Most octets of the name of a mechanism: RFC 4422 section 3.1.
    pub const MAX_MECHANISM: usize = 20;

    /// Most octets of an initial response, and of every other response and challenge, in base64: 16,384, so that tokens
    /// of 12 kB fit. RFC 4954 section 4 asks for 12,288.
    pub const MAX_INITIAL: usize = 16_384;

    /// Names a mechanism and gives the initial response, encoded in base64 or `=` for an empty one. Whether the
    /// base64 is right is for the exchange to judge.
    ///
    /// # Errors
    /// When one of them is empty, too long, or holds what it cannot hold.
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

    /// Joins what a parser recognised.
    pub(crate) fn trusted(mechanism: &'a str, initial: Option<&'a str>) -> Self {
        Self {
            mechanism: Cow::Borrowed(mechanism),
            initial: initial.map(Cow::Borrowed),
        }
    }

    /// The name of the mechanism, in the case of letters that was sent.
    #[must_use]
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// The initial response as it was sent: base64 or `=`.
    #[must_use]
    pub fn initial_response(&self) -> Option<&str> {
        self.initial.as_deref()
    }

    /// The same argument with a text of its own.
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

/// A command that has no variant of its own in [`Command`](super::Command): a verb and its argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownCommand<'a> {
    verb: Cow<'a, str>,
    argument: Option<Argument<'a>>,
}

impl<'a> UnknownCommand<'a> {
    /// Most octets of a verb that is not known: the longest registered one has eight.
    pub const MAX_VERB: usize = 32;

    /// Makes a command of a verb, which consists of letters, digits and hyphens, and an argument.
    ///
    /// # Errors
    /// When the verb is empty, too long, holds another character, or is one that this crate knows.
    pub fn new(
        verb: impl Into<Cow<'a, str>>,
        argument: Option<Argument<'a>>,
    ) -> Result<Self, InvalidArgument> {
        let verb = verb.into();
        argument::check_unknown_verb(&verb)?;
        Ok(Self { verb, argument })
    }

    /// Joins what a parser recognised.
    pub(crate) const fn trusted(verb: &'a str, argument: Option<Argument<'a>>) -> Self {
        Self {
            verb: Cow::Borrowed(verb),
            argument,
        }
    }

    /// The verb, in the case of letters that was sent.
    #[must_use]
    pub fn verb(&self) -> &str {
        &self.verb
    }

    /// What follows the verb.
    #[must_use]
    pub const fn argument(&self) -> Option<&Argument<'a>> {
        self.argument.as_ref()
    }

    /// The same command with a text of its own.
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
