//! Parameters of MAIL and RCPT (RFC 5321 section 4.1.2).

use alloc::boxed::Box;
use core::iter;

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::char;
use nom::combinator::{not, opt, value};
use nom::multi::{fold_many0, many0_count};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::class::{KEYWORD, VALUE};
use super::combinator::{self, Fault, Rule, Text, blanks, end, inside, run, word};
use super::delivery::{by_value, hold_interval, hold_until, priority_value, rrvs_value};
use super::error::invalid_parameter;
use super::parameter_name::ParameterName;
pub(crate) use super::parameter_name::{is_mail_keyword, is_rcpt_keyword};
use super::solicitation::solicitation_keywords;
use super::xtext::{envelope_id, original_recipient, xtext};
use crate::types::{
    AuthIdentity, Body, Hold, InvalidParameter, MailParameters, Notify, OriginalRecipient, OtherParameters,
    Parameter, ParameterFault, Printable, RareMailParameters, RcptParameters, Ret, SolicitationKeywords,
    Xtext,
};

/// ```abnf
/// Mail-parameters = esmtp-param *(SP esmtp-param)
/// ```
/// Each parameter follows a `gap`.
#[inline(always)]
pub(super) fn mail_parameters<'a>(
    text: Text<'a>,
    gap: impl Fn(&'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault>,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], MailParameters<'a>, Fault> {
    move |input| {
        let mut found = MailParameters::default();
        let mut rare = None;
        let (rest, others) = esmtp_params(
            text,
            &gap,
            ParameterName::of_mail,
            |name, param| match name {
                ParameterName::Size => param.once(&mut found.size, size),
                ParameterName::Body => param.once(&mut found.body, body),
                ParameterName::Ret => param.once(&mut found.ret, ret),
                ParameterName::EnvelopeId => param.once(
                    &mut found.envelope_id,
                    envelope_id.map(|id| Xtext::trusted(text.slice(id))),
                ),
                ParameterName::SmtpUtf8 => param.flag(&mut found.smtputf8),
                ParameterName::RequireTls => param.flag(&mut found.require_tls),
                ParameterName::Prdr => param.flag(&mut found.prdr),
                _ => Ok(()),
            },
            |param| rare_parameter(text, param, &mut rare),
        )(input)?;
        found.rare = rare;
        found.others = others;
        Ok((rest, found))
    }
}

/// Sets a parameter that few clients send. Returns its name, or `Other` if it has no type.
#[cold]
fn rare_parameter<'a>(
    text: Text<'a>,
    param: &Param<'a>,
    found: &mut Option<Box<RareMailParameters<'a>>>,
) -> Result<ParameterName, nom::Err<Fault>> {
    let name = ParameterName::of_rare_mail(param.keyword);
    let judged = param.judge().map_err(|error| name_fault(error, name));
    if name == ParameterName::Other {
        return judged.map(|()| name);
    }
    judged?;
    let found = found.get_or_insert_default();
    let set = match name {
        ParameterName::Auth => param.once(
            &mut found.auth,
            xtext.map(|identity| AuthIdentity::trusted(text.slice(identity))),
        ),
        ParameterName::HoldFor => param.once(&mut found.hold, hold_interval.map(Hold::For)),
        ParameterName::HoldUntil => param.once(&mut found.hold, hold_until),
        ParameterName::DeliverBy => param.once(&mut found.deliver_by, by_value),
        ParameterName::Priority => param.once(&mut found.priority, priority_value),
        _ => param.once(
            &mut found.solicitation,
            solicitation_keywords.map(|words| SolicitationKeywords::trusted(text.slice(words))),
        ),
    };
    set.map(|()| name).map_err(|error| name_fault(error, name))
}

/// Checks a parameter without a type.
#[cold]
fn other_parameter(param: &Param<'_>) -> Result<ParameterName, nom::Err<Fault>> {
    let name = ParameterName::Other;
    let judged = param.judge().map_err(|error| name_fault(error, name));
    judged.map(|()| name)
}

/// ```abnf
/// Rcpt-parameters = esmtp-param *(SP esmtp-param)
/// ```
/// Each parameter follows a `gap`.
#[inline(always)]
pub(super) fn rcpt_parameters<'a>(
    text: Text<'a>,
    gap: impl Fn(&'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault>,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], RcptParameters<'a>, Fault> {
    move |input| {
        let mut found = RcptParameters::default();
        let (rest, others) = esmtp_params(
            text,
            &gap,
            ParameterName::of_rcpt,
            |name, param| match name {
                ParameterName::Notify => param.once(&mut found.notify, notify),
                ParameterName::OriginalRecipient => param.once(
                    &mut found.original_recipient,
                    original_recipient.map(|original| OriginalRecipient::trusted(text.slice(original))),
                ),
                ParameterName::Rrvs => param.once(&mut found.rrvs, rrvs_value.map(Box::new)),
                _ => Ok(()),
            },
            other_parameter,
        )(input)?;
        found.others = others;
        Ok((rest, found))
    }
}

/// Iterates over parameters, each after a `gap`. Passes those that `find` knows to `take`, and all others to
/// `take_rare`, which returns `Other` for a parameter without a type. Returns the slice with the latter.
#[inline(always)]
fn esmtp_params<'a>(
    text: Text<'a>,
    gap: &impl Fn(&'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault>,
    find: impl Fn(&[u8]) -> ParameterName,
    mut take: impl FnMut(ParameterName, &Param<'a>) -> Result<(), nom::Err<Fault>>,
    mut take_rare: impl FnMut(&Param<'a>) -> Result<ParameterName, nom::Err<Fault>>,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], OtherParameters<'a>, Fault> {
    move |input| {
        let mut others: Option<(usize, usize)> = None;
        let one = |input: &'a [u8]| {
            let (rest, param) = esmtp_param(input)?;
            let name = find(param.keyword);
            if name != ParameterName::Other {
                param
                    .judge()
                    .and_then(|()| take(name, &param))
                    .map_err(|error| name_fault(error, name))?;
            } else if take_rare(&param)? == ParameterName::Other {
                let (start, end) = (text.offset(input), text.offset(rest));
                others = Some((others.map_or(start, |(first, _)| first), end));
            }
            Ok((rest, ()))
        };
        let (rest, _) = many0_count(preceded(gap, one)).parse_complete(input)?;
        let others = others.and_then(|(start, end)| text.0.get(start..end));
        Ok((rest, OtherParameters::trusted(others.unwrap_or_default())))
    }
}

/// ```abnf
/// esmtp-param   = esmtp-keyword ["=" esmtp-value]
/// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// esmtp-value   = 1*(%d33-60 / %d62-126)
/// esmtp-value   =/ UTF8-non-ascii
/// ```
/// Either may be empty: [`Param::judge`] finds the fault.
#[inline(always)]
fn esmtp_param(input: &[u8]) -> IResult<&[u8], Param<'_>, Fault> {
    let (rest, keyword) = run(KEYWORD).parse_complete(input)?;
    let (rest, value) = opt(preceded(char('='), run(VALUE))).parse_complete(rest)?;
    let param = Param {
        input,
        keyword,
        value,
        rest,
    };
    Ok((rest, param))
}

/// A parameter: the input from its start, its parts, and the rest of the input.
struct Param<'a> {
    input: &'a [u8],
    keyword: &'a [u8],
    value: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Param<'a> {
    /// Checks the keyword, and that a value is not empty and ends with the parameter.
    #[inline(always)]
    fn judge(&self) -> Result<(), nom::Err<Fault>> {
        match (self.keyword, self.value) {
            ([] | [b'-', ..], _) => Err(fail(self.input, ParameterFault::Keyword)),
            (_, Some([])) => Err(fail(self.rest, ParameterFault::MissingValue)),
            _ if matches!(self.rest, [] | [b' ', ..]) => Ok(()),
            (_, None) => Err(fail(self.rest, ParameterFault::Keyword)),
            (_, Some(_)) => Err(fail(self.rest, ParameterFault::Value)),
        }
    }

    /// Sets a parameter that has a value and may be given once.
    #[inline(always)]
    fn once<T>(
        &self,
        slot: &mut Option<T>,
        parser: impl Parser<&'a [u8], Output = T, Error = Fault>,
    ) -> Result<(), nom::Err<Fault>> {
        if slot.is_some() {
            return Err(fail(self.input, ParameterFault::Repeated));
        }
        let Some(value) = self.value else {
            return Err(fail(self.rest, ParameterFault::MissingValue));
        };
        *slot = Some(inside(value, self.rest, parser)?);
        Ok(())
    }

    /// Sets a parameter that has no value and may be given once.
    fn flag(&self, slot: &mut bool) -> Result<(), nom::Err<Fault>> {
        match self.value {
            Some(value) => {
                let left = value.len() + self.rest.len();
                let start = self.input.len().saturating_sub(left);
                let input = self.input.get(start..).unwrap_or_default();
                Err(fail(input, ParameterFault::UnwantedValue))
            }
            None if *slot => Err(fail(self.input, ParameterFault::Repeated)),
            None => {
                *slot = true;
                Ok(())
            }
        }
    }
}

/// Fails at the start of `input`. [`name_fault`] adds the name of the parameter.
pub(super) const fn fail(input: &[u8], fault: ParameterFault) -> nom::Err<Fault> {
    Fault::at(input, Rule::Parameter(ParameterName::Other, fault))
}

/// Adds the name of the parameter to a fault, and ends the search for more parameters.
#[cold]
fn name_fault(error: nom::Err<Fault>, name: ParameterName) -> nom::Err<Fault> {
    let Fault { rule, left } = combinator::fault(error);
    let fault = match rule {
        Rule::Parameter(_, fault) => fault,
        _ => ParameterFault::Value,
    };
    nom::Err::Failure(Fault {
        rule: Rule::Parameter(name, fault),
        left,
    })
}

/// ```abnf
/// size-value = 1*20DIGIT   ; RFC 1870
/// ```
/// A value above `u64::MAX` saturates, because it is well-formed.
fn size(input: &[u8]) -> IResult<&[u8], u64, Fault> {
    take_while_m_n(1, 20, |octet: u8| octet.is_ascii_digit())
        .map(|digits| number(digits).unwrap_or(u64::MAX))
        .parse_complete(input)
}

/// ```abnf
/// body-value = "7BIT" / "8BITMIME" / "BINARYMIME"   ; RFC 6152, RFC 3030
/// ```
fn body(input: &[u8]) -> IResult<&[u8], Body, Fault> {
    alt((
        value(Body::EightBitMime, word(b"8BITMIME")),
        value(Body::SevenBit, word(b"7BIT")),
        value(Body::BinaryMime, word(b"BINARYMIME")),
    ))
    .parse_complete(input)
}

/// ```abnf
/// ret-value = "FULL" / "HDRS"   ; RFC 3461
/// ```
fn ret(input: &[u8]) -> IResult<&[u8], Ret, Fault> {
    alt((
        value(Ret::Full, word(b"FULL")),
        value(Ret::Headers, word(b"HDRS")),
    ))
    .parse_complete(input)
}

/// ```abnf
/// notify-esmtp-value = "NEVER" / 1#notify-list-element   ; RFC 3461
/// ```
fn notify(input: &[u8]) -> IResult<&[u8], Notify, Fault> {
    let never = value(Notify::NEVER, word(b"NEVER"));
    let list = (
        notify_list_element,
        fold_many0(
            preceded(char(','), notify_list_element),
            || Notify::NEVER,
            |set, element| set | element,
        ),
    );
    alt((never, list.map(|(first, others)| first | others))).parse_complete(input)
}

/// ```abnf
/// notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
/// ```
fn notify_list_element(input: &[u8]) -> IResult<&[u8], Notify, Fault> {
    alt((
        value(Notify::SUCCESS, word(b"SUCCESS")),
        value(Notify::FAILURE, word(b"FAILURE")),
        value(Notify::DELAY, word(b"DELAY")),
    ))
    .parse_complete(input)
}

/// The value of `1*20DIGIT`; `None` if it exceeds 64 bits or has more digits.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.len() > 20 {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// Parses MAIL parameters: [`MailParameters::parse`].
pub(crate) fn parse_mail_parameters(text: &str) -> Result<MailParameters<'_>, InvalidParameter> {
    whole(text, mail_parameters(Text(text), list_gap))
}

/// Parses RCPT parameters: [`RcptParameters::parse`].
pub(crate) fn parse_rcpt_parameters(text: &str) -> Result<RcptParameters<'_>, InvalidParameter> {
    whole(text, rcpt_parameters(Text(text), list_gap))
}

/// Parses a whole list of parameters.
fn whole<'a, O>(
    text: &'a str,
    parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
) -> Result<O, InvalidParameter> {
    if let Some(at) = Printable::find_forbidden(text) {
        return Err(InvalidParameter::new(text, at, ParameterFault::Value));
    }
    match terminated(parser, (blanks, end)).parse_complete(text.as_bytes()) {
        Ok((_, parameters)) => Ok(parameters),
        Err(error) => Err(invalid_parameter(text, error)),
    }
}

/// Parses a value that stands alone.
pub(crate) fn parse_value<'a, O>(
    value: &'a str,
    parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
) -> Result<O, InvalidParameter> {
    match terminated(parser, end).parse_complete(value.as_bytes()) {
        Ok((_, parsed)) => Ok(parsed),
        Err(error) => Err(invalid_parameter(value, error)),
    }
}

/// Parses the blanks before a parameter, in a list that stands alone.
fn list_gap(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    terminated(blanks, not(end)).parse_complete(input)
}

/// Checks a parameter of the application against the same grammar.
pub(crate) fn check(keyword: &str, value: Option<&str>) -> Result<(), InvalidParameter> {
    let is_keyword = terminated(run(KEYWORD), end)
        .parse_complete(keyword.as_bytes())
        .is_ok();
    if !is_keyword || matches!(keyword.as_bytes(), [] | [b'-', ..]) {
        return Err(InvalidParameter::new(keyword, 0, ParameterFault::Keyword));
    }
    let Some(value) = value else { return Ok(()) };
    let is_value = terminated(run(VALUE), end)
        .parse_complete(value.as_bytes())
        .is_ok();
    if value.is_empty() {
        Err(InvalidParameter::new(value, 0, ParameterFault::MissingValue))
    } else if !is_value || !Printable::allows_all(value) {
        Err(InvalidParameter::new(value, 0, ParameterFault::Value))
    } else {
        Ok(())
    }
}

/// Iterates over parameters that were checked.
#[inline]
pub(crate) fn split(parameters: &str) -> impl Iterator<Item = Parameter<'_>> {
    let mut rest = parameters;
    iter::from_fn(move || {
        if rest.is_empty() {
            return None; // the usual case
        }
        take_checked(&mut rest)
    })
}

/// Takes the first of parameters that were checked.
// Not inlined: a command or an envelope rarely has such parameters.
#[inline(never)]
fn take_checked<'p>(rest: &mut &'p str) -> Option<Parameter<'p>> {
    let text = Text(rest);
    let (behind, param) = preceded(blanks, esmtp_param).parse_complete(text.octets()).ok()?;
    let value = param.value.map(|value| text.slice(value));
    *rest = text.slice(behind);
    (!param.keyword.is_empty()).then(|| Parameter::trusted(text.slice(param.keyword), value))
}

#[cfg(test)]
mod tests;
