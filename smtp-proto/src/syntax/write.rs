//! Writers: values to lines, the inverse of the parsers.

use alloc::{string::ToString, vec::Vec};
use core::fmt::Display;

use crate::output::Sink;
use crate::types::{
    Argument, Auth, AuthIdentity, Bdat, Body, Command, ForwardPath, Hold, Mail, MailParameters, Notify,
    OriginalRecipient, Parameter, Query, RareMailParameters, Rcpt, RcptParameters, Ret, ReversePath,
    SolicitationKeywords, UnknownCommand, Verb, Xtext,
};

impl Command<'_> {
    /// Returns the command line to send, with its CRLF.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        self.write(&mut line);
        line
    }

    /// Writes the command line with its CRLF.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        sink.put(self.verb().map_or("", Verb::as_str).as_bytes());
        match self {
            Self::Ehlo(name) | Self::Helo(name) | Self::Lhlo(name) => word(sink, name.as_str()),
            Self::Mail(mail) => mail.write(sink),
            Self::Rcpt(rcpt) => rcpt.write(sink),
            Self::Bdat(bdat) => bdat.write(sink),
            Self::Vrfy(query) | Self::Expn(query) => query.write(sink),
            Self::Help(argument) | Self::Noop(argument) => optional_argument(sink, argument.as_ref()),
            Self::Auth(auth) => auth.write(sink),
            Self::Xclient(command) => word(sink, command.info().as_str()),
            Self::Xforward(command) => word(sink, command.info().as_str()),
            Self::Etrn(etrn) => word(sink, etrn.as_str()),
            Self::Unknown(command) => command.write(sink),
            Self::Data | Self::Rset | Self::Quit | Self::StartTls | Self::Turn | Self::Debug => {}
        }
        sink.put(b"\r\n");
    }
}

impl Mail<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.put(b" FROM:");
        self.reverse_path().write(sink);
        self.parameters().write(sink);
    }
}

impl Rcpt<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.put(b" TO:");
        self.forward_path().write(sink);
        self.parameters().write(sink);
    }
}

impl ReversePath<'_> {
    /// Writes the path with its brackets.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        brackets(sink, self.as_str());
    }
}

impl ForwardPath<'_> {
    /// Writes the path with its brackets.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        brackets(sink, self.as_str());
    }
}

impl MailParameters<'_> {
    /// Writes the parameters, each after a space.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        if let Some(size) = self.size() {
            sink.put(b" SIZE=");
            sink.put_decimal(size);
        }
        value(sink, " BODY=", self.body().map(Body::as_str));
        value(sink, " RET=", self.ret().map(Ret::as_str));
        value(sink, " ENVID=", self.envelope_id().map(Xtext::as_str));
        if let Some(rare) = &self.rare {
            rare.write(sink);
        }
        if self.require_tls() {
            sink.put(b" REQUIRETLS");
        }
        if self.prdr() {
            sink.put(b" PRDR");
        }
        if self.smtputf8() {
            sink.put(b" SMTPUTF8");
        }
        others(sink, self.others());
    }
}

impl RareMailParameters<'_> {
    fn write(&self, sink: &mut impl Sink) {
        value(sink, " AUTH=", self.auth.as_ref().map(AuthIdentity::as_str));
        match self.hold {
            Some(Hold::For(interval)) => shown(sink, " HOLDFOR=", Some(interval)),
            Some(Hold::Until(time)) => shown(sink, " HOLDUNTIL=", Some(time)),
            None => {}
        }
        shown(sink, " BY=", self.deliver_by);
        shown(sink, " MT-PRIORITY=", self.priority);
        let classes = self.solicitation.as_ref().map(SolicitationKeywords::as_str);
        value(sink, " SOLICIT=", classes);
    }
}

impl RcptParameters<'_> {
    /// Writes the parameters, each after a space.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        value(sink, " NOTIFY=", self.notify().map(Notify::as_str));
        value(
            sink,
            " ORCPT=",
            self.original_recipient().map(OriginalRecipient::as_str),
        );
        shown(sink, " RRVS=", self.rrvs());
        others(sink, self.others());
    }
}

impl Bdat {
    fn write(self, sink: &mut impl Sink) {
        sink.put(b" ");
        sink.put_decimal(self.size);
        if self.last {
            sink.put(b" LAST");
        }
    }
}

impl Query<'_> {
    fn write(&self, sink: &mut impl Sink) {
        word(sink, self.as_str());
        if self.smtputf8() {
            sink.put(b" SMTPUTF8");
        }
    }
}

impl Auth<'_> {
    fn write(&self, sink: &mut impl Sink) {
        word(sink, self.mechanism());
        if let Some(initial) = self.initial_response() {
            word(sink, initial);
        }
    }
}

impl UnknownCommand<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.put(self.verb().as_bytes());
        optional_argument(sink, self.argument());
    }
}

fn optional_argument(sink: &mut impl Sink, argument: Option<&Argument<'_>>) {
    if let Some(argument) = argument {
        word(sink, argument.as_str());
    }
}

fn word(sink: &mut impl Sink, text: &str) {
    sink.put(b" ");
    sink.put(text.as_bytes());
}

fn brackets(sink: &mut impl Sink, path: &str) {
    sink.put(b"<");
    sink.put(path.as_bytes());
    sink.put(b">");
}

fn value(sink: &mut impl Sink, keyword: &str, value: Option<&str>) {
    if let Some(value) = value {
        sink.put(keyword.as_bytes());
        sink.put(value.as_bytes());
    }
}

/// Writes a value by its `Display`.
fn shown(sink: &mut impl Sink, keyword: &str, shown: Option<impl Display>) {
    if let Some(shown) = shown {
        value(sink, keyword, Some(&shown.to_string()));
    }
}

fn others<'p>(sink: &mut impl Sink, parameters: impl Iterator<Item = Parameter<'p>>) {
    for parameter in parameters {
        word(sink, parameter.keyword());
        value(sink, "=", parameter.value());
    }
}

#[cfg(test)]
mod tests;
