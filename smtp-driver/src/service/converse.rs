//! The loop between a session and a service.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
};

use smtp_proto::types::{Extension, Keyword};

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
            // On the heap, so that an idle session reserves no space for the futures of the service.
            let transaction = match poll_fn(|cx| talk.poll_next(cx)).await {
                Next::Mail(mail, ticket) => Box::pin(transaction(&mut talk, mail, ticket)),
                Next::Closed => break,
                other => {
                    talk.refuse(other);
                    continue;
                }
            };
            transaction.await;
        }
        talk.close().await;
    }
}
