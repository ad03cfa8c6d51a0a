//! Base64 encoding of challenges and responses (RFC 4954 section 4, RFC 4648 section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Secret;
use crate::output::Sink;
use crate::types::Auth;

/// Octets encoded at once: a multiple of three, so that only the last piece is padded.
const PIECE: usize = 48;

/// Maximum octets of a challenge or response before encoding: three quarters of [`Auth::MAX_INITIAL`].
pub(crate) const MAX_DECODED: usize = Auth::MAX_INITIAL / 4 * 3;

/// Length in base64 of `octets` octets.
pub(crate) const fn length(octets: usize) -> usize {
    octets.div_ceil(3).saturating_mul(4)
}

/// Writes `octets` in base64, with padding.
pub(crate) fn encode(octets: &[u8], sink: &mut impl Sink) {
    let mut buffer = Zeroizing::new([0; PIECE / 3 * 4]);
    for piece in octets.chunks(PIECE) {
        let written = STANDARD
            .encode_slice(piece, buffer.as_mut_slice())
            .unwrap_or_default();
        sink.put(buffer.get(..written).unwrap_or_default());
    }
}

/// Decodes base64 strictly. Returns `None` for other characters, missing or extra padding, nonzero trailing bits, or
/// more than 16,384 octets of text.
pub(crate) fn decode(text: &[u8]) -> Option<Secret> {
    if text.len() > Auth::MAX_INITIAL {
        return None;
    }
    let mut decoded = Secret::with_capacity(text.len() / 4 * 3 + 3);
    let buffer = decoded.buffer();
    buffer.resize(text.len() / 4 * 3 + 3, 0);
    let written = STANDARD.decode_slice(text, buffer).ok()?;
    buffer.truncate(written);
    Some(decoded)
}

#[cfg(test)]
mod tests;
