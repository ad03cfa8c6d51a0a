//! Preparation of names and passwords.

use alloc::borrow::Cow;

/// Why a text cannot be prepared. It does not say by what character: the text may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text has characters that SASLprep prohibits, or in an order that it does")]
#[non_exhaustive]
pub struct InvalidString;

/// Prepares a name or a password by SASLprep (RFC 4013), so that what looks the same is the same.
///
/// What is stored by a server and what comes from a client are to be prepared both before they are compared. A name
/// that is empty afterwards is none.
///
/// # Errors
/// When it holds a character that is prohibited, or was not assigned in Unicode 3.2, or mixes directions of writing.
pub fn prepare(text: &str) -> Result<Cow<'_, str>, InvalidString> {
    stringprep::saslprep(text).map_err(|_| InvalidString)
}

#[cfg(test)]
mod tests;
