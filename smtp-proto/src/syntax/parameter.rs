//! Parameters of MAIL and RCPT (RFC 5321 section 4.1.2).

use alloc::boxed::Box;
use core::iter;

use super::class::{self, KEYWORD, VALUE, is_word, span, strip, trim};
use super::xtext;
use crate::types::{
    AuthIdentity, Body, InvalidParameter, MailParameters, Notify, OriginalRecipient, OtherParameters,
    Parameter, Printable, RcptParameters, Ret, Xtext,
};

/// A parameter that cannot be accepted, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadParameter {
    pub(crate) keyword: &'static str,
    pub(crate) fault: InvalidParameter,
}

/// The MAIL parameters that have a type.
#[derive(Clone, Copy)]
enum MailKeyword {
    Size,
    Body,
    Ret,
    EnvelopeId,
    Auth,
    SmtpUtf8,
    RequireTls,
}

impl MailKeyword {
    fn find(keyword: &str) -> Option<Self> {
        Some(match keyword {
            _ if is_word(keyword, b"SIZE") => Self::Size,
            _ if is_word(keyword, b"BODY") => Self::Body,
            _ if is_word(keyword, b"RET") => Self::Ret,
            _ if is_word(keyword, b"ENVID") => Self::EnvelopeId,
            _ if is_word(keyword, b"AUTH") => Self::Auth,
            _ if is_word(keyword, b"SMTPUTF8") => Self::SmtpUtf8,
            _ if is_word(keyword, b"REQUIRETLS") => Self::RequireTls,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Size => "SIZE",
            Self::Body => "BODY",
            Self::Ret => "RET",
            Self::EnvelopeId => "ENVID",
            Self::Auth => "AUTH",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::RequireTls => "REQUIRETLS",
        }
    }
}

/// The RCPT parameters that have a type.
#[derive(Clone, Copy)]
enum RcptKeyword {
    Notify,
    OriginalRecipient,
}

impl RcptKeyword {
    fn find(keyword: &str) -> Option<Self> {
        Some(match keyword {
            _ if is_word(keyword, b"NOTIFY") => Self::Notify,
            _ if is_word(keyword, b"ORCPT") => Self::OriginalRecipient,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Notify => "NOTIFY",
            Self::OriginalRecipient => "ORCPT",
        }
    }
}

/// Whether a MAIL parameter has a type.
pub(crate) fn is_mail_keyword(keyword: &str) -> bool {
    MailKeyword::find(keyword).is_some()
}

/// Whether a RCPT parameter has a type.
pub(crate) fn is_rcpt_keyword(keyword: &str) -> bool {
    RcptKeyword::find(keyword).is_some()
}

/// ```abnf
/// Mail-parameters = esmtp-param *(SP esmtp-param)
/// size-value      = 1*20DIGIT                            ; RFC 1870
/// body-value      = "7BIT" / "8BITMIME" / "BINARYMIME"   ; RFC 6152, RFC 3030
/// ret-value       = "FULL" / "HDRS"                      ; RFC 3461
/// ```
pub(crate) fn mail_parameters(input: &str) -> Result<MailParameters<'_>, BadParameter> {
    let mut parameters = MailParameters::default();
    parameters.others = each(
        input,
        MailKeyword::find,
        MailKeyword::name,
        |keyword, value| match keyword {
            MailKeyword::Size => once(&mut parameters.size, value, size),
            MailKeyword::Body => once(&mut parameters.body, value, body),
            MailKeyword::Ret => once(&mut parameters.ret, value, ret),
            MailKeyword::EnvelopeId => once(&mut parameters.envelope_id, value, |value| {
                Xtext::parse(value)?.into_envelope_id()
            }),
            MailKeyword::Auth => once(&mut parameters.auth, value, |value| {
                AuthIdentity::parse(value).map(Box::new)
            }),
            MailKeyword::SmtpUtf8 => flag(&mut parameters.smtputf8, value),
            MailKeyword::RequireTls => flag(&mut parameters.require_tls, value),
        },
    )?;
    Ok(parameters)
}

/// ```abnf
/// Rcpt-parameters = esmtp-param *(SP esmtp-param)
/// ```
pub(crate) fn rcpt_parameters(input: &str) -> Result<RcptParameters<'_>, BadParameter> {
    let mut parameters = RcptParameters::default();
    parameters.others = each(
        input,
        RcptKeyword::find,
        RcptKeyword::name,
        |keyword, value| match keyword {
            RcptKeyword::Notify => once(&mut parameters.notify, value, notify),
            RcptKeyword::OriginalRecipient => once(
                &mut parameters.original_recipient,
                value,
                OriginalRecipient::parse,
            ),
        },
    )?;
    Ok(parameters)
}

/// Goes through parameters, which hold no control characters beyond ASCII. Gives those with a type to `take`, and
/// returns the slice in which the others are.
fn each<'i, K: Copy>(
    input: &'i str,
    find: fn(&str) -> Option<K>,
    name: fn(K) -> &'static str,
    mut take: impl FnMut(K, Option<&'i str>) -> Result<(), InvalidParameter>,
) -> Result<OtherParameters<'i>, BadParameter> {
    let mut others: Option<(usize, usize)> = None;
    let mut rest = trim(input);
    while !rest.is_empty() {
        let start = input.len() - rest.len();
        let (parameter, behind) = esmtp_param(rest);
        let keyword = find(parameter.keyword());
        let judged = match (parameter.keyword().as_bytes(), parameter.value()) {
            ([] | [b'-', ..], _) => Err(InvalidParameter::Keyword),
            (_, Some("")) => Err(InvalidParameter::MissingValue),
            _ if !matches!(behind.as_bytes(), [] | [b' ', ..]) => Err(InvalidParameter::Value),
            (_, value) => keyword.map_or(Ok(()), |keyword| take(keyword, value)),
        };
        if let Err(fault) = judged {
            return Err(BadParameter {
                keyword: keyword.map_or("parameter", name),
                fault,
            });
        }
        if keyword.is_none() {
            others = Some((
                others.map_or(start, |(first, _)| first),
                input.len() - behind.len(),
            ));
        }
        rest = trim(behind);
    }
    Ok(OtherParameters::trusted(
        others
            .and_then(|(first, end)| input.get(first..end))
            .unwrap_or_default(),
    ))
}

/// Takes a keyword and, behind `=`, a value off the input; either may turn out to be empty.
/// ```abnf
/// esmtp-param   = esmtp-keyword ["=" esmtp-value]
/// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// esmtp-value   = 1*(%d33-60 / %d62-126)
/// esmtp-value   =/ UTF8-non-ascii
/// ```
fn esmtp_param(input: &str) -> (Parameter<'_>, &str) {
    let (keyword, rest) = span(input, KEYWORD);
    match strip(rest, b'=') {
        None => (Parameter::trusted(keyword, None), rest),
        Some(rest) => {
            let (value, rest) = span(rest, VALUE);
            (Parameter::trusted(keyword, Some(value)), rest)
        }
    }
}

/// Checks a parameter of the caller's own against the same grammar.
pub(crate) fn check(keyword: &str, value: Option<&str>) -> Result<(), InvalidParameter> {
    if keyword.is_empty() || keyword.starts_with('-') || !class::all(keyword, KEYWORD) {
        return Err(InvalidParameter::Keyword);
    }
    match value {
        Some("") => Err(InvalidParameter::MissingValue),
        Some(value) if !class::all(value, VALUE) => Err(InvalidParameter::Value),
        Some(value) if !value.is_ascii() && !Printable::allows_all(value) => Err(InvalidParameter::Value),
        _ => Ok(()),
    }
}

/// Goes through parameters that were checked.
pub(crate) fn split(parameters: &str) -> impl Iterator<Item = Parameter<'_>> {
    let mut rest = parameters;
    iter::from_fn(move || {
        let (parameter, behind) = esmtp_param(trim(rest));
        rest = behind;
        (!parameter.keyword().is_empty()).then_some(parameter)
    })
}

/// A size that has no more digits than the grammar allows is none to refuse as malformed, even if 64 bits do not hold it.
fn size(value: &str) -> Result<u64, InvalidParameter> {
    let is_number = (1..=20).contains(&value.len()) && value.bytes().all(|digit| digit.is_ascii_digit());
    is_number
        .then(|| number(value).unwrap_or(u64::MAX))
        .ok_or(InvalidParameter::Value)
}

fn body(value: &str) -> Result<Body, InvalidParameter> {
    match value {
        _ if is_word(value, b"7BIT") => Ok(Body::SevenBit),
        _ if is_word(value, b"8BITMIME") => Ok(Body::EightBitMime),
        _ if is_word(value, b"BINARYMIME") => Ok(Body::BinaryMime),
        _ => Err(InvalidParameter::Value),
    }
}

fn ret(value: &str) -> Result<Ret, InvalidParameter> {
    match value {
        _ if is_word(value, b"FULL") => Ok(Ret::Full),
        _ if is_word(value, b"HDRS") => Ok(Ret::Headers),
        _ => Err(InvalidParameter::Value),
    }
}

/// ```abnf
/// notify-esmtp-value  = "NEVER" / 1#notify-list-element
/// notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
/// ```
fn notify(value: &str) -> Result<Notify, InvalidParameter> {
    if is_word(value, b"NEVER") {
        return Ok(Notify::NEVER);
    }
    value.split(',').try_fold(Notify::NEVER, |set, word| match word {
        _ if is_word(word, b"SUCCESS") => Ok(set | Notify::SUCCESS),
        _ if is_word(word, b"FAILURE") => Ok(set | Notify::FAILURE),
        _ if is_word(word, b"DELAY") => Ok(set | Notify::DELAY),
        _ => Err(InvalidParameter::Value),
    })
}

/// ```abnf
/// original-recipient-address = addr-type ";" xtext
/// addr-type = atom
/// ```
pub(crate) fn original_recipient(value: &str) -> Result<(), InvalidParameter> {
    if value.len() > OriginalRecipient::MAX {
        return Err(InvalidParameter::Long);
    }
    let (address_type, address) = value.split_once(';').ok_or(InvalidParameter::Value)?;
    let encoded = if address_type.eq_ignore_ascii_case("utf-8") {
        xtext::is_unitext(address)
    } else {
        xtext::is_printable_ascii(address)
    };
    if encoded && !address_type.is_empty() && class::all(address_type, KEYWORD) {
        Ok(())
    } else {
        Err(InvalidParameter::Value)
    }
}

/// ```abnf
/// 1*20DIGIT
/// ```
/// As far as it is a number of 64 bits.
pub(crate) fn number(digits: &str) -> Option<u64> {
    if !(1..=20).contains(&digits.len()) {
        return None;
    }
    digits.bytes().try_fold(0u64, |number, digit| {
        let value = u64::from(digit.wrapping_sub(b'0'));
        (value < 10).then(|| number.checked_mul(10)?.checked_add(value))?
    })
}

/// Sets a parameter that has a value and may be given once.
fn once<'i, T>(
    slot: &mut Option<T>,
    value: Option<&'i str>,
    read: impl FnOnce(&'i str) -> Result<T, InvalidParameter>,
) -> Result<(), InvalidParameter> {
    if slot.is_some() {
        return Err(InvalidParameter::Repeated);
    }
    *slot = Some(read(value.ok_or(InvalidParameter::MissingValue)?)?);
    Ok(())
}

/// Sets a parameter that has no value and may be given once.
fn flag(slot: &mut bool, value: Option<&str>) -> Result<(), InvalidParameter> {
    match value {
        Some(_) => Err(InvalidParameter::UnwantedValue),
        None if *slot => Err(InvalidParameter::Repeated),
        None => {
            *slot = true;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
