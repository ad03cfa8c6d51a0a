//! User names inside the messages of mechanisms.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::types::Printable;

/// Maximum octets of a name. RFC 4616 section 2 requires servers to accept no more.
pub(super) const MAX_NAME: usize = 255;

/// Returns true for a valid user name: 1 to [`MAX_NAME`] octets without control characters, which SASLprep prohibits
/// (RFC 4013 section 2.3) and which could forge log lines.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && Printable::allows_all(text)
}

/// Parses a name in UTF-8.
pub(super) fn name(octets: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(octets).ok()?;
    is_name(text).then(|| text.into())
}

/// Parses a name in UTF-8. Empty input means that there is no name.
pub(super) fn optional_name(octets: &[u8]) -> Option<Option<String>> {
    if octets.is_empty() {
        Some(None)
    } else {
        name(octets).map(Some)
    }
}

/// Encodes a name as `saslname` (RFC 5801 section 4).
pub(super) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['=', ',']) {
        name.replace('=', "=3D").replace(',', "=2C").into()
    } else {
        name.into()
    }
}

/// Decodes a name:
///
/// ```text
/// saslname       = 1*(UTF8-char-safe / "=2C" / "=3D")     ; any but NUL "=" ","
/// ```
pub(super) fn unescape(octets: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(octets).ok()?;
    let mut parts = text.split('=');
    let mut name = String::from(parts.next()?);
    for part in parts {
        if let Some(rest) = part.strip_prefix("2C") {
            name.push(',');
            name.push_str(rest);
        } else {
            name.push('=');
            name.push_str(part.strip_prefix("3D")?);
        }
    }
    (!text.contains(',') && is_name(&name)).then_some(name)
}

#[cfg(test)]
mod tests;
