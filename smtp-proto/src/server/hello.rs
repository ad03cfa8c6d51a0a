//! The greeting and the introduction: connect, EHLO, HELO, LHLO.

use alloc::{borrow::Cow, boxed::Box, format};

use super::{
    config::EarlyTalker,
    event::{Closed, Event},
    phase::Step,
    question::{Hello, Question},
    replies::{Reply, Turn},
    session::{Await, Next, Server},
};
use crate::{
    a_label::a_labels,
    output::Sink,
    syntax,
    time::Phase,
    types::{ClientName, Code, Extension, Extensions, Keyword, Protocol, Rejection, Text, Verb},
};

impl Server {
    /// The `WITH` keyword of a `Received` line for the open transaction: SMTP, ESMTP, LMTP, UTF8SMTP or UTF8LMTP.
    ///
    /// Except for SMTP, the keyword gains S under TLS and A after authentication, as in ESMTPSA (RFC 5321 section 4.4,
    /// RFC 3848, RFC 6531 section 3.7.3).
    #[must_use]
    pub fn protocol_name(&self) -> &'static str {
        let smtputf8 = match self.replies.oldest() {
            Some((Question::Mail(mail), _)) => mail.smtputf8,
            _ => self.phase.smtputf8(),
        };
        let names = match (self.session.verb(), smtputf8) {
            (Some(Verb::Lhlo), false) => ["LMTP", "LMTPS", "LMTPA", "LMTPSA"],
            (Some(Verb::Lhlo), true) => ["UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA"],
            (Some(Verb::Ehlo), false) => ["ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"],
            (Some(Verb::Ehlo), true) => ["UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"],
            _ => return "SMTP",
        };
        let [plain, secure, authenticated, both] = names;
        match (self.session.tls.is_some(), self.session.login.is_some()) {
            (false, false) => plain,
            (true, false) => secure,
            (false, true) => authenticated,
            (true, true) => both,
        }
    }

    /// Waits for early talkers before the greeting, then asks if the client may be greeted.
    pub(super) fn greet<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if !input.is_empty() && self.config.early_talker == EarlyTalker::Reject {
            self.refuse_greeting(
                Code::FAILED,
                &const { Text::from_static("input before the greeting") },
            );
            return Next::Again;
        }
        if self.end_of_input && input.is_empty() {
            self.close(Closed::ConnectionClosed);
            return Next::Again;
        }
        let delay = self.config.timeouts.greeting_delay;
        if !delay.is_zero() && self.clock.await_input(Phase::GreetingDelay, delay).at > self.clock.now {
            // Do not consume early octets: they stay with the driver, so memory is bounded.
            return Next::Wait(if input.is_empty() {
                Await::Input
            } else {
                Await::Progress
            });
        }
        self.ask_to_greet()
    }

    /// Asks if the client may be greeted.
    pub(super) fn ask_to_greet<'i>(&mut self) -> Next<'i> {
        Next::Event(Event::Connect {
            ticket: self.replies.ask(Question::Connect, self.clock.now),
        })
    }

    /// Asks about EHLO, HELO or LHLO.
    pub(super) fn introduce<'i>(&mut self, verb: Verb, name: ClientName<'i>) -> Next<'i> {
        let expected = match self.config.protocol {
            Protocol::Smtp => verb != Verb::Lhlo,
            Protocol::Lmtp => verb == Verb::Lhlo,
        };
        if !expected {
            return self.refuse_uncoded(match self.config.protocol {
                Protocol::Smtp => "500 5.5.1 this is SMTP, send EHLO",
                Protocol::Lmtp => "500 5.5.1 this is LMTP, send LHLO",
            });
        }
        let hello = Box::new(Hello {
            verb,
            name: name.clone().into_owned(),
        });
        Next::Event(Event::Hello {
            verb,
            name,
            ticket: self.replies.ask(Question::Hello(hello), self.clock.now),
        })
    }

    /// Queues the positive greeting. No client has asked for UTF-8 yet.
    pub(super) fn accept_connection(&mut self, turn: Turn, text: Option<&Text<'_>>) {
        self.advance(Step::Greet);
        self.replies.answer(turn, &Reply::Ready(&[]));
        let host = a_labels(self.config.hostname.as_str());
        let text = text.unwrap_or(&self.config.greeting).clone().into_ascii();
        let output = &mut self.replies.output;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            output.put(if lines.peek().is_some() { b"220-" } else { b"220 " });
            output.put(host.as_bytes());
            output.put(b" ");
            output.put(line.as_bytes());
            output.put(b"\r\n");
        }
    }

    /// Queues a negative greeting: 554 or 521, after which only QUIT is in order (RFC 5321 section 3.1), or 421.
    /// It has no enhanced code (RFC 2034 section 4).
    pub(super) fn refuse_greeting(&mut self, code: Code, text: &Text<'_>) {
        let code = match code {
            Code::NO_MAIL_HERE | Code::NOT_AVAILABLE | Code::FAILED => code,
            other if other.get() < 500 => Code::NOT_AVAILABLE,
            _ => Code::FAILED,
        };
        self.replies.abandon();
        self.replies.reply(&Reply::Lines(code, None, text));
        self.advance(Step::RefuseGreeting);
        if code == Code::NOT_AVAILABLE {
            self.close(Closed::Rejected);
        }
    }

    /// Queues the positive reply to EHLO, HELO or LHLO, and resets the transaction.
    pub(super) fn accept_hello(&mut self, turn: Turn, hello: Box<Hello>, text: Option<&Text<'_>>) {
        self.replies.answer(turn, &Reply::Ready(&[]));
        self.advance(Step::Hello);
        self.forget_origin();
        let mut greeting = a_labels(self.config.hostname.as_str());
        if let Some(line) = text.and_then(|text| text.lines().next()) {
            greeting = Cow::Owned(format!("{greeting} {line}"));
        }
        let mechanisms = self.mechanisms();
        let extensions = self.session.extensions(&self.config);
        self.replies.enhanced = extensions.has(Keyword::EnhancedStatusCodes);
        let session = &self.session;
        let offered = announced(
            extensions,
            |keyword| session.offers(&self.config, keyword),
            &mechanisms,
        );
        let output = &mut self.replies.output;
        if hello.verb == Verb::Helo {
            output.put(b"250 ");
            output.put(greeting.as_bytes());
            output.put(b"\r\n");
        } else {
            syntax::write_ehlo(output, &greeting, &offered);
        }
        self.session.hello = Some(hello);
    }

    /// Queues a negative reply to EHLO, HELO or LHLO, without an enhanced code. The state does not change (RFC 5321
    /// section 4.1.4).
    pub(super) fn reject_hello(&mut self, turn: Turn, rejection: &Rejection) {
        self.replies
            .answer(turn, &Reply::Lines(rejection.code(), None, rejection.text()));
    }
}

/// Returns the extensions to advertise in EHLO: STARTTLS, REQUIRETLS and PRDR only if they are offered now, AUTH with
/// the mechanisms that can be used now.
fn announced<'e>(
    extensions: &'e Extensions,
    offers: impl Fn(Keyword) -> bool,
    mechanisms: &str,
) -> Cow<'e, Extensions> {
    let mut announced = Cow::Borrowed(extensions);
    for keyword in [Keyword::StartTls, Keyword::RequireTls, Keyword::Prdr] {
        if extensions.has(keyword) && !offers(keyword) {
            announced.to_mut().remove(keyword);
        }
    }
    if announced.has(Keyword::Auth) {
        announced.to_mut().remove(Keyword::Auth);
        if let Ok(auth) = Extension::auth(mechanisms) {
            announced.to_mut().add(auth);
        }
    }
    announced
}
