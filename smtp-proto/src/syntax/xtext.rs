//! The encoding of parameter values (RFC 3461 section 4, RFC 6533 section 3).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::char;
use nom::combinator::{recognize, verify};
use nom::multi::many0_count;
use nom::sequence::{preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::class::{self, KEYWORD, VALUE, XCHAR, is};
use super::combinator::{Fault, end, inside, run, run1};
use super::error::invalid_parameter;
use super::parameter::fail;
use crate::types::{InvalidParameter, OriginalRecipient, ParameterFault, Printable, Xtext};

/// A text in ASCII that stands for UTF-8 without control characters.
///
/// ```abnf
/// xtext = *( xchar / hexchar )
/// xchar = %d33-42 / %d44-60 / %d62-126
/// ```
pub(super) fn xtext(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let (rest, plain) = run(XCHAR).parse_complete(input)?;
    if rest.is_empty() && plain.len() <= Xtext::MAX {
        return Ok((rest, plain)); // as most are
    }
    let (rest, encoded) = recognize(many0_count(character)).parse_complete(input)?;
    match encoded.iter().position(|octet| !octet.is_ascii()) {
        Some(at) => Err(fail(input.get(at..).unwrap_or_default(), ParameterFault::Value)),
        None if encoded.len() > Xtext::MAX => Err(fail(input, ParameterFault::Long)),
        None => Ok((rest, encoded)),
    }
}

/// A text in which UTF-8 may also stand for itself (RFC 6533 section 3).
///
/// ```abnf
/// utf-8-addr-unitext = 1*(QUCHAR / EmbeddedUnicodeChar)
/// ```
/// `EmbeddedUnicodeChar` is not decoded.
fn unitext(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    recognize(many0_count(character)).parse_complete(input)
}

/// One character, except a control character. Its octets may be in several escapes.
fn character(input: &[u8]) -> IResult<&[u8], (), Fault> {
    let mut octets = [0; 4];
    let mut rest = input;
    for used in 1..=octets.len() {
        let (behind, octet) = encoded_octet(rest)?;
        rest = behind;
        if let Some(place) = octets.get_mut(used - 1) {
            *place = octet;
        }
        match str::from_utf8(octets.get(..used).unwrap_or_default()) {
            Ok(text) if !Printable::allows_all(text) => break,
            Ok(_) => return Ok((rest, ())),
            Err(_) => {} // the character may go on
        }
    }
    Err(fail(input, ParameterFault::Value))
}

/// The octet that an `xchar` or a `hexchar` stands for.
fn encoded_octet(input: &[u8]) -> IResult<&[u8], u8, Fault> {
    match input.split_first() {
        Some((b'+', _)) => hexchar(input),
        Some((octet, rest)) if is(*octet, VALUE) => Ok((rest, *octet)),
        _ => Err(fail(input, ParameterFault::Value)),
    }
}

/// ```abnf
/// hexchar = "+" 2(%x30-39 / %x41-46)
/// ```
fn hexchar(input: &[u8]) -> IResult<&[u8], u8, Fault> {
    let capital_hex = |octet: u8| octet.is_ascii_digit() || matches!(octet, b'A'..=b'F');
    preceded(char('+'), take_while_m_n(2, 2, capital_hex))
        .map_opt(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())
        .parse_complete(input)
}

/// ```abnf
/// envid-parameter = "ENVID=" xtext   ; printable ASCII, at most 100 characters
/// ```
pub(super) fn envelope_id(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let (rest, encoded) = xtext(input)?;
    let (_, length) = many0_count(encoded_octet).parse_complete(encoded)?;
    if length > Xtext::MAX_ENVELOPE_ID {
        return Err(fail(input, ParameterFault::Long));
    }
    let printable = verify(encoded_octet, |octet| matches!(octet, b' '..=b'~'));
    inside(encoded, rest, many0_count(printable))?;
    Ok((rest, encoded))
}

/// ```abnf
/// original-recipient-address = addr-type ";" xtext
/// addr-type                  = atom
/// ```
/// For `utf-8` the address is `utf-8-addr-unitext` (RFC 6533 section 3). Other addresses may stand for UTF-8, too,
/// because Postfix sends them: see [`OriginalRecipient::needs_smtputf8`].
pub(super) fn original_recipient(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    if input.len() > OriginalRecipient::MAX {
        return Err(fail(input, ParameterFault::Long));
    }
    let utf8 = separated_pair(verify(run1(KEYWORD), is_utf8), char(';'), unitext);
    let other = separated_pair(
        verify(run1(KEYWORD), |kind: &[u8]| !is_utf8(kind)),
        char(';'),
        xtext,
    );
    recognize(alt((utf8, other))).parse_complete(input)
}

/// Returns true for the address type whose addresses may be UTF-8.
fn is_utf8(address_type: &[u8]) -> bool {
    address_type.eq_ignore_ascii_case(b"utf-8")
}

/// Checks an encoded text: [`Xtext::parse`].
pub(crate) fn check_xtext(text: &str) -> Result<(), InvalidParameter> {
    if text.is_empty() {
        return Err(InvalidParameter::new(text, 0, ParameterFault::MissingValue));
    }
    whole(text, xtext)
}

/// Checks an encoded text as an envelope identifier.
pub(crate) fn check_envelope_id(text: &str) -> Result<(), InvalidParameter> {
    whole(text, envelope_id)
}

/// Checks an original recipient: [`OriginalRecipient::parse`].
pub(crate) fn check_original_recipient(text: &str) -> Result<(), InvalidParameter> {
    whole(text, original_recipient)
}

/// Parses all of `text`.
fn whole<'a>(
    text: &'a str,
    parser: impl Parser<&'a [u8], Output = &'a [u8], Error = Fault>,
) -> Result<(), InvalidParameter> {
    match terminated(parser, end).parse_complete(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid_parameter(text, error)),
    }
}

/// Returns true if an encoded text stands for ASCII.
pub(crate) fn stands_for_ascii(text: &str) -> bool {
    octets(text).all(|octet| octet.is_ascii())
}

/// Decodes a text, which was checked before.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let octets: Vec<u8> = octets(text).collect();
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

/// The octets that an encoded text stands for, up to the first fault.
fn octets(text: &str) -> impl Iterator<Item = u8> {
    let mut rest = text.as_bytes();
    core::iter::from_fn(move || {
        let (behind, octet) = encoded_octet(rest).ok()?;
        rest = behind;
        Some(octet)
    })
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
