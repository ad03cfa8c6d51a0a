//! TLSA records (RFC 6698) for SMTP (RFC 7672): types, usability, the choice of digests.

use alloc::vec::Vec;
use core::str::FromStr;

use nom::{
    IResult, Parser,
    bytes::complete::take_while1,
    character::complete::{multispace0, multispace1},
    combinator::{all_consuming, map, map_res, rest, verify},
    multi::many1,
    number::complete::u8 as octet,
    sequence::{preceded, terminated},
};
use thiserror::Error;

/// A TLSA record as published in the DNS (RFC 6698 section 2.1).
///
/// ```
/// use smtp_relay::tlsa::{Tlsa, Unusable, Usage};
///
/// let record: Tlsa = "3 1 1 8cb2a1f4e0c3b7d6958fa0b1c2d3e4f58cb2a1f4e0c3b7d6958fa0b1c2d3e4f5".parse()?;
/// assert_eq!(record.association().map(|association| association.usage), Ok(Usage::DaneEe));
///
/// let record: Tlsa = "1 1 1 00".parse()?;
/// assert_eq!(record.association(), Err(Unusable::Usage(1)));
/// # Ok::<(), smtp_relay::tlsa::InvalidTlsa>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tlsa {
    usage: u8,
    selector: u8,
    matching: u8,
    data: Vec<u8>,
}

/// The error for octets or text that are not a TLSA record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
#[error("invalid TLSA record: expected usage, selector, matching type and data")]
pub struct InvalidTlsa;

/// A usable TLSA record: certificate usage, selector, matching type and data for authenticating an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Association {
    /// The certificate that the data describes.
    pub usage: Usage,
    /// The part of the certificate that is compared.
    pub selector: Selector,
    /// The form of the data.
    pub matching: Matching,
    /// The digest, or the whole part in DER.
    pub data: Vec<u8>,
}

/// The certificate usages of SMTP (RFC 7672 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7672 section 3.1 has these two")]
pub enum Usage {
    /// DANE-TA(2): a trust anchor of the chain. Names and dates are checked (section 3.1.2).
    DaneTa,
    /// DANE-EE(3): the server's certificate. Neither names nor dates are checked (section 3.1.1).
    DaneEe,
}

/// The part of a certificate that is compared (RFC 6698 section 2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "another selector makes a record unusable")]
pub enum Selector {
    /// Cert(0): the whole certificate.
    Certificate,
    /// SPKI(1): the SubjectPublicKeyInfo.
    PublicKey,
}

/// The form of the data (RFC 6698 section 2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "another matching type makes a record unusable"
)]
pub enum Matching {
    /// Full(0): the part itself.
    Full,
    /// SHA2-256(1).
    Sha256,
    /// SHA2-512(2).
    Sha512,
}

/// The reason why a record cannot authenticate an SMTP server. Such a record still requires TLS (RFC 7672 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Unusable {
    /// Another usage than DANE-TA and DANE-EE (RFC 7672 section 3.1.3).
    #[error("certificate usage {0} is not DANE-TA(2) or DANE-EE(3)")]
    Usage(u8),
    /// An unknown selector.
    #[error("selector {0} is unknown")]
    Selector(u8),
    /// An unknown matching type.
    #[error("matching type {0} is unknown")]
    Matching(u8),
    /// The data has this number of octets, which is not the length of its digest.
    #[error("digest has {0} octets")]
    DigestLength(usize),
    /// The data of Full(0) is not one whole DER sequence.
    #[error("data is not a certificate or public key in DER")]
    NotDer,
}

impl Tlsa {
    /// Creates a record. [`Tlsa::association`] checks if it is usable.
    #[must_use]
    pub const fn new(usage: u8, selector: u8, matching: u8, data: Vec<u8>) -> Self {
        Self {
            usage,
            selector,
            matching,
            data,
        }
    }

    /// Parses the RDATA of a record (RFC 6698 section 2.1).
    ///
    /// # Errors
    /// Returns [`InvalidTlsa`] if there are fewer than three octets.
    pub fn parse(rdata: &[u8]) -> Result<Self, InvalidTlsa> {
        let parsed: IResult<&[u8], _> = (octet, octet, octet, rest).parse(rdata);
        let (_, (usage, selector, matching, data)) = parsed.map_err(|_| InvalidTlsa)?;
        Ok(Self::new(usage, selector, matching, data.into()))
    }

    /// The certificate usage.
    #[must_use]
    pub const fn usage(&self) -> u8 {
        self.usage
    }

    /// The selector.
    #[must_use]
    pub const fn selector(&self) -> u8 {
        self.selector
    }

    /// The matching type.
    #[must_use]
    pub const fn matching(&self) -> u8 {
        self.matching
    }

    /// The certificate association data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the association, for the verifier of a certificate.
    ///
    /// # Errors
    /// Returns [`Unusable`] if the record cannot authenticate an SMTP server.
    pub fn association(&self) -> Result<Association, Unusable> {
        let usage = match self.usage {
            2 => Usage::DaneTa,
            3 => Usage::DaneEe,
            other => return Err(Unusable::Usage(other)),
        };
        let selector = match self.selector {
            0 => Selector::Certificate,
            1 => Selector::PublicKey,
            other => return Err(Unusable::Selector(other)),
        };
        let length = self.data.len();
        let matching = match (self.matching, length) {
            (0, _) if is_der_sequence(&self.data) => Matching::Full,
            (0, _) => return Err(Unusable::NotDer),
            (1, 32) => Matching::Sha256,
            (2, 64) => Matching::Sha512,
            (1 | 2, _) => return Err(Unusable::DigestLength(length)),
            (other, _) => return Err(Unusable::Matching(other)),
        };
        Ok(Association {
            usage,
            selector,
            matching,
            data: self.data.clone(),
        })
    }
}

/// Parses the text of a zone file (RFC 6698 section 2.2): three numbers, and hexadecimal digits with optional spaces.
impl FromStr for Tlsa {
    type Err = InvalidTlsa;

    fn from_str(text: &str) -> Result<Self, InvalidTlsa> {
        let mut record = all_consuming(preceded(multispace0, (number, number, number, hexadecimal)));
        let (_, (usage, selector, matching, data)) = record.parse(text).map_err(|_| InvalidTlsa)?;
        Ok(Self::new(usage, selector, matching, data))
    }
}

impl Association {
    /// Creates an association from parts that were checked, for example from a stored record.
    #[must_use]
    pub const fn new(usage: Usage, selector: Selector, matching: Matching, data: Vec<u8>) -> Self {
        Self {
            usage,
            selector,
            matching,
            data,
        }
    }

    /// Returns the association as a record, for a verifier that takes the numbers.
    #[must_use]
    pub fn to_record(&self) -> Tlsa {
        let usage = match self.usage {
            Usage::DaneTa => 2,
            Usage::DaneEe => 3,
        };
        Tlsa::new(usage, self.selector as u8, self.matching as u8, self.data.clone())
    }
}

/// Returns the associations that authenticate a server (RFC 7671 section 9, digest algorithm agility). These are whole
/// certificates and keys, and for each usage and selector the digests of the strongest algorithm.
///
/// If records exist but the result is empty, TLS is required, with any certificate (RFC 7672 section 2.2).
#[must_use]
pub fn associations(records: &[Tlsa]) -> Vec<Association> {
    let mut usable: Vec<Association> = Vec::new();
    for record in records.iter().take(MAX_RECORDS) {
        if let Ok(association) = record.association()
            && !usable.contains(&association)
        {
            usable.push(association);
        }
    }
    let strongest = |like: &Association| {
        usable
            .iter()
            .filter(|other| (other.usage, other.selector) == (like.usage, like.selector))
            .map(|other| other.matching)
            .max()
    };
    usable
        .iter()
        .filter(|one| one.matching == Matching::Full || Some(one.matching) == strongest(one))
        .cloned()
        .collect()
}

/// Maximum records that are considered; a server that changes its key has about four (RFC 7671 section 8.1).
const MAX_RECORDS: usize = 32;

/// Returns true if the octets are exactly one DER sequence (X.690 section 8.1.3), the outer form of a certificate and of a
/// public key.
fn is_der_sequence(octets: &[u8]) -> bool {
    let Some((&0x30, [length, rest @ ..])) = octets.split_first() else {
        return false;
    };
    match length {
        ..=0x7f => rest.len() == usize::from(*length),
        // A DNS record has less than 64 KB, so two octets of length are enough.
        0x81 => matches!(rest, [length, content @ ..] if content.len() == usize::from(*length)),
        0x82 => {
            matches!(rest, [high, low, content @ ..] if content.len() == usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => false,
    }
}

/// Parses a decimal number of one octet and the space after it.
fn number(input: &str) -> IResult<&str, u8> {
    let digits = take_while1(|digit: char| digit.is_ascii_digit());
    terminated(map_res(digits, str::parse), multispace1).parse(input)
}

/// Parses pairs of hexadecimal digits. Spaces may stand between the digits (RFC 6698 section 2.2).
fn hexadecimal(input: &str) -> IResult<&str, Vec<u8>> {
    let digits = verify(
        many1(terminated(
            take_while1(|digit: char| digit.is_ascii_hexdigit()),
            multispace0,
        )),
        |parts: &Vec<&str>| {
            parts
                .iter()
                .map(|part| part.len())
                .sum::<usize>()
                .is_multiple_of(2)
        },
    );
    let value = |parts: Vec<&str>| {
        let mut values = parts
            .iter()
            .flat_map(|part| part.chars())
            .filter_map(|digit| digit.to_digit(16));
        let mut octets = Vec::new();
        while let (Some(high), Some(low)) = (values.next(), values.next()) {
            octets.push((high * 16 + low) as u8);
        }
        octets
    };
    map(digits, value).parse(input)
}

#[cfg(test)]
mod tests;
