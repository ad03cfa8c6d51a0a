//! Names of users inside the messages of mechanisms.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::types::Printable;

/// Most octets of a name: RFC 4616 section 2 has no client rely on more.
pub(super) const MAX_NAME: usize = 255;

/// Whether a text can be the name of a user: 1 to [`MAX_NAME`] octets, and no control characters, which SASLprep
/// prohibits (RFC 4013 section 2.3) and which would show in logs.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && Printable::allows_all(text)
}

/// Reads a name in UTF-8.
pub(super) fn name(octets: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(octets).ok()?;
    is_name(text).then(|| text.into())
}

/// Reads a name in UTF-8 that may be left out by being empty.
pub(super) fn optional_name(octets: &[u8]) -> Option<Option<String>> {
    if octets.is_empty() {
        Some(None)
    } else {
        name(octets).map(Some)
    }
}

/// Writes a name as `saslname` (RFC 5801 section 4).
pub(super) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['=', ',']) {
        name.replace('=', "=3D").replace(',', "=2C").into()
    } else {
        name.into()
    }
}

/// Reads a name that is written so:
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
