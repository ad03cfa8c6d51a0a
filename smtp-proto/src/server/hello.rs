//! The greeting and the introduction: connect, EHLO, HELO, LHLO.

use alloc::{borrow::Cow, format};

use super::{
    Closed, EarlyTalker, Event, Next, Reset, Server,
    pipeline::Reply,
    ticket::{self, Kind, Ticket},
};
use crate::{
    output::Sink,
    state::State,
    syntax,
    time::Phase,
    types::{ClientName, Code, Extension, Extensions, Keyword, Protocol, Rejection, Text, Verb},
};

impl Server {
    /// The `WITH` keyword of a `Received` line for the message in hand: SMTP, ESMTP, LMTP, UTF8SMTP or UTF8LMTP, and
    /// all but the first with an S behind it under TLS and an A once the client has said who it is (RFC 5321
    /// section 4.4, RFC 3848, RFC 6531 section 3.7.3).
    #[must_use]
    pub fn protocol_name(&self) -> &'static str {
        let names = match (self.hello.as_ref(), self.transaction.smtputf8) {
            (Some((Verb::Lhlo, _)), false) => ["LMTP", "LMTPS", "LMTPA", "LMTPSA"],
            (Some((Verb::Lhlo, _)), true) => ["UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA"],
            (Some((Verb::Ehlo, _)), false) => ["ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"],
            (Some((Verb::Ehlo, _)), true) => ["UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"],
            _ => return "SMTP",
        };
        let [plain, secure, authenticated, both] = names;
        match (self.tls.is_some(), self.login.is_some()) {
            (false, false) => plain,
            (true, false) => secure,
            (false, true) => authenticated,
            (true, true) => both,
        }
    }

    /// Before the greeting: listens for early talkers, then asks whether to greet.
    pub(super) fn greet<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if !input.is_empty() && self.config.early_talker == EarlyTalker::Reject {
            self.refuse_greeting(
                Code::FAILED,
                &const { Text::from_static("talked before the greeting") },
            );
            return Next::Again;
        }
        if self.end_of_input && input.is_empty() {
            self.close(Closed::ConnectionClosed);
            return Next::Again;
        }
        let span = self.config.timeouts.greeting_delay;
        if !span.is_zero() && self.reading.run(Phase::GreetingDelay, span, self.now).at > self.now {
            return Next::Wait(true);
        }
        Next::Event(Event::Connect {
            ticket: self.pipeline.ask(Kind::Connect, self.now),
        })
    }

    /// EHLO, HELO or LHLO came.
    pub(super) fn introduced<'i>(&mut self, verb: Verb, name: ClientName<'i>) -> Next<'i> {
        let expected = match self.config.protocol {
            Protocol::Smtp => verb != Verb::Lhlo,
            Protocol::Lmtp => verb == Verb::Lhlo,
        };
        if !expected {
            return self.fault_with_uncoded(match self.config.protocol {
                Protocol::Smtp => "500 5.5.1 this is SMTP, say EHLO",
                Protocol::Lmtp => "500 5.5.1 this is LMTP, say LHLO",
            });
        }
        self.introduction = Some((verb, name.clone().into_owned()));
        Next::Event(Event::Hello {
            verb,
            name,
            ticket: self.pipeline.ask::<ticket::Hello>(Kind::Hello, self.now),
        })
    }

    /// Says the positive greeting.
    pub(super) fn greeting(&mut self, ticket: &Ticket<impl Sized>, text: Option<&Text<'_>>) {
        self.pipeline.answer(ticket, &Reply::Ready(&[]));
        let text = text.unwrap_or(&self.config.greeting);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let output = &mut self.pipeline.output;
            output.put(if lines.peek().is_some() { b"220-" } else { b"220 " });
            output.put(self.config.hostname.as_str().as_bytes());
            output.put(b" ");
            output.put(line.as_bytes());
            output.put(b"\r\n");
        }
        self.state = State::Greeted;
    }

    /// Says a negative greeting: 554 or 521, after which only QUIT is in order (RFC 5321 section 3.1), or 421.
    /// It has no enhanced code (RFC 2034 section 4).
    pub(super) fn refuse_greeting(&mut self, code: Code, text: &Text<'_>) {
        let code = match code {
            Code::NO_MAIL_HERE | Code::NOT_AVAILABLE | Code::FAILED => code,
            other if other.get() < 500 => Code::NOT_AVAILABLE,
            _ => Code::FAILED,
        };
        self.pipeline.abandon();
        self.pipeline.reply(&Reply::Lines(code, None, text));
        self.state = State::Refused;
        if code == Code::NOT_AVAILABLE {
            self.close(Closed::Rejected);
        }
    }

    /// Says the positive reply to EHLO, HELO or LHLO, and begins anew.
    pub(super) fn welcome(&mut self, ticket: &Ticket<impl Sized>, text: Option<&Text<'_>>) {
        let Some(introduction) = self.introduction.take() else {
            return;
        };
        self.pipeline.answer(ticket, &Reply::Ready(&[]));
        self.abort(Reset::Hello);
        self.state = State::Ready;
        self.attempted = false;
        self.pipeline.enhanced = self.extensions().has(Keyword::EnhancedStatusCodes);
        let mut greeting = Cow::Borrowed(self.config.hostname.as_str());
        if let Some(line) = text.and_then(|text| text.lines().next()) {
            greeting = Cow::Owned(format!("{greeting} {line}"));
        }
        let mechanisms = self.mechanisms();
        let offered = announced(
            self.extensions.as_deref().unwrap_or(&self.config.extensions),
            self.tls.is_some(),
            &mechanisms,
        );
        let output = &mut self.pipeline.output;
        if introduction.0 == Verb::Helo {
            output.put(b"250 ");
            output.put(greeting.as_bytes());
            output.put(b"\r\n");
        } else {
            syntax::write_ehlo(output, &greeting, &offered);
        }
        self.hello = Some(introduction);
    }

    /// Says a negative reply to EHLO, HELO or LHLO, which has no enhanced code; nothing else changes
    /// (RFC 5321 section 4.1.4).
    pub(super) fn refuse_hello(&mut self, ticket: &Ticket<impl Sized>, rejection: &Rejection) {
        self.introduction = None;
        self.pipeline
            .answer(ticket, &Reply::Lines(rejection.code(), None, rejection.text()));
    }
}

/// What EHLO lists of `extensions`: what is of use now. STARTTLS is of none under TLS, REQUIRETLS of none without it;
/// of the mechanisms of AUTH these are left.
fn announced<'e>(extensions: &'e Extensions, encrypted: bool, mechanisms: &str) -> Cow<'e, Extensions> {
    let useless = if encrypted {
        Keyword::StartTls
    } else {
        Keyword::RequireTls
    };
    let mut announced = Cow::Borrowed(extensions);
    if announced.has(useless) {
        announced.to_mut().remove(useless);
    }
    if announced.has(Keyword::Auth) {
        announced.to_mut().remove(Keyword::Auth);
        if let Ok(auth) = Extension::auth(mechanisms) {
            announced.to_mut().add(auth);
        }
    }
    announced
}
