//! Arguments of commands other than MAIL, RCPT and BDAT.

use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{not, opt, recognize};
use nom::multi::many0_count;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::Leniency;
use super::address::domain;
use super::class::{self, KEYWORD, TEXT};
use super::combinator::{Fault, Rule, Text, blanks1, check, end, inside, or, or_address, run, word};
use super::command::verb;
use super::error::{invalid_address, invalid_argument};
use super::literal::{address_literal, loose_ipv6_literal};
use crate::types::{
    AddressFault, Argument, ArgumentFault, Auth, ClientName, ClientNameKind, Domain, Etrn, InvalidAddress,
    InvalidArgument, Printable, Query, UnknownCommand,
};

/// The name of a client, as it sends it.
///
/// ```abnf
/// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
/// helo = "HELO" SP Domain CRLF
/// lhlo = "LHLO" SP ( Domain / address-literal ) CRLF
/// ```
/// Address literals are accepted after HELO too, because all servers do. U-labels are not: the name comes before the
/// server can offer SMTPUTF8 (RFC 6531 section 3.7.1).
#[inline]
pub(super) fn client_name<'a>(
    text: Text<'a>,
    leniency: &Leniency,
    input: &'a [u8],
) -> IResult<&'a [u8], ClientName<'a>, Fault> {
    let ended = or_address(end, AddressFault::Trailing);
    let parsed = if input.first() == Some(&b'[') {
        terminated(address_literal, ended)
            .map(|(literal, address)| (literal, ClientNameKind::Literal(address)))
            .parse_complete(input)
    } else {
        terminated(ascii_domain, ended)
            .map(|name| (name, ClientNameKind::Domain))
            .parse_complete(input)
    };
    let (rest, (name, kind)) = match parsed {
        Ok(parsed) => parsed,
        Err(fault) if leniency.loose_hello_names => loose_client_name(input).map_err(|_| fault)?,
        Err(fault) => return Err(fault),
    };
    Ok((rest, ClientName::trusted(text.slice(name), kind)))
}

/// A domain without U-labels.
#[inline(always)]
fn ascii_domain(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let (rest, name) = domain(input)?;
    if name.is_ascii() {
        return Ok((rest, name));
    }
    let at = name.iter().position(|octet| !octet.is_ascii()).unwrap_or(0);
    Err(Fault::address(
        input.get(at..).unwrap_or_default(),
        AddressFault::NonAsciiDomain,
    ))
}

/// A name that is not `Domain / address-literal`, but was meant as one.
///
/// ```abnf
/// loose-name  = loose-label *("." loose-label) ["."] / loose-literal
/// loose-label = 1*(ALPHA / DIGIT / "-" / "_")
/// ```
#[cold]
fn loose_client_name(input: &[u8]) -> IResult<&[u8], (&[u8], ClientNameKind), Fault> {
    let label = || take_while1(|octet| octet == b'_' || class::is(octet, KEYWORD));
    let name = recognize((label(), many0_count(preceded(char('.'), label()))));
    let name = check(name, |name: &&[u8]| {
        if name.len() > Domain::MAX {
            Err(Rule::Address(AddressFault::LongDomain))
        } else {
            Ok(())
        }
    });
    terminated(alt((terminated(name, opt(char('.'))), loose_ipv6_literal)), end)
        .map(|name| match terminated(domain, end).parse_complete(name) {
            Ok(_) => (name, ClientNameKind::Domain),
            Err(_) => (name, ClientNameKind::Other),
        })
        .parse_complete(input)
}

/// A free text.
///
/// ```abnf
/// String = 1*(%d32-126 / UTF8-non-ascii)   ; without spaces at its ends
/// ```
/// RFC 5321 section 4.1.2 has `String = Atom / Quoted-string`, but clients send more.
pub(super) fn string(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    check(run(TEXT), |text| match text {
        _ if text.trim_ascii().is_empty() => Err(Rule::Argument(ArgumentFault::Empty)),
        _ if text.len() > Argument::MAX => Err(Rule::Argument(ArgumentFault::Long)),
        [b' ', ..] | [.., b' '] => Err(Rule::Argument(ArgumentFault::Blanks)),
        _ => Ok(()),
    })(input)
}

/// The argument of VRFY and EXPN. `ascii` says that the input has no UTF-8.
///
/// ```abnf
/// vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] CRLF
/// expn = "EXPN" SP String [ SP "SMTPUTF8" ] CRLF
/// ```
pub(super) fn query<'a>(
    text: Text<'a>,
    ascii: bool,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], Query<'a>, Fault> {
    move |input| {
        let (rest, asked) = query_text(input)?;
        let (after, smtputf8) = opt(preceded(blanks1, word(b"SMTPUTF8"))).parse_complete(rest)?;
        let (after, ()) = or(end, Rule::Argument(ArgumentFault::Character))(after)?;
        // The last word of the text must not be the parameter.
        let one_more = terminated(query_text, or(end, Rule::Argument(ArgumentFault::SmtpUtf8)));
        inside(asked, rest, one_more)?;
        if !ascii && smtputf8.is_none() {
            return Err(Fault::at(input, Rule::NonAscii));
        }
        let argument = Argument::trusted(text.slice(asked));
        Ok((after, Query::trusted(argument, smtputf8.is_some())))
    }
}

/// The `String` of VRFY and EXPN: all words but a last one that is SMTPUTF8.
fn query_text(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let letter = |octet| octet != b' ' && class::is(octet, TEXT);
    let last = || terminated(word(b"SMTPUTF8"), end);
    let others = many0_count((blanks1, not(last()), take_while1(letter)));
    let (rest, words) = recognize((take_while(letter), others)).parse_complete(input)?;
    inside(words, rest, string)?;
    Ok((rest, words))
}

/// The argument of AUTH (RFC 4954 section 4).
///
/// ```abnf
/// auth-command = "AUTH" SP sasl-mech [SP initial-response] CRLF
/// ```
pub(super) fn auth<'a>(text: Text<'a>) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], Auth<'a>, Fault> {
    move |input| {
        let rest = preceded(blanks1, initial_response);
        let (rest, (mechanism, initial)) = (sasl_mech, opt(rest)).parse_complete(input)?;
        let (rest, ()) = or(end, Rule::Secret(ArgumentFault::Character))(rest)?;
        let initial = initial.map(|initial| text.slice(initial));
        Ok((rest, Auth::trusted(text.slice(mechanism), initial)))
    }
}

/// The argument of ETRN (RFC 1985 section 5.2).
///
/// ```abnf
/// etrn       = "ETRN" SP ( ["@"] Domain / "#" queue-name ) CRLF
/// queue-name = 1*255(%x21-7E)
/// ```
/// RFC 1985 has `["@" / "#"] node-name`, but the name of a queue need not be a domain.
pub(super) fn etrn<'a>(text: Text<'a>) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], Etrn<'a>, Fault> {
    move |input| {
        let (rest, name) =
            terminated(etrn_name, or_address(end, AddressFault::Trailing)).parse_complete(input)?;
        Ok((rest, Etrn::trusted(text.slice(name))))
    }
}

fn etrn_name<'a>(input: &'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault> {
    let queue = |input: &'a [u8]| {
        let (rest, name) = take_while(|octet: u8| octet.is_ascii_graphic())(input)?;
        match name.len() {
            0 => Err(Fault::address(input, AddressFault::EmptyDomain)),
            length if length > Etrn::MAX_QUEUE => Err(Fault::address(input, AddressFault::LongDomain)),
            _ => Ok((rest, name)),
        }
    };
    if input.first() == Some(&b'#') {
        recognize(preceded(char('#'), queue)).parse_complete(input)
    } else {
        recognize((opt(char('@')), ascii_domain)).parse_complete(input)
    }
}

/// ```abnf
/// sasl-mech = 1*20mech-char   ; RFC 4422 section 3.1
/// mech-char = ALPHA / DIGIT / "-" / "_"   ; in any case
/// ```
fn sasl_mech(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let mech_char = |octet| octet == b'_' || class::is(octet, KEYWORD);
    bounded(take_while(mech_char), Auth::MAX_MECHANISM, Rule::Secret)(input)
}

/// ```abnf
/// initial-response = base64 / "="
/// ```
/// The mechanism judges the base64.
fn initial_response(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let graphic = take_while(|octet: u8| octet.is_ascii_graphic());
    bounded(graphic, Auth::MAX_INITIAL, Rule::Secret)(input)
}

/// ```abnf
/// 1*32(ALPHA / DIGIT / "-")
/// ```
pub(super) fn unknown_verb(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    bounded(run(KEYWORD), UnknownCommand::MAX_VERB, Rule::Argument)(input)
}

/// Parses a word of 1 to `most` octets.
fn bounded<'a>(
    mut word: impl Parser<&'a [u8], Output = &'a [u8], Error = Fault>,
    most: usize,
    rule: fn(ArgumentFault) -> Rule,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault> {
    move |input| {
        let (rest, word) = word.parse_complete(input)?;
        let fault = match word.len() {
            0 if input.is_empty() => ArgumentFault::Empty,
            0 => ArgumentFault::Character,
            length if length > most => ArgumentFault::Long,
            _ => return Ok((rest, word)),
        };
        Err(Fault::at(input, rule(fault)))
    }
}

/// Checks the text of an [`Argument`].
pub(crate) fn check_string(text: &str) -> Result<(), InvalidArgument> {
    match Printable::find_forbidden(text) {
        // The rule `string` does not find forbidden characters beyond ASCII.
        Some(at) if !text.is_ascii() => Err(InvalidArgument::new(text, at, ArgumentFault::Character)),
        _ => whole(text, string, Rule::Argument(ArgumentFault::Character)),
    }
}

/// Checks the text of a [`Query`], which is an argument.
pub(crate) fn check_query(text: &str) -> Result<(), InvalidArgument> {
    let smtputf8 = Rule::Argument(ArgumentFault::SmtpUtf8);
    whole(text, query_text, smtputf8)
}

/// Checks the name of a mechanism.
pub(crate) fn check_mechanism(text: &str) -> Result<(), InvalidArgument> {
    whole(text, sasl_mech, Rule::Secret(ArgumentFault::Character))
}

/// Checks an initial response.
pub(crate) fn check_initial_response(text: &str) -> Result<(), InvalidArgument> {
    whole(text, initial_response, Rule::Secret(ArgumentFault::Character))
}

/// Checks the verb of an [`UnknownCommand`].
pub(crate) fn check_unknown_verb(text: &str) -> Result<(), InvalidArgument> {
    whole(text, unknown_verb, Rule::Argument(ArgumentFault::Character))?;
    match verb(text.as_bytes()) {
        Ok(_) => Err(InvalidArgument::new(text, 0, ArgumentFault::KnownVerb)),
        Err(_) => Ok(()),
    }
}

/// Checks the text of an [`Etrn`].
pub(crate) fn check_etrn(text: &str) -> Result<(), InvalidAddress> {
    let mut whole = terminated(etrn_name, or_address(end, AddressFault::Trailing));
    match whole.parse_complete(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid_address(text, error)),
    }
}

/// Parses all of `text`; `rest` is the rule for what is left over.
fn whole<'a>(
    text: &'a str,
    parser: impl Parser<&'a [u8], Output = &'a [u8], Error = Fault>,
    rest: Rule,
) -> Result<(), InvalidArgument> {
    match terminated(parser, or(end, rest)).parse_complete(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid_argument(text, error)),
    }
}
