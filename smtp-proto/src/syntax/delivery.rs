//! Values of parameters about the delivery of a message.

use core::num::NonZeroU32;

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{opt, peek, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::combinator::{Fault, word};
use super::parameter::number;
use super::timestamp::{date_time, date_time_rounded_up};
use crate::types::{ByMode, DeliverBy, Hold, HoldInterval, NoSupportAction, Priority, Rrvs};

/// ```abnf
/// future-release-integer = %x31-39 *8DIGIT   ; RFC 4865
/// ```
pub(crate) fn hold_interval(input: &[u8]) -> IResult<&[u8], HoldInterval, Fault> {
    let first = peek(satisfy(|character| matches!(character, '1'..='9')));
    preceded(first, nine_digits)
        .map_opt(|seconds| HoldInterval::new(NonZeroU32::new(seconds)?))
        .parse_complete(input)
}

/// ```abnf
/// future-release-date-time = date-time   ; RFC 4865, with erratum 2040
/// ```
/// The RFC has it in UTC; another offset is unambiguous, and accepted. A fraction is rounded up.
pub(crate) fn hold_until(input: &[u8]) -> IResult<&[u8], Hold, Fault> {
    date_time_rounded_up.map(Hold::Until).parse_complete(input)
}

/// ```abnf
/// by-value = by-time ";" by-mode [by-trace]   ; RFC 2852
/// by-time  = ["-" / "+"] 1*9DIGIT
/// by-mode  = "N" / "R"
/// by-trace = "T"
/// ```
pub(crate) fn by_value(input: &[u8]) -> IResult<&[u8], DeliverBy, Fault> {
    let by_mode = alt((
        value(ByMode::Notify, word(b"N")),
        value(ByMode::Return, word(b"R")),
    ));
    (
        opt(one_of("-+")),
        terminated(nine_digits, char(';')),
        by_mode,
        opt(word(b"T")),
    )
        .map_opt(|(sign, seconds, mode, trace)| {
            let seconds = i32::try_from(seconds).ok()?;
            let by = DeliverBy::new(if sign == Some('-') { -seconds } else { seconds }, mode)?;
            Some(if trace.is_some() { by.with_trace() } else { by })
        })
        .parse_complete(input)
}

/// ```abnf
/// priority-value = (["-"] NZDIGIT) / "0"   ; RFC 6710
/// ```
pub(crate) fn priority_value(input: &[u8]) -> IResult<&[u8], Priority, Fault> {
    let digit = satisfy(|character| matches!(character, '1'..='9')).map(|digit| digit as i8 - b'0' as i8);
    let signed = (opt(char('-')), digit).map(|(sign, digit)| if sign.is_some() { -digit } else { digit });
    alt((value(0, char('0')), signed))
        .map_opt(Priority::new)
        .parse_complete(input)
}

/// ```abnf
/// date-time [ ";" ( "C" / "R" ) ]   ; RFC 7293
/// ```
pub(crate) fn rrvs_value(input: &[u8]) -> IResult<&[u8], Rrvs, Fault> {
    let action = alt((
        value(NoSupportAction::Continue, word(b"C")),
        value(NoSupportAction::Reject, word(b"R")),
    ));
    (date_time, opt(preceded(char(';'), action)))
        .map(|(since, action)| {
            let rrvs = Rrvs::new(since);
            action.map_or(rrvs, |action| rrvs.with_action(action))
        })
        .parse_complete(input)
}

/// `1*9DIGIT`
fn nine_digits(input: &[u8]) -> IResult<&[u8], u32, Fault> {
    take_while_m_n(1, 9, |octet: u8| octet.is_ascii_digit())
        .map_opt(|digits| u32::try_from(number(digits)?).ok())
        .parse_complete(input)
}
