//! Questions that need only the facts of the session, and not the transaction.

use smtp_proto::{server::Event, types::Argument};

use super::{
    About, Service,
    questions::{Answer, Asked},
};

/// Asks the service about an event. Returns the event if it belongs elsewhere: a question of the transaction, or a
/// notification.
#[expect(
    clippy::result_large_err,
    reason = "the event was passed by value, and is given back"
)]
pub(super) fn ask<'s, 'i, S: Service>(
    service: &'s S,
    about: About,
    event: Event<'i>,
) -> Result<Asked<'s, S::Mail>, Event<'i>> {
    Ok(match event {
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
        other => return Err(other),
    })
}
