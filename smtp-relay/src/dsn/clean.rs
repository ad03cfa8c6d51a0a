//! Making texts of peers safe for a header or a body.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Write as _;

use smtp_proto::types::{OriginalRecipient, Printable};

/// The characters that a part of a report may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// ASCII. Other characters are written as `\x{HEX}` (RFC 6533 section 3).
    Ascii,
    /// All characters, in UTF-8.
    Utf8,
}

/// Returns octets of a peer as words separated by single spaces, without control characters.
///
/// The result can neither end a line nor begin a field. Octets beyond [`MAX_TEXT`] are dropped, because a line has at most
/// 998 octets (RFC 5322 section 2.1.1).
pub(super) fn clean(octets: &[u8], charset: Charset) -> String {
    let mut text = String::new();
    let mut space = false;
    for chunk in octets.utf8_chunks() {
        let malformed = (!chunk.invalid().is_empty()).then_some('?');
        for character in chunk.valid().chars().chain(malformed) {
            if character.is_whitespace() || character.is_ascii_control() {
                space = !text.is_empty();
                continue;
            }
            if text.len() >= MAX_TEXT {
                text.push_str(" ...");
                return text;
            }
            if space {
                text.push(' ');
                space = false;
            }
            push(&mut text, character, charset);
        }
    }
    text
}

fn push(text: &mut String, character: char, charset: Charset) {
    if !Printable::allows(character) {
        text.push('?');
    } else if character.is_ascii() || charset == Charset::Utf8 {
        text.push(character);
    } else {
        escape(text, character);
    }
}

/// Writes `EmbeddedUnicodeChar` of RFC 6533 section 3.
fn escape(text: &mut String, character: char) {
    let _infallible = write!(text, "\\x{{{:X}}}", u32::from(character));
}

/// Returns the address of a recipient with its type (RFC 3464 section 2.3.2, RFC 6533 section 3).
///
/// An ASCII address has the type `rfc822`. Any other address has the type `utf-8`; in a part in ASCII it has the form
/// `utf-8-addr-xtext`.
pub(super) fn typed_address(address: &str, charset: Charset) -> String {
    if address.is_ascii() {
        return alloc::format!("rfc822; {address}");
    }
    utf8_address(address, charset)
}

/// Returns an address with the type `utf-8`. In a long address, ASCII characters are not escaped, so that the line is short
/// enough.
pub(super) fn utf8_address(address: &str, charset: Charset) -> String {
    let write = |escaped: fn(char, &str) -> bool| {
        let mut text = String::from("utf-8; ");
        for (place, character) in address.char_indices() {
            let rest = address.get(place + character.len_utf8()..).unwrap_or_default();
            if escaped(character, rest) {
                escape(&mut text, character);
            } else {
                push(&mut text, character, charset);
            }
        }
        text
    };
    let text = match charset {
        Charset::Ascii => write(|character, _| matches!(character, '\\' | '+' | '=' | ' ')),
        Charset::Utf8 => write(|character, _| character == '\\'),
    };
    if text.len() <= MAX_TEXT {
        return text;
    }
    // Escape a backslash that a reader would mistake for the start of an escape.
    write(|character, rest| character == '\\' && rest.starts_with("x{"))
}

/// Returns the address of ORCPT with its type, without xtext and escapes (RFC 6533 section 3).
pub(super) fn original_address(original: &OriginalRecipient<'_>) -> (bool, String) {
    let address = original.address();
    if original.address_type().eq_ignore_ascii_case("utf-8") {
        return (true, unescape(&address).into_owned());
    }
    // Postfix sends UTF-8 as xtext with the type rfc822.
    (!address.is_ascii(), address.into_owned())
}

/// Replaces the escapes `\x{HEX}` of an address of the type `utf-8` by their characters.
pub(super) fn unescape(address: &str) -> Cow<'_, str> {
    let mut rest = address;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("\\x{") {
        let decoded = after.split_once('}').and_then(|(digits, after)| {
            let hex = digits.len() <= 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let value = u32::from_str_radix(digits, 16).ok().filter(|_| hex)?;
            let character = char::from_u32(value).filter(|character| Printable::allows(*character))?;
            Some((character, after))
        });
        plain.push_str(before);
        match decoded {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push_str("\\x{");
                rest = after;
            }
        }
    }
    if plain.is_empty() && rest.len() == address.len() {
        return Cow::Borrowed(address);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Writes a field without folding, because its spaces count. Omits the field if its line would exceed 998 octets, as a long
/// ORCPT may.
pub(super) fn whole_field(out: &mut Vec<u8>, name: &str, value: &str) {
    if name.len() + value.len() + 2 > 998 {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a field of clean words, folded between the words.
pub(super) fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b":");
    wrap(out, value, name.len() + 1, " ");
}

/// Writes words, wrapped at [`WIDTH`]; further lines begin with `indent`. `used` is the number of columns used in the first
/// line.
pub(super) fn wrap(out: &mut Vec<u8>, words: &str, mut used: usize, indent: &str) {
    let mut first = true;
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let columns = word.chars().count();
        if first || used + 1 + columns <= WIDTH {
            out.push(b' ');
            used += 1 + columns;
        } else {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(indent.as_bytes());
            used = indent.len() + columns;
        }
        out.extend_from_slice(word.as_bytes());
        first = false;
    }
    out.extend_from_slice(b"\r\n");
}

/// Maximum octets of a peer's text; one further word may exceed it.
const MAX_TEXT: usize = 800;

/// The recommended width of a line (RFC 5322 section 2.1.1).
const WIDTH: usize = 76;

#[cfg(test)]
mod tests;
