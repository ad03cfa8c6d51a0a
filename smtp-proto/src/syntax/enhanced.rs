//! Enhanced status codes (RFC 3463 section 2).

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, satisfy};
use nom::combinator::value;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::combinator::{Fault, end};
use crate::types::EnhancedCode;

/// Parses the code at the start of a reply text: [`EnhancedCode::parse`].
pub(crate) fn parse_status_code(text: &[u8]) -> Option<(EnhancedCode, &[u8])> {
    let boundary = alt((value((), char(' ')), end));
    let (rest, code) = terminated(status_code, boundary).parse_complete(text).ok()?;
    Some((code, rest))
}

/// ```abnf
/// status-code = class "." subject "." detail
/// class       = "2" / "4" / "5"
/// ```
fn status_code(input: &[u8]) -> IResult<&[u8], EnhancedCode, Fault> {
    (
        satisfy(|class| matches!(class, '2' | '4' | '5')),
        preceded(char('.'), number),
        preceded(char('.'), number),
    )
        .map_opt(|(class, subject, detail)| EnhancedCode::new(class as u8 - b'0', subject, detail))
        .parse_complete(input)
}

/// ```abnf
/// subject = 1*3DIGIT
/// detail  = 1*3DIGIT
/// ```
fn number(input: &[u8]) -> IResult<&[u8], u16, Fault> {
    take_while_m_n(1, 3, |octet: u8| octet.is_ascii_digit())
        .map(|digits: &[u8]| {
            digits
                .iter()
                .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
        })
        .parse_complete(input)
}
