//! Enhanced status codes (RFC 3463; in SMTP, RFC 2034).

use core::{fmt, str::FromStr};

use thiserror::Error;

use super::Code;
use crate::syntax::enhanced;

/// An enhanced status code such as 5.1.1 (RFC 3463 section 2).
///
/// The class is 2, 4 or 5; subject and detail are at most 999. They need not be registered.
///
/// ```
/// use smtp_proto::types::{Code, EnhancedCode};
///
/// let enhanced: EnhancedCode = "5.1.1".parse()?;
/// assert_eq!((enhanced.class(), enhanced.subject(), enhanced.detail()), (5, 1, 1));
/// assert!(enhanced.fits(Code::UNAVAILABLE) && !enhanced.fits(Code::OK));
/// # Ok::<(), smtp_proto::types::InvalidEnhancedCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

/// Error for a text that is not an enhanced status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
#[error("invalid enhanced status code: expected class.subject.detail with class 2, 4 or 5")]
pub struct InvalidEnhancedCode;

impl EnhancedCode {
    /// Maximum octets of an enhanced code: `5.999.999`.
    pub const MAX_LEN: usize = 9;

    /// 4.0.0: other undefined status, transient.
    pub(crate) const TRANSIENT: Self = Self {
        class: 4,
        subject: 0,
        detail: 0,
    };

    /// 5.0.0: other undefined status, permanent.
    pub(crate) const PERMANENT: Self = Self {
        class: 5,
        subject: 0,
        detail: 0,
    };

    /// Creates the code `class.subject.detail`. Returns `None` if a part is out of range.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999 {
            Some(Self {
                class,
                subject,
                detail,
            })
        } else {
            None
        }
    }

    /// Parses the code at the start of a reply text. Returns the code, and the text after the code and one space.
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail   ; RFC 3463 section 2
    /// class       = "2" / "4" / "5"
    /// subject     = 1*3DIGIT
    /// detail      = 1*3DIGIT
    /// ```
    ///
    /// A space or the end must follow. Leading zeros are accepted, although RFC 3463 section 2 forbids sending them.
    /// Returns `None` if the text begins with no code.
    ///
    /// ```
    /// use smtp_proto::types::EnhancedCode;
    ///
    /// let (code, text) = EnhancedCode::parse(b"5.1.1 no such user").unwrap();
    /// assert_eq!((code.to_string(), text), ("5.1.1".into(), b"no such user".as_slice()));
    /// ```
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        enhanced::parse_status_code(text)
    }

    /// Returns the class: 2, 4 or 5.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// Returns the subject: 0 to 999.
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// Returns the detail: 0 to 999.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// Returns true if the class is the first digit of `code`, as RFC 2034 section 4 requires of a reply.
    #[must_use]
    pub const fn fits(self, code: Code) -> bool {
        self.class as u16 == code.get() / 100
    }

    /// Writes the code into `buffer` and returns the octets written.
    pub fn encode(self, buffer: &mut [u8; Self::MAX_LEN]) -> &[u8] {
        let mut used = 0;
        let mut put = |octet| {
            if let Some(slot) = buffer.get_mut(used) {
                *slot = octet;
                used += 1;
            }
        };
        put(b'0' + self.class);
        for part in [self.subject, self.detail] {
            put(b'.');
            if part >= 100 {
                put(b'0' + (part / 100) as u8);
            }
            if part >= 10 {
                put(b'0' + (part / 10 % 10) as u8);
            }
            put(b'0' + (part % 10) as u8);
        }
        buffer.get(..used).unwrap_or_default()
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Debug for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EnhancedCode {
    type Err = InvalidEnhancedCode;

    /// Parses a code with nothing after it.
    fn from_str(text: &str) -> Result<Self, InvalidEnhancedCode> {
        match Self::parse(text.as_bytes()) {
            Some((enhanced, [])) if !text.ends_with(' ') => Ok(enhanced),
            _ => Err(InvalidEnhancedCode),
        }
    }
}

impl TryFrom<&str> for EnhancedCode {
    type Error = InvalidEnhancedCode;

    fn try_from(text: &str) -> Result<Self, InvalidEnhancedCode> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
