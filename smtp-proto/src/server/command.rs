//! Command lines: reads the next line and dispatches the command.

use super::{
    config::UnknownPolicy,
    event::{Closed, Event},
    lines::{Line, LineKind},
    phase::Step,
    question::Question,
    refusal::SMTPUTF8_NOT_OFFERED,
    replies::Reply,
    session::{Await, Next, OUTPUT_HIGH, Server},
};
use crate::{
    line::Bare,
    state::{Move, State},
    syntax::{self, CommandError},
    types::{Argument, Bdat, Command, Keyword, MailKind, Query, UnknownCommand, Verb},
};

/// The shortest limit for lines, in octets: BDAT must be recognised before its line is dropped.
const SHORTEST_LINE: usize = 16;

impl Server {
    /// Reads the next command line and handles it.
    pub(super) fn next_command<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        if self.replies.output.len() >= OUTPUT_HIGH || self.abuse.delays_replies(self.clock.now) {
            return Next::Wait(Await::Progress);
        }
        if self.replies.is_empty() {
            if self.end_if_idle() {
                return Next::Again;
            }
        } else if !self.may_join(input) {
            return Next::Wait(Await::Progress);
        }
        if input.is_empty() && !self.end_of_input {
            return Next::Wait(Await::Input);
        }
        if input.starts_with(b"\x16\x03") && self.lines.at_start() {
            return self.close_stranger(Stranger::Tls);
        }
        let limit = self.line_limit(input);
        let line = self.read_line(input, limit, LineKind::Command);
        match line {
            Line::Whole(line) => self.dispatch(line, input),
            Line::TooLongAuth if self.offers(Keyword::Auth) => self.refuse(super::auth::TOO_LONG),
            Line::TooLong | Line::TooLongAuth => self.refuse("500 5.5.2 line too long"),
            Line::Bare(Bare::Cr) => self.refuse("500 5.5.2 bare CR in a command, end lines with CRLF"),
            Line::Bare(Bare::Lf) => self.refuse("500 5.5.2 bare LF in a command, end lines with CRLF"),
            line => self.without_line(&line),
        }
    }

    /// Returns `true` if the next command may be handled while questions about recipients are open: only another RCPT,
    /// and only if the answers and their times cannot change its effect.
    #[cold]
    fn may_join(&self, input: &[u8]) -> bool {
        let limits = &self.config.limits;
        let open = u64::from(self.replies.open());
        if self.replies.len() >= limits.max_open_rcpts.max(1) {
            return false;
        }
        // Do not end the session while earlier questions are unanswered: their replies come first.
        if self
            .abuse
            .is_near_end(open, limits.errors, limits.max_idle_commands)
        {
            return false;
        }
        // The answers decide if one more recipient fits.
        if open + u64::from(self.recipients()) >= u64::from(limits.max_recipients) {
            return false;
        }
        // A line that is dropped, because it is over-long or contains a bare CR or LF, may exceed the drop budget and end the
        // session.
        if !self.lines.at_start() || is_faulty(input, limits.max_line_octets.max(SHORTEST_LINE)) {
            return false;
        }
        let head = input.get(..5).unwrap_or(input);
        b"RCPT "
            .get(..head.len())
            .is_some_and(|verb| verb.eq_ignore_ascii_case(head))
    }

    /// The maximum length of the line at the start of the input, in octets. AUTH may contain a long response.
    fn line_limit(&self, input: &[u8]) -> usize {
        let usual = self.config.limits.max_line_octets.max(SHORTEST_LINE);
        // A shorter input is within either limit.
        if input.len() >= usual && begins_with(input, b"AUTH ") {
            usual.max(self.config.limits.max_auth_octets)
        } else {
            usual
        }
    }

    /// Handles a line. `behind` is the input after it.
    fn dispatch<'i>(&mut self, line: &'i [u8], behind: &[u8]) -> Next<'i> {
        let parsed = syntax::parse_command(line, &self.config.leniency);
        if let Ok(command) = &parsed
            && let Some(reply) = self.premature(command)
            && !matches!(command, Command::Unknown(unknown) if Stranger::of(unknown.verb()).is_some())
        {
            return self.refuse_premature(command, reply);
        }
        match parsed {
            Ok(Command::Rcpt(rcpt)) => self.rcpt(rcpt),
            Ok(Command::Mail(mail)) => {
                // SEND, SOML and SAML are obsolete (RFC 5321 appendix F.6).
                if mail.kind() != MailKind::Mail {
                    return self.refuse_unimplemented();
                }
                self.run_in_sequence(Move::Mail, |server| server.mail(mail))
            }
            Ok(Command::Data) => self.run_in_sequence(Move::Data, Self::data),
            Ok(Command::Bdat(bdat)) => self.chunk(bdat),
            Ok(Command::Quit) => self.run_in_sequence(Move::Quit, Self::quit),
            Ok(Command::Ehlo(name)) => {
                self.run_idle(Move::Hello, |server| server.introduce(Verb::Ehlo, name))
            }
            Ok(Command::Helo(name)) => {
                self.run_idle(Move::Hello, |server| server.introduce(Verb::Helo, name))
            }
            Ok(Command::Lhlo(name)) => {
                self.run_idle(Move::Hello, |server| server.introduce(Verb::Lhlo, name))
            }
            Ok(Command::Rset) => self.run_idle(Move::Rset, Self::rset),
            Ok(Command::Noop(_)) => self.run_idle(Move::Anytime, Self::noop),
            Ok(Command::Vrfy(query)) => self.run_idle(Move::Anytime, |server| server.verify(query)),
            Ok(Command::Expn(query)) => self.run_idle(Move::Anytime, |server| server.expand(query)),
            Ok(Command::Help(topic)) => self.run_idle(Move::Anytime, |server| server.help(topic)),
            Ok(Command::StartTls) if self.is_encrypted() => self.refuse("503 5.5.1 the session is under TLS"),
            Ok(Command::StartTls) if self.offers(Keyword::StartTls) => {
                self.run_in_sequence(Move::StartTls, |server| server.start_tls(behind))
            }
            Ok(Command::Auth(auth)) if self.offers(Keyword::Auth) => {
                self.run_in_sequence(Move::Auth, |server| server.auth(&auth))
            }
            Ok(Command::Xclient(command)) => {
                self.run_idle(Move::Xclient, |server| server.ask_xclient(command))
            }
            Ok(Command::Xforward(command)) => {
                self.run_idle(Move::Xforward, |server| server.ask_xforward(command))
            }
            Ok(Command::Etrn(etrn)) if self.offers(Keyword::Etrn) => {
                self.run_idle(Move::Etrn, |server| server.start_queue(etrn))
            }
            Ok(Command::Unknown(command)) => self.unknown(command),
            Ok(_) => self.refuse_unimplemented(),
            Err(error) => self.refuse_malformed(line, &error),
        }
    }

    /// Returns the refusal of a command that requires TLS or authentication first.
    fn premature(&self, command: &Command<'_>) -> Option<&'static str> {
        if self.session.needs_tls(&self.config, command) {
            Some("530 5.7.0 send STARTTLS first")
        } else if self.needs_auth(command) {
            Some("530 5.7.0 authenticate first")
        } else {
            None
        }
    }

    pub(super) fn offers(&self, keyword: Keyword) -> bool {
        self.session.offers(&self.config, keyword)
    }

    /// Runs a command if it is in order.
    #[inline]
    fn run_in_sequence<'i>(&mut self, step: Move, run: impl FnOnce(&mut Self) -> Next<'i>) -> Next<'i> {
        if self.state().after(step).is_none() {
            return self.refuse_misplaced(step);
        }
        run(self)
    }

    /// Runs a command without progress, if it is in order. Too many in a row end the session.
    #[inline]
    fn run_idle<'i>(&mut self, step: Move, run: impl FnOnce(&mut Self) -> Next<'i>) -> Next<'i> {
        self.run_in_sequence(step, |server| {
            if server.count_idle() {
                Next::Again
            } else {
                run(server)
            }
        })
    }

    /// Handles BDAT, whose octets follow even if it is refused.
    fn chunk<'i>(&mut self, bdat: Bdat) -> Next<'i> {
        let size = bdat.size;
        if !self.offers(Keyword::Chunking) {
            return self.drop_chunk(size, "502 5.5.1 BDAT is not offered");
        }
        self.bdat(bdat)
    }

    /// Drops the part of an out-of-order chunk that is in the input.
    pub(super) fn next_refused_chunk<'i>(&mut self, input: &mut &'i [u8]) -> Option<Next<'i>> {
        let chunk = self.lines.refused_chunk()?;
        let reply = chunk.reply;
        if let Some(octets) = chunk.octets.take(input) {
            chunk.pace.pause(self.clock.now);
            self.discard(octets.len());
            return Some(Next::Again);
        }
        if chunk.octets.remaining() > 0 {
            if !self.end_of_input {
                return Some(Next::Wait(Await::Input));
            }
            self.close(Closed::ConnectionClosed);
            return Some(Next::Again);
        }
        self.lines.end_chunk();
        Some(if self.phase.follows_a_refusal(Move::Bdat) {
            self.refuse_for_now(reply)
        } else {
            self.refuse(reply)
        })
    }

    /// Refuses a command that comes before TLS or authentication.
    #[cold]
    fn refuse_premature<'i>(&mut self, command: &Command<'_>, reply: &'static str) -> Next<'i> {
        let step = match command {
            Command::Bdat(bdat) => return self.drop_chunk(bdat.size, reply),
            Command::Rcpt(_) => Some(Move::Rcpt),
            Command::Data => Some(Move::Data),
            _ => None,
        };
        if step.is_some_and(|step| self.phase.follows_a_refusal(step)) {
            return self.refuse_for_now(reply);
        }
        if matches!(command, Command::Mail(_)) {
            self.advance(Step::RefuseMail);
        }
        self.refuse(reply)
    }

    #[cold]
    fn refuse_unimplemented<'i>(&mut self) -> Next<'i> {
        self.refuse("502 5.5.1 command not implemented")
    }

    fn noop<'i>(&mut self) -> Next<'i> {
        self.replies.reply(&Reply::Fixed("250 2.0.0 ok"));
        Next::Again
    }

    fn verify<'i>(&mut self, query: Query<'i>) -> Next<'i> {
        let smtputf8 = query.smtputf8();
        if smtputf8 && !self.takes_smtputf8() {
            return self.refuse(SMTPUTF8_NOT_OFFERED);
        }
        Next::Event(Event::Verify {
            query,
            ticket: self.replies.ask(Question::Verify { smtputf8 }, self.clock.now),
        })
    }

    fn expand<'i>(&mut self, query: Query<'i>) -> Next<'i> {
        let smtputf8 = query.smtputf8();
        if smtputf8 && !self.takes_smtputf8() {
            return self.refuse(SMTPUTF8_NOT_OFFERED);
        }
        Next::Event(Event::Expand {
            query,
            ticket: self.replies.ask(Question::Expand { smtputf8 }, self.clock.now),
        })
    }

    fn takes_smtputf8(&self) -> bool {
        self.session.takes_parameters(&self.config, Keyword::SmtpUtf8)
    }

    fn help<'i>(&mut self, topic: Option<Argument<'i>>) -> Next<'i> {
        let smtputf8 = self.phase.smtputf8();
        Next::Event(Event::Help {
            topic,
            ticket: self.replies.ask(Question::Help { smtputf8 }, self.clock.now),
        })
    }

    fn unknown<'i>(&mut self, command: UnknownCommand<'i>) -> Next<'i> {
        if let Some(stranger) = Stranger::of(command.verb()) {
            return self.close_stranger(stranger);
        }
        match self.config.unknown_commands {
            _ if self.state() == State::Refused => {
                let reply = self.out_of_order(Move::Anytime);
                self.refuse(reply)
            }
            UnknownPolicy::Reject => self.refuse_unknown(),
            UnknownPolicy::AskApplication => {
                if self.count_idle() {
                    return Next::Again;
                }
                let smtputf8 = self.phase.smtputf8();
                Next::Event(Event::Command {
                    command,
                    ticket: self.replies.ask(Question::Command { smtputf8 }, self.clock.now),
                })
            }
        }
    }

    fn refuse_unknown<'i>(&mut self) -> Next<'i> {
        self.replies
            .reply(&Reply::Fixed("500 5.5.1 command not recognised"));
        let strike = self.abuse.count_unknown(self.config.limits.unknown_commands);
        self.act_on(
            strike,
            "421 4.7.0 too many unknown commands, closing",
            Closed::TooManyUnknownCommands,
        );
        Next::Again
    }

    /// Refuses a line that could not be parsed. The reply never echoes what the client sent.
    #[cold]
    fn refuse_malformed<'i>(&mut self, line: &[u8], error: &CommandError) -> Next<'i> {
        let verb = error.verb();
        match verb {
            Some(Verb::Mail) => self.advance(Step::RefuseMail),
            Some(Verb::Rcpt) => self.advance(Step::RefuseRcpt),
            _ => {}
        }
        let reply = match *error {
            CommandError::Unrecognised { .. } => {
                // Version 2 of the PROXY header, which comes first, begins with two empty lines and NUL.
                let is_proxy =
                    line == b"\0" && self.session.hello.is_none() && self.abuse.unknown_commands() == 2;
                let stranger = if is_proxy {
                    Some(Stranger::Proxy)
                } else {
                    Stranger::of_line(line)
                };
                return match stranger {
                    Some(stranger) => self.close_stranger(stranger),
                    None => self.refuse_unknown(),
                };
            }
            error if error.verb() == Some(Verb::Bdat) => {
                // Octets of a message must never be taken for a command.
                self.replies.reply(&Reply::Fixed(
                    "501 5.5.4 give the chunk size, then LAST or nothing",
                ));
                self.close_unknown_chunk_size();
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
            CommandError::Address { verb: Verb::Etrn, .. } => "501 5.5.4 give a domain, @domain or #queue",
            CommandError::Address { .. } => "501 5.1.7 syntax error in the reverse-path",
            // RFC 6710 section 4.1.
            CommandError::Parameter {
                keyword: "MT-PRIORITY",
                ..
            } => "501 5.5.2 syntax error in MT-PRIORITY",
            CommandError::Parameter { .. } => "501 5.5.4 syntax error in a parameter",
            CommandError::Syntax { .. } => "501 5.5.4 syntax error in the argument",
            CommandError::Argument { .. } | CommandError::ChunkSize { .. } => {
                "501 5.5.4 the argument is missing or malformed"
            }
        };
        if let Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) = verb {
            self.refuse_uncoded(reply)
        } else {
            self.refuse(reply)
        }
    }

    /// Ends a session in which the client speaks another protocol.
    #[cold]
    fn close_stranger<'i>(&mut self, stranger: Stranger) -> Next<'i> {
        let reply = match stranger {
            Stranger::Http => "421 4.7.0 this is not an HTTP port, closing",
            Stranger::Tls => "421 4.7.0 this is not a TLS port, closing",
            Stranger::Proxy => "421 4.7.0 no PROXY header is expected here, closing",
        };
        self.close_with(reply, Closed::WrongProtocol);
        Next::Again
    }
}

/// A protocol that is not SMTP.
#[derive(Clone, Copy, Debug)]
enum Stranger {
    /// A browser can be made to send requests to any port, with SMTP commands in their bodies.
    Http,
    /// A TLS record.
    Tls,
    /// A proxy that is not configured here: all its clients would appear as one.
    Proxy,
}

impl Stranger {
    /// Recognises the first word of a line.
    fn of(verb: &str) -> Option<Self> {
        const METHODS: [&str; 10] = [
            "GET", "POST", "HEAD", "PUT", "CONNECT", "OPTIONS", "DELETE", "PATCH", "TRACE", "PRI",
        ];
        if METHODS.iter().any(|method| method.eq_ignore_ascii_case(verb)) {
            Some(Self::Http)
        } else if verb == "PROXY" {
            Some(Self::Proxy)
        } else {
            None
        }
    }

    /// Recognises a line that is not a command.
    fn of_line(line: &[u8]) -> Option<Self> {
        let verb = line.split(|octet| *octet == b' ').next()?;
        Self::of(str::from_utf8(verb).ok()?)
    }
}

/// Returns `true` if the line at the start of `input` is certain to be dropped: it is longer than `limit`, or it contains a
/// bare CR or LF.
fn is_faulty(input: &[u8], limit: usize) -> bool {
    let is_long = input.len() >= limit;
    let line = input.get(..limit).unwrap_or(input);
    match memchr::memchr2(b'\r', b'\n', line).and_then(|at| line.get(at..)) {
        Some([b'\r', b'\n', ..]) => false,
        None | Some([b'\r']) => is_long,
        Some(_) => true,
    }
}

/// Returns `true` if a line begins with this verb, in any case.
fn begins_with(line: &[u8], verb: &[u8]) -> bool {
    line.get(..verb.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(verb))
}
