//! Values of the parameters for delivery status notifications (RFC 3461).

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;
use core::ops::BitOr;

use crate::syntax::xtext;
use crate::types::{InvalidParameter, ParameterFault, checked::checked_text};

/// A text in the encoding xtext: `+2B` stands for `+` (RFC 3461 section 4).
///
/// The value keeps the encoded text. The decoded text is printable ASCII and spaces, or UTF-8 in the AUTH parameter. It
/// contains no control character, so it is safe in a line.
///
/// ```
/// use smtp_proto::types::Xtext;
///
/// let id = Xtext::encode("order+1")?;
/// assert_eq!((id.as_str(), &*id.decode()), ("order+2B1", "order+1"));
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Xtext<'a>(Cow<'a, str>);

impl<'a> Xtext<'a> {
    /// Maximum octets of an encoded text: the room for AUTH by RFC 4954 section 5. RFC 3461 needs no more.
    pub const MAX: usize = 500;

    /// Maximum octets of a decoded ENVID (RFC 3461 section 4.4).
    pub const MAX_ENVELOPE_ID: usize = 100;

    /// Parses an encoded text (RFC 3461 section 4). It must stand for UTF-8 without control characters.
    ///
    /// ```abnf
    /// xtext   = *( xchar / hexchar )
    /// xchar   = %d33-42 / %d44-60 / %d62-126
    /// hexchar = "+" 2(%x30-39 / %x41-46)
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the text is empty, too long or malformed, or stands for a control character.
    ///
    /// ```
    /// use smtp_proto::types::Xtext;
    ///
    /// assert_eq!(Xtext::parse("a+2Bb+3Dc")?.decode(), "a+b=c");
    /// assert_eq!(Xtext::parse("a+2b").unwrap_err().position(), 1);
    /// # Ok::<_, smtp_proto::types::InvalidParameter>(())
    /// ```
    pub fn parse(encoded: &'a str) -> Result<Self, InvalidParameter> {
        xtext::check_xtext(encoded)?;
        Ok(Self::trusted(encoded))
    }

    /// Encodes a text.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the text is empty or contains a control character, or the result is too long.
    pub fn encode(text: &'a str) -> Result<Self, InvalidParameter> {
        let encoded = xtext::encode(text);
        Xtext::parse(&encoded)?;
        Ok(Self(encoded))
    }

    /// Decodes the text.
    #[must_use]
    pub fn decode(&self) -> Cow<'_, str> {
        xtext::decode(&self.0)
    }

    /// Checks the rules of ENVID on the decoded text.
    pub(crate) fn into_envelope_id(self) -> Result<Self, InvalidParameter> {
        xtext::check_envelope_id(&self.0)?;
        Ok(self)
    }
}

checked_text!(Xtext);

/// The part of the message that a failure notification returns: the value of `RET` (RFC 3461 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 section 4.3 has these two")]
pub enum Ret {
    /// `FULL`: the whole message.
    Full,
    /// `HDRS`: its header section.
    Headers,
}

impl Ret {
    /// Returns the value in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

/// The events for which the sender wants a notification: the value of `NOTIFY` (RFC 3461 section 4.1).
///
/// A set: join events with `|`. `NEVER` is the empty set, so it cannot be combined with an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notify(u8);

impl Notify {
    /// `NEVER`: no notification.
    pub const NEVER: Self = Self(0);
    /// `SUCCESS`: the message was delivered.
    pub const SUCCESS: Self = Self(1);
    /// `FAILURE`: the message could not be delivered.
    pub const FAILURE: Self = Self(2);
    /// `DELAY`: the delivery is delayed.
    pub const DELAY: Self = Self(4);

    /// Returns true if the set includes every event of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the value in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            0 => "NEVER",
            1 => "SUCCESS",
            2 => "FAILURE",
            3 => "SUCCESS,FAILURE",
            4 => "DELAY",
            5 => "SUCCESS,DELAY",
            6 => "FAILURE,DELAY",
            _ => "SUCCESS,FAILURE,DELAY",
        }
    }
}

impl BitOr for Notify {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notify({self})")
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The recipient as the sender named it originally: the value of `ORCPT`, `addr-type ";" xtext` (RFC 3461 section 4.2).
///
/// With the type `utf-8`, the address may be raw UTF-8; [`address`](Self::address) keeps its `\x{...}` escapes (RFC
/// 6533 section 3).
///
/// ```
/// use smtp_proto::types::OriginalRecipient;
///
/// let original = OriginalRecipient::new("rfc822", "ann+news@example.org")?;
/// assert_eq!(original.as_str(), "rfc822;ann+2Bnews@example.org");
/// assert_eq!(original.address(), "ann+news@example.org");
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OriginalRecipient<'a>(Cow<'a, str>);

impl<'a> OriginalRecipient<'a> {
    /// Maximum octets of the value (RFC 3461 section 4.2).
    pub const MAX: usize = 500;

    /// Parses the value of ORCPT (RFC 3461 section 4.2, RFC 6533 section 3).
    ///
    /// ```abnf
    /// original-recipient-address = addr-type ";" xtext
    /// ```
    /// With the type `utf-8`, the address may contain UTF-8. With other types, xtext may stand for UTF-8: see
    /// [`needs_smtputf8`](Self::needs_smtputf8).
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is too long or malformed, or stands for a control character.
    ///
    /// ```
    /// use smtp_proto::types::OriginalRecipient;
    ///
    /// let original = OriginalRecipient::parse("rfc822;bob+2Btag@example.org")?;
    /// assert_eq!(original.address(), "bob+tag@example.org");
    /// # Ok::<_, smtp_proto::types::InvalidParameter>(())
    /// ```
    pub fn parse(value: &'a str) -> Result<Self, InvalidParameter> {
        xtext::check_original_recipient(value)?;
        Ok(Self::trusted(value))
    }

    /// Creates a value from an address type, such as `rfc822`, and an address.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the type is malformed, the address contains a control character, or the result
    /// is too long.
    pub fn new(address_type: &str, address: &str) -> Result<OriginalRecipient<'static>, InvalidParameter> {
        let encoded = if address_type.eq_ignore_ascii_case("utf-8") {
            xtext::encode_unicode(address)
        } else {
            xtext::encode(address)
        };
        let value = format!("{address_type};{encoded}");
        let original = OriginalRecipient::parse(&value)?;
        if value.is_ascii() && original.needs_smtputf8() {
            return Err(InvalidParameter::new(address, 0, ParameterFault::Value));
        }
        Ok(OriginalRecipient(Cow::Owned(value)))
    }

    /// Returns true if the recipient is valid only in a transaction with SMTPUTF8: it contains UTF-8, or xtext that
    /// stands for UTF-8.
    ///
    /// Xtext of the type `utf-8` may stand for UTF-8 in every transaction (RFC 6533 section 3). RFC 3461 section 4.2
    /// does not allow it for other types, but Postfix sends it: `rfc822;+D0+B6@b.example`.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        let address = self.encoded_address();
        !address.is_ascii()
            || (!self.address_type().eq_ignore_ascii_case("utf-8") && !xtext::stands_for_ascii(address))
    }

    /// Returns the type of the address: `rfc822`, `utf-8`, `x400` or another.
    #[must_use]
    pub fn address_type(&self) -> &str {
        self.0
            .split_once(';')
            .map_or("", |(address_type, _)| address_type)
    }

    /// Returns the decoded address.
    #[must_use]
    pub fn address(&self) -> Cow<'_, str> {
        xtext::decode(self.encoded_address())
    }

    fn encoded_address(&self) -> &str {
        self.0.split_once(';').map_or("", |(_, address)| address)
    }
}

checked_text!(OriginalRecipient);
