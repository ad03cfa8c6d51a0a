//! Command lines (RFC 5321 section 4.1.1).

use super::address;
use super::class::{self, KEYWORD, trim};
use super::parameter::{self, BadParameter};
use super::{CommandError, Leniency};
use crate::types::{
    Argument, Auth, Bdat, ClientName, ClientNameKind, Command, Domain, ForwardPath, InvalidAddress,
    InvalidArgument, Mail, MailKind, Path, Postmaster, Printable, Query, Rcpt, ReversePath, UnknownCommand,
    Verb,
};

/// Reads a command line, without its CRLF. Blanks at its end are passed over (RFC 5321 section 4.1.1), and so are
/// more blanks than one between its words.
///
/// RCPT with UTF-8 is accepted here; whether the transaction was begun with SMTPUTF8 is for its owner to check.
///
/// # Errors
/// When the line is no command or its argument is malformed. What is known of the verb alone is judged first, then
/// the octets, then the argument.
pub fn parse_command<'a>(line: &'a [u8], leniency: &Leniency) -> Result<Command<'a>, CommandError> {
    let mut line = line;
    while let [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    let Some(verb) = verb(line) else {
        return unknown(line).ok_or(CommandError::Unrecognised);
    };
    let rest = line.get(verb.as_str().len()..).unwrap_or_default();
    let Ok(rest) = str::from_utf8(rest) else {
        let control = rest.iter().any(u8::is_ascii_control);
        return Err(if control {
            CommandError::Control { verb }
        } else {
            CommandError::NotUtf8 { verb }
        });
    };
    let ascii = rest.is_ascii();
    if !ascii && !Printable::allows_all(rest) {
        return Err(CommandError::Control { verb });
    }
    Line {
        verb,
        rest: trim(rest),
        ascii,
        leniency,
    }
    .parse()
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
        b"DEBU" => {
            let (last, behind) = rest.split_first()?;
            rest = behind;
            last.eq_ignore_ascii_case(&b'g').then_some(Verb::Debug)?
        }
        _ => return None,
    };
    matches!(rest.first(), None | Some(b' ' | b'\t')).then_some(verb)
}

/// A command that has no variant: a verb of letters, digits and hyphens, and whatever follows.
fn unknown(line: &[u8]) -> Option<Command<'_>> {
    let line = str::from_utf8(line).ok()?;
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = trim(rest);
    let argument = (!rest.is_empty()).then(|| Argument::new(rest)).transpose().ok()?;
    UnknownCommand::new(verb, argument).ok().map(Command::Unknown)
}

/// A line with a known verb, and what follows it.
struct Line<'a, 'l> {
    verb: Verb,
    rest: &'a str,
    ascii: bool,
    leniency: &'l Leniency,
}

impl<'a> Line<'a, '_> {
    fn parse(&self) -> Result<Command<'a>, CommandError> {
        match self.verb {
            Verb::Ehlo => self.client_name().map(Command::Ehlo),
            Verb::Helo => self.client_name().map(Command::Helo),
            Verb::Lhlo => self.client_name().map(Command::Lhlo),
            Verb::Mail => self.mail(MailKind::Mail),
            Verb::Send => self.mail(MailKind::Send),
            Verb::Soml => self.mail(MailKind::Soml),
            Verb::Saml => self.mail(MailKind::Saml),
            Verb::Rcpt => self.rcpt(),
            Verb::Data => self.alone().map(|()| Command::Data),
            Verb::Bdat => self.bdat(),
            Verb::Rset => self.alone().map(|()| Command::Rset),
            Verb::Vrfy => self.query().map(Command::Vrfy),
            Verb::Expn => self.query().map(Command::Expn),
            Verb::Help => self.text().map(Command::Help),
            Verb::Noop => self.text().map(Command::Noop),
            Verb::Quit => self.alone().map(|()| Command::Quit),
            Verb::StartTls => self.alone().map(|()| Command::StartTls),
            Verb::Auth => self.auth(),
            Verb::Turn => self.alone().map(|()| Command::Turn),
            Verb::Debug => self.alone().map(|()| Command::Debug),
        }
    }

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
        let input = self.behind(b"FROM", "write FROM: and a path")?;
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
        let input = self.behind(b"TO", "write TO: and a path")?;
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
        let marker = trim(marker);
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
            Some((text, last)) if last.eq_ignore_ascii_case("SMTPUTF8") => (text.trim_end_matches(' '), true),
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
            Some((mechanism, initial)) => (mechanism, Some(trim(initial))),
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
        let path = self.rest.split_at_checked(N).and_then(|(first, rest)| {
            let rest = class::strip(rest, b':')?;
            class::is_word(first, word).then_some(rest)
        });
        match path {
            Some(path) if self.leniency.space_after_colon => Ok(trim(path)),
            Some(path) => Ok(path),
            None => Err(self.syntax(expected)),
        }
    }

    /// A path that is not null, and what follows it.
    #[inline]
    fn path(&self, input: &'a str) -> Result<(Path<'a>, &'a str), CommandError> {
        match address::bracketed_path(input) {
            Ok((rest, path)) => Ok((Path::trusted(path), rest)),
            Err(fault) => self.loose_path(input, fault.into()),
        }
    }

    /// The same for what is no path by the grammar, for this reason.
    #[cold]
    fn loose_path(&self, input: &'a str, fault: InvalidAddress) -> Result<(Path<'a>, &'a str), CommandError> {
        let fault = self.address(fault);
        let (inner, rest) = self.brackets(input).ok_or(fault)?;
        if let Ok(path) = Path::parse(inner) {
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

    fn syntax(&self, expected: &'static str) -> CommandError {
        self.blame(CommandError::Syntax {
            verb: self.verb,
            expected,
        })
    }

    fn address(&self, fault: InvalidAddress) -> CommandError {
        self.blame(CommandError::Address {
            verb: self.verb,
            fault,
        })
    }

    fn argument(&self, fault: InvalidArgument) -> CommandError {
        self.blame(CommandError::Argument {
            verb: self.verb,
            fault,
        })
    }

    fn parameter(&self, BadParameter { keyword, fault }: BadParameter) -> CommandError {
        self.blame(CommandError::Parameter {
            verb: self.verb,
            keyword,
            fault,
        })
    }

    /// No control character passes the grammar: what is left to find out is whether one was the fault.
    fn blame(&self, fault: CommandError) -> CommandError {
        if self.rest.contains(|character: char| character.is_ascii_control()) {
            CommandError::Control { verb: self.verb }
        } else {
            fault
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
