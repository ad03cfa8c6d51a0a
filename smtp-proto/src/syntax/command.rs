//! Command lines (RFC 5321 section 4.1.1).

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::char;
use nom::combinator::{opt, peek, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::address::{self, PathParts};
use super::argument::{auth, client_name, etrn, query, string, unknown_verb};
use super::client_info::attributes;
use super::combinator::{self, Fault, Rule, Text, blanks, blanks1, digits, end, or, or_address, word};
use super::parameter::{mail_parameters, number, rcpt_parameters};
use super::{CommandError, Leniency};
use crate::types::{
    AddressFault, Argument, ArgumentFault, Bdat, Command, ForwardPath, Mail, MailKind, Postmaster, Printable,
    Rcpt, ReversePath, UnknownCommand, Verb, Xclient, Xforward,
};

/// Parses a command line, passed without its CRLF.
///
/// Accepts spaces and tabs at the end of the line (RFC 5321 section 4.1.1), and several spaces wherever the grammar has
/// one. Accepts UTF-8 in RCPT: the caller checks that the transaction has SMTPUTF8 ([`Rcpt::is_ascii`]).
///
/// ```abnf
/// command = verb [ SP argument ]   ; each command's rule is in the table of this module
/// ```
///
/// # Errors
/// Returns [`CommandError`] if the line is not a command, or its argument is malformed. The verb is checked first, then
/// the octets, then the argument.
///
/// ```
/// use smtp_proto::{syntax::{Leniency, parse_command}, types::Command};
///
/// let Command::Rcpt(rcpt) = parse_command(b"RCPT TO:<bob@example.org>", &Leniency::STRICT)? else {
///     unreachable!("the verb is RCPT")
/// };
/// assert_eq!(rcpt.forward_path().as_str(), "bob@example.org");
/// # Ok::<_, smtp_proto::syntax::CommandError>(())
/// ```
pub fn parse_command<'a>(line: &'a [u8], leniency: &Leniency) -> Result<Command<'a>, CommandError> {
    let mut line = line;
    while let [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    let Ok((rest, verb)) = verb(line) else {
        return unknown_command(line);
    };
    let before = line.len() - rest.len();
    let text = if rest.is_empty() {
        "" // as in DATA
    } else {
        match str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => return Err(not_text(verb, rest, before, error.valid_up_to())),
        }
    };
    let ascii = text.is_ascii();
    if !ascii && let Some(at) = Printable::find_forbidden(text) {
        return Err(CommandError::Control {
            verb,
            position: before + at,
        });
    }
    let line = Line {
        text: Text(text),
        ascii,
        leniency,
    };
    match line.argument(verb) {
        Ok(command) => Ok(command),
        Err(error) => Err(CommandError::new(verb, text, before, error)),
    }
}

/// Finds the fault in octets that are not UTF-8.
#[cold]
fn not_text(verb: Verb, rest: &[u8], before: usize, valid: usize) -> CommandError {
    match rest.iter().position(u8::is_ascii_control) {
        Some(at) => CommandError::Control {
            verb,
            position: before + at,
        },
        None => CommandError::NotUtf8 {
            verb,
            position: before + valid,
        },
    }
}

/// ```abnf
/// verb = "EHLO" / "HELO" / "MAIL" / ...   ; in any case of letters, up to a space or the end
/// ```
#[inline(always)]
pub(crate) fn verb(input: &[u8]) -> IResult<&[u8], Verb, Fault> {
    let unknown = || Err(Fault::at(input, Rule::Unnamed));
    let Some((first, rest)) = input.split_first_chunk::<4>() else {
        return unknown();
    };
    // Clearing this bit turns letters into capitals, and nothing else into a letter.
    let verb = match &first.map(|octet| octet & !0x20) {
        b"EHLO" => Verb::Ehlo,
        b"HELO" => Verb::Helo,
        b"LHLO" => Verb::Lhlo,
        b"MAIL" => Verb::Mail,
        b"SEND" => Verb::Send,
        b"SOML" => Verb::Soml,
        b"SAML" => Verb::Saml,
        b"RCPT" => Verb::Rcpt,
        b"DATA" => Verb::Data,
        b"BDAT" => Verb::Bdat,
        b"RSET" => Verb::Rset,
        b"VRFY" => Verb::Vrfy,
        b"EXPN" => Verb::Expn,
        b"HELP" => Verb::Help,
        b"NOOP" => Verb::Noop,
        b"QUIT" => Verb::Quit,
        b"AUTH" => Verb::Auth,
        b"ETRN" => Verb::Etrn,
        b"TURN" => Verb::Turn,
        b"STAR" => return terminated(value(Verb::StartTls, word(b"TTLS")), verb_end).parse_complete(rest),
        b"XCLI" => return terminated(value(Verb::Xclient, word(b"ENT")), verb_end).parse_complete(rest),
        b"XFOR" => return terminated(value(Verb::Xforward, word(b"WARD")), verb_end).parse_complete(rest),
        b"DEBU" => return terminated(value(Verb::Debug, word(b"G")), verb_end).parse_complete(rest),
        _ => return unknown(),
    };
    let (rest, ()) = verb_end(rest)?;
    Ok((rest, verb))
}

/// The end of a verb: a blank, which is not consumed, or the end of the line.
#[inline(always)]
fn verb_end(input: &[u8]) -> IResult<&[u8], (), Fault> {
    match input.first() {
        None | Some(b' ' | b'\t') => Ok((input, ())),
        Some(_) => Err(Fault::at(input, Rule::Unnamed)),
    }
}

/// A command without its own variant.
///
/// ```abnf
/// unknown-command = 1*32(ALPHA / DIGIT / "-") [ SP String ]
/// ```
#[cold]
fn unknown_command(line: &[u8]) -> Result<Command<'_>, CommandError> {
    let unrecognised = |position| CommandError::Unrecognised { position };
    let text = str::from_utf8(line).map_err(|error| unrecognised(error.valid_up_to()))?;
    if let Some(at) = Printable::find_forbidden(text) {
        return Err(unrecognised(at));
    }
    let argument = preceded(blanks1, string);
    let (_, (verb, argument)) = terminated((unknown_verb, opt(argument)), end)
        .parse_complete(line)
        .map_err(|error| unrecognised(line.len() - combinator::fault(error).left))?;
    let text = Text(text);
    let argument = argument.map(|argument| Argument::trusted(text.slice(argument)));
    Ok(Command::Unknown(UnknownCommand::trusted(
        text.slice(verb),
        argument,
    )))
}

/// The part of a command line after its verb.
#[derive(Clone, Copy)]
struct Line<'a, 'l> {
    text: Text<'a>,
    ascii: bool,
    leniency: &'l Leniency,
}

impl<'a> Line<'a, '_> {
    #[inline(always)]
    fn argument(self, verb: Verb) -> Result<Command<'a>, nom::Err<Fault>> {
        let (input, _) = blanks(self.text.octets())?;
        let (text, leniency) = (self.text, self.leniency);
        Ok(match verb {
            Verb::Rcpt => Command::Rcpt(self.rcpt(input)?.1),
            Verb::Mail => Command::Mail(self.mail(input, MailKind::Mail)?.1),
            Verb::Data => alone(input, Command::Data)?,
            Verb::Rset => alone(input, Command::Rset)?,
            Verb::Quit => alone(input, Command::Quit)?,
            Verb::Noop => Command::Noop(text_argument(text, input)?.1),
            Verb::Ehlo => Command::Ehlo(client_name(text, leniency, input)?.1),
            Verb::Helo => Command::Helo(client_name(text, leniency, input)?.1),
            Verb::Lhlo => Command::Lhlo(client_name(text, leniency, input)?.1),
            Verb::Bdat => Command::Bdat(bdat(input)?.1),
            Verb::StartTls => alone(input, Command::StartTls)?,
            Verb::Auth => Command::Auth(auth(text)(input)?.1),
            Verb::Vrfy => Command::Vrfy(query(text, self.ascii)(input)?.1),
            Verb::Expn => Command::Expn(query(text, self.ascii)(input)?.1),
            Verb::Help => Command::Help(text_argument(text, input)?.1),
            Verb::Send => Command::Mail(self.mail(input, MailKind::Send)?.1),
            Verb::Soml => Command::Mail(self.mail(input, MailKind::Soml)?.1),
            Verb::Saml => Command::Mail(self.mail(input, MailKind::Saml)?.1),
            Verb::Xclient => {
                Command::Xclient(Xclient::trusted(attributes(text, Xclient::ATTRIBUTES)(input)?.1))
            }
            Verb::Xforward => Command::Xforward(Xforward::trusted(
                attributes(text, Xforward::ATTRIBUTES)(input)?.1,
            )),
            Verb::Etrn => Command::Etrn(etrn(text)(input)?.1),
            Verb::Turn => alone(input, Command::Turn)?,
            Verb::Debug => alone(input, Command::Debug)?,
        })
    }

    /// ```abnf
    /// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    /// ```
    fn mail(self, input: &'a [u8], kind: MailKind) -> IResult<&'a [u8], Mail<'a>, Fault> {
        let from = or((word(b"FROM"), char(':')), Rule::Form(ArgumentFault::MissingFrom));
        let (input, reverse_path) =
            preceded((from, self.gap()), |input| self.reverse_path(input)).parse_complete(input)?;
        let (input, parameters) = mail_parameters(self.text, blanks1)(input)?;
        let (input, ()) = or_address(end, AddressFault::Trailing)(input)?;
        if !self.ascii && !parameters.smtputf8() {
            return Err(Fault::at(input, Rule::NonAscii));
        }
        Ok((input, Mail::trusted(kind, reverse_path, parameters)))
    }

    /// ```abnf
    /// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" /
    ///        Forward-path ) [SP Rcpt-parameters] CRLF
    /// ```
    fn rcpt(self, input: &'a [u8]) -> IResult<&'a [u8], Rcpt<'a>, Fault> {
        let to = or((word(b"TO"), char(':')), Rule::Form(ArgumentFault::MissingTo));
        let (input, forward_path) =
            preceded((to, self.gap()), |input| self.forward_path(input)).parse_complete(input)?;
        let (input, parameters) = rcpt_parameters(self.text, blanks1)(input)?;
        let (input, ()) = or_address(end, AddressFault::Trailing)(input)?;
        Ok((input, Rcpt::new(forward_path, parameters)))
    }

    /// The spaces that a lenient parser accepts after the colon.
    #[inline(always)]
    fn gap(self) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault> {
        let allowed = self.leniency.space_after_colon;
        take_while(move |octet| allowed & (octet == b' '))
    }

    /// ```abnf
    /// Reverse-path = Path / "<>"
    /// ```
    #[inline(always)]
    fn reverse_path(self, input: &'a [u8]) -> IResult<&'a [u8], ReversePath<'a>, Fault> {
        if input.starts_with(b"<>") {
            return value(ReversePath::Null, tag("<>")).parse_complete(input);
        }
        match address::path(input) {
            Ok((rest, path)) => Ok((rest, ReversePath::Path(path.of(self.text)))),
            Err(fault) => self
                .loose_path(input, fault)
                .map(|(rest, path)| (rest, ReversePath::Path(path.of(self.text)))),
        }
    }

    /// ```abnf
    /// Forward-path = Path
    /// ```
    #[inline(always)]
    fn forward_path(self, input: &'a [u8]) -> IResult<&'a [u8], ForwardPath<'a>, Fault> {
        match address::path(input) {
            Ok((rest, path)) => Ok((rest, ForwardPath::Path(path.of(self.text)))),
            Err(fault) => self.rare_forward_path(input, fault),
        }
    }

    /// A forward-path that is not a `Path`, because of `fault`.
    #[cold]
    fn rare_forward_path(
        self,
        input: &'a [u8],
        fault: nom::Err<Fault>,
    ) -> IResult<&'a [u8], ForwardPath<'a>, Fault> {
        if let Ok((rest, word)) = address::postmaster(input, self.leniency) {
            return Ok((rest, Postmaster::trusted(self.text.slice(word)).into()));
        }
        if input.starts_with(b"<>") {
            return Err(Fault::address(input, AddressFault::Null));
        }
        self.loose_path(input, fault)
            .map(|(rest, path)| (rest, ForwardPath::Path(path.of(self.text))))
    }

    /// Any form that a lenient parser accepts in place of a path. It is not a `Path` because of `fault`.
    #[cold]
    fn loose_path(self, input: &'a [u8], fault: nom::Err<Fault>) -> IResult<&'a [u8], PathParts<'a>, Fault> {
        address::loose_path(input, self.leniency).map_err(|_| fault)
    }
}

/// A command without an argument.
///
/// ```abnf
/// data = "DATA" CRLF
/// ```
#[inline(always)]
fn alone<'a>(input: &'a [u8], command: Command<'a>) -> Result<Command<'a>, nom::Err<Fault>> {
    or(end, Rule::Form(ArgumentFault::Unexpected))(input)?;
    Ok(command)
}

/// ```abnf
/// help = "HELP" [ SP String ] CRLF
/// noop = "NOOP" [ SP String ] CRLF
/// ```
#[inline(always)]
fn text_argument<'a>(text: Text<'a>, input: &'a [u8]) -> IResult<&'a [u8], Option<Argument<'a>>, Fault> {
    if input.is_empty() {
        return Ok((input, None)); // as usual
    }
    terminated(string, end)
        .map(|argument| Some(Argument::trusted(text.slice(argument))))
        .parse_complete(input)
}

/// ```abnf
/// bdat-cmd   = "BDAT" SP chunk-size [ SP end-marker ] CRLF
/// chunk-size = 1*DIGIT
/// end-marker = "LAST"
/// ```
fn bdat(input: &[u8]) -> IResult<&[u8], Bdat, Fault> {
    let end_marker = alt((value(false, end), value(true, (word(b"LAST"), end))));
    let end_marker = or(end_marker, Rule::Form(ArgumentFault::EndMarker));
    (chunk_size, preceded(blanks, end_marker))
        .map(|(size, last)| Bdat { size, last })
        .parse_complete(input)
}

/// ```abnf
/// chunk-size = 1*DIGIT   ; below 2^64
/// ```
fn chunk_size(input: &[u8]) -> IResult<&[u8], u64, Fault> {
    let boundary = peek(alt((end, value((), char(' ')))));
    let (rest, digits) = or(
        terminated(digits(), boundary),
        Rule::Form(ArgumentFault::ChunkSize),
    )(input)?;
    match number(digits) {
        Some(size) => Ok((rest, size)),
        None => Err(Fault::at(input, Rule::ChunkSize)),
    }
}

#[cfg(test)]
mod tests;
