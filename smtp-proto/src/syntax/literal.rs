//! Address literals (RFC 5321 section 4.1.3).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while_m_n};
use nom::character::complete::char;
use nom::combinator::{consumed, not, opt, recognize};
use nom::multi::{fold_many_m_n, many0_count};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::class::{DCONTENT, KEYWORD};
use super::combinator::{Fault, Rule, check, run1};
use crate::types::{AddressFault, AddressLiteral};

/// ```abnf
/// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
///                   General-address-literal ) "]"
/// ```
/// Returns the literal, and its address if it has one.
#[cold]
pub(super) fn address_literal(input: &[u8]) -> IResult<&[u8], (&[u8], Option<IpAddr>), Fault> {
    let content = alt((
        terminated(
            ipv4_address_literal.map(|address| Some(address.into())),
            char(']'),
        ),
        terminated(
            ipv6_address_literal.map(|address| Some(address.into())),
            char(']'),
        ),
        terminated(general_address_literal.map(|_| None), char(']')),
    ));
    match consumed(preceded(char('['), content)).parse_complete(input) {
        Ok((_, (literal, _))) if literal.len() > AddressLiteral::MAX => {
            Err(Fault::address(input, AddressFault::LongLiteral))
        }
        Ok(parsed) => Ok(parsed),
        Err(_) => Err(Fault::address(input, AddressFault::Literal)),
    }
}

/// ```abnf
/// IPv4-address-literal = Snum 3("." Snum)
/// ```
fn ipv4_address_literal(input: &[u8]) -> IResult<&[u8], Ipv4Addr, Fault> {
    let dot_snum = || preceded(char('.'), snum);
    (snum, dot_snum(), dot_snum(), dot_snum())
        .map(|(a, b, c, d)| Ipv4Addr::new(a, b, c, d))
        .parse_complete(input)
}

/// ```abnf
/// Snum = 1*3DIGIT ; 0 through 255
/// ```
fn snum(input: &[u8]) -> IResult<&[u8], u8, Fault> {
    take_while_m_n(1, 3, |octet: u8| octet.is_ascii_digit())
        .map_opt(|digits| str::from_utf8(digits).ok()?.parse().ok())
        .parse_complete(input)
}

/// ```abnf
/// IPv6-address-literal = "IPv6:" IPv6-addr
/// ```
fn ipv6_address_literal(input: &[u8]) -> IResult<&[u8], Ipv6Addr, Fault> {
    preceded(tag_no_case("IPv6:"), ipv6_addr).parse_complete(input)
}

/// ```abnf
/// General-address-literal = Standardized-tag ":" 1*dcontent
/// dcontent                = %d33-90 / %d94-126
/// ```
/// The tag is not `IPv6`.
fn general_address_literal(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let tag = preceded(not(tag_no_case("IPv6:")), standardized_tag);
    recognize((tag, char(':'), run1(DCONTENT))).parse_complete(input)
}

/// ```abnf
/// Standardized-tag = Ldh-str
/// Ldh-str          = *( ALPHA / DIGIT / "-" ) Let-dig
/// ```
fn standardized_tag(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    check(run1(KEYWORD), |tag| match tag {
        [.., b'-'] => Err(Rule::Unnamed),
        _ => Ok(()),
    })(input)
}

/// ```abnf
/// IPv6-addr   = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
/// IPv6-full   = IPv6-hex 7(":" IPv6-hex)
/// IPv6-comp   = [IPv6-hex *5(":" IPv6-hex)] "::"
///               [IPv6-hex *5(":" IPv6-hex)]
/// IPv6v4-full = IPv6-hex 5(":" IPv6-hex) ":" IPv4-address-literal
/// IPv6v4-comp = [IPv6-hex *3(":" IPv6-hex)] "::"
///               [IPv6-hex *3(":" IPv6-hex) ":"] IPv4-address-literal
/// ; "::" stands for at least two groups of zeros
/// ```
fn ipv6_addr(input: &[u8]) -> IResult<&[u8], Ipv6Addr, Fault> {
    let full = check(ipv6_tail, |groups| groups.has(8..=8));
    let compressed = (terminated(ipv6_groups, tag("::")), ipv6_tail);
    alt((
        compressed.map_opt(|(head, tail)| head.around_zeros(&tail)),
        full.map(|groups| groups.values),
    ))
    .map(Ipv6Addr::from)
    .parse_complete(input)
}

/// `[IPv6-hex *7(":" IPv6-hex)]`, then an IPv4 address if there is one.
fn ipv6_tail(input: &[u8]) -> IResult<&[u8], Groups, Fault> {
    let (input, groups) = ipv6_groups(input)?;
    let colon = |input| match groups.used {
        0 => Ok((input, ())),
        _ => char(':').map(|_| ()).parse_complete(input),
    };
    let (input, address) = opt(preceded(colon, ipv4_address_literal)).parse_complete(input)?;
    let groups = match address.map(|address| address.octets()) {
        None => groups,
        Some([a, b, c, d]) => groups
            .with(u16::from_be_bytes([a, b]))
            .with(u16::from_be_bytes([c, d])),
    };
    Ok((input, groups))
}

/// `[IPv6-hex *7(":" IPv6-hex)]`.
fn ipv6_groups(input: &[u8]) -> IResult<&[u8], Groups, Fault> {
    let (rest, first) = opt(ipv6_hex).parse_complete(input)?;
    let Some(first) = first else {
        return Ok((rest, Groups::default()));
    };
    fold_many_m_n(
        0,
        7,
        preceded(char(':'), ipv6_hex),
        || Groups::default().with(first),
        Groups::with,
    )
    .parse_complete(rest)
}

/// ```abnf
/// IPv6-hex = 1*4HEXDIG
/// ```
/// A dot must not follow: then it is the first number of an IPv4 address.
fn ipv6_hex(input: &[u8]) -> IResult<&[u8], u16, Fault> {
    terminated(
        take_while_m_n(1, 4, |octet: u8| octet.is_ascii_hexdigit()),
        not(char('.')),
    )
    .map_opt(|digits| u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())
    .parse_complete(input)
}

/// An IPv6 address without its tag or with a zone, as some clients send it after EHLO: `[::1]`, `[IPv6:fe80::1%eth0]`.
///
/// ```abnf
/// loose-literal = "[" ["IPv6:"] IPv6-addr ["%" zone] "]"
/// zone          = 1*(ALPHA / DIGIT / "-" / "_" / ".")
/// ```
#[cold]
pub(super) fn loose_ipv6_literal(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let zone = (
        char('%'),
        run1(KEYWORD),
        many0_count((char('_').or(char('.')), run1(KEYWORD))),
    );
    recognize(delimited(
        char('['),
        (opt(tag_no_case("IPv6:")), ipv6_addr, opt(zone)),
        char(']'),
    ))
    .parse_complete(input)
}

/// Groups of 16 bits from the left.
#[derive(Clone, Copy, Default)]
struct Groups {
    values: [u16; 8],
    /// More than 8 if there were too many.
    used: usize,
}

impl Groups {
    fn with(mut self, value: u16) -> Self {
        if let Some(place) = self.values.get_mut(self.used) {
            *place = value;
        }
        self.used += 1;
        self
    }

    fn has(&self, count: core::ops::RangeInclusive<usize>) -> Result<(), Rule> {
        if count.contains(&self.used) {
            Ok(())
        } else {
            Err(Rule::Unnamed)
        }
    }

    /// The address with these groups at its start and those of `tail` at its end.
    fn around_zeros(mut self, tail: &Self) -> Option<[u16; 8]> {
        self.has(0..=6 - tail.used.min(6)).ok()?;
        tail.has(0..=6).ok()?;
        let places = self.values.iter_mut().rev();
        for (place, value) in places.zip(tail.values.iter().take(tail.used).rev()) {
            *place = *value;
        }
        Some(self.values)
    }
}
