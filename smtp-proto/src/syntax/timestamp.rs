//! Points in time (RFC 3339 section 5.6).

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, one_of};
use nom::combinator::{opt, value, verify};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};

use super::combinator::{Fault, digits};
use super::parameter::{fail, number, parse_value};
use crate::calendar::CalendarDate;
use crate::types::{InvalidParameter, ParameterFault, Timestamp};

/// Parses all of `text`: [`Timestamp::parse`].
pub(crate) fn parse_timestamp(text: &str) -> Result<Timestamp, InvalidParameter> {
    parse_value(text, date_time)
}

/// ```abnf
/// date-time = full-date "T" full-time   ; without time-secfrac
/// ```
pub(super) fn date_time(input: &[u8]) -> IResult<&[u8], Timestamp, Fault> {
    let (rest, (date, _, time, offset)) =
        (full_date, one_of("Tt"), partial_time, time_offset).parse_complete(input)?;
    Ok((rest, timestamp(input, date, time, offset)?))
}

/// ```abnf
/// date-time = full-date "T" partial-time [time-secfrac] time-offset
/// ```
/// Rounds a fraction up, so that the point in time is not earlier than the client's.
pub(super) fn date_time_rounded_up(input: &[u8]) -> IResult<&[u8], Timestamp, Fault> {
    let fraction = opt(preceded(char('.'), digits()));
    let (rest, (date, _, time, fraction, offset)) =
        (full_date, one_of("Tt"), partial_time, fraction, time_offset).parse_complete(input)?;
    let time = timestamp(input, date, time, offset)?;
    let is_later = fraction.is_some_and(|digits| digits.iter().any(|digit| *digit != b'0'));
    let rounded = Timestamp::from_unix_time(time.unix_time() + i64::from(is_later));
    Ok((rest, rounded.ok_or_else(|| fail(input, ParameterFault::Value))?))
}

/// ```abnf
/// full-date = date-fullyear "-" date-month "-" date-mday
/// ```
/// The days since 1970.
fn full_date(input: &[u8]) -> IResult<&[u8], i64, Fault> {
    let year = take_while_m_n(4, 4, |octet: u8| octet.is_ascii_digit());
    (year, char('-'), two_digits, char('-'), two_digits)
        .map_opt(|(year, _, month, _, day)| {
            let date = CalendarDate {
                year: i64::try_from(number(year)?).ok()?,
                month,
                day,
            };
            date.day()
        })
        .parse_complete(input)
}

/// A time of day in seconds; the last one of a minute may be a leap second.
struct TimeOfDay {
    seconds: i64,
    is_leap_second: bool,
}

/// ```abnf
/// partial-time = time-hour ":" time-minute ":" time-second
/// ```
fn partial_time(input: &[u8]) -> IResult<&[u8], TimeOfDay, Fault> {
    let second = preceded(char(':'), verify(two_digits, |second| *second <= 60));
    (hour_and_minute, second)
        .map(|(minutes, second)| TimeOfDay {
            seconds: minutes * 60 + i64::from(second),
            is_leap_second: second == 60,
        })
        .parse_complete(input)
}

/// ```abnf
/// time-offset    = "Z" / time-numoffset
/// time-numoffset = ("+" / "-") time-hour ":" time-minute
/// ```
/// The offset from UTC in seconds, positive to the east.
fn time_offset(input: &[u8]) -> IResult<&[u8], i64, Fault> {
    alt((
        value(0, one_of("Zz")),
        preceded(char('+'), hour_and_minute).map(|minutes| minutes * 60),
        preceded(char('-'), hour_and_minute).map(|minutes| -minutes * 60),
    ))
    .parse_complete(input)
}

/// `time-hour ":" time-minute` in minutes.
fn hour_and_minute(input: &[u8]) -> IResult<&[u8], i64, Fault> {
    separated_pair(
        verify(two_digits, |hour| *hour < 24),
        char(':'),
        verify(two_digits, |minute| *minute < 60),
    )
    .map(|(hour, minute)| i64::from(hour) * 60 + i64::from(minute))
    .parse_complete(input)
}

fn two_digits(input: &[u8]) -> IResult<&[u8], u8, Fault> {
    take_while_m_n(2, 2, |octet: u8| octet.is_ascii_digit())
        .map_opt(|digits| u8::try_from(number(digits)?).ok())
        .parse_complete(input)
}

/// Joins the parts. A leap second can only be the last second of a day in UTC (RFC 3339 appendix D).
fn timestamp(input: &[u8], days: i64, time: TimeOfDay, offset: i64) -> Result<Timestamp, nom::Err<Fault>> {
    let unix_time = days * 86_400 + time.seconds - offset;
    Timestamp::from_unix_time(unix_time)
        .filter(|_| !time.is_leap_second || unix_time % 86_400 == 0)
        .ok_or_else(|| fail(input, ParameterFault::Value))
}
