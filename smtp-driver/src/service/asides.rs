//! Questions that need only the facts of the session, and not the transaction. They are rare, so their futures are on the heap.

use std::pin::Pin;

use smtp_proto::{
    sasl::{AuthOutcome, AuthRequest, ServerMechanism},
    server::{
        Event, Member, Server, Ticket,
        ticket::{Auth, Etrn, Expand, Help, Verify, Xclient},
    },
    types::{Argument, EtrnAnswer, Rejection},
};

use super::{
    Accept, AuthAttempt, HelpAnswer, Service, VrfyAnswer,
    answer::{answer, answer_auth, answer_help, answer_vrfy, answer_xclient},
    conversation::{Conversation, Facts},
};
use crate::Transport;

/// The future of an open question.
pub(super) type Asked<'s> = Pin<Box<dyn Future<Output = Answer> + Send + 's>>;

/// The answer to a question, with the ticket and data that it needs.
pub(super) enum Answer {
    Any(Ticket, Result<Accept, Rejection>),
    Auth(
        Ticket<Auth>,
        Result<AuthOutcome, Rejection>,
        Option<Box<dyn ServerMechanism>>,
    ),
    Verify(Ticket<Verify>, Result<VrfyAnswer, Rejection>),
    Expand(Ticket<Expand>, Result<Vec<Member<'static>>, Rejection>),
    Help(Ticket<Help>, Result<HelpAnswer, Rejection>),
    Xclient(Ticket<Xclient>, Result<Option<String>, Rejection>),
    Etrn(Ticket<Etrn>, Result<EtrnAnswer, Rejection>),
}

/// Begins a question. Returns `None` if the event is a notification.
pub(super) fn ask<'s, S: Service>(
    service: &'s S,
    facts: &mut Facts,
    exchange: &mut Option<Box<dyn ServerMechanism>>,
    event: Event<'_>,
    server: &mut Server,
) -> Option<Asked<'s>> {
    let about = facts.now(server);
    Some(match event {
        Event::Connect { ticket } => {
            Box::pin(async move { Answer::Any(ticket.into_any(), service.connect(&about).await) })
        }
        Event::Hello { name, ticket, .. } => {
            let name = name.into_owned();
            facts.is_outdated = true;
            Box::pin(async move { Answer::Any(ticket.into_any(), service.hello(&about, &name).await) })
        }
        Event::Auth {
            mechanism,
            request,
            ticket,
        } => {
            let exchange = exchange.take();
            let exchange = exchange.filter(|_| matches!(request, AuthRequest::Step { .. }));
            let mut attempt = AuthAttempt {
                mechanism,
                request,
                exchange,
            };
            Box::pin(async move {
                let outcome = service.auth(&about, &mut attempt).await;
                Answer::Auth(ticket, outcome, attempt.exchange)
            })
        }
        Event::Verify { query, ticket } => {
            let query = query.into_owned();
            Box::pin(async move { Answer::Verify(ticket, service.verify(&about, &query).await) })
        }
        Event::Expand { query, ticket } => {
            let query = query.into_owned();
            Box::pin(async move { Answer::Expand(ticket, service.expand(&about, &query).await) })
        }
        Event::Help { topic, ticket } => {
            let topic = topic.map(Argument::into_owned);
            Box::pin(async move { Answer::Help(ticket, service.help(&about, topic.as_ref()).await) })
        }
        Event::Xclient { info, ticket } => {
            let info = info.into_owned();
            Box::pin(async move { Answer::Xclient(ticket, service.xclient(&about, &info).await) })
        }
        Event::Xforward { info, ticket } => {
            let info = info.into_owned();
            Box::pin(async move { Answer::Any(ticket.into_any(), service.xforward(&about, &info).await) })
        }
        Event::Etrn { etrn, ticket } => {
            let etrn = etrn.into_owned();
            Box::pin(async move { Answer::Etrn(ticket, service.etrn(&about, &etrn).await) })
        }
        Event::Command { command, ticket } => {
            let command = command.into_owned();
            Box::pin(async move { Answer::Any(ticket.into_any(), service.command(&about, &command).await) })
        }
        Event::AuthFailed(why) => {
            *exchange = None;
            service.auth_failed(&about, why);
            return None;
        }
        other => {
            let _ = server.proceed(other);
            return None;
        }
    })
}

/// Passes an answer to the machine. A late answer has no effect.
pub(super) fn pass<T: Transport, S: Service>(talk: &mut Conversation<'_, T, S>, given: Answer) {
    let _ = match given {
        Answer::Any(ticket, given) => answer(talk.server(), ticket, given),
        Answer::Auth(ticket, outcome, exchange) => {
            talk.exchange = exchange.filter(|_| matches!(outcome, Ok(AuthOutcome::Challenge(_))));
            talk.facts.is_outdated = true;
            answer_auth(talk.server(), ticket, outcome)
        }
        Answer::Verify(ticket, given) => answer_vrfy(talk.server(), ticket, given),
        Answer::Expand(ticket, Ok(members)) => talk.server().answer_expn(ticket, &members),
        Answer::Expand(ticket, Err(rejection)) => talk.server().reject(ticket, rejection),
        Answer::Help(ticket, given) => answer_help(talk.server(), ticket, given),
        Answer::Xclient(ticket, given) => {
            talk.facts.is_outdated = true;
            answer_xclient(talk.server(), ticket, given)
        }
        Answer::Etrn(ticket, Ok(given)) => talk.server().answer_etrn(ticket, given),
        Answer::Etrn(ticket, Err(rejection)) => talk.server().reject(ticket, rejection),
    };
}
