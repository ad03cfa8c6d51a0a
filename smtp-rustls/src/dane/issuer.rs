//! The facts of a certificate that decide if it can be an issuer.

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take},
    combinator::{all_consuming, fail, map_opt, opt, verify},
    multi::{length_data, many0},
    number::complete::u8 as octet,
    sequence::preceded,
};

/// The facts of a certificate that decide if it can be an issuer (RFC 5280 section 4.1).
///
/// rustls does not check these facts for the anchor of a chain, because an ordinary anchor is trusted unconditionally. With
/// DANE-TA the server sends the anchor, and RFC 7671 section 5.2 requires the usual checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    /// The first second of validity, since 1970.
    pub(super) not_before: i64,
    /// The last second of validity, since 1970.
    pub(super) not_after: i64,
    /// Permission to sign certificates: `cA` of the basic constraints, and `keyCertSign` of the key usage, if present.
    pub(super) authority: bool,
    /// Maximum certificates between the issuer and the server's own certificate. `None`: the issuer sets no limit.
    pub(super) path_length: Option<usize>,
}

impl Issuer {
    /// Reads the facts from a certificate of version 3. Returns `None` for any other input.
    pub(super) fn parse(certificate: &[u8]) -> Option<Self> {
        let (_, signed) = all_consuming(element(SEQUENCE)).parse(certificate).ok()?;
        let (_, to_be_signed) = element(SEQUENCE).parse(signed).ok()?;
        let (_, issuer) = facts(to_be_signed).ok()?;
        Some(issuer)
    }
}

/// ```asn1
/// TBSCertificate ::= SEQUENCE { version [0], serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo,
///     issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL, extensions [3] OPTIONAL }
/// ```
fn facts(input: &[u8]) -> IResult<&[u8], Issuer> {
    let (input, _) = element(VERSION).parse(input)?;
    let (input, _) = element(INTEGER).parse(input)?;
    let (input, _) = (element(SEQUENCE), element(SEQUENCE)).parse(input)?;
    let (input, validity) = element(SEQUENCE).parse(input)?;
    let (_, (not_before, not_after)) = all_consuming((time, time)).parse(validity)?;
    let (input, _) = (element(SEQUENCE), element(SEQUENCE)).parse(input)?;
    let (input, _) = (opt(element(ISSUER_ID)), opt(element(SUBJECT_ID))).parse(input)?;
    let (input, list) = opt(element(EXTENSIONS)).parse(input)?;
    let mut issuer = Issuer {
        not_before,
        not_after,
        authority: false,
        path_length: None,
    };
    let mut may_sign = true;
    if let Some(list) = list {
        let (_, list) = all_consuming(element(SEQUENCE)).parse(list)?;
        let (_, extensions) = all_consuming(many0(extension)).parse(list)?;
        for (id, value) in extensions {
            match id {
                BASIC_CONSTRAINTS => {
                    let (_, (authority, length)) = basic_constraints(value)?;
                    issuer.authority = authority;
                    issuer.path_length = length;
                }
                KEY_USAGE => (_, may_sign) = key_usage(value)?,
                _ => {}
            }
        }
    }
    issuer.authority &= may_sign;
    Ok((input, issuer))
}

/// ```asn1
/// Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
/// ```
fn extension(input: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let (input, extension) = element(SEQUENCE).parse(input)?;
    let (_, (id, _, value)) =
        all_consuming((element(OBJECT_ID), opt(element(BOOLEAN)), element(OCTETS))).parse(extension)?;
    Ok((input, (id, value)))
}

/// ```asn1
/// BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }
/// ```
fn basic_constraints(input: &[u8]) -> IResult<&[u8], (bool, Option<usize>)> {
    let (input, constraints) = all_consuming(element(SEQUENCE)).parse(input)?;
    let (_, (authority, length)) =
        all_consuming((opt(element(BOOLEAN)), opt(element(INTEGER)))).parse(constraints)?;
    // A larger number is no limit, because a chain has fewer than 256 certificates.
    let length = length.map(|octets| match octets {
        [small] => usize::from(*small),
        _ => usize::from(u8::MAX),
    });
    Ok((input, (authority == Some(&[0xff]), length)))
}

/// ```asn1
/// KeyUsage ::= BIT STRING { .., keyCertSign (5), .. }
/// ```
fn key_usage(input: &[u8]) -> IResult<&[u8], bool> {
    let (input, bits) = all_consuming(element(BITS)).parse(input)?;
    Ok((input, bits.get(1).is_some_and(|first| first & 0b100 != 0)))
}

/// ```asn1
/// Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }
/// ```
///
/// As `YYMMDDHHMMSSZ`, for the years 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
fn time(input: &[u8]) -> IResult<&[u8], i64> {
    let (input, short) = opt(element(UTC_TIME)).parse(input)?;
    let (input, digits) = match short {
        Some(digits) => (input, digits),
        None => element(GENERALIZED_TIME).parse(input)?,
    };
    let century = |year: i64| year + if year < 50 { 2000 } else { 1900 };
    let (digits, year) = match short {
        Some(_) => two(digits).map(|(digits, year)| (digits, century(year)))?,
        None => (two, two)
            .parse(digits)
            .map(|(digits, (high, low))| (digits, high * 100 + low))?,
    };
    let (digits, (month, day, hour, minute, second)) = (two, two, two, two, two).parse(digits)?;
    all_consuming(tag("Z")).parse(digits)?;
    // Years start in March, so that the leap day is the last day. An era has 400 years, or 146,097 days.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day = (153 * month + 2) / 5 + day - 1 + 365 * year + year / 4 - year / 100;
    let days = era * 146_097 + day - 719_468;
    Ok((input, days * 86_400 + hour * 3_600 + minute * 60 + second))
}

fn two(input: &[u8]) -> IResult<&[u8], i64> {
    map_opt(take(2_usize), |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    })
    .parse(input)
}

/// The content of an element with this tag, in DER.
fn element<'a>(kind: u8) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], &'a [u8]> {
    move |input| preceded(verify(octet, |tag| *tag == kind), length_data(length)).parse(input)
}

/// The length of an element: one octet below 128, or the number of length octets that follow. A certificate in a handshake
/// needs at most three (RFC 8446 section 4.4.2).
fn length(input: &[u8]) -> IResult<&[u8], usize> {
    let (input, first) = octet(input)?;
    let more = match first {
        0..=0x7f => return Ok((input, usize::from(first))),
        0x81..=0x83 => usize::from(first & 0x7f),
        _ => return fail().parse(input),
    };
    let (input, octets) = take(more).parse(input)?;
    let length = octets
        .iter()
        .fold(0, |length, octet| length << 8 | usize::from(*octet));
    Ok((input, length))
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The tags of optional elements in `TBSCertificate`.
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// `id-ce-basicConstraints` and `id-ce-keyUsage`, 2.5.29.19 and 2.5.29.15 (RFC 5280 sections 4.2.1.9 and 4.2.1.3).
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

#[cfg(test)]
mod tests;
