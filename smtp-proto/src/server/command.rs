//! Command lines: which is next, and who deals with it.

use super::{
    Closed, Event, Historic, LONGEST_DROPPED_LINE, Next, OUTPUT_HIGH, Server, Unknown, body::Mode,
    pipeline::Reply, ticket::Kind,
};
use crate::{
    line::Cut,
    state::{Move, State},
    syntax::{self, CommandError},
    types::{Argument, Command, Keyword, MailKind, Query, UnknownCommand, Verb},
};

/// What became of reading a line.
pub(super) enum Line<'i> {
    /// Here it is, without its CRLF.
    Whole(&'i [u8]),
    /// It was longer than allowed, and is dropped.
    TooLong,
    /// There is no whole line yet.
    Incomplete,
    /// There will be none: the session ends.
    Ended,
}

impl Server {
    pub(super) fn next_command<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        if self.state == State::Connected {
            return self.greet(input);
        }
        if self.pipeline.output.len() >= OUTPUT_HIGH {
            return Next::Wait(false);
        }
        if !self.pipeline.is_empty() {
            // Questions about recipients are open: only another RCPT may join them.
            if self.pipeline.len() >= self.config.limits.window.max(1) {
                return Next::Wait(false);
            }
            // What ends the session is not to take the place of the answers.
            if self.counters.errors >= self.config.limits.errors.hard {
                return Next::Wait(false);
            }
            // Whether there is room for one more depends on the answers.
            let promised =
                self.pipeline.open(Kind::Recipient) as u64 + u64::from(self.transaction.recipients);
            if promised >= u64::from(self.config.limits.recipients) {
                return Next::Wait(false);
            }
            // Nor is a line that is too long, of which there may be too much.
            let most = input.get(..self.config.limits.line);
            if most.is_some_and(|most| memchr::memmem::find(most, b"\r\n").is_none()) {
                return Next::Wait(false);
            }
            let head = input.get(..5).unwrap_or(input);
            if !b"RCPT "
                .get(..head.len())
                .is_some_and(|verb| verb.eq_ignore_ascii_case(head))
            {
                return Next::Wait(false);
            }
        } else if self.too_idle() {
            return Next::Again;
        }
        if input.is_empty() && !self.end_of_input {
            return Next::Wait(true);
        }
        if input.starts_with(b"\x16\x03") && self.line.at_start() {
            self.close_with("421 4.7.0 this is not a TLS port, closing", Closed::NotSmtp);
            return Next::Again;
        }
        let limit = self.line_limit(input);
        match self.read_line(input, limit) {
            Line::Whole(line) => {
                if self.state == State::Chunks {
                    self.transaction.arrived(line.len(), self.now);
                }
                self.obey(line, input)
            }
            Line::TooLong if self.long_response && self.offers(Keyword::Auth) => {
                self.fault_with(super::auth::TOO_LONG)
            }
            Line::TooLong => self.fault_with("500 5.5.2 line too long"),
            Line::Incomplete => Next::Wait(true),
            Line::Ended => Next::Again,
        }
    }

    /// How long the line may be that the input begins with: AUTH may have a long response in it.
    fn line_limit(&self, input: &[u8]) -> usize {
        let usual = self.config.limits.line;
        match input {
            [b'A' | b'a', ..] if begins_with(input, b"AUTH") => usual.max(self.config.limits.auth_line),
            _ => usual,
        }
    }

    /// Takes the next line off the input, and ends the session when there is no end to it.
    #[inline(always)] // or every command pays for a call
    pub(super) fn read_line<'i>(&mut self, input: &mut &'i [u8], limit: usize) -> Line<'i> {
        let (before, start) = (self.line.dropped(), *input);
        let cut = self.line.cut(input, limit);
        let length = match cut {
            Cut::TooLong(length) => length,
            Cut::Line(_) | Cut::Incomplete => self.line.dropped(),
        };
        let dropped = length.saturating_sub(before);
        if dropped > 0 && before == 0 {
            self.long_response = begins_with(start, b"AUTH ");
            // A response may begin with any letters.
            if begins_with(start, b"BDAT") && matches!(self.mode, Mode::Commands) {
                self.lost_step();
                return Line::Ended;
            }
        }
        if dropped > 0 && (!self.drop_octets(dropped) || length > LONGEST_DROPPED_LINE) {
            self.close_with("421 4.7.0 line too long, closing", Closed::TooMuchDropped);
            return Line::Ended;
        }
        match cut {
            Cut::Line(line) => {
                self.reading.stop();
                Line::Whole(line)
            }
            Cut::TooLong(_) => {
                self.reading.stop();
                Line::TooLong
            }
            Cut::Incomplete if self.end_of_input && self.pipeline.is_empty() => {
                self.close(Closed::Eof);
                Line::Ended
            }
            Cut::Incomplete => Line::Incomplete,
        }
    }

    /// Does what a line asks for; `behind` is the input behind it.
    fn obey<'i>(&mut self, line: &'i [u8], behind: &[u8]) -> Next<'i> {
        let parsed = syntax::parse_command(line, &self.config.leniency);
        if let Ok(command) = &parsed
            && let Some(reply) = self.too_early(command)
            && !matches!(command, Command::Bdat(_))
            && !matches!(command, Command::Unknown(unknown) if speaks_http(unknown.verb()))
        {
            return self.has_to_wait(command, reply);
        }
        match parsed {
            Ok(Command::Rcpt(rcpt)) => self.serve(Move::Rcpt, |server| server.rcpt(rcpt)),
            Ok(Command::Mail(mail)) => {
                let step = match mail.kind() {
                    MailKind::Mail => Move::Mail,
                    _ if self.config.historic == Historic::Open => Move::Historic,
                    _ => return self.not_implemented(),
                };
                self.serve(step, |server| server.mail(mail))
            }
            Ok(Command::Data) => self.serve(Move::Data, Self::data),
            Ok(Command::Bdat(bdat)) => self.bdat(bdat),
            Ok(Command::Quit) => self.serve(Move::Quit, Self::quit),
            Ok(Command::Ehlo(name)) => self.chat(Move::Hello, |server| server.introduced(Verb::Ehlo, name)),
            Ok(Command::Helo(name)) => self.chat(Move::Hello, |server| server.introduced(Verb::Helo, name)),
            Ok(Command::Lhlo(name)) => self.chat(Move::Hello, |server| server.introduced(Verb::Lhlo, name)),
            Ok(Command::Rset) => self.chat(Move::Rset, Self::rset),
            Ok(Command::Noop(_)) => self.chat(Move::Anytime, Self::noop),
            Ok(Command::Vrfy(query)) => self.chat(Move::Anytime, |server| server.verify(query)),
            Ok(Command::Expn(query)) => self.chat(Move::Anytime, |server| server.expand(query)),
            Ok(Command::Help(topic)) => self.chat(Move::Anytime, |server| server.ask_help(topic)),
            Ok(Command::StartTls) if self.is_encrypted() => {
                self.fault_with("503 5.5.1 the session is under TLS")
            }
            Ok(Command::StartTls) if self.offers(Keyword::StartTls) => {
                self.serve(Move::StartTls, |server| server.start_tls(behind))
            }
            Ok(Command::Auth(auth)) if self.offers(Keyword::Auth) => {
                self.serve(Move::Auth, |server| server.auth(&auth))
            }
            Ok(Command::Unknown(command)) => self.unknown(command),
            Ok(_) => self.not_implemented(),
            Err(error) => self.misunderstood(line, &error),
        }
    }

    /// Why a command has to wait: for TLS, or for the client to say who it is.
    pub(super) fn too_early(&self, command: &Command<'_>) -> Option<&'static str> {
        if self.needs_tls(command) {
            Some("530 5.7.0 say STARTTLS first")
        } else if self.needs_auth(command) {
            Some("530 5.7.0 authenticate first")
        } else {
            None
        }
    }

    /// Does what a command asks for, if it is in order.
    fn serve<'i>(&mut self, step: Move, act: impl FnOnce(&mut Self) -> Next<'i>) -> Next<'i> {
        if self.state.after(step).is_none() {
            return self.misplaced(step);
        }
        self.attempted |= matches!(step, Move::Mail | Move::Historic | Move::Rcpt);
        act(self)
    }

    /// The same for a command that brings no message forward; too many in a row end the session.
    fn chat<'i>(&mut self, step: Move, act: impl FnOnce(&mut Self) -> Next<'i>) -> Next<'i> {
        self.serve(
            step,
            |server| {
                if server.idled() { Next::Again } else { act(server) }
            },
        )
    }

    /// Refuses a command that is out of order.
    #[cold]
    fn misplaced<'i>(&mut self, step: Move) -> Next<'i> {
        let reply = self.out_of_order(step);
        if step == Move::Hello {
            return self.fault_with_uncoded(reply);
        }
        if self.follows_a_refusal(step) {
            return self.in_vain(reply);
        }
        self.fault_with(reply)
    }

    /// Refuses a command that comes before TLS or a login.
    #[cold]
    fn has_to_wait<'i>(&mut self, command: &Command<'_>, reply: &'static str) -> Next<'i> {
        let step = match command {
            Command::Rcpt(_) => Some(Move::Rcpt),
            Command::Data => Some(Move::Data),
            _ => None,
        };
        if step.is_some_and(|step| self.follows_a_refusal(step)) {
            return self.in_vain(reply);
        }
        self.attempted |= self.state == State::Ready && matches!(command, Command::Mail(_));
        self.fault_with(reply)
    }

    /// Refuses a command that follows a refusal.
    fn in_vain<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.pipeline.reply(&Reply::Fixed(reply));
        self.idled();
        Next::Again
    }

    #[cold]
    fn not_implemented<'i>(&mut self) -> Next<'i> {
        self.fault_with("502 5.5.1 command not implemented")
    }

    /// Why this step cannot be taken now.
    pub(super) const fn out_of_order(&self, step: Move) -> &'static str {
        match (self.state, step) {
            (State::Refused, _) => "503 5.5.1 no service here, send QUIT",
            (State::Greeted, _) => "503 5.5.1 say hello first",
            (State::Broken, _) => "503 5.5.1 a chunk was refused, send RSET first",
            (_, Move::Mail | Move::Historic | Move::StartTls | Move::Auth) => {
                "503 5.5.1 a transaction is open, send RSET to drop it"
            }
            (State::Mail, _) => "503 5.5.1 no valid recipients",
            (State::Chunks, _) => "503 5.5.1 the message has begun, go on with BDAT",
            _ => "503 5.5.1 send MAIL first",
        }
    }

    /// Whether a command is refused only because one before it was: the client may have sent both before it knew.
    pub(super) const fn follows_a_refusal(&self, step: Move) -> bool {
        match self.state {
            State::Ready => self.attempted && matches!(step, Move::Rcpt | Move::Data | Move::Bdat),
            State::Mail => self.attempted && matches!(step, Move::Data | Move::Bdat),
            State::Broken => matches!(step, Move::Rcpt | Move::Data | Move::Bdat),
            _ => false,
        }
    }

    fn noop<'i>(&mut self) -> Next<'i> {
        self.pipeline.reply(&Reply::Fixed("250 2.0.0 ok"));
        Next::Again
    }

    fn verify<'i>(&mut self, query: Query<'i>) -> Next<'i> {
        self.inquiry_utf8 = query.smtputf8();
        Next::Event(Event::Verify {
            query,
            ticket: self.pipeline.ask(Kind::Verify, self.now),
        })
    }

    fn expand<'i>(&mut self, query: Query<'i>) -> Next<'i> {
        self.inquiry_utf8 = query.smtputf8();
        Next::Event(Event::Expand {
            query,
            ticket: self.pipeline.ask(Kind::Expand, self.now),
        })
    }

    fn ask_help<'i>(&mut self, topic: Option<Argument<'i>>) -> Next<'i> {
        Next::Event(Event::Help {
            topic,
            ticket: self.pipeline.ask(Kind::Help, self.now),
        })
    }

    fn unknown<'i>(&mut self, command: UnknownCommand<'i>) -> Next<'i> {
        if speaks_http(command.verb()) {
            self.close_with("421 4.7.0 this is not an HTTP port, closing", Closed::NotSmtp);
            return Next::Again;
        }
        match self.config.unknown_commands {
            _ if self.state == State::Refused => {
                let reply = self.out_of_order(Move::Anytime);
                self.fault_with(reply)
            }
            Unknown::Refuse => self.not_recognised(),
            Unknown::Ask => {
                if self.idled() {
                    return Next::Again;
                }
                Next::Event(Event::Command {
                    command,
                    ticket: self.pipeline.ask(Kind::Command, self.now),
                })
            }
        }
    }

    fn not_recognised<'i>(&mut self) -> Next<'i> {
        self.pipeline
            .reply(&Reply::Fixed("500 5.5.1 command not recognised"));
        self.counters.unknown_commands = self.counters.unknown_commands.saturating_add(1);
        let bound = self.config.limits.unknown_commands;
        if self.counters.unknown_commands > bound.hard {
            self.close_with(
                "421 4.7.0 too many unknown commands, closing",
                Closed::TooManyUnknownCommands,
            );
        } else if self.counters.unknown_commands > bound.soft {
            self.punish();
        }
        Next::Again
    }

    /// Answers what could not be parsed. What the client sent is never echoed.
    #[cold]
    fn misunderstood<'i>(&mut self, line: &[u8], error: &CommandError) -> Next<'i> {
        let verb = error.verb();
        self.attempted |= match self.state {
            State::Ready => matches!(verb, Some(Verb::Mail)),
            State::Mail => matches!(verb, Some(Verb::Rcpt)),
            _ => false,
        };
        let reply = match *error {
            CommandError::Unrecognised { .. } => {
                let verb = line
                    .split(|octet| *octet == b' ')
                    .next()
                    .and_then(|verb| str::from_utf8(verb).ok());
                if verb.is_some_and(speaks_http) {
                    self.close_with("421 4.7.0 this is not an HTTP port, closing", Closed::NotSmtp);
                    return Next::Again;
                }
                return self.not_recognised();
            }
            error if error.verb() == Some(Verb::Bdat) => {
                // Where the next command begins is not known, and octets of a message must never be taken for one.
                self.pipeline.reply(&Reply::Fixed(
                    "501 5.5.4 give the chunk size, then LAST or nothing",
                ));
                self.lost_step();
                return Next::Again;
            }
            CommandError::NonAscii {
                verb: Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml,
                ..
            } => "550 5.6.7 a non-ASCII address needs SMTPUTF8",
            CommandError::NonAscii { .. } => "553 5.6.7 a non-ASCII address needs SMTPUTF8",
            CommandError::Control { .. } => "501 5.5.2 control character in a command",
            CommandError::NotUtf8 { .. } => "501 5.5.2 invalid UTF-8",
            CommandError::Address { verb: Verb::Rcpt, .. } => "501 5.1.3 syntax error in the forward-path",
            CommandError::Address {
                verb: Verb::Ehlo | Verb::Helo | Verb::Lhlo,
                ..
            } => "501 5.5.4 give a domain or an address literal",
            CommandError::Address { .. } => "501 5.1.7 syntax error in the reverse-path",
            CommandError::Parameter { .. } => "501 5.5.4 syntax error in a parameter",
            CommandError::Syntax { .. } => "501 5.5.4 syntax error in the argument",
            CommandError::Argument { .. } | CommandError::ChunkSize { .. } => {
                "501 5.5.4 the argument is missing or malformed"
            }
        };
        if let Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) = verb {
            self.fault_with_uncoded(reply)
        } else {
            self.fault_with(reply)
        }
    }

    /// Ends a session in which the octets of a chunk cannot be told from commands.
    fn lost_step(&mut self) {
        self.close_with(
            "421 4.7.0 cannot tell where the chunk ends, closing",
            Closed::LostStep,
        );
    }

    /// Refuses a command that is faulty or out of order.
    pub(super) fn fault_with<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.pipeline.reply(&Reply::Fixed(reply));
        self.fault();
        Next::Again
    }

    /// The same for EHLO, HELO and LHLO, whose replies have no enhanced code (RFC 2034 section 4).
    pub(super) fn fault_with_uncoded<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.pipeline.reply(&Reply::Uncoded(reply));
        self.fault();
        Next::Again
    }

    /// Counts a faulty command.
    pub(super) fn fault(&mut self) {
        self.counters.errors = self.counters.errors.saturating_add(1);
        let bound = self.config.limits.errors;
        if self.counters.errors > bound.hard {
            self.close_with("421 4.7.0 too many errors, closing", Closed::TooManyErrors);
        } else if self.counters.errors > bound.soft {
            self.punish();
        }
    }

    pub(super) fn punish(&mut self) {
        let penalty = self.config.timeouts.penalty;
        if !penalty.is_zero() {
            self.penalty = Some(self.now + penalty);
        }
    }
}

/// Whether a line begins with this verb, in any case of letters.
fn begins_with(line: &[u8], verb: &[u8]) -> bool {
    line.get(..verb.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(verb))
}

/// Whether a verb is a method of HTTP. A browser can be made to send such requests to any port, with SMTP
/// commands in their bodies.
fn speaks_http(verb: &str) -> bool {
    [
        "GET", "POST", "HEAD", "PUT", "CONNECT", "OPTIONS", "DELETE", "PATCH", "TRACE", "PRI",
    ]
    .iter()
    .any(|method| method.eq_ignore_ascii_case(verb))
}
