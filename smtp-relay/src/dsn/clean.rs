//! Texts of peers, made safe for a header or a body.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Write as _;

use smtp_proto::types::{OriginalRecipient, Printable};

/// The characters of a part of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// Others are written as `\x{HEX}` (RFC 6533 section 3).
    Ascii,
    /// All.
    Utf8,
}

/// Returns octets of a peer as words with single spaces between them, without control characters.
///
/// Nothing in the result can end a line or begin a field. Octets beyond [`MAX_TEXT`] are dropped, because a person needs no more and
/// a line must stay below 998 octets (RFC 5322 section 2.1.1).
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

/// The address of a recipient with its type (RFC 3464 section 2.3.2, RFC 6533 section 3).
///
/// An address in ASCII has the type `rfc822`. Another one has the type `utf-8`, and in ASCII the form `utf-8-addr-xtext`.
pub(super) fn typed_address(address: &str, charset: Charset) -> String {
    if address.is_ascii() {
        return alloc::format!("rfc822; {address}");
    }
    utf8_address(address, charset)
}

/// An address with the type `utf-8`. A long one keeps its ASCII as it is, so that its line is short enough.
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
    // What looks like an escape is not to be taken for one.
    write(|character, rest| character == '\\' && rest.starts_with("x{"))
}

/// The address of ORCPT, with its type, decoded: no xtext, no escapes (RFC 6533 section 3).
pub(super) fn original_address(original: &OriginalRecipient<'_>) -> (bool, String) {
    let address = original.address();
    if original.address_type().eq_ignore_ascii_case("utf-8") {
        return (true, unescape(&address).into_owned());
    }
    // Postfix sends xtext that stands for UTF-8 with the type rfc822.
    (!address.is_ascii(), address.into_owned())
}

/// Replaces the escapes `\x{HEX}` of an address of the type `utf-8`. Anything else stays.
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

/// Writes a field as it is, because its spaces count. Omits it if the line would be longer than 998 octets: so may be the
/// escapes of ORCPT.
pub(super) fn whole_field(out: &mut Vec<u8>, name: &str, value: &str) {
    if name.len() + value.len() + 2 > 998 {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a field of clean words, folded between them.
pub(super) fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b":");
    wrap(out, value, name.len() + 1, " ");
}

/// Writes words, each after a space or in a line of its own after `indent`. `used` columns of the first line are used.
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

/// Maximum octets of a text of a peer, in front of one more word.
const MAX_TEXT: usize = 800;

/// The recommended width of a line (RFC 5322 section 2.1.1).
const WIDTH: usize = 76;

#[cfg(test)]
mod tests;
