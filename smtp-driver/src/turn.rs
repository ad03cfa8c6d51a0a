//! The exchange of roles on one connection (ATRN, RFC 2645).

use std::sync::Arc;

use smtp_proto::{
    Machine, Step,
    client::{self, Closed, Event, MessageOutcome, RequestError, Tls},
    server,
};

use crate::{Client, Connection, Error, Session, Transport, error::LastRefusal};

impl<T: Transport> Session<T> {
    /// Exchanges the roles: the server becomes the client on the same connection, as after ATRN (RFC 2645 section 5.2).
    ///
    /// Call it after ATRN was accepted. It waits until the reply has left, then for the greeting of the peer and its reply to
    /// EHLO. The TLS session continues. The limits, the shutdown and the transcript of the server no longer apply.
    ///
    /// Before that, offer [`Extension::Atrn`](smtp_proto::types::Extension::Atrn) and answer the command ATRN
    /// ([`UnknownPolicy::AskApplication`](smtp_proto::server::UnknownPolicy::AskApplication)). Accept ATRN only after AUTH,
    /// and only for the domains of that user.
    ///
    /// Cancellation: dropping the future drops the connection.
    ///
    /// # Errors
    ///
    /// Each error drops the connection. [`Error::Rejected`] with [`RequestError::OutOfTurn`] if the session is in a
    /// transaction, a question is open, or the peer has sent more. [`Error::NoTls`] if the configuration requires TLS and the
    /// session is in plaintext: STARTTLS comes before ATRN. [`Error::Closed`] if the peer refuses the session, or the
    /// connection ends.
    pub async fn into_client(
        self,
        config: impl Into<Arc<client::Config>>,
    ) -> Result<Client<T>, Error<T::Error>> {
        let (config, mut connection) = (config.into(), self.into_connection());
        if connection.has_input() {
            return Err(RequestError::OutOfTurn.into());
        }
        while !connection.machine().awaits_command() {
            let mut wait = match connection.poll().0 {
                Step::Wait(wait) => wait,
                Step::Event(server::Event::Closed(why)) => {
                    let (why, source) = (as_client(why), connection.take_error());
                    return Err(LastRefusal::default().closed(why, MessageOutcome::None, source));
                }
                Step::Event(_) => return Err(RequestError::OutOfTurn.into()),
            };
            if connection.machine().output().is_empty() {
                return Err(RequestError::OutOfTurn.into());
            }
            wait.want_read = false;
            connection.wait(wait).await;
        }
        if connection.has_input() {
            return Err(RequestError::OutOfTurn.into());
        }
        let machine = match connection.machine().tls() {
            Some(info) => client::Client::new_over_tls(config, info.clone()),
            None if config.tls != Tls::Disabled => return Err(Error::NoTls),
            None => client::Client::new(config),
        };
        let mut client = Client {
            connection: Connection::on_wire(connection.wire, machine),
            refusal: LastRefusal::default(),
            tls: None,
            steps: None,
        };
        client
            .until(|event, _| matches!(event, Event::Ready).then_some(()))
            .await?;
        Ok(client)
    }
}

/// Converts the end of the server's session to the end of the client's session.
const fn as_client(why: server::Closed) -> Closed {
    match why {
        server::Closed::ConnectionClosed => Closed::ConnectionClosed,
        server::Closed::ConnectionLost => Closed::ConnectionLost,
        server::Closed::TimedOut(phase) => Closed::TimedOut(phase),
        _ => Closed::Aborted,
    }
}
