//! The policy file.

use alloc::vec::Vec;
use core::{fmt, str};

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while_m_n},
    character::complete::{char, space0},
    combinator::{all_consuming, map, map_opt, map_res, opt, rest, value, verify},
    sequence::{preceded, terminated},
};
use thiserror::Error;

use super::record::sts_ext_name;
use crate::Name;

/// Maximum octets of a policy: 64 KB, as RFC 8461 section 3.3 suggests.
pub const MAX_POLICY: usize = 64 * 1024;

/// Maximum seconds for fetching a policy: one minute (RFC 8461 section 3.3).
pub const FETCH_TIMEOUT: u64 = 60;

/// Maximum lifetime of a policy in seconds: about one year (RFC 8461 section 3.2). A longer lifetime is reduced to this,
/// because rejecting the policy would leave the domain unprotected.
pub const MAX_AGE: u64 = 31_557_600;

/// A policy (RFC 8461 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The mode.
    pub mode: Mode,
    /// The patterns of permitted mail exchangers. Empty only in [`Mode::None`].
    pub mx: Vec<Pattern>,
    /// The lifetime in seconds, at most [`MAX_AGE`].
    pub max_age: u64,
}

/// The mode of a policy (RFC 8461 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8461 section 5 has these three")]
pub enum Mode {
    /// Hosts that fail the policy get no mail.
    Enforce,
    /// Hosts that fail the policy get mail, and failures are reported.
    Testing,
    /// The domain no longer has a policy.
    None,
}

/// A pattern of permitted mail exchangers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8461 section 3.2 has these two")]
pub enum Pattern {
    /// This host.
    Host(Name),
    /// Every host with exactly one label before this name, such as `*.example.org`.
    Wildcard(Name),
}

/// The reason why a policy is invalid. Treat the domain as one without a policy (RFC 8461 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// The file has more than [`MAX_POLICY`] octets.
    #[error("policy is longer than 64 KB")]
    TooLong,
    /// A line is malformed. Lines are counted from 1.
    #[error("line {0} of the policy is malformed")]
    Line(usize),
    /// A required field is missing.
    #[error("policy has no field `{0}`")]
    Missing(&'static str),
}

/// A line of the file.
#[derive(Clone, Debug)]
enum Field {
    Version,
    Mode(Mode),
    MaxAge(u64),
    Mx(Pattern),
    /// An unknown or repeated field.
    Ignored,
}

/// Parses a policy file (RFC 8461 section 3.2). Lines end with CRLF or LF. Ignores blank lines, unknown fields, and
/// repetitions of a field other than `mx`, even malformed ones.
///
/// # Errors
/// Returns [`InvalidPolicy`] if the file is too long, a line is malformed, or a field is missing.
pub fn parse_policy(file: &[u8]) -> Result<Policy, InvalidPolicy> {
    if file.len() > MAX_POLICY {
        return Err(InvalidPolicy::TooLong);
    }
    let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
    for (number, line) in file.split(|octet| *octet == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(|octet| matches!(octet, b' ' | b'\t')) {
            continue;
        }
        let repeated = |name: &[u8]| match name {
            b"version" => version.is_some(),
            b"mode" => mode.is_some(),
            b"max_age" => max_age.is_some(),
            _ => false,
        };
        match sts_policy_field(line, repeated) {
            Ok((_, Field::Version)) => version = Some(()),
            Ok((_, Field::Mode(found))) => mode = Some(found),
            Ok((_, Field::MaxAge(found))) => max_age = Some(found),
            Ok((_, Field::Mx(pattern))) => mx.push(pattern),
            Ok((_, Field::Ignored)) => {}
            Err(_) => return Err(InvalidPolicy::Line(number + 1)),
        }
    }
    version.ok_or(InvalidPolicy::Missing("version"))?;
    let mode = mode.ok_or(InvalidPolicy::Missing("mode"))?;
    let max_age = max_age.ok_or(InvalidPolicy::Missing("max_age"))?;
    if mx.is_empty() && mode != Mode::None {
        return Err(InvalidPolicy::Missing("mx"));
    }
    Ok(Policy { mode, mx, max_age })
}

impl Policy {
    /// Creates a policy, for example from a stored one.
    #[must_use]
    pub fn new(mode: Mode, mx: Vec<Pattern>, max_age: u64) -> Self {
        let max_age = max_age.min(MAX_AGE);
        Self { mode, mx, max_age }
    }

    /// Returns true if the policy permits this name of an MX record (RFC 8461 section 4.1). Aliases are not followed.
    #[must_use]
    pub fn matches(&self, mx: &Name) -> bool {
        self.mx.iter().any(|pattern| pattern.matches(mx))
    }
}

/// Writes the policy as a file, for a cache.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        };
        write!(f, "version: STSv1\nmode: {mode}\n")?;
        for pattern in &self.mx {
            writeln!(f, "mx: {pattern}")?;
        }
        writeln!(f, "max_age: {}", self.max_age)
    }
}

impl Pattern {
    /// Returns true if the pattern permits this name.
    #[must_use]
    pub fn matches(&self, mx: &Name) -> bool {
        match self {
            Self::Host(name) => mx == name,
            Self::Wildcard(name) => mx.parent() == Some(name.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => write!(f, "{name}"),
            Self::Wildcard(name) => write!(f, "*.{name}"),
        }
    }
}

/// ```abnf
/// sts-policy-field = sts-policy-version / sts-policy-mode / sts-policy-max-age / sts-policy-mx / sts-policy-extension
/// ```
/// The value of a repeated field is parsed as that of an extension.
fn sts_policy_field(line: &[u8], repeated: impl Fn(&[u8]) -> bool) -> IResult<&[u8], Field> {
    // sts-policy-field-delim = ":" *WSP
    let (content, name) = terminated(sts_ext_name, (char(':'), space0)).parse(line)?;
    match name {
        _ if repeated(name) => sts_policy_ext_value(content),
        b"version" => last(value(Field::Version, tag(&b"STSv1"[..]))).parse(content),
        b"mode" => last(map(sts_policy_mode_value, Field::Mode)).parse(content),
        b"max_age" => last(map(sts_policy_max_age_value, Field::MaxAge)).parse(content),
        b"mx" => last(map(sts_policy_mx_value, Field::Mx)).parse(content),
        _ => sts_policy_ext_value(content),
    }
}

/// The value that ends a line, with optional white space after it.
fn last<'i, P>(parser: P) -> impl Parser<&'i [u8], Output = P::Output, Error = P::Error>
where
    P: Parser<&'i [u8], Error = nom::error::Error<&'i [u8]>>,
{
    all_consuming(terminated(parser, space0))
}

/// `%s"testing" / %s"enforce" / %s"none"`
fn sts_policy_mode_value(input: &[u8]) -> IResult<&[u8], Mode> {
    alt((
        value(Mode::Testing, tag(&b"testing"[..])),
        value(Mode::Enforce, tag(&b"enforce"[..])),
        value(Mode::None, tag(&b"none"[..])),
    ))
    .parse(input)
}

/// `1*10(DIGIT)`
fn sts_policy_max_age_value(input: &[u8]) -> IResult<&[u8], u64> {
    let digits = map_res(
        take_while_m_n(1, 10, |octet: u8| octet.is_ascii_digit()),
        str::from_utf8,
    );
    let number = map_res(digits, str::parse::<u64>);
    map(number, |seconds| seconds.min(MAX_AGE)).parse(input)
}

/// `["*."] Domain`
fn sts_policy_mx_value(input: &[u8]) -> IResult<&[u8], Pattern> {
    let domain = map_res(
        take_while_m_n(1, Name::MAX, |octet: u8| !matches!(octet, b' ' | b'\t')),
        str::from_utf8,
    );
    // A Domain has no root dot (RFC 5321 section 4.1.2).
    let domain = verify(domain, |text: &str| !text.ends_with('.'));
    let name = map_opt(domain, |text| Name::parse(text).ok());
    (opt(tag(&b"*."[..])), name)
        .map(|(wildcard, name)| match wildcard {
            Some(_) => Pattern::Wildcard(name),
            None => Pattern::Host(name),
        })
        .parse(input)
}

/// `sts-policy-vchar [*(%x20 / sts-policy-vchar) sts-policy-vchar]`, where a vchar is printable ASCII or UTF-8.
fn sts_policy_ext_value(input: &[u8]) -> IResult<&[u8], Field> {
    let printable = |text: &str| {
        let text = text.trim_end_matches([' ', '\t']);
        !text.is_empty() && !text.chars().any(char::is_control)
    };
    let text = verify(map_res(rest, str::from_utf8), printable);
    preceded(space0, value(Field::Ignored, text)).parse(input)
}
