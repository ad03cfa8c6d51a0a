//! Enhanced status codes (RFC 3463; in SMTP, RFC 2034).

use core::fmt;

use super::Code;
use crate::syntax::enhanced;

/// An enhanced status code such as 5.1.1 (RFC 3463 section 2).
///
/// The class is 2, 4 or 5; subject and detail are at most 999. Unknown subjects and details are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    /// The most octets that an enhanced code takes: `5.999.999`.
    pub const MAX_LEN: usize = 9;

    /// Builds `class.subject.detail`, or nothing when a part is out of bounds.
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

    /// Reads the code at the front of a reply text; gives it with the text behind it and one space.
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail   ; RFC 3463 section 2
    /// class       = "2" / "4" / "5"
    /// subject     = 1*3DIGIT
    /// detail      = 1*3DIGIT
    /// ```
    /// A space or the end must follow. Accepts leading zeros, although they are never written.
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

    /// The class: 2, 4 or 5.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// The subject: 0 to 999.
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The detail: 0 to 999.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// Whether the class is the first digit of `code`, as RFC 2034 section 4 demands of a reply.
    #[must_use]
    pub const fn fits(self, code: Code) -> bool {
        self.class as u16 == code.get() / 100
    }

    /// Writes the code into `buffer` and gives the octets used.
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

#[cfg(test)]
mod tests;
