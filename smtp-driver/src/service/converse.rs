//! The loop between a session and a service.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smtp_proto::{
    server::{Ticket, ticket},
    types::{Extension, Keyword, Mail},
};

use super::{
    Service,
    conversation::{Conversation, Next},
    transaction::transaction,
};
use crate::{Session, TlsSettings, Transport};

/// Runs a session: passes its questions to the service, and the answers to the machine. Returns when the connection is closed
/// and no [`message`](Service::message) is pending.
///
/// `tls` has the settings for STARTTLS. With them the session offers STARTTLS, without them it does not, whatever the
/// configuration says. For implicit TLS, call [`start_implicit_tls`](Session::start_implicit_tls) first, and pass `None`.
///
/// The future needs only the transport, no task or further timer. On threads, run it with `block_on` of the adapter.
pub fn converse<T: Transport, S: Service>(
    mut session: Session<T>,
    service: &S,
    tls: Option<&Arc<dyn TlsSettings>>,
) -> impl Future<Output = ()> {
    let server = session.machine_mut();
    match (tls, server.extensions().has(Keyword::StartTls)) {
        (Some(_), false) => server.extensions_mut().add(Extension::StartTls),
        (None, true) => server.extensions_mut().remove(Keyword::StartTls),
        _ => {}
    }
    let mut talk = Conversation::new(session, service, tls.cloned());
    // Not an async function, because its future would reserve space for the arguments twice.
    async move {
        loop {
            let mut transaction = match poll_fn(|cx| talk.poll_next(cx)).await {
                Next::Mail(mail, ticket) => boxed_transaction(&mut talk, mail, ticket),
                Next::Closed => break,
                other => {
                    talk.refuse(other);
                    continue;
                }
            };
            poll_fn(|cx| poll_apart(transaction.as_mut(), cx)).await;
        }
        talk.close().await;
    }
}

/// Puts the future of a transaction on the heap, so that an idle session reserves no space for the futures of the service.
///
/// Not inlined: the future passes over the stack, and a thread keeps the frame of its caller while it waits for its client.
#[inline(never)]
fn boxed_transaction<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: Mail<'static>,
    ticket: Ticket<ticket::Mail>,
) -> Pin<Box<impl Future<Output = ()>>> {
    Box::pin(transaction(talk, mail, ticket))
}

/// Polls the future of a transaction. Not inlined: its temporary values are then on the stack only during a transaction, and not
/// while a thread waits for the next one.
#[inline(never)]
fn poll_apart<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}
