//! Answers to VRFY, EXPN, HELP and ETRN, and the forward-path of 251.

use alloc::vec::Vec;

use super::{
    event::Event,
    phase::Step,
    question::Question,
    replies::{Reply, Turn},
    session::{Next, Server},
    ticket::{Etrn, Expand, Forwardable, Help, StaleTicket, Ticket, Verify},
};
use crate::{
    output::Sink,
    types::{
        self, Code, EnhancedCode, Etrn as EtrnArgument, EtrnAnswer, ForwardPath, Keyword, Mailbox, Protocol,
        Text,
    },
};

/// The enhanced code of an answer about a mailbox: its address is valid.
const VALID: Option<EnhancedCode> = EnhancedCode::new(2, 1, 5);

/// The reply to a client without SMTPUTF8 if the answer needs it.
const ASK_WITH_UTF8: &str = "252 2.6.8 ask with SMTPUTF8";

/// A mailbox and the full name of its owner, for the replies to VRFY and EXPN (RFC 5321 section 3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the two parts that RFC 5321 section 3.5.1 knows"
)]
pub struct Member<'a> {
    /// The owner's name. `None`: the mailbox alone. Only the first line of a text is used.
    pub full_name: Option<Text<'a>>,
    /// The mailbox.
    pub mailbox: Mailbox<'a>,
}

impl<'a> From<Mailbox<'a>> for Member<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        Self {
            full_name: None,
            mailbox,
        }
    }
}

impl Member<'_> {
    fn write(&self, sink: &mut impl Sink) {
        if let Some(name) = self.full_name.as_ref().and_then(|name| name.lines().next()) {
            sink.put(name.as_bytes());
            sink.put(b" ");
        }
        sink.put(b"<");
        sink.put(self.mailbox.as_str().as_bytes());
        sink.put(b">");
    }

    fn is_ascii(&self) -> bool {
        self.mailbox.is_ascii() && self.full_name.as_ref().is_none_or(Text::is_ascii)
    }
}

impl Server {
    /// Answers VRFY with 250, the full name and the mailbox (RFC 5321 section 3.5.1).
    ///
    /// Use it only for a mailbox that was really verified (section 3.5.3). If the member is not ASCII, only a client
    /// that asked with SMTPUTF8 receives it; others receive 252 2.6.8 (RFC 6531 section 3.7.4.2).
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_vrfy(&mut self, ticket: Ticket<Verify>, member: &Member<'_>) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        self.show_members(turn, &question, core::slice::from_ref(member));
        Ok(())
    }

    /// Answers EXPN with 250 and a line for each member of the list (RFC 5321 section 3.5.2).
    ///
    /// Without members, or with more than 1000, the reply is 252. Members that are not ASCII are treated as in
    /// [`answer_vrfy`](Self::answer_vrfy).
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_expn(&mut self, ticket: Ticket<Expand>, members: &[Member<'_>]) -> Result<(), StaleTicket> {
        /// Bounds the reply: 1000 lines of at most 512 octets.
        const MOST: usize = 1000;
        if members.is_empty() || members.len() > MOST {
            return self.accept(ticket);
        }
        let (question, turn) = self.replies.take(&ticket)?;
        self.show_members(turn, &question, members);
        Ok(())
    }

    /// Answers ETRN with a positive reply (RFC 1985 section 5.3). To refuse, reject with
    /// [`Rejection::NODE_NOT_ALLOWED`](crate::types::Rejection::NODE_NOT_ALLOWED) (459) or
    /// [`Rejection::QUEUE_NOT_STARTED`](crate::types::Rejection::QUEUE_NOT_STARTED) (458).
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_etrn(&mut self, ticket: Ticket<Etrn>, answer: EtrnAnswer) -> Result<(), StaleTicket> {
        let (_, turn) = self.replies.take(&ticket)?;
        let line = match answer {
            EtrnAnswer::Started => "250 2.0.0 queuing started",
            EtrnAnswer::NoMessages => "251 2.0.0 no messages waiting",
            EtrnAnswer::MessagesStarted => "252 2.0.0 pending messages started",
            EtrnAnswer::CountStarted(count) => {
                let mut octets = Vec::new();
                let status = self.status(EnhancedCode::new(2, 0, 0));
                types::begin_line(&mut octets, answer.code(), status, true);
                octets.put_decimal(count.into());
                octets.put(b" pending messages started\r\n");
                self.replies.answer(turn, &Reply::Ready(&octets));
                return Ok(());
            }
        };
        self.replies.answer(turn, &Reply::Fixed(line));
        Ok(())
    }

    /// Answers HELP with 214 and this text.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_help(&mut self, ticket: Ticket<Help>, text: Text<'_>) -> Result<(), StaleTicket> {
        self.accept_with(ticket, text)
    }

    /// Answers HELP with 211 and this text about the state of the system.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_help_status(&mut self, ticket: Ticket<Help>, text: Text<'_>) -> Result<(), StaleTicket> {
        let (_, turn) = self.replies.take(&ticket)?;
        let status = EnhancedCode::new(2, 0, 0);
        self.replies
            .answer(turn, &Reply::Lines(Code::HELP_STATUS, status, &text.into_ascii()));
        Ok(())
    }

    /// Accepts RCPT, or answers VRFY, with 251: the user is not local, and the server will forward to this path (RFC
    /// 5321 section 3.4).
    ///
    /// To refuse and name the path, see [`Rejection::not_local`](crate::types::Rejection::not_local). A path that is
    /// not ASCII is only sent with SMTPUTF8; otherwise the reply is 250 without it (RFC 6531 section 3.7.4.1).
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn accept_forwarding<Q: Forwardable>(
        &mut self,
        ticket: Ticket<Q>,
        path: &ForwardPath<'_>,
    ) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        let is_shown = question.allows_utf8() || path.is_ascii();
        let hidden = if let Question::Recipient(recipient) = question {
            self.advance(Step::Recipient(recipient.index));
            "250 2.1.5 will forward"
        } else {
            ASK_WITH_UTF8
        };
        if !is_shown {
            self.replies.answer(turn, &Reply::Fixed(hidden));
            return Ok(());
        }
        let mut octets = Vec::new();
        types::begin_line(&mut octets, Code::FORWARDED, self.status(VALID), true);
        octets.put(b"not local, will forward to <");
        octets.put(path.as_str().as_bytes());
        octets.put(b">\r\n");
        self.replies.answer(turn, &Reply::Ready(&octets));
        Ok(())
    }

    /// Asks about ETRN.
    pub(super) fn start_queue<'i>(&mut self, etrn: EtrnArgument<'i>) -> Next<'i> {
        Next::Event(Event::Etrn {
            etrn,
            ticket: self.replies.ask(Question::Etrn, self.clock.now),
        })
    }

    /// Answers HELP with the commands of this session.
    pub(super) fn list_commands(&mut self, turn: Turn) {
        self.replies.answer(turn, &Reply::Ready(&[]));
        let offers = |keyword| self.session.offers(&self.config, keyword);
        let is_smtp = self.config.protocol == Protocol::Smtp;
        let commands = [
            ("EHLO", is_smtp),
            ("HELO", is_smtp),
            ("LHLO", !is_smtp),
            ("MAIL", true),
            ("RCPT", true),
            ("DATA", true),
            ("BDAT", offers(Keyword::Chunking)),
            ("RSET", true),
            ("VRFY", true),
            ("EXPN", true),
            ("HELP", true),
            ("NOOP", true),
            ("QUIT", true),
            ("STARTTLS", offers(Keyword::StartTls)),
            ("AUTH", !self.mechanisms().is_empty()),
            ("XCLIENT", offers(Keyword::Xclient)),
            ("XFORWARD", offers(Keyword::Xforward)),
            ("ETRN", offers(Keyword::Etrn)),
        ];
        let status = self.status(EnhancedCode::new(2, 0, 0));
        let output = &mut self.replies.output;
        types::begin_line(output, Code::HELP, status, true);
        output.put(b"commands:");
        for (verb, _) in commands.iter().filter(|(_, is_taken)| *is_taken) {
            output.put(b" ");
            output.put(verb.as_bytes());
        }
        output.put(b"\r\n");
    }

    /// Queues a line for each member, if the client can read them.
    fn show_members(&mut self, turn: Turn, question: &Question, members: &[Member<'_>]) {
        if !question.allows_utf8() && !members.iter().all(Member::is_ascii) {
            return self.replies.answer(turn, &Reply::Fixed(ASK_WITH_UTF8));
        }
        let mut octets = Vec::new();
        let mut rest = members.iter().peekable();
        while let Some(member) = rest.next() {
            types::begin_line(&mut octets, Code::OK, self.status(VALID), rest.peek().is_none());
            member.write(&mut octets);
            octets.put(b"\r\n");
        }
        self.replies.answer(turn, &Reply::Ready(&octets));
    }

    /// The enhanced code, if enhanced codes are offered.
    fn status(&self, code: Option<EnhancedCode>) -> Option<EnhancedCode> {
        code.filter(|_| self.replies.enhanced)
    }
}
