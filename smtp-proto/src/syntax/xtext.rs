//! The encoding of parameter values (RFC 3461 section 4).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::class::{self, VALUE, XCHAR, is};
use crate::types::Printable;

/// Checks an encoded text, which must stand for UTF-8 without control characters.
/// ```abnf
/// xtext   = *( xchar / hexchar )
/// xchar   = %d33-42 / %d44-60 / %d62-126
/// hexchar = "+" 2(%x30-39 / %x41-46)
/// ```
pub(crate) fn is_xtext(text: &str) -> bool {
    class::all(text, XCHAR) || (text.is_ascii() && is_unitext(text))
}

/// Whether an encoded text stands for printable ASCII and spaces only.
pub(crate) fn is_printable_ascii(text: &str) -> bool {
    octets(text).all(|octet| matches!(octet, Some(b' '..=b'~')))
}

/// Checks an encoded text in which UTF-8 may also stand for itself (RFC 6533 section 3: `utf-8-addr-unitext`).
pub(crate) fn is_unitext(text: &str) -> bool {
    let mut octets = octets(text);
    let mut character = [0; 4];
    loop {
        // Collects the octets of one character: they may be spread over several escapes.
        let mut used = 0;
        loop {
            match octets.next() {
                None => return used == 0,
                Some(None) => return false,
                Some(Some(octet)) => match character.get_mut(used) {
                    None => return false,
                    Some(place) => *place = octet,
                },
            }
            used += 1;
            match str::from_utf8(character.get(..used).unwrap_or_default()) {
                Ok(one) if !Printable::allows_all(one) => return false,
                Ok(_) => break,
                Err(_) => {} // incomplete, or malformed for good: there is no place for a fifth octet
            }
        }
    }
}

/// What an encoded text stands for. The text was checked when it was taken.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let octets: Vec<u8> = octets(text).flatten().collect();
    Cow::Owned(String::from_utf8(octets).unwrap_or_default())
}

/// Encodes a text.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    if class::all(text, XCHAR) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() * 3);
    for octet in text.bytes() {
        if is(octet, XCHAR) {
            encoded.push(octet.into());
        } else {
            encoded.push('+');
            encoded.extend([octet >> 4, octet & 15].map(hex_digit));
        }
    }
    Cow::Owned(encoded)
}

/// Encodes a text for the address type `utf-8`, in which UTF-8 stands for itself.
/// ```abnf
/// utf-8-addr-unitext  = 1*(QUCHAR / EmbeddedUnicodeChar)
/// QUCHAR              = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e /
///                       UTF8-2 / UTF8-3 / UTF8-4
/// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"
/// ```
pub(crate) fn encode_unicode(text: &str) -> Cow<'_, str> {
    let stands_for_itself = |character: char| match u8::try_from(character) {
        Ok(octet) if octet.is_ascii() => is(octet, XCHAR) && octet != b'\\',
        _ => true,
    };
    if text.chars().all(stands_for_itself) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if stands_for_itself(character) || !Printable::allows(character) {
            encoded.push(character); // a control character stays, for the check to find
        } else {
            let octet = u32::from(character) as u8;
            encoded.extend(['\\', 'x', '{', hex_digit(octet >> 4), hex_digit(octet & 15), '}']);
        }
    }
    Cow::Owned(encoded)
}

/// The octets that an encoded text stands for; `None` in place of what is malformed.
pub(crate) fn octets(text: &str) -> impl Iterator<Item = Option<u8>> {
    let mut rest = text.bytes();
    core::iter::from_fn(move || {
        Some(match rest.next()? {
            b'+' => rest
                .next()
                .zip(rest.next())
                .and_then(|(high, low)| Some(hex_value(high)? * 16 + hex_value(low)?)),
            octet => is(octet, VALUE).then_some(octet),
        })
    })
}

/// The value of a digit; capitals only, as RFC 3461 wants them.
const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 {
        b'0' + value
    } else {
        b'A' + value - 10
    })
}

#[cfg(test)]
mod tests;
