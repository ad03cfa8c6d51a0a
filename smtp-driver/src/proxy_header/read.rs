//! The parsers of the header.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use nom::{
    Err, IResult, Needed, Offset, Parser,
    branch::alt,
    bytes::{
        complete::{self, take_while_m_n, take_while1},
        streaming,
    },
    combinator::{all_consuming, opt, rest, verify},
    error::{ErrorKind, ParseError},
    multi::length_data,
    number,
    sequence::preceded,
};

use super::{
    CHECKSUM, CHECKSUM_OCTETS, CRC32C, InvalidProxyHeader, ProxyAddresses, ProxyHeader, ProxyVersion,
    SIGNATURE,
};

/// ```abnf
/// header = v1 / v2
/// ```
pub(super) fn header(input: &[u8]) -> Result<Option<(ProxyHeader, usize)>, InvalidProxyHeader> {
    match alt((v2, v1)).parse(input) {
        Ok((after, header)) => Ok(Some((header, input.offset(after)))),
        Err(Err::Incomplete(_)) => Ok(None),
        Err(Err::Error(Fault(why)) | Err::Failure(Fault(why))) => Err(why),
    }
}

/// ```abnf
/// v1 = "PROXY" SP ( TCP4 / TCP6 / UNKNOWN ) CRLF
/// ```
/// At most [`ProxyHeader::MAX_V1`] octets. The parser finds the end of the line first, then checks its content.
fn v1(input: &[u8]) -> IResult<&[u8], ProxyHeader, Fault> {
    streaming::tag(PROXY)(input)?;
    let bounded = input.get(..ProxyHeader::MAX_V1).unwrap_or(input);
    let Some(end) = bounded.iter().position(|octet| *octet == b'\n') else {
        return if bounded.len() == ProxyHeader::MAX_V1 {
            Err(Fault::of(InvalidProxyHeader::TooLong))
        } else {
            Err(Err::Incomplete(Needed::Unknown))
        };
    };
    let (line, after) = input.split_at(end + 1);
    let addresses = line.strip_suffix(b"\r\n").and_then(|line| {
        all_consuming(preceded(complete::tag(PROXY), alt((tcp4, tcp6, unknown))))
            .parse(line)
            .ok()
    });
    match addresses {
        Some((_, addresses)) => Ok((after, ProxyHeader::of(ProxyVersion::V1, addresses))),
        None => Err(Fault::of(InvalidProxyHeader::Malformed)),
    }
}

/// ```abnf
/// TCP4 = "TCP4" 2(SP IPv4) 2(SP port)
/// IPv4 = 1*3DIGIT 3("." 1*3DIGIT)    ; without leading zeros
/// ```
fn tcp4(input: &[u8]) -> IResult<&[u8], ProxyAddresses, Fault> {
    let address = || {
        field(
            take_while1(|octet: u8| octet.is_ascii_digit() || octet == b'.'),
            parsed::<Ipv4Addr>,
        )
    };
    let (input, (_, source, destination, from, to)) =
        (complete::tag("TCP4"), address(), address(), port, port).parse(input)?;
    let (source, destination) = (
        SocketAddr::new(source.into(), from),
        SocketAddr::new(destination.into(), to),
    );
    Ok((input, ProxyAddresses::Tcp { source, destination }))
}

/// ```abnf
/// TCP6 = "TCP6" 2(SP IPv6) 2(SP port)
/// ```
/// The addresses are those of RFC 4291 section 2.2, without a zone.
fn tcp6(input: &[u8]) -> IResult<&[u8], ProxyAddresses, Fault> {
    let address = || {
        let letters = take_while1(|octet: u8| octet.is_ascii_hexdigit() || octet == b':' || octet == b'.');
        field(letters, parsed::<Ipv6Addr>)
    };
    let (input, (_, source, destination, from, to)) =
        (complete::tag("TCP6"), address(), address(), port, port).parse(input)?;
    let (source, destination) = (
        SocketAddr::new(source.into(), from),
        SocketAddr::new(destination.into(), to),
    );
    Ok((input, ProxyAddresses::Tcp { source, destination }))
}

/// ```abnf
/// UNKNOWN = "UNKNOWN" [SP *OCTET]
/// ```
/// The octets are ignored (section 2.1).
fn unknown(input: &[u8]) -> IResult<&[u8], ProxyAddresses, Fault> {
    (complete::tag("UNKNOWN"), opt(preceded(complete::tag(" "), rest)))
        .map(|_| ProxyAddresses::Unknown)
        .parse(input)
}

/// ```abnf
/// port = SP 1*5DIGIT    ; 0 to 65535, without leading zeros
/// ```
fn port(input: &[u8]) -> IResult<&[u8], u16, Fault> {
    let digits = verify(
        take_while_m_n(1, 5, |octet: u8| octet.is_ascii_digit()),
        |digits: &[u8]| !matches!(digits, [b'0', _, ..]),
    );
    field(digits, parsed::<u16>).parse(input)
}

/// A space, and a field of these octets.
fn field<'a, O>(
    octets: impl Parser<&'a [u8], Output = &'a [u8], Error = Fault>,
    value: impl FnMut(&'a [u8]) -> Option<O>,
) -> impl Parser<&'a [u8], Output = O, Error = Fault> {
    preceded(complete::tag(" "), octets).map_opt(value)
}

fn parsed<T: core::str::FromStr>(octets: &[u8]) -> Option<T> {
    str::from_utf8(octets).ok()?.parse().ok()
}

/// ```abnf
/// v2      = signature command family length block
/// command = %x20 / %x21    ; LOCAL, PROXY
/// length  = 2OCTET         ; of the block
/// block   = addresses *TLV
/// ```
fn v2(input: &[u8]) -> IResult<&[u8], ProxyHeader, Fault> {
    let (after, _) = streaming::tag(&SIGNATURE[..])(input)?;
    let (after, is_local) = known(after, InvalidProxyHeader::Version, |octet| match octet {
        LOCAL => Some(true),
        PROXY_COMMAND => Some(false),
        _ => None,
    })?;
    let (after, family) = known(after, InvalidProxyHeader::Family, |octet| match octet {
        UNSPECIFIED => Some(Family::Unspecified),
        // `LOCAL`: the receiver skips the address block (section 2.2).
        _ if is_local => Some(Family::Ignored),
        TCP4 => Some(Family::Tcp4),
        TCP6 => Some(Family::Tcp6),
        // UDP, and Unix sockets of both kinds.
        0x12 => Some(Family::Other(12)),
        0x22 => Some(Family::Other(36)),
        0x31 | 0x32 => Some(Family::Other(216)),
        _ => None,
    })?;
    let (after, length) = number::streaming::be_u16(after)?;
    if usize::from(length) > ProxyHeader::MAX_V2 {
        return Err(Fault::of(InvalidProxyHeader::TooLong));
    }
    let (after, block) = streaming::take(length)(after)?;
    let header = input.get(..input.offset(after)).unwrap_or(input);
    let (tlvs, mut addresses) =
        addresses(family, block).map_err(|_| Fault::of(InvalidProxyHeader::Addresses))?;
    let values = match values(header, tlvs) {
        // Receivers skip a block without a family that they do not understand (section 2.2).
        Err(InvalidProxyHeader::Value) if matches!(family, Family::Unspecified) => Values::default(),
        values => values.map_err(Fault::of)?,
    };
    if is_local {
        addresses = ProxyAddresses::Local;
    }
    Ok((
        after,
        ProxyHeader {
            version: ProxyVersion::V2,
            addresses,
            has_checksum: values.has_checksum,
            tlvs: values.kept,
        },
    ))
}

#[derive(Clone, Copy)]
enum Family {
    Unspecified,
    Ignored,
    Tcp4,
    Tcp6,
    /// A kind that is skipped, and the octets of its addresses.
    Other(usize),
}

/// An octet with a known meaning.
fn known<O>(
    input: &[u8],
    or: InvalidProxyHeader,
    meaning: impl FnOnce(u8) -> Option<O>,
) -> Result<(&[u8], O), Err<Fault>> {
    let (input, octet) = number::streaming::u8(input)?;
    match meaning(octet) {
        Some(value) => Ok((input, value)),
        None => Err(Fault::of(or)),
    }
}

/// ```abnf
/// addresses = source destination 2OCTET 2OCTET    ; the ports last
/// ```
fn addresses(family: Family, input: &[u8]) -> IResult<&[u8], ProxyAddresses, Fault> {
    use number::complete::{be_u16, be_u32, be_u128};
    match family {
        Family::Tcp4 => (be_u32, be_u32, be_u16, be_u16)
            .map(|(source, destination, from, to)| ProxyAddresses::Tcp {
                source: (Ipv4Addr::from_bits(source), from).into(),
                destination: (Ipv4Addr::from_bits(destination), to).into(),
            })
            .parse(input),
        Family::Tcp6 => (be_u128, be_u128, be_u16, be_u16)
            .map(|(source, destination, from, to)| ProxyAddresses::Tcp {
                source: SocketAddrV6::new(Ipv6Addr::from_bits(source), from, 0, 0).into(),
                destination: SocketAddrV6::new(Ipv6Addr::from_bits(destination), to, 0, 0).into(),
            })
            .parse(input),
        Family::Other(octets) => complete::take(octets)
            .map(|_| ProxyAddresses::Unknown)
            .parse(input),
        Family::Unspecified => Ok((input, ProxyAddresses::Unknown)),
        Family::Ignored => Ok((&[], ProxyAddresses::Unknown)),
    }
}

#[derive(Default)]
struct Values {
    has_checksum: bool,
    kept: Vec<u8>,
}

/// ```abnf
/// TLV = OCTET 2OCTET *OCTET    ; kind, length, value
/// ```
/// Checks the checksum over the whole header, if there is one.
fn values(header: &[u8], mut input: &[u8]) -> Result<Values, InvalidProxyHeader> {
    let mut values = Values::default();
    while !input.is_empty() {
        let (after, (kind, value)) = tlv(input).map_err(|_| InvalidProxyHeader::Value)?;
        if kind != CHECKSUM {
            let tlv = input.get(..input.offset(after)).unwrap_or_default();
            values.kept.extend_from_slice(tlv);
        } else if value.len() != CHECKSUM_OCTETS || values.has_checksum {
            return Err(InvalidProxyHeader::Value);
        } else {
            values.has_checksum = true;
            let at = header.offset(value);
            let mut digest = CRC32C.digest();
            digest.update(header.get(..at).unwrap_or_default());
            digest.update(&[0; CHECKSUM_OCTETS]);
            digest.update(header.get(at + CHECKSUM_OCTETS..).unwrap_or_default());
            if digest.finalize().to_be_bytes() != value {
                return Err(InvalidProxyHeader::Checksum);
            }
        }
        input = after;
    }
    Ok(values)
}

fn tlv(input: &[u8]) -> IResult<&[u8], (u8, &[u8]), Fault> {
    (number::complete::u8, length_data(number::complete::be_u16)).parse_complete(input)
}

/// The error of the parsers.
#[derive(Debug)]
struct Fault(InvalidProxyHeader);

impl Fault {
    /// An error that ends the parsing: no alternative is tried.
    const fn of(why: InvalidProxyHeader) -> Err<Self> {
        Err::Failure(Self(why))
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(_: &[u8], _: ErrorKind) -> Self {
        Self(InvalidProxyHeader::Missing)
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// The first octets of version 1.
const PROXY: &str = "PROXY ";

/// The command octet of a connection of the proxy itself, with the version.
pub(super) const LOCAL: u8 = 0x20;

/// The command octet of a connection for a client.
pub(super) const PROXY_COMMAND: u8 = 0x21;

pub(super) const UNSPECIFIED: u8 = 0x00;
pub(super) const TCP4: u8 = 0x11;
pub(super) const TCP6: u8 = 0x21;
