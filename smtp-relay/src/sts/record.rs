//! The TXT record of `_mta-sts.DOMAIN`.

use alloc::string::String;
use core::{fmt, str::FromStr};

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while_m_n, take_while1},
    character::complete::{char, space0},
    combinator::{all_consuming, map, opt, recognize, value},
    multi::many1,
    sequence::{delimited, preceded, separated_pair, terminated},
};
use thiserror::Error;

/// The identifier of a policy: 1 to 32 letters and digits (RFC 8461 section 3.1). A new policy has a new identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(String);

/// The error for a text that is not an [`Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
#[error("invalid MTA-STS id: expected 1 to 32 letters and digits")]
pub struct InvalidId;

/// The reason why a domain has no MTA-STS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum NoRecord {
    /// No TXT record begins with `v=STSv1;`.
    #[error("there is no MTA-STS record")]
    Missing,
    /// More than one record begins with `v=STSv1;`.
    #[error("there is more than one MTA-STS record")]
    Several,
    /// The only record is malformed.
    #[error("the MTA-STS record is malformed")]
    Malformed,
}

impl Id {
    /// Maximum octets of an identifier (RFC 8461 section 3.1).
    pub const MAX: usize = 32;

    /// Returns the identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses a stored identifier.
impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (_, id) = all_consuming(sts_id_value)
            .parse(text.as_bytes())
            .map_err(|_| InvalidId)?;
        Ok(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Finds the identifier in the TXT records of `_mta-sts.DOMAIN` (RFC 8461 section 3.1). The caller joins the strings of one
/// record without a separator.
///
/// Ignores records that do not begin with the version, and a repeated `id`.
///
/// # Errors
/// Returns [`NoRecord`] if there is not exactly one record, or if it is malformed: then the domain has no policy.
pub fn parse_record<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Result<Id, NoRecord> {
    let mut candidates = records
        .into_iter()
        .filter(|record| terminated(sts_version, sts_field_delim).parse(record).is_ok());
    match (candidates.next(), candidates.next()) {
        (None, _) => Err(NoRecord::Missing),
        (Some(_), Some(_)) => Err(NoRecord::Several),
        (Some(record), None) => {
            let (_, id) = all_consuming(sts_text_record)
                .parse(record)
                .map_err(|_| NoRecord::Malformed)?;
            id.ok_or(NoRecord::Malformed)
        }
    }
}

/// ```abnf
/// sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
/// sts-field       = sts-id / sts-extension
/// ```
fn sts_text_record(input: &[u8]) -> IResult<&[u8], Option<Id>> {
    let sts_field = alt((map(sts_id, Some), value(None, sts_extension)));
    let fields = preceded(sts_version, many1(preceded(sts_field_delim, sts_field)));
    let first = map(fields, |fields| fields.into_iter().flatten().next());
    terminated(first, (opt(sts_field_delim), space0)).parse(input)
}

/// `sts-version = %s"v=STSv1"`
fn sts_version(input: &[u8]) -> IResult<&[u8], &[u8]> {
    tag(&b"v=STSv1"[..]).parse(input)
}

/// `sts-field-delim = *WSP ";" *WSP`
fn sts_field_delim(input: &[u8]) -> IResult<&[u8], char> {
    delimited(space0, char(';'), space0).parse(input)
}

/// `sts-id = %s"id=" 1*32(ALPHA / DIGIT)`
fn sts_id(input: &[u8]) -> IResult<&[u8], Id> {
    preceded(tag(&b"id="[..]), sts_id_value).parse(input)
}

/// `1*32(ALPHA / DIGIT)`
fn sts_id_value(input: &[u8]) -> IResult<&[u8], Id> {
    let characters = take_while_m_n(1, Id::MAX, |octet: u8| octet.is_ascii_alphanumeric());
    map(characters, |octets: &[u8]| {
        Id(octets.iter().map(|octet| char::from(*octet)).collect())
    })
    .parse(input)
}

/// ```abnf
/// sts-extension = sts-ext-name "=" sts-ext-value
/// sts-ext-name  = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
/// sts-ext-value = 1*(%x21-3A / %x3C / %x3E-7E)
/// ```
fn sts_extension(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let sts_ext_value = take_while1(|octet| matches!(octet, 0x21..=0x3a | 0x3c | 0x3e..=0x7e));
    recognize(separated_pair(sts_ext_name, char('='), sts_ext_value)).parse(input)
}

/// `(ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")`
pub(super) fn sts_ext_name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let first = take_while_m_n(1, 1, |octet: u8| octet.is_ascii_alphanumeric());
    let others = take_while_m_n(0, 31, |octet: u8| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.')
    });
    recognize((first, others)).parse(input)
}
