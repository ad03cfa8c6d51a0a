//! The attributes of XCLIENT and XFORWARD, which Postfix defines.

use alloc::string::String;

use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::recognize;
use nom::multi::many0_count;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::combinator::{Fault, Rule, Text, blanks1, end, or};
use super::xtext::{decode, xtext};
use crate::types::{
    ArgumentFault, ClientAttribute, ClientAttributes, ClientInfo, InvalidArgument, Printable, unprefixed,
};

/// ```abnf
/// xclient  = "XCLIENT" 1*( SP attribute )
/// xforward = "XFORWARD" 1*( SP attribute )
/// ```
/// Accepts only attributes of this set.
pub(super) fn attributes<'a>(
    text: Text<'a>,
    allowed: ClientAttributes,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], ClientInfo<'a>, Fault> {
    move |input| {
        let attribute = |input| attribute(text, allowed, input);
        let all = recognize((attribute, many0_count(preceded(blanks1, attribute))));
        let ended = or(end, Rule::Argument(ArgumentFault::Attribute));
        if input.is_empty() {
            return Err(Fault::at(input, Rule::Argument(ArgumentFault::Empty)));
        }
        terminated(all, ended)
            .map(|octets| ClientInfo::trusted(text.slice(octets)))
            .parse_complete(input)
    }
}

/// ```abnf
/// attribute = attribute-name "=" xtext    ; not empty
/// ```
fn attribute<'a>(text: Text<'a>, allowed: ClientAttributes, input: &'a [u8]) -> IResult<&'a [u8], (), Fault> {
    let name = terminated(take_while1(|octet: u8| octet.is_ascii_alphabetic()), char('='));
    let (rest, (name, value)) = or((name, xtext), Rule::Argument(ArgumentFault::Attribute))(input)?;
    let fits = ClientAttribute::find(name).is_some_and(|attribute| {
        allowed.contains(attribute) && fits(attribute, allowed, &decode(text.slice(value)))
    });
    if fits {
        Ok((rest, ()))
    } else {
        Err(Fault::at(input, Rule::Argument(ArgumentFault::Attribute)))
    }
}

/// Returns true if an attribute of one of the two commands may have this decoded value.
fn fits(attribute: ClientAttribute, command: ClientAttributes, value: &str) -> bool {
    // XFORWARD may name any protocol.
    let is_strict = command == ClientAttributes::XCLIENT;
    match attribute {
        _ if !may_be(attribute, value) => false,
        ClientAttribute::Proto if is_strict && !is_unavailable(value) => {
            value.eq_ignore_ascii_case("SMTP") || value.eq_ignore_ascii_case("ESMTP")
        }
        ClientAttribute::Name if !is_strict => !is_temporarily_unavailable(value),
        _ => true,
    }
}

/// Returns true if an attribute may have this decoded value.
fn may_be(attribute: ClientAttribute, value: &str) -> bool {
    if value.is_empty() || value.len() > ClientInfo::MAX_VALUE || !Printable::allows_all(value) {
        return false;
    }
    if is_unavailable(value) {
        return true;
    }
    match attribute {
        ClientAttribute::Name => is_host_name(value) || is_temporarily_unavailable(value),
        ClientAttribute::Addr | ClientAttribute::DestAddr => unprefixed(value).is_some(),
        ClientAttribute::Port | ClientAttribute::DestPort => {
            value.len() <= 5
                && value.bytes().all(|octet| octet.is_ascii_digit())
                && value.parse::<u16>().is_ok()
        }
        ClientAttribute::Proto => value.len() <= 64,
        ClientAttribute::Source => {
            value.eq_ignore_ascii_case("LOCAL") || value.eq_ignore_ascii_case("REMOTE")
        }
        ClientAttribute::Helo | ClientAttribute::Login | ClientAttribute::Ident => true,
    }
}

/// Returns true for a host name. Names in the DNS may contain characters, such as underscores, that a `Domain` may not.
fn is_host_name(value: &str) -> bool {
    let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    value.bytes().all(is_letter) && !value.starts_with('.') && !value.contains("..")
}

/// Checks a value, which is not encoded.
pub(crate) fn check(attribute: ClientAttribute, value: &str) -> Result<(), InvalidArgument> {
    let encoded = super::xtext::encode(value);
    if may_be(attribute, value) && super::xtext::check_xtext(&encoded).is_ok() {
        Ok(())
    } else {
        Err(InvalidArgument::new(value, 0, ArgumentFault::Attribute))
    }
}

/// The attributes that fit a command, as text; `None` if there is none.
pub(crate) fn fitting(info: &ClientInfo<'_>, command: ClientAttributes) -> Option<String> {
    let mut text = String::new();
    for (attribute, encoded) in info.encoded() {
        if command.contains(attribute) && fits(attribute, command, &decode(encoded)) {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(attribute.as_str());
            text.push('=');
            text.push_str(encoded);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Returns true for the value of an attribute that is not known.
pub(crate) fn is_unavailable(value: &str) -> bool {
    value.eq_ignore_ascii_case(UNAVAILABLE)
}

/// Returns true for the value of a name that is not known for now.
pub(crate) fn is_temporarily_unavailable(value: &str) -> bool {
    value.eq_ignore_ascii_case("[TEMPUNAVAIL]")
}

pub(crate) const UNAVAILABLE: &str = "[UNAVAILABLE]";
