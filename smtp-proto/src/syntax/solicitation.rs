//! Classes of solicitation (RFC 3865 section 2.2).

use nom::bytes::complete::take_while;
use nom::character::complete::{char, satisfy};
use nom::combinator::recognize;
use nom::multi::many0_count;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::class::{self, KEYWORD};
use super::combinator::Fault;
use super::parameter::{fail, parse_value};
use crate::types::{InvalidParameter, ParameterFault, SolicitationKeywords};

/// Checks all of `text`: [`SolicitationKeywords::parse`].
pub(crate) fn check(text: &str) -> Result<(), InvalidParameter> {
    parse_value(text, solicitation_keywords).map(|_| ())
}

/// ```abnf
/// Solicitation-keywords = word 0*("," word)
/// ```
pub(super) fn solicitation_keywords(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let (rest, keywords) = recognize((word, many0_count(preceded(char(','), word)))).parse_complete(input)?;
    if keywords.len() > SolicitationKeywords::MAX {
        return Err(fail(input, ParameterFault::Long));
    }
    Ok((rest, keywords))
}

/// ```abnf
/// word = ALPHA 0*("." / "-" / "_" / ":" / ALPHA / DIGIT)
/// ```
fn word(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let first = satisfy(|character| character.is_ascii_alphabetic());
    let others = take_while(|octet| matches!(octet, b'.' | b'_' | b':') || class::is(octet, KEYWORD));
    recognize((first, others)).parse_complete(input)
}
