//! Domains, mailboxes and paths (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::{char, satisfy};
use nom::combinator::{consumed, cut, opt, peek, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::Leniency;
use super::class::{ATEXT, LDH, QTEXT};
use super::combinator::{Fault, Rule, Text, blanks1, check, dotted, end, or_address, run, run1};
use super::error::invalid_address;
use super::literal::address_literal;
use crate::types::{
    AddressFault, AddressLiteral, Domain, ForwardPath, InvalidAddress, Mailbox, Path, Postmaster, Printable,
};

/// A path as slices of octets: the whole path without brackets, its source route with the colon, and its local part.
#[derive(Clone, Copy)]
pub(super) struct PathParts<'a> {
    whole: &'a [u8],
    route: &'a [u8],
    local_part: &'a [u8],
}

/// A path as a slice without brackets, the length of its source route with the colon, and the index of its mailbox's
/// `@`.
#[derive(Clone, Copy)]
pub(crate) struct RawPath<'a> {
    pub(crate) text: &'a str,
    pub(crate) route: u16,
    pub(crate) at: u16,
}

impl<'a> PathParts<'a> {
    #[inline(always)]
    pub(super) fn of(self, text: Text<'a>) -> Path<'a> {
        let route = self.route.len() as u16; // both are bounded
        Path::trusted(RawPath {
            text: text.slice(self.whole),
            route,
            at: route + self.local_part.len() as u16,
        })
    }
}

/// ```abnf
/// Path = "<" [ A-d-l ":" ] Mailbox ">"
/// ```
#[inline(always)]
pub(super) fn path(input: &[u8]) -> IResult<&[u8], PathParts<'_>, Fault> {
    delimited(
        or_address(char('<'), AddressFault::OpeningBracket),
        path_content,
        or_address(char('>'), AddressFault::ClosingBracket),
    )
    .parse_complete(input)
}

/// ```abnf
/// [ A-d-l ":" ] Mailbox
/// ```
#[inline(always)]
pub(super) fn path_content(input: &[u8]) -> IResult<&[u8], PathParts<'_>, Fault> {
    consumed((source_route, mailbox))
        .map(|(whole, (route, local_part))| PathParts {
            whole,
            route,
            local_part,
        })
        .parse_complete(input)
}

/// Anything that `leniency` accepts in place of a path.
///
/// ```abnf
/// loose-path = ( "<" [ A-d-l ":" ] Mailbox ["."] ">" ) /
///              ( [ A-d-l ":" ] Mailbox ["."] ) ; up to a space or the end
/// ```
#[cold]
pub(super) fn loose_path<'a>(
    input: &'a [u8],
    leniency: &Leniency,
) -> IResult<&'a [u8], PathParts<'a>, Fault> {
    let dot = |input| {
        if leniency.trailing_dot {
            opt(char('.')).map(|_| ()).parse_complete(input)
        } else {
            Ok((input, ()))
        }
    };
    let content = || {
        terminated(
            consumed((source_route, loose_mailbox)).map(|(whole, (route, local_part))| PathParts {
                whole,
                route,
                local_part,
            }),
            dot,
        )
    };
    if input.starts_with(b"<") || !leniency.missing_brackets {
        delimited(char('<'), content(), char('>')).parse_complete(input)
    } else {
        terminated(content(), argument_end).parse_complete(input)
    }
}

/// ```abnf
/// "<Postmaster>" ; in any case of letters
/// ```
#[cold]
pub(super) fn postmaster<'a>(input: &'a [u8], leniency: &Leniency) -> IResult<&'a [u8], &'a [u8], Fault> {
    let word = tag_no_case("Postmaster");
    if input.starts_with(b"<") || !leniency.missing_brackets {
        delimited(char('<'), word, char('>')).parse_complete(input)
    } else {
        terminated(word, argument_end).parse_complete(input)
    }
}

/// The end of an argument, which is not consumed.
fn argument_end(input: &[u8]) -> IResult<&[u8], (), Fault> {
    peek(alt((blanks1.map(|_| ()), end))).parse_complete(input)
}

/// ```abnf
/// [ A-d-l ":" ]
/// ```
#[inline(always)]
fn source_route(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    if input.first() == Some(&b'@') {
        a_d_l(input)
    } else {
        Ok((input, &[]))
    }
}

/// ```abnf
/// A-d-l = At-domain *( "," At-domain )
/// ```
/// Includes the colon that follows.
#[cold]
fn a_d_l(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let mut octets = input.iter().take_while(|octet| !matches!(octet, b'>' | b' '));
    if !octets.any(|octet| *octet == b':') {
        // The input is a mailbox without a local part.
        return Err(Fault::address(input, AddressFault::EmptyLocalPart));
    }
    let domains = (at_domain, many0_count(preceded(char(','), cut(at_domain))));
    let colon = or_address(char(':'), AddressFault::Route);
    check(recognize((domains, colon)), |route| {
        if route.len() > Path::MAX_ROUTE {
            Err(Rule::Address(AddressFault::LongRoute))
        } else {
            Ok(())
        }
    })(input)
}

/// ```abnf
/// At-domain = "@" Domain
/// ```
fn at_domain(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    preceded(or_address(char('@'), AddressFault::Route), domain).parse_complete(input)
}

/// ```abnf
/// Mailbox = Local-part "@" ( Domain / address-literal )
/// ```
/// Returns the local part.
#[inline(always)]
pub(crate) fn mailbox(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    terminated(local_part, (or_address(char('@'), AddressFault::MissingAt), host)).parse_complete(input)
}

/// A mailbox that a dot may follow.
fn loose_mailbox(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let host = alt((
        address_literal.map(|(literal, _)| literal),
        recognize((sub_domain, many0_count(preceded(char('.'), sub_domain)))),
    ));
    let (rest, (local_part, host)) = separated_pair(local_part, char('@'), host).parse_complete(input)?;
    judge_domain(host, host)?;
    Ok((rest, local_part))
}

/// ```abnf
/// Domain / address-literal
/// ```
#[inline(always)]
fn host(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    if input.first() == Some(&b'[') {
        address_literal.map(|(literal, _)| literal).parse_complete(input)
    } else {
        domain(input)
    }
}

/// ```abnf
/// Domain = sub-domain *("." sub-domain)
/// ```
#[inline]
pub(super) fn domain(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let (rest, domain) = dotted(sub_domain).parse_complete(input)?;
    judge_domain(input, domain)?;
    Ok((rest, domain))
}

/// ```abnf
/// sub-domain  = Let-dig [Ldh-str]
/// sub-domain  =/ U-label
/// Let-dig     = ALPHA / DIGIT
/// Ldh-str     = *( ALPHA / DIGIT / "-" ) Let-dig
/// ```
#[inline(always)]
fn sub_domain(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    check(run(LDH), |label| match *label {
        [] => Err(Rule::Address(AddressFault::EmptyLabel)),
        [b'-', ..] | [.., b'-'] => Err(Rule::Address(AddressFault::LabelHyphen)),
        _ if label.len() > Domain::MAX_LABEL && label.is_ascii() => {
            Err(Rule::Address(AddressFault::LongLabel))
        }
        _ => Ok(()),
    })(input)
}

/// Checks the length of the domain that `input` begins with, and its U-labels.
#[inline(always)]
fn judge_domain(input: &[u8], domain: &[u8]) -> Result<(), nom::Err<Fault>> {
    if domain.len() > Domain::MAX {
        Err(Fault::address(input, AddressFault::LongDomain))
    } else if domain.is_ascii() {
        Ok(())
    } else {
        judge_u_labels(input, domain)
    }
}

/// Checks that U-labels contain no blank, no control character and nothing that is mapped to a dot, and that each is no
/// longer than its A-label can be. Validity by RFC 5891 section 5 is not checked.
#[cold]
fn judge_u_labels(input: &[u8], domain: &[u8]) -> Result<(), nom::Err<Fault>> {
    let fail = |at, fault| Fault::address(input.get(at..).unwrap_or_default(), fault);
    let domain =
        str::from_utf8(domain).map_err(|error| fail(error.valid_up_to(), AddressFault::EmptyLabel))?;
    let is_misplaced = |letter: char| {
        !Printable::allows(letter)
            || letter.is_whitespace()
            || matches!(letter, '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
    };
    if let Some(at) = domain.find(is_misplaced) {
        return Err(fail(at, AddressFault::LabelCharacter));
    }
    let mut start = 0;
    for label in domain.split('.') {
        if !label.is_ascii() && label.chars().count() > Domain::MAX_UNICODE_LABEL {
            return Err(fail(start, AddressFault::LongLabel));
        }
        start += label.len() + 1;
    }
    Ok(())
}

/// ```abnf
/// Local-part = Dot-string / Quoted-string
/// ```
#[inline(always)]
fn local_part(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    #[inline(always)]
    fn either(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
        if input.first() == Some(&b'"') {
            quoted_string(input)
        } else {
            dot_string(input)
        }
    }
    check(either, |local_part| {
        if local_part.len() > Mailbox::MAX_LOCAL_PART {
            Err(Rule::Address(AddressFault::LongLocalPart))
        } else {
            Ok(())
        }
    })(input)
}

/// ```abnf
/// Dot-string = Atom *("." Atom)
/// ```
#[inline(always)]
fn dot_string(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    dotted(atom).parse_complete(input)
}

/// ```abnf
/// Atom  = 1*atext
/// atext =/ UTF8-non-ascii
/// ```
#[inline(always)]
fn atom(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    or_address(run1(ATEXT), AddressFault::EmptyLocalPart)(input)
}

/// ```abnf
/// Quoted-string   = DQUOTE *QcontentSMTP DQUOTE
/// QcontentSMTP    = qtextSMTP / quoted-pairSMTP
/// qtextSMTP       = %d32-33 / %d35-91 / %d93-126
/// qtextSMTP       =/ UTF8-non-ascii
/// ```
#[cold]
fn quoted_string(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let content = many0_count(alt((run1(QTEXT), quoted_pair)));
    or_address(
        recognize(delimited(char('"'), content, char('"'))),
        AddressFault::UnclosedQuotes,
    )(input)
}

/// ```abnf
/// quoted-pairSMTP = %d92 %d32-126
/// ```
fn quoted_pair(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    recognize((char('\\'), satisfy(|character| matches!(character, ' '..='~')))).parse_complete(input)
}

/// Returns true if a local part needs no quotes.
pub(crate) fn is_dot_string(text: &str) -> bool {
    terminated(dot_string, end)
        .parse_complete(text.as_bytes())
        .is_ok()
}

/// Parses a domain: [`Domain::parse`].
pub(crate) fn parse_domain(text: &str) -> Result<Domain<'_>, InvalidAddress> {
    whole(text, domain).map(|_| Domain::trusted(text))
}

/// Parses an address literal: [`AddressLiteral::parse`].
pub(crate) fn parse_literal(text: &str) -> Result<AddressLiteral<'_>, InvalidAddress> {
    whole(text, address_literal).map(|(_, address)| AddressLiteral::trusted(text, address))
}

/// Parses a mailbox: [`Mailbox::parse`].
pub(crate) fn parse_mailbox(text: &str) -> Result<Mailbox<'_>, InvalidAddress> {
    whole(text, mailbox).map(|local_part| Mailbox::trusted(text, local_part.len() as u16)) // bounded
}

/// Parses a path with or without its brackets: [`Path::parse`].
pub(crate) fn parse_path(text: &str) -> Result<Path<'_>, InvalidAddress> {
    let path = if text.starts_with('<') { path } else { path_content };
    whole(text, path).map(|parts| parts.of(Text(text)))
}

/// Parses a forward-path with or without its brackets: [`ForwardPath::parse`].
pub(crate) fn parse_forward_path(text: &str) -> Result<ForwardPath<'_>, InvalidAddress> {
    if matches!(text, "" | "<>") {
        return Err(InvalidAddress::new(text, 0, AddressFault::Null));
    }
    let mut loose = Leniency::STRICT;
    loose.missing_brackets = true;
    match whole(text, |input| postmaster(input, &loose)) {
        Ok(word) => Ok(Postmaster::trusted(Text(text).slice(word)).into()),
        Err(_) => parse_path(text).map(ForwardPath::Path),
    }
}

/// Parses all of `text`.
fn whole<'a, O>(
    text: &'a str,
    parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
) -> Result<O, InvalidAddress> {
    if !text.is_ascii()
        && let Some(at) = Printable::find_forbidden(text)
    {
        return Err(InvalidAddress::new(text, at, AddressFault::Control));
    }
    terminated(parser, or_address(end, AddressFault::Trailing))
        .parse_complete(text.as_bytes())
        .map(|(_, output)| output)
        .map_err(|error| invalid_address(text, error))
}
