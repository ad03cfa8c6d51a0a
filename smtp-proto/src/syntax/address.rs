//! Domains, address literals, mailboxes and paths (RFC 5321 sections 4.1.2 and 4.1.3, RFC 6531 section 3.3).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nom::branch::alt;
use nom::character::complete::{char, satisfy};
use nom::combinator::{consumed, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::class::{self, ATEXT, DCONTENT, KEYWORD, LDH, QTEXT, span, strip};
use crate::types::{AddressLiteral, Domain, Host, InvalidAddress, Mailbox, Path, Printable};

/// What the parsers here fail with.
pub(crate) struct Fault(InvalidAddress);

impl<I> ParseError<I> for Fault {
    /// Where a combinator of nom's own can fail, its caller says what was expected.
    fn from_error_kind(_: I, _: ErrorKind) -> Self {
        Self(InvalidAddress::Trailing)
    }

    fn append(_: I, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl From<nom::Err<Self>> for Fault {
    fn from(error: nom::Err<Self>) -> Self {
        match error {
            nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
            nom::Err::Incomplete(_) => Self(InvalidAddress::Trailing), // complete parsers never say so
        }
    }
}

impl From<nom::Err<Fault>> for InvalidAddress {
    fn from(error: nom::Err<Fault>) -> Self {
        Fault::from(error).0
    }
}

/// A path as a slice without brackets, the length of its source route with the colon, and where its mailbox's `@` is.
#[derive(Clone, Copy)]
pub(crate) struct RawPath<'a> {
    pub(crate) text: &'a str,
    pub(crate) route: u16,
    pub(crate) at: u16,
}

/// Runs a parser that has to use all of `text`.
pub(crate) fn whole<'i, T>(
    parser: impl Fn(&'i str) -> IResult<&'i str, T, Fault>,
    text: &'i str,
) -> Result<T, InvalidAddress> {
    match parser(text)? {
        ("", value) => Ok(value),
        _ => Err(InvalidAddress::Trailing),
    }
}

/// Takes the angle brackets off a path that has them.
pub(crate) fn without_brackets(text: &str) -> Result<&str, InvalidAddress> {
    match text.strip_prefix('<') {
        None => Ok(text),
        Some(rest) => rest.strip_suffix('>').ok_or(InvalidAddress::Brackets),
    }
}

/// Whether a local part can stand without quotes.
pub(crate) fn is_dot_string(text: &str) -> bool {
    matches!(dot_string(text), Ok(("", _)))
}

/// ```abnf
/// Domain = sub-domain *("." sub-domain)
/// ```
#[inline]
pub(crate) fn domain(input: &str) -> IResult<&str, &str, Fault> {
    let (domain, rest) = dotted(input, sub_domain)?;
    if domain.len() > Domain::MAX {
        return fail(InvalidAddress::LongDomain);
    }
    if !domain.is_ascii() {
        check_u_labels(domain).map_err(|what| nom::Err::Error(Fault(what)))?;
    }
    Ok((rest, domain))
}

/// ```abnf
/// sub-domain  = Let-dig [Ldh-str]
/// sub-domain  =/ U-label
/// Let-dig     = ALPHA / DIGIT
/// Ldh-str     = *( ALPHA / DIGIT / "-" ) Let-dig
/// ```
fn sub_domain(input: &[u8]) -> Result<usize, InvalidAddress> {
    let label = class::run(input, LDH);
    match label {
        [] | [b'-', ..] | [.., b'-'] => Err(InvalidAddress::Domain),
        _ if label.len() > Domain::MAX_LABEL && label.is_ascii() => Err(InvalidAddress::LongLabel),
        _ => Ok(label.len()),
    }
}

/// Whether a U-label is valid (RFC 5891 section 5) is not judged, but it holds no blank, no control character and
/// nothing that is mapped to a dot, and it is no longer than its A-label can be.
#[cold]
fn check_u_labels(domain: &str) -> Result<(), InvalidAddress> {
    for label in domain.split('.').filter(|label| !label.is_ascii()) {
        if label.contains(|letter: char| {
            !Printable::allows(letter)
                || letter.is_whitespace()
                || matches!(letter, '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
        }) {
            return Err(InvalidAddress::Domain);
        }
        if label.chars().count() > Domain::MAX_UNICODE_LABEL {
            return Err(InvalidAddress::LongLabel);
        }
    }
    Ok(())
}

/// ```abnf
/// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
///                   General-address-literal ) "]"
/// IPv6-address-literal    = "IPv6:" IPv6-addr
/// General-address-literal = Standardized-tag ":" 1*dcontent
/// Standardized-tag        = Ldh-str
/// ```
#[cold]
pub(crate) fn literal(input: &str) -> IResult<&str, (&str, Option<IpAddr>), Fault> {
    let brackets = delimited(char('['), dcontent, char(']'));
    let Ok((rest, (raw, content))) = consumed(brackets).parse_complete(input) else {
        return fail(InvalidAddress::Literal);
    };
    let address = match content.split_once(':') {
        _ if raw.len() > AddressLiteral::MAX => return fail(InvalidAddress::Literal),
        None => ipv4(content).map(|address| Some(address.into())),
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => {
            ipv6(address).map(|address| Some(address.into()))
        }
        Some((tag, content)) => {
            let valid =
                !content.is_empty() && !tag.is_empty() && !tag.ends_with('-') && class::all(tag, KEYWORD);
            valid.then_some(None)
        }
    };
    match address {
        Some(address) => Ok((rest, (raw, address))),
        None => fail(InvalidAddress::Literal),
    }
}

/// ```abnf
/// dcontent = %d33-90 / %d94-126
/// ```
fn dcontent(input: &str) -> IResult<&str, &str, Fault> {
    let (content, rest) = span(input, DCONTENT);
    Ok((rest, content))
}

/// ```abnf
/// IPv4-address-literal = Snum 3("." Snum)
/// Snum                 = 1*3DIGIT ; 0 through 255
/// ```
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut numbers = text.split('.');
    for octet in &mut octets {
        let digits = numbers.next()?;
        if digits.len() > 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        *octet = digits.parse().ok()?;
    }
    numbers.next().is_none().then(|| octets.into())
}

/// ```abnf
/// IPv6-addr   = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
/// IPv6-hex    = 1*4HEXDIG
/// IPv6-full   = IPv6-hex 7(":" IPv6-hex)
/// IPv6-comp   = [IPv6-hex *5(":" IPv6-hex)] "::"
///               [IPv6-hex *5(":" IPv6-hex)]
/// IPv6v4-full = IPv6-hex 5(":" IPv6-hex) ":" IPv4-address-literal
/// IPv6v4-comp = [IPv6-hex *3(":" IPv6-hex)] "::"
///               [IPv6-hex *3(":" IPv6-hex) ":"] IPv4-address-literal
/// ; "::" stands for at least two groups of zeros
/// ```
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let mut groups = [0; 8];
    let Some((before, behind)) = text.split_once("::") else {
        return (ipv6_groups(text, true, &mut groups)? == 8).then(|| groups.into());
    };
    let mut tail = [0; 8];
    let before = ipv6_groups(before, false, &mut groups)?;
    let behind = ipv6_groups(behind, true, &mut tail)?;
    if before + behind > 6 {
        return None;
    }
    for (group, value) in groups.iter_mut().rev().zip(tail.into_iter().take(behind).rev()) {
        *group = value;
    }
    Some(groups.into())
}

/// Reads groups of hexadecimal digits between colons, the last of which may be an IPv4 address that makes two:
/// how many groups there are.
fn ipv6_groups(text: &str, ends_in_ipv4: bool, groups: &mut [u16; 8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut used = 0;
    let mut words = text.split(':').peekable();
    while let Some(word) = words.next() {
        if ends_in_ipv4 && words.peek().is_none() && word.contains('.') {
            let [a, b, c, d] = ipv4(word)?.octets();
            *groups.get_mut(used)? = u16::from_be_bytes([a, b]);
            *groups.get_mut(used + 1)? = u16::from_be_bytes([c, d]);
            return Some(used + 2);
        }
        if word.len() > 4 || !word.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *groups.get_mut(used)? = u16::from_str_radix(word, 16).ok()?;
        used += 1;
    }
    Some(used)
}

/// ```abnf
/// Mailbox = Local-part "@" ( Domain / address-literal )
/// ```
/// Says where the `@` is.
#[inline]
pub(crate) fn mailbox(input: &str) -> IResult<&str, u16, Fault> {
    let (behind, local_part) = local_part(input)?;
    let Some(behind) = strip(behind, b'@') else {
        return fail(InvalidAddress::At);
    };
    let rest = if behind.starts_with('[') {
        literal(behind)?.0
    } else {
        domain(behind)?.0
    };
    Ok((rest, local_part.len() as u16))
}

/// ```abnf
/// Local-part = Dot-string / Quoted-string
/// ```
fn local_part(input: &str) -> IResult<&str, &str, Fault> {
    let (rest, local_part) = if input.starts_with('"') {
        quoted_string(input)?
    } else {
        dot_string(input)?
    };
    if local_part.len() > Mailbox::MAX_LOCAL_PART {
        fail(InvalidAddress::LongLocalPart)
    } else if !local_part.is_ascii() && !Printable::allows_all(local_part) {
        fail(InvalidAddress::Control)
    } else {
        Ok((rest, local_part))
    }
}

/// ```abnf
/// Dot-string = Atom *("." Atom)
/// ```
fn dot_string(input: &str) -> IResult<&str, &str, Fault> {
    dotted(input, atom).map(|(atoms, rest)| (rest, atoms))
}

/// ```abnf
/// Atom  = 1*atext
/// atext =/ UTF8-non-ascii
/// ```
fn atom(input: &[u8]) -> Result<usize, InvalidAddress> {
    match class::run(input, ATEXT).len() {
        0 => Err(InvalidAddress::LocalPart),
        length => Ok(length),
    }
}

/// Splits words with a dot between two off the input; `word` gives the length of the one that its input begins with.
#[inline]
fn dotted(
    input: &str,
    word: fn(&[u8]) -> Result<usize, InvalidAddress>,
) -> Result<(&str, &str), nom::Err<Fault>> {
    let mut end = 0;
    loop {
        let rest = input.as_bytes().get(end..).unwrap_or_default();
        end += word(rest).map_err(|what| nom::Err::Error(Fault(what)))?;
        if input.as_bytes().get(end) != Some(&b'.') {
            return Ok(input.split_at_checked(end).unwrap_or((input, "")));
        }
        end += 1;
    }
}

/// ```abnf
/// Quoted-string   = DQUOTE *QcontentSMTP DQUOTE
/// QcontentSMTP    = qtextSMTP / quoted-pairSMTP
/// quoted-pairSMTP = %d92 %d32-126
/// qtextSMTP       = %d32-33 / %d35-91 / %d93-126
/// qtextSMTP       =/ UTF8-non-ascii
/// ```
#[cold]
fn quoted_string(input: &str) -> IResult<&str, &str, Fault> {
    let pair = recognize((char('\\'), satisfy(|character| matches!(character, ' '..='~'))));
    recognize(delimited(char('"'), many0_count(alt((qtext, pair))), char('"')))
        .parse_complete(input)
        .or_else(|_: nom::Err<Fault>| fail(InvalidAddress::Quotes))
}

fn qtext(input: &str) -> IResult<&str, &str, Fault> {
    match span(input, QTEXT) {
        ("", _) => fail(InvalidAddress::Quotes),
        (text, rest) => Ok((rest, text)),
    }
}

/// ```abnf
/// Path = "<" [ A-d-l ":" ] Mailbox ">"
/// ```
#[inline]
pub(crate) fn bracketed_path(input: &str) -> IResult<&str, RawPath<'_>, Fault> {
    let Some(inner) = strip(input, b'<') else {
        return fail(InvalidAddress::Brackets);
    };
    let (behind, path) = path(inner)?;
    match strip(behind, b'>') {
        Some(rest) => Ok((rest, path)),
        None => fail(InvalidAddress::Brackets),
    }
}

/// What stands within the brackets of a path: `[ A-d-l ":" ] Mailbox`.
#[inline]
pub(crate) fn path(input: &str) -> IResult<&str, RawPath<'_>, Fault> {
    let (behind, route) = if input.starts_with('@') {
        source_route(input)?
    } else {
        (input, "")
    };
    let (rest, at) = mailbox(behind)?;
    let text = input.get(..input.len() - rest.len()).unwrap_or(input);
    let route = route.len() as u16;
    Ok((
        rest,
        RawPath {
            text,
            route,
            at: route + at,
        },
    ))
}

/// ```abnf
/// A-d-l     = At-domain *( "," At-domain )
/// At-domain = "@" Domain
/// ```
/// With the colon behind it.
#[cold]
fn source_route(input: &str) -> IResult<&str, &str, Fault> {
    let at_domain = || preceded(char('@'), domain);
    match recognize((
        at_domain(),
        many0_count(preceded(char(','), at_domain())),
        char(':'),
    ))
    .parse_complete(input)
    {
        Ok((_, route)) if route.len() > Path::MAX_ROUTE => fail(InvalidAddress::LongRoute),
        Ok(parsed) => Ok(parsed),
        Err(_) => fail(InvalidAddress::Route),
    }
}

/// Reads what is no mailbox by the grammar but was meant as one: with stray dots in the local part, which is then
/// quoted, or with a dot behind the domain, which is then dropped. All this makes a text of its own.
pub(crate) fn loose_mailbox(text: &str, loose_dots: bool, trailing_dot: bool) -> Option<Mailbox<'static>> {
    let text = if trailing_dot {
        text.strip_suffix('.').unwrap_or(text)
    } else {
        text
    };
    if let Ok(mailbox) = Mailbox::parse(text) {
        return Some(mailbox.into_owned());
    }
    let (local_part, host) = text.rsplit_once('@')?;
    let dotted = !local_part.is_empty()
        && local_part
            .bytes()
            .all(|octet| octet == b'.' || class::is(octet, ATEXT));
    (loose_dots && dotted).then_some(())?;
    Mailbox::new(local_part, &Host::parse(host).ok()?).ok()
}

/// The error for an input that is `what`.
fn fail<I, T>(what: InvalidAddress) -> IResult<I, T, Fault> {
    Err(nom::Err::Error(Fault(what)))
}
