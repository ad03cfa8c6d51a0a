//! Parameters of MAIL.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{
    DeliverBy, Hold, OtherParameters, Parameter, Priority, RareMailParameters, Ret, Xtext,
    write_without_blank,
};
use crate::syntax::parameter;
use crate::types::{InvalidParameter, Mailbox, ParameterFault, SolicitationKeywords};

/// The parameters of MAIL: `Mail-parameters = esmtp-param *(SP esmtp-param)` (RFC 5321 section 4.1.2).
///
/// `Display` shows them as they are sent, and [`MailParameters::parse`] reads that back.
///
/// ```
/// use smtp_proto::types::{Body, MailParameters};
///
/// let parameters = MailParameters::default().with_size(1000).with_body(Body::EightBitMime);
/// assert_eq!(parameters.to_string(), "SIZE=1000 BODY=8BITMIME");
/// assert_eq!(MailParameters::parse("BODY=8bitmime SIZE=1000")?, parameters);
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Default)]
pub struct MailParameters<'a> {
    pub(crate) size: Option<u64>,
    pub(crate) body: Option<Body>,
    pub(crate) ret: Option<Ret>,
    pub(crate) smtputf8: bool,
    pub(crate) require_tls: bool,
    pub(crate) prdr: bool,
    pub(crate) envelope_id: Option<Xtext<'a>>,
    /// `None` if all of them are missing, which is usual.
    pub(crate) rare: Option<Box<RareMailParameters<'a>>>,
    pub(crate) others: OtherParameters<'a>,
}

impl<'a> MailParameters<'a> {
    /// Parses a list of MAIL parameters, as it follows the path (RFC 5321 section 4.1.2).
    ///
    /// ```abnf
    /// Mail-parameters = esmtp-param *(SP esmtp-param)
    /// esmtp-param     = esmtp-keyword ["=" esmtp-value]
    /// ```
    /// Accepts an empty list, and spaces around it.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if a parameter is malformed or given twice, or its value is out of range.
    ///
    /// ```
    /// use smtp_proto::types::{Body, MailParameters, ParameterFault};
    ///
    /// let parameters = MailParameters::parse("SIZE=1024 BODY=8BITMIME X-FOO=1")?;
    /// assert_eq!(parameters.size(), Some(1024));
    /// assert_eq!(parameters.body(), Some(Body::EightBitMime));
    /// assert_eq!(parameters.others().count(), 1);
    ///
    /// let error = MailParameters::parse("SIZE=big").unwrap_err();
    /// assert_eq!((error.fault(), error.position()), (ParameterFault::Value, 5));
    /// # Ok::<_, smtp_proto::types::InvalidParameter>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidParameter> {
        parameter::parse_mail_parameters(text)
    }

    /// `SIZE`: octets of the message, as the client estimates them (RFC 1870 section 6). A number above 64 bits is
    /// `u64::MAX`.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// `BODY`: the kind of octets and lines in the message (RFC 6152, RFC 3030 section 3).
    #[must_use]
    pub const fn body(&self) -> Option<Body> {
        self.body
    }

    /// `RET`: the part of the message that a failure notification returns (RFC 3461 section 4.3).
    #[must_use]
    pub const fn ret(&self) -> Option<Ret> {
        self.ret
    }

    /// `SMTPUTF8`: addresses and header fields may contain UTF-8 (RFC 6531 section 3.4).
    #[must_use]
    pub const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// `REQUIRETLS`: every hop must use TLS (RFC 8689 section 2).
    #[must_use]
    pub const fn require_tls(&self) -> bool {
        self.require_tls
    }

    /// `PRDR`: the client wants a reply for each recipient after the message (draft-hall-prdr section 4.2).
    #[must_use]
    pub const fn prdr(&self) -> bool {
        self.prdr
    }

    /// `ENVID`: the identifier of the message in notifications (RFC 3461 section 4.4).
    #[must_use]
    pub const fn envelope_id(&self) -> Option<&Xtext<'a>> {
        self.envelope_id.as_ref()
    }

    /// `AUTH`: the submitter of the message (RFC 4954 section 5).
    #[must_use]
    pub fn auth(&self) -> Option<&AuthIdentity<'a>> {
        self.rare.as_ref()?.auth.as_ref()
    }

    /// `HOLDFOR` or `HOLDUNTIL`: the time until which the message is held (RFC 4865 section 3).
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        self.rare.as_ref()?.hold
    }

    /// `BY`: the deadline of the delivery (RFC 2852 section 4).
    #[must_use]
    pub fn deliver_by(&self) -> Option<DeliverBy> {
        self.rare.as_ref()?.deliver_by
    }

    /// `MT-PRIORITY`: the priority of the message (RFC 6710 section 3).
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        self.rare.as_ref()?.priority
    }

    /// `SOLICIT`: the classes of the message, the same as in its `Solicitation` header field (RFC 3865 section 2.3).
    #[must_use]
    pub fn solicitation(&self) -> Option<&SolicitationKeywords<'a>> {
        self.rare.as_ref()?.solicitation.as_ref()
    }

    /// Iterates over the parameters without a type in this crate, in their order.
    pub fn others(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.others.iter(parameter::is_mail_keyword)
    }

    /// Returns true if all values are ASCII (RFC 6531 section 3.3 allows UTF-8 in values).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.others().all(|other| other.value().is_none_or(str::is_ascii))
    }

    /// Sets `SIZE`.
    #[must_use]
    pub fn with_size(mut self, octets: u64) -> Self {
        self.size = Some(octets);
        self
    }

    /// Sets `BODY`.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets `RET`.
    #[must_use]
    pub fn with_ret(mut self, ret: Ret) -> Self {
        self.ret = Some(ret);
        self
    }

    /// Sets `SMTPUTF8`.
    #[must_use]
    pub fn with_smtputf8(mut self) -> Self {
        self.smtputf8 = true;
        self
    }

    /// Sets `REQUIRETLS`.
    #[must_use]
    pub fn with_require_tls(mut self) -> Self {
        self.require_tls = true;
        self
    }

    /// Sets `PRDR`. [`Client::deliver`](crate::client::Client::deliver) sets it according to its configuration.
    #[must_use]
    pub fn with_prdr(mut self) -> Self {
        self.prdr = true;
        self
    }

    /// Sets `ENVID`.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the identifier is longer than [`Xtext::MAX_ENVELOPE_ID`] or not printable ASCII.
    pub fn with_envelope_id(mut self, id: Xtext<'a>) -> Result<Self, InvalidParameter> {
        self.envelope_id = Some(id.into_envelope_id()?);
        Ok(self)
    }

    /// Sets `AUTH`.
    #[must_use]
    pub fn with_auth(mut self, identity: AuthIdentity<'a>) -> Self {
        self.rare_mut().auth = Some(identity);
        self
    }

    /// Sets `HOLDFOR` or `HOLDUNTIL`; one replaces the other.
    #[must_use]
    pub fn with_hold(mut self, hold: Hold) -> Self {
        self.rare_mut().hold = Some(hold);
        self
    }

    /// Sets `BY`.
    #[must_use]
    pub fn with_deliver_by(mut self, by: DeliverBy) -> Self {
        self.rare_mut().deliver_by = Some(by);
        self
    }

    /// Sets `MT-PRIORITY`.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.rare_mut().priority = Some(priority);
        self
    }

    /// Sets `SOLICIT`. The message must have the same classes in its `Solicitation` header field (RFC 3865 section 2.3).
    #[must_use]
    pub fn with_solicitation(mut self, classes: SolicitationKeywords<'a>) -> Self {
        self.rare_mut().solicitation = Some(classes);
        self
    }

    /// Adds a parameter without a type in this crate.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the keyword or the value is malformed, or the keyword has its own method.
    pub fn with_other(mut self, keyword: &str, value: Option<&str>) -> Result<Self, InvalidParameter> {
        if parameter::is_mail_keyword(keyword) {
            return Err(InvalidParameter::new(keyword, 0, ParameterFault::Known));
        }
        self.others.push(keyword, value)?;
        Ok(self)
    }

    /// Copies borrowed parameters, so that they borrow nothing.
    #[must_use]
    pub fn into_owned(self) -> MailParameters<'static> {
        MailParameters {
            size: self.size,
            body: self.body,
            ret: self.ret,
            smtputf8: self.smtputf8,
            require_tls: self.require_tls,
            prdr: self.prdr,
            envelope_id: self.envelope_id.map(Xtext::into_owned),
            rare: self.rare.map(|rare| Box::new(rare.into_owned())),
            others: self.others.into_owned(),
        }
    }

    /// The parameters that few clients send.
    fn rare_mut(&mut self) -> &mut RareMailParameters<'a> {
        self.rare.get_or_insert_default()
    }
}

impl PartialEq<MailParameters<'_>> for MailParameters<'_> {
    fn eq(&self, other: &MailParameters<'_>) -> bool {
        self.size == other.size
            && self.body == other.body
            && self.ret == other.ret
            && self.smtputf8 == other.smtputf8
            && self.require_tls == other.require_tls
            && self.prdr == other.prdr
            && self.envelope_id == other.envelope_id
            && self.rare == other.rare
            && self.others().eq(other.others())
    }
}

impl Eq for MailParameters<'_> {}

impl Hash for MailParameters<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.size.hash(state);
        self.body.hash(state);
        self.ret.hash(state);
        self.smtputf8.hash(state);
        self.require_tls.hash(state);
        self.prdr.hash(state);
        self.envelope_id.hash(state);
        self.rare.hash(state);
        self.others().for_each(|other| other.hash(state));
    }
}

impl fmt::Display for MailParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_without_blank(f, |line| self.write(line))
    }
}

impl fmt::Debug for MailParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailParameters")
            .field("size", &self.size)
            .field("body", &self.body)
            .field("ret", &self.ret)
            .field("smtputf8", &self.smtputf8)
            .field("require_tls", &self.require_tls)
            .field("prdr", &self.prdr)
            .field("envelope_id", &self.envelope_id)
            .field("auth", &self.auth())
            .field("hold", &self.hold())
            .field("deliver_by", &self.deliver_by())
            .field("priority", &self.priority())
            .field("solicitation", &self.solicitation())
            .field("others", &self.others().collect::<Vec<_>>())
            .finish()
    }
}

/// The kind of octets and lines in a message: the value of `BODY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Body {
    /// `7BIT`: ASCII in lines of at most 1000 octets (RFC 6152 section 2).
    SevenBit,
    /// `8BITMIME`: any octets except NUL, in lines of at most 1000 octets (RFC 6152 section 2).
    EightBitMime,
    /// `BINARYMIME`: any octets; requires BDAT (RFC 3030 section 3).
    BinaryMime,
}

impl Body {
    /// Returns the value in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The submitter of a message, as the client declares it: the value of `AUTH` (RFC 4954 section 5).
///
/// The value is a mailbox in xtext, or `<>`. A server that does not trust the client treats every value as
/// [`AuthIdentity::UNKNOWN`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthIdentity<'a>(Xtext<'a>);

impl<'a> AuthIdentity<'a> {
    /// `<>`: the submitter is not known, or not sufficiently authenticated.
    pub const UNKNOWN: AuthIdentity<'static> = AuthIdentity(Xtext::trusted("<>"));

    /// Parses a value as it is sent. The decoded text need not be a mailbox, because some clients send other names.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is empty, too long, not xtext, or encodes a control character.
    pub fn parse(value: &'a str) -> Result<Self, InvalidParameter> {
        Xtext::parse(value).map(Self)
    }

    /// Wraps a value that the parser has already checked.
    pub(crate) const fn trusted(value: &'a str) -> Self {
        Self(Xtext::trusted(value))
    }

    /// Returns the value as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the mailbox of the submitter. Returns `None` for `<>` and for a value that is not a mailbox.
    #[must_use]
    pub fn mailbox(&self) -> Option<Mailbox<'_>> {
        match self.0.decode() {
            Cow::Borrowed(text) => Mailbox::parse(text).ok(),
            Cow::Owned(text) => text.parse().ok(),
        }
    }

    /// Copies a borrowed identity, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> AuthIdentity<'static> {
        AuthIdentity(self.0.into_owned())
    }
}

impl TryFrom<&Mailbox<'_>> for AuthIdentity<'static> {
    type Error = InvalidParameter;

    /// Fails if the encoded mailbox is longer than [`Xtext::MAX`].
    fn try_from(mailbox: &Mailbox<'_>) -> Result<Self, InvalidParameter> {
        Xtext::encode(mailbox.as_str()).map(|encoded| Self(encoded.into_owned()))
    }
}
