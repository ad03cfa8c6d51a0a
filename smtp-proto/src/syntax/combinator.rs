//! The small parts of parsers: their error, and combinators that nom does not have.

use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{cut, eof, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::sequence::{preceded, terminated};
use nom::{Err, IResult, Offset, Parser};

use super::class;
use super::parameter_name::ParameterName;
use crate::types::{AddressFault, ArgumentFault, ParameterFault};

/// The error of a parser: the rule that did not match, and the number of octets left there.
///
/// It is small, because the result of every parser contains it. [`error`](super::error) converts it to a public error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(super) rule: Rule,
    pub(super) left: usize,
}

/// The rule that did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A combinator of nom: its caller names the rule with [`or`].
    Unnamed,
    /// An address or a part of it.
    Address(AddressFault),
    /// A parameter of MAIL or RCPT.
    Parameter(ParameterName, ParameterFault),
    /// The form of a command.
    Form(ArgumentFault),
    /// An argument.
    Argument(ArgumentFault),
    /// An argument that may be secret.
    Secret(ArgumentFault),
    /// UTF-8 without SMTPUTF8.
    NonAscii,
    /// A chunk size beyond 64 bits.
    ChunkSize,
}

impl Fault {
    /// Fails with `rule` at the start of `input`.
    pub(super) const fn at(input: &[u8], rule: Rule) -> Err<Self> {
        Err::Error(Self {
            rule,
            left: input.len(),
        })
    }

    /// Fails with a fault of an address at the start of `input`.
    pub(super) const fn address(input: &[u8], fault: AddressFault) -> Err<Self> {
        Self::at(input, Rule::Address(fault))
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self {
            rule: Rule::Unnamed,
            left: input.len(),
        }
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Unwraps the error of a complete parser.
pub(super) fn fault(error: Err<Fault>) -> Fault {
    match error {
        Err::Error(fault) | Err::Failure(fault) => fault,
        // Complete parsers do not fail with this.
        Err::Incomplete(_) => Fault {
            rule: Rule::Unnamed,
            left: 0,
        },
    }
}

/// Sets the rule that `parser` stands for.
#[inline(always)]
pub(super) fn or<'a, O>(
    mut parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
    rule: Rule,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], O, Fault> {
    move |input| {
        parser
            .parse_complete(input)
            .map_err(|error| error.map(|fault| Fault { rule, ..fault }))
    }
}

/// Sets the rule of an address that `parser` stands for.
#[inline(always)]
pub(super) fn or_address<'a, O>(
    parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
    fault: AddressFault,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], O, Fault> {
    or(parser, Rule::Address(fault))
}

/// Checks the output of `parser`, and fails at its start.
#[inline(always)]
pub(super) fn check<'a, O>(
    mut parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
    judge: impl Fn(&O) -> Result<(), Rule>,
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], O, Fault> {
    move |input| {
        let (rest, output) = parser.parse_complete(input)?;
        match judge(&output) {
            Ok(()) => Ok((rest, output)),
            Err(rule) => Err(Fault::at(input, rule)),
        }
    }
}

/// The longest run of octets of `class`.
#[inline(always)]
pub(super) fn run<'a>(class: u8) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault> {
    take_while(move |octet| class::is(octet, class))
}

/// The longest run of octets of `class`, at least one.
#[inline(always)]
pub(super) fn run1<'a>(class: u8) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault> {
    take_while1(move |octet| class::is(octet, class))
}

/// `1*DIGIT`.
#[inline(always)]
pub(super) fn digits<'a>() -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault> {
    take_while1(|octet: u8| octet.is_ascii_digit())
}

/// Any number of spaces.
#[inline(always)]
pub(super) fn blanks(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    take_while(|octet| octet == b' ').parse_complete(input)
}

/// `1*SP`: the parsers accept several spaces wherever the grammar has one.
#[inline(always)]
pub(super) fn blanks1(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    take_while1(|octet| octet == b' ').parse_complete(input)
}

/// The end of the input.
#[inline(always)]
pub(super) fn end(input: &[u8]) -> IResult<&[u8], (), Fault> {
    value((), eof).parse_complete(input)
}

/// Runs `parser` on all of `part`, which `rest` follows in the input.
#[inline(always)]
pub(super) fn inside<'a, O>(
    part: &'a [u8],
    rest: &[u8],
    parser: impl Parser<&'a [u8], Output = O, Error = Fault>,
) -> Result<O, Err<Fault>> {
    match terminated(parser, end).parse_complete(part) {
        Ok((_, output)) => Ok(output),
        Err(error) => Err(error.map(|fault| Fault {
            left: fault.left + rest.len(),
            ..fault
        })),
    }
}

/// `word *("." word)`. A word must follow each dot.
#[inline(always)]
pub(super) fn dotted<'a>(
    word: impl Fn(&'a [u8]) -> IResult<&'a [u8], &'a [u8], Fault> + Copy,
) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault> {
    recognize((word, many0_count(preceded(char('.'), cut(word)))))
}

/// A literal word in any case of letters. It consists of letters, and of digits if the input holds no control
/// characters: then this is exact.
#[inline(always)]
pub(super) fn word<'a, const N: usize>(
    word: &'static [u8; N],
) -> impl FnMut(&'a [u8]) -> IResult<&'a [u8], (), Fault> {
    move |input| match input.split_first_chunk::<N>() {
        Some((first, rest)) if class::is_word(first, word) => Ok((rest, ())),
        _ => Err(Fault::at(input, Rule::Unnamed)),
    }
}

/// A text and its octets. Parsers run on the octets; values are slices of the text, so UTF-8 is validated once.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl<'a> Text<'a> {
    #[inline(always)]
    pub(super) const fn octets(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// The offset of `octets`, which a parser cut from the octets of the text.
    #[inline(always)]
    pub(super) fn offset(self, octets: &[u8]) -> usize {
        self.0.as_bytes().offset(octets)
    }

    /// The slice of the text that has these octets, which a parser cut from its octets.
    #[inline(always)]
    pub(super) fn slice(self, octets: &[u8]) -> &'a str {
        let start = self.offset(octets);
        self.0.get(start..start + octets.len()).unwrap_or_default()
    }
}
