//! Answers of a service, and their replies.

use smtp_proto::{
    sasl::AuthOutcome,
    server::{
        Member, Server, StaleTicket, Ticket,
        ticket::{Acceptable, Auth, Help, Recipient, Verify, Xclient},
    },
    types::{ForwardPath, Rejection, Reply, Text},
};

/// A positive answer: `Ok(Accept::Yes)`, or `Ok(Accept::text("queued as 7"))` for a reply with another text.
///
/// A negative answer is a [`Rejection`]: `Err(Rejection::NO_SUCH_USER)`. Implement `From<MyError> for Rejection`, and `?`
/// turns your error into a rejection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accept {
    /// The default reply.
    #[default]
    Yes,
    /// The default code with this text: [`Server::accept_with`].
    Text(Text<'static>),
    /// For RCPT: 251, and the path to which the message will be forwarded (RFC 5321 section 3.4). For other questions it
    /// means [`Yes`](Self::Yes).
    Forward(ForwardPath<'static>),
    /// The reply of a next hop, for proxies: [`Server::relay`]. A negative reply rejects.
    Relay(Reply<'static>),
}

impl Accept {
    /// Accepts with this text. Replaces characters that a reply cannot contain: [`Text::from_str_lossy`].
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::from_str_lossy(text.into()))
    }
}

/// The positive answer to VRFY (RFC 5321 section 3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VrfyAnswer {
    /// 252: not verified, but the server accepts mail for the address.
    #[default]
    Unverified,
    /// 250, the full name and the mailbox: [`Server::answer_vrfy`].
    Mailbox(Member<'static>),
    /// 251: not local, but will be forwarded to this path.
    Forward(ForwardPath<'static>),
}

/// The positive answer to HELP (RFC 5321 section 4.1.1.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelpAnswer {
    /// 214 and the commands of this session.
    #[default]
    Commands,
    /// 214 and this text.
    Text(Text<'static>),
    /// 211 and this text about the state of the system.
    Status(Text<'static>),
}

/// Answers a question that has no specific answer type.
pub(super) fn answer<Q: Acceptable>(
    server: &mut Server,
    ticket: Ticket<Q>,
    answer: Result<Accept, Rejection>,
) -> Result<(), StaleTicket> {
    match answer {
        Ok(Accept::Yes | Accept::Forward(_)) => server.accept(ticket),
        Ok(Accept::Text(text)) => server.accept_with(ticket, text),
        Ok(Accept::Relay(reply)) => server.relay(ticket, &reply),
        Err(rejection) => server.reject(ticket, rejection),
    }
}

/// Answers RCPT. Returns true if the recipient was accepted.
pub(super) fn answer_recipient(
    server: &mut Server,
    ticket: Ticket<Recipient>,
    answered: Result<Accept, Rejection>,
) -> bool {
    let before = server.recipients();
    let given = match answered {
        Ok(Accept::Forward(path)) => server.accept_forwarding(ticket, &path),
        answered => answer(server, ticket, answered),
    };
    given.is_ok() && server.recipients() > before
}

pub(super) fn answer_vrfy(
    server: &mut Server,
    ticket: Ticket<Verify>,
    answer: Result<VrfyAnswer, Rejection>,
) -> Result<(), StaleTicket> {
    match answer {
        Ok(VrfyAnswer::Unverified) => server.accept(ticket),
        Ok(VrfyAnswer::Mailbox(member)) => server.answer_vrfy(ticket, &member),
        Ok(VrfyAnswer::Forward(path)) => server.accept_forwarding(ticket, &path),
        Err(rejection) => server.reject(ticket, rejection),
    }
}

pub(super) fn answer_help(
    server: &mut Server,
    ticket: Ticket<Help>,
    answer: Result<HelpAnswer, Rejection>,
) -> Result<(), StaleTicket> {
    match answer {
        Ok(HelpAnswer::Commands) => server.accept(ticket),
        Ok(HelpAnswer::Text(text)) => server.answer_help(ticket, text),
        Ok(HelpAnswer::Status(text)) => server.answer_help_status(ticket, text),
        Err(rejection) => server.reject(ticket, rejection),
    }
}

pub(super) fn answer_xclient(
    server: &mut Server,
    ticket: Ticket<Xclient>,
    answer: Result<Option<String>, Rejection>,
) -> Result<(), StaleTicket> {
    match answer {
        Ok(Some(identity)) => server.accept_xclient(ticket, identity),
        Ok(None) => server.accept(ticket),
        Err(rejection) => server.reject(ticket, rejection),
    }
}

pub(super) fn answer_auth(
    server: &mut Server,
    ticket: Ticket<Auth>,
    answer: Result<AuthOutcome, Rejection>,
) -> Result<(), StaleTicket> {
    match answer {
        Ok(outcome) => server.answer_auth(ticket, outcome),
        Err(rejection) => server.reject(ticket, rejection),
    }
}
