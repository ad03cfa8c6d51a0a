//! Preparation of names and passwords with SASLprep.

use alloc::borrow::Cow;

/// Error for a text that SASLprep prohibits. It does not name the character, because the text may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text contains characters, or an order of characters, that SASLprep prohibits")]
#[non_exhaustive]
pub struct InvalidString;

/// Prepares a name or a password with SASLprep (RFC 4013), so that texts that look the same compare equal.
///
/// Prepare both the value stored by the server and the value from the client before comparing them. A name that is
/// empty after preparation is invalid.
///
/// # Errors
/// Returns an error if the text contains a prohibited character or one that is unassigned in Unicode 3.2, or mixes
/// writing directions.
pub fn prepare(text: &str) -> Result<Cow<'_, str>, InvalidString> {
    stringprep::saslprep(text).map_err(|_| InvalidString)
}

#[cfg(test)]
mod tests;
