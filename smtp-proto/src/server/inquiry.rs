//! Answers to VRFY, EXPN and HELP, and the forward-path of 251.

use alloc::vec::Vec;

use super::{
    Server, StaleTicket, Ticket,
    pipeline::Reply,
    ticket::{Expand, Forwardable, Help, Kind, Verify},
};
use crate::{
    output::Sink,
    types::{self, Code, EnhancedCode, ForwardPath, Mailbox, Text},
};

/// What the default answer to HELP says.
pub(super) const HELP: &str =
    "214 2.0.0 commands: EHLO HELO LHLO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT";

/// A mailbox and the full name of its owner, as VRFY and EXPN show them (RFC 5321 section 3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the two parts that RFC 5321 section 3.5.1 knows"
)]
pub struct Member<'a> {
    /// The owner's name; `None` shows the mailbox alone. Of a text with several lines the first is used.
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
    /// Answers VRFY with 250, the full name and the mailbox (RFC 5321 section 3.5.1). Say it only of what was
    /// really verified (section 3.5.3).
    ///
    /// What is not ASCII is shown only to a client that asked with SMTPUTF8; others get 252 with the status 2.6.8
    /// (RFC 6531 section 3.7.4.2).
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn answer_vrfy(&mut self, ticket: Ticket<Verify>, member: &Member<'_>) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        if !self.inquiry_utf8 && !member.is_ascii() {
            self.pipeline
                .answer(&ticket, &Reply::Fixed("252 2.6.8 ask with SMTPUTF8"));
            return Ok(());
        }
        let mut octets = Vec::new();
        self.begin_line(Code::OK, (2, 1, 5), true, &mut octets);
        member.write(&mut octets);
        octets.put(b"\r\n");
        self.pipeline.answer(&ticket, &Reply::Ready(&octets));
        Ok(())
    }

    /// Answers EXPN with 250 and a line for each member of the list (RFC 5321 section 3.5.2). No members, or more
    /// than 1000, count as 252; members that are not ASCII are treated as in [`answer_vrfy`](Self::answer_vrfy).
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn answer_expn(&mut self, ticket: Ticket<Expand>, members: &[Member<'_>]) -> Result<(), StaleTicket> {
        /// Bounds the reply: 1000 lines of at most 512 octets.
        const MOST: usize = 1000;
        if members.is_empty() || members.len() > MOST {
            return self.accept(ticket);
        }
        self.pipeline.check(&ticket)?;
        if !self.inquiry_utf8 && !members.iter().all(Member::is_ascii) {
            self.pipeline
                .answer(&ticket, &Reply::Fixed("252 2.6.8 ask with SMTPUTF8"));
            return Ok(());
        }
        let mut octets = Vec::new();
        let mut rest = members.iter().peekable();
        while let Some(member) = rest.next() {
            self.begin_line(Code::OK, (2, 1, 5), rest.peek().is_none(), &mut octets);
            member.write(&mut octets);
            octets.put(b"\r\n");
        }
        self.pipeline.answer(&ticket, &Reply::Ready(&octets));
        Ok(())
    }

    /// Answers HELP with 214 and this text.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn help(&mut self, ticket: Ticket<Help>, text: Text<'_>) -> Result<(), StaleTicket> {
        self.accept_with(ticket, text)
    }

    /// Answers HELP with 211 and this text about the state of the system.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn status(&mut self, ticket: Ticket<Help>, text: Text<'_>) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        let text = text.into_ascii();
        self.pipeline.answer(
            &ticket,
            &Reply::Lines(Code::HELP_STATUS, EnhancedCode::new(2, 0, 0), &text),
        );
        Ok(())
    }

    /// Accepts RCPT, or answers VRFY, with 251: not local, but will be forwarded to this path
    /// (RFC 5321 section 3.4). To refuse and name the path, see
    /// [`Rejection::not_local`](crate::types::Rejection::not_local).
    ///
    /// A path that is not ASCII is only named under SMTPUTF8; otherwise the code is 250 (RFC 6531 section
    /// 3.7.4.1).
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn accept_forwarding<Q: Forwardable>(
        &mut self,
        ticket: Ticket<Q>,
        path: &ForwardPath<'_>,
    ) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        let recipient = ticket.kind == Kind::Recipient;
        let utf8 = if recipient {
            self.transaction.smtputf8
        } else {
            self.inquiry_utf8
        };
        if recipient {
            self.recipient_accepted();
        }
        if !utf8 && !path.is_ascii() {
            self.pipeline.answer(
                &ticket,
                &Reply::Fixed(if recipient {
                    "250 2.1.5 will forward"
                } else {
                    "252 2.6.8 ask with SMTPUTF8"
                }),
            );
            return Ok(());
        }
        let mut octets = Vec::new();
        self.begin_line(Code::FORWARDED, (2, 1, 5), true, &mut octets);
        octets.put(b"not local, will forward to <");
        octets.put(path.as_str().as_bytes());
        octets.put(b">\r\n");
        self.pipeline.answer(&ticket, &Reply::Ready(&octets));
        Ok(())
    }

    fn begin_line(&self, code: Code, status: (u8, u16, u16), last: bool, sink: &mut impl Sink) {
        let status = EnhancedCode::new(status.0, status.1, status.2).filter(|_| self.pipeline.enhanced);
        types::begin_line(sink, code, status, last);
    }
}
