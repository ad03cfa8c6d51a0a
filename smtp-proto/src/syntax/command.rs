//! Command lines (RFC 5321 section 4.1.1).

use super::address;
use super::class::{self, KEYWORD};
use super::parameter::{self, BadParameter};
use crate::types::{
    Argument, Auth, Bdat, ClientName, ClientNameKind, Command, Domain, ForwardPath, InvalidAddress,
    InvalidArgument, InvalidParameter, Mail, MailKind, Path, Postmaster, Query, Rcpt, ReversePath,
    UnknownCommand, Verb,
};

/// Departures from the grammar that the field is full of: which of them a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Leniency {
    /// Blanks between `FROM:` or `TO:` and the path: `MAIL FROM: <a@b.example>`. On by default: many clients send
    /// them, and they can mean one thing only.
    pub space_after_colon: bool,
    /// A path without angle brackets: `MAIL FROM:a@b.example`. Off by default.
    pub missing_brackets: bool,
    /// Host names with underscores or with hyphens at an edge behind EHLO, HELO and LHLO: `EHLO my_pc`. On by
    /// default: nothing depends on this name.
    pub underscore_in_hello: bool,
    /// A dot behind a domain, `<a@b.example.>`, which is dropped. Off by default.
    pub trailing_dot: bool,
    /// A local part with a dot at an edge or two together, `<a..b@c.example>`, as some mobile carriers gave them
    /// out; it becomes `<"a..b"@c.example>`. Off by default.
    pub loose_dots: bool,
}

impl Leniency {
    /// No departures at all.
    pub const STRICT: Self = Self {
        space_after_colon: false,
        missing_brackets: false,
        underscore_in_hello: false,
        trailing_dot: false,
        loose_dots: false,
    };
}

impl Default for Leniency {
    fn default() -> Self {
        Self {
            space_after_colon: true,
            underscore_in_hello: true,
            ..Self::STRICT
        }
    }
}

/// Why a line is not a command that can be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The line does not begin with a verb, or one that is not known has an impossible argument: 500.
    #[error("begin the line with a command")]
    Unrecognised,
    /// The line does not have the form of the command: 501.
    #[error("{verb}: {expected}")]
    Syntax {
        /// The command.
        verb: Verb,
        /// What was expected.
        expected: &'static str,
    },
    /// A control character: 501.
    #[error("{verb}: remove the control character")]
    Control {
        /// The command.
        verb: Verb,
    },
    /// Octets from 0x80 that are not UTF-8: 501.
    #[error("{verb}: write UTF-8")]
    NotUtf8 {
        /// The command.
        verb: Verb,
    },
    /// The domain, address literal or path is malformed: 501.
    #[error("{verb}: {fault}")]
    Address {
        /// The command.
        verb: Verb,
        /// What is wrong with it.
        fault: InvalidAddress,
    },
    /// A parameter is malformed or given twice: 501. A parameter that this crate has no type for is no error: it
    /// is among the `others` of the parameters, for the server to accept it or to answer 555.
    #[error("{verb} {keyword}: {fault}")]
    Parameter {
        /// The command.
        verb: Verb,
        /// The keyword in capitals, or `parameter` for one without a type.
        keyword: &'static str,
        /// What is wrong with it.
        fault: InvalidParameter,
    },
    /// The argument is missing or malformed: 501.
    #[error("{verb}: {fault}")]
    Argument {
        /// The command.
        verb: Verb,
        /// What is wrong with it.
        fault: InvalidArgument,
    },
    /// UTF-8 in a command without the SMTPUTF8 parameter that allows it (RFC 6531 section 3.2): 550 or 553 with
    /// x.6.7.
    #[error("{verb}: add SMTPUTF8 or write ASCII only")]
    NonAscii {
        /// The command.
        verb: Verb,
    },
    /// The size of a chunk is no number of 64 bits: 501, and nobody knows where the next command begins.
    #[error("BDAT: give a chunk size below 2^64")]
    ChunkSize,
}

impl CommandError {
    /// The command; none when it is not known.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        match *self {
            Self::Unrecognised => None,
            Self::ChunkSize => Some(Verb::Bdat),
            Self::Syntax { verb, .. }
            | Self::Control { verb }
            | Self::NotUtf8 { verb }
            | Self::Address { verb, .. }
            | Self::Parameter { verb, .. }
            | Self::Argument { verb, .. }
            | Self::NonAscii { verb } => Some(verb),
        }
    }
}

/// Reads a command line, without its CRLF. Blanks at its end are passed over (RFC 5321 section 4.1.1), and so are
/// more blanks than one between its words.
///
/// RCPT with UTF-8 is accepted here; whether the transaction was begun with SMTPUTF8 is for its owner to check.
///
/// # Errors
/// When the line is no command or its argument is malformed. What is known of the verb alone is judged first, then
/// the octets, then the argument.
pub fn parse_command<'a>(line: &'a [u8], leniency: &Leniency) -> Result<Command<'a>, CommandError> {
    let end = line
        .iter()
        .rposition(|octet| !matches!(octet, b' ' | b'\t'))
        .map_or(0, |last| last + 1);
    let line = line.get(..end).unwrap_or(line);
    let verb = verb(line);
    let fault = |of: fn(Verb) -> CommandError| verb.map_or(CommandError::Unrecognised, of);
    let octets = Octets::of(line);
    if octets.control {
        return Err(fault(|verb| CommandError::Control { verb }));
    }
    let line = str::from_utf8(line).map_err(|_| fault(|verb| CommandError::NotUtf8 { verb }))?;
    if !octets.ascii && line.contains(char::is_control) {
        return Err(fault(|verb| CommandError::Control { verb }));
    }
    let Some(verb) = verb else {
        return unknown(line);
    };
    let rest = line
        .get(verb.as_str().len()..)
        .unwrap_or_default()
        .trim_ascii_start();
    let line = Line {
        verb,
        rest,
        ascii: octets.ascii,
        leniency,
    };
    match verb {
        Verb::Ehlo => line.client_name().map(Command::Ehlo),
        Verb::Helo => line.client_name().map(Command::Helo),
        Verb::Lhlo => line.client_name().map(Command::Lhlo),
        Verb::Mail => line.mail(MailKind::Mail),
        Verb::Send => line.mail(MailKind::Send),
        Verb::Soml => line.mail(MailKind::Soml),
        Verb::Saml => line.mail(MailKind::Saml),
        Verb::Rcpt => line.rcpt(),
        Verb::Data => line.alone().map(|()| Command::Data),
        Verb::Bdat => line.bdat(),
        Verb::Rset => line.alone().map(|()| Command::Rset),
        Verb::Vrfy => line.query().map(Command::Vrfy),
        Verb::Expn => line.query().map(Command::Expn),
        Verb::Help => line.text().map(Command::Help),
        Verb::Noop => line.text().map(Command::Noop),
        Verb::Quit => line.alone().map(|()| Command::Quit),
        Verb::StartTls => line.alone().map(|()| Command::StartTls),
        Verb::Auth => line.auth(),
        Verb::Turn => line.alone().map(|()| Command::Turn),
    }
}

/// The verb that a line begins with, in any case of letters: a whole word.
pub(crate) fn verb(line: &[u8]) -> Option<Verb> {
    let (first, mut rest) = line.split_first_chunk::<4>()?;
    // Clearing this bit makes capitals of letters, and a letter of nothing else.
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
        b"TURN" => Verb::Turn,
        b"STAR" => {
            let (second, behind) = rest.split_first_chunk::<4>()?;
            rest = behind;
            second.eq_ignore_ascii_case(b"TTLS").then_some(Verb::StartTls)?
        }
        _ => return None,
    };
    matches!(rest.first(), None | Some(b' ')).then_some(verb)
}

/// A command that has no variant: a verb of letters, digits and hyphens, and whatever follows.
fn unknown(line: &str) -> Result<Command<'_>, CommandError> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim_ascii_start();
    let argument = (!rest.is_empty()).then(|| Argument::new(rest)).transpose();
    argument
        .and_then(|argument| UnknownCommand::new(verb, argument))
        .map(Command::Unknown)
        .map_err(|_| CommandError::Unrecognised)
}

/// A line with a known verb, and what follows it.
struct Line<'a, 'l> {
    verb: Verb,
    rest: &'a str,
    ascii: bool,
    leniency: &'l Leniency,
}

impl<'a> Line<'a, '_> {
    /// A command without an argument: `"DATA" CRLF` and the like.
    fn alone(&self) -> Result<(), CommandError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.syntax("send this command without an argument"))
        }
    }

    /// ```abnf
    /// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
    /// helo = "HELO" SP Domain CRLF
    /// lhlo = "LHLO" SP ( Domain / address-literal ) CRLF
    /// ```
    /// Address literals are accepted behind HELO too, since all servers do.
    fn client_name(&self) -> Result<ClientName<'a>, CommandError> {
        let name = self
            .rest
            .strip_suffix('.')
            .filter(|_| self.leniency.trailing_dot)
            .unwrap_or(self.rest);
        match ClientName::parse(name) {
            Ok(name) => Ok(name),
            Err(_) if self.leniency.underscore_in_hello && is_loose_name(name) => {
                Ok(ClientName::trusted(name, ClientNameKind::Other))
            }
            Err(fault) => Err(self.address(fault)),
        }
    }

    /// ```abnf
    /// mail         = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    /// Reverse-path = Path / "<>"
    /// ```
    fn mail(&self, kind: MailKind) -> Result<Command<'a>, CommandError> {
        let input = self.behind(b"FROM:", "write FROM: and a path")?;
        let (path, rest) = match input.strip_prefix("<>") {
            Some(rest) => (ReversePath::Null, rest),
            None => {
                let (path, rest) = self.path(input)?;
                (ReversePath::Path(path), rest)
            }
        };
        let parameters =
            parameter::mail_parameters(self.parameters(rest)?).map_err(|bad| self.parameter(bad))?;
        if !self.ascii && !parameters.smtputf8() {
            return Err(CommandError::NonAscii { verb: self.verb });
        }
        Ok(Command::Mail(Mail::trusted(kind, path, parameters)))
    }

    /// ```abnf
    /// rcpt         = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" /
    ///                Forward-path ) [SP Rcpt-parameters] CRLF
    /// Forward-path = Path
    /// ```
    fn rcpt(&self) -> Result<Command<'a>, CommandError> {
        let input = self.behind(b"TO:", "write TO: and a path")?;
        let (path, rest) = match self.path(input) {
            Ok((path, rest)) => (ForwardPath::Path(path), rest),
            Err(fault) => {
                let (inner, rest) = self.brackets(input).ok_or(fault)?;
                match Postmaster::parse(inner) {
                    Some(postmaster) => (ForwardPath::Postmaster(postmaster), rest),
                    None if inner.is_empty() => return Err(self.address(InvalidAddress::Null)),
                    None => return Err(fault),
                }
            }
        };
        let parameters =
            parameter::rcpt_parameters(self.parameters(rest)?).map_err(|bad| self.parameter(bad))?;
        Ok(Command::Rcpt(Rcpt::new(path, parameters)))
    }

    /// ```abnf
    /// bdat-cmd   = "BDAT" SP chunk-size [ SP end-marker ] CRLF
    /// chunk-size = 1*DIGIT
    /// end-marker = "LAST"
    /// ```
    fn bdat(&self) -> Result<Command<'a>, CommandError> {
        let (size, marker) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        if size.is_empty() || !size.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(self.syntax("give the size of the chunk in octets"));
        }
        let size = parameter::number(size).ok_or(CommandError::ChunkSize)?;
        let marker = marker.trim_ascii_start();
        let last = marker.eq_ignore_ascii_case("LAST");
        if last || marker.is_empty() {
            Ok(Command::Bdat(Bdat { size, last }))
        } else {
            Err(self.syntax("write nothing but LAST behind the size"))
        }
    }

    /// ```abnf
    /// vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] CRLF
    /// expn = "EXPN" SP String [ SP "SMTPUTF8" ] CRLF
    /// ```
    fn query(&self) -> Result<Query<'a>, CommandError> {
        let (text, smtputf8) = match self.rest.rsplit_once(' ') {
            Some((text, last)) if last.eq_ignore_ascii_case("SMTPUTF8") => (text.trim_ascii_end(), true),
            _ => (self.rest, false),
        };
        let query = Query::new(text).map_err(|fault| self.argument(fault))?;
        match (smtputf8, query.smtputf8()) {
            (true, _) => Ok(query.with_smtputf8()),
            (false, true) => Err(CommandError::NonAscii { verb: self.verb }),
            (false, false) => Ok(query),
        }
    }

    /// ```abnf
    /// help = "HELP" [ SP String ] CRLF
    /// noop = "NOOP" [ SP String ] CRLF
    /// ```
    fn text(&self) -> Result<Option<Argument<'a>>, CommandError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        Argument::new(self.rest)
            .map(Some)
            .map_err(|fault| self.argument(fault))
    }

    /// ```abnf
    /// auth-command = "AUTH" SP sasl-mech [SP initial-response] CRLF
    /// ```
    fn auth(&self) -> Result<Command<'a>, CommandError> {
        let (mechanism, initial) = match self.rest.split_once(' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial.trim_ascii_start())),
            None => (self.rest, None),
        };
        Auth::new(mechanism, initial)
            .map(Command::Auth)
            .map_err(|fault| self.argument(fault))
    }

    /// What follows `FROM:` or `TO:`.
    fn behind<const N: usize>(
        &self,
        word: &[u8; N],
        expected: &'static str,
    ) -> Result<&'a str, CommandError> {
        match self.rest.split_at_checked(N) {
            Some((first, rest)) if class::is_word(first, word) => Ok(if self.leniency.space_after_colon {
                rest.trim_ascii_start()
            } else {
                rest
            }),
            _ => Err(self.syntax(expected)),
        }
    }

    /// A path that is not null, and what follows it.
    fn path(&self, input: &'a str) -> Result<(Path<'a>, &'a str), CommandError> {
        let fault = match address::bracketed_path(input) {
            Ok((rest, path)) => return Ok((Path::trusted(path), rest)),
            Err(fault) => self.address(fault.into()),
        };
        let (inner, rest) = self.brackets(input).ok_or(fault)?;
        if !input.starts_with('<')
            && let Ok(path) = Path::parse(inner)
        {
            return Ok((path, rest));
        }
        let Leniency {
            loose_dots,
            trailing_dot,
            ..
        } = *self.leniency;
        let mailbox = address::loose_mailbox(inner, loose_dots, trailing_dot).ok_or(fault)?;
        Ok((mailbox.into(), rest))
    }

    /// What stands between brackets, or up to the next blank where brackets may be missing; and what follows.
    fn brackets(&self, input: &'a str) -> Option<(&'a str, &'a str)> {
        match input.strip_prefix('<') {
            Some(input) => input.split_once('>'),
            None if self.leniency.missing_brackets => {
                input.split_at_checked(input.find(' ').unwrap_or(input.len()))
            }
            None => None,
        }
    }

    /// What follows a path: nothing, or parameters behind a blank.
    fn parameters(&self, rest: &'a str) -> Result<&'a str, CommandError> {
        if rest.is_empty() || rest.starts_with(' ') {
            Ok(rest)
        } else {
            Err(self.address(InvalidAddress::Trailing))
        }
    }

    const fn syntax(&self, expected: &'static str) -> CommandError {
        CommandError::Syntax {
            verb: self.verb,
            expected,
        }
    }

    const fn address(&self, fault: InvalidAddress) -> CommandError {
        CommandError::Address {
            verb: self.verb,
            fault,
        }
    }

    const fn argument(&self, fault: InvalidArgument) -> CommandError {
        CommandError::Argument {
            verb: self.verb,
            fault,
        }
    }

    const fn parameter(&self, BadParameter { keyword, fault }: BadParameter) -> CommandError {
        CommandError::Parameter {
            verb: self.verb,
            keyword,
            fault,
        }
    }
}

/// What octets there are in a line.
struct Octets {
    ascii: bool,
    control: bool,
}

impl Octets {
    /// Looks at eight octets at a time; the last eight may overlap those before.
    fn of(line: &[u8]) -> Self {
        const EACH: u64 = u64::from_ne_bytes([1; 8]);
        let (words, rest) = line.as_chunks::<8>();
        let mut high = 0;
        let mut control = 0;
        let mut look = |word: u64| {
            let delete = word ^ (EACH * 0x7f);
            high |= word;
            // The top bit of an octet here: it is below 0x20, or it was 0x7f. Borrows reach only octets above one
            // that is such.
            control |= (word.wrapping_sub(EACH * 0x20) & !word) | (delete.wrapping_sub(EACH) & !delete);
        };
        words.iter().for_each(|word| look(u64::from_ne_bytes(*word)));
        match line.last_chunk::<8>() {
            Some(last) => look(u64::from_ne_bytes(*last)),
            None => rest.iter().for_each(|&octet| look(EACH * u64::from(octet))),
        }
        Self {
            ascii: high & (EACH * 0x80) == 0,
            control: control & (EACH * 0x80) != 0,
        }
    }
}

/// Whether a host name is none by the grammar but was meant as one: labels of letters, digits, hyphens and
/// underscores.
fn is_loose_name(name: &str) -> bool {
    name.len() <= Domain::MAX
        && name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|octet| octet == b'_' || class::is(octet, KEYWORD))
        })
}

#[cfg(test)]
mod tests;
