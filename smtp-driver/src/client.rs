//! A client on any transport.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{fmt, mem};

use bytes::Buf;
use smtp_proto::{
    Step, TlsInfo,
    client::{self, Closed, Event, Receipt, ReplyTo, RequestError},
    data::ContentScanner,
    sasl::ClientMechanism,
    types::{Argument, Envelope, Etrn, Extensions, Query, Reply, UnknownCommand},
};
use tracing::debug;

use crate::{
    BodySource, ClientBuilder, Connection, Error, SendError, TlsSettings, Transport, body_buffer::BodyBuffer,
    error::LastRefusal, outbox::Outbox, steps::Steps,
};

/// A session with a server. [`ClientBuilder`] creates it.
///
/// Each request is an async function. After [`Error::Closed`] the session is over, and [`is_usable`](Self::is_usable) returns
/// false.
pub struct Client<T: Transport> {
    pub(crate) connection: Connection<T, client::Client>,
    pub(crate) refusal: LastRefusal,
    pub(crate) tls: Option<Arc<dyn TlsSettings>>,
    /// The transaction that the caller sends command by command.
    pub(crate) steps: Option<Steps>,
}

impl<T: Transport> Client<T> {
    /// Returns a [`ClientBuilder`], which has the settings of a session and begins it.
    pub fn builder(config: impl Into<Arc<client::Config>>) -> ClientBuilder<T> {
        ClientBuilder::new(config)
    }

    /// Returns true if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.connection.machine().is_encrypted()
    }

    /// The parameters of the TLS session. Returns `None` in plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.connection.machine().tls()
    }

    /// The extensions that the server offers.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        self.connection.machine().extensions()
    }

    /// Returns true if the client is authenticated.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.connection.machine().is_authenticated()
    }

    /// Returns false if the session is known to be over. The server may have closed an idle session in the meantime: call
    /// [`noop`](Self::noop) to check.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.connection.machine().is_usable() && !self.connection.is_write_closed()
    }

    /// The machine and its transport.
    #[must_use]
    pub const fn connection(&self) -> &Connection<T, client::Client> {
        &self.connection
    }

    /// The machine and its transport, mutably: for operations that `Client` does not have.
    pub const fn connection_mut(&mut self) -> &mut Connection<T, client::Client> {
        &mut self.connection
    }

    /// Sends a message that is in memory.
    ///
    /// The client scans the content for the parameters that it needs: SIZE, and BODY=8BITMIME and SMTPUTF8 unless the
    /// envelope sets them. If the server accepts fewer recipients at once (RFC 9422), the client sends the message in several
    /// transactions. Recipients beyond the transactions (MAILMAX) or domains (RCPTDOMAINMAX) of a session are [not
    /// accepted](smtp_proto::client::RecipientStatus::NotAccepted), with an error: they need another session, which `Pool`
    /// opens.
    ///
    /// The receipt has the outcome for each recipient. Refused recipients are in the receipt, and do not make this function
    /// fail.
    ///
    /// Not cancel-safe: after the future is dropped, the session is in the middle of a transaction; drop the client, too. The
    /// server may have accepted the message if all of it was sent.
    ///
    /// # Errors
    ///
    /// If the session ends, or if the server lacks an extension that the message needs.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        message: impl AsRef<[u8]>,
    ) -> Result<Receipt, SendError<T::Error>> {
        let mut result = None;
        self.send_all([(envelope, message.as_ref())], |known| result = Some(known))
            .await;
        // The iterator has one message, so there is one result.
        result.unwrap_or_else(|| Err(SendError::new(RequestError::Over.into(), Receipt::default())))
    }

    /// Sends a message that is in memory in several pieces, such as a [chain](Buf::chain) of [`Bytes`](bytes::Bytes). It does
    /// not copy `Bytes`. Otherwise it works like [`send`](Self::send).
    ///
    /// Each piece is a write, and with BDAT a chunk, so join small pieces.
    ///
    /// Not cancel-safe, as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_buf(
        &mut self,
        envelope: Envelope,
        mut message: impl Buf,
    ) -> Result<Receipt, SendError<T::Error>> {
        let (mut scanner, mut pieces) = (ContentScanner::new(), Vec::new());
        while message.has_remaining() {
            let piece = message.copy_to_bytes(message.chunk().len());
            scanner.feed(&piece);
            pieces.push(piece);
        }
        let limits = self.connection.machine().extensions().limits();
        let parts: Vec<_> = envelope.for_content(&scanner.finish()).split(limits).collect();
        let mut receipt = Receipt::default();
        parts.iter().for_each(|part| receipt.add_transaction(part));
        for part in parts {
            let begun = self.connection.machine_mut().deliver(part);
            let sent = match begun.map_err(|refused| refused.error.into()) {
                Ok(()) => {
                    receipt.record_offer(self.connection.machine().extensions());
                    let mut body = BodyBuffer::in_pieces(&pieces);
                    self.transmit(&mut body, (), |event, _| receipt.record(event))
                        .await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                return Err(SendError::new(error, receipt));
            }
        }
        Ok(receipt)
    }

    /// Sends messages one after the other, each as [`send`](Self::send). Passes each result to `tell` as soon as it is known,
    /// in the order of the messages.
    ///
    /// With PIPELINING and DATA, a message and the next envelope share a write (RFC 2920 section 3.1): one round trip per
    /// message instead of two. If a message is refused, or needs an extension that the server lacks, the next messages are
    /// sent anyway.
    ///
    /// The client takes the next message from the iterator while it sends the one before, so the iterator must not block. It
    /// takes no more messages after the session has ended, or if the server accepts no more transactions (RFC 9422, MAILMAX).
    /// Use [`by_ref`](Iterator::by_ref) to send the rest in another session. Each message that was taken has a result.
    ///
    /// Not cancel-safe, as [`send`](Self::send): after the future is dropped, the outcome of a message without a result is
    /// unknown.
    pub async fn send_all<'m>(
        &mut self,
        messages: impl IntoIterator<Item = (Envelope, &'m [u8])>,
        tell: impl FnMut(Result<Receipt, SendError<T::Error>>),
    ) {
        let mut outbox = Outbox::new(messages.into_iter(), tell);
        while let Some(content) = outbox.begin(self.connection.machine_mut()) {
            let mut body = BodyBuffer::in_memory(content);
            let sent = self
                .transmit(&mut body, (), |event, machine| outbox.follow(event, machine))
                .await;
            if let Err(error) = sent {
                outbox.failed(error);
            }
        }
    }

    /// Sends a message while reading it from a source.
    ///
    /// The client cannot scan the content first, so set the parameters that it needs in the envelope: SIZE, BODY, SMTPUTF8.
    /// The source can be read only once, so there is one transaction: an envelope beyond the server's limits (RFC 9422) is an
    /// error.
    ///
    /// The message ends when the [source](BodySource) has no more octets. If you know its length, wrap the source in
    /// [`ExactLength`](crate::ExactLength), which tells the end from a broken pipe.
    ///
    /// Not cancel-safe, as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the session ends, if the server lacks an extension that the envelope needs, or if the message cannot be read.
    pub async fn send_from(
        &mut self,
        envelope: Envelope,
        message: impl BodySource<T::Error>,
    ) -> Result<Receipt, SendError<T::Error>> {
        let mut receipt = Receipt::new(&envelope);
        let sent = match self.connection.machine_mut().deliver(envelope) {
            Ok(()) => {
                receipt.record_offer(self.connection.machine_mut().extensions());
                let mut body = BodyBuffer::to_be_read();
                self.transmit(&mut body, message, |event, _| receipt.record(event))
                    .await
            }
            Err(refused) => Err(refused.error.into()),
        };
        match sent {
            Ok(()) => Ok(receipt),
            Err(error) => Err(SendError::new(error, receipt)),
        }
    }

    /// Authenticates with a given mechanism (AUTH, RFC 4954), and returns the last reply: 235, or a refusal. After a refusal
    /// the session continues. For a login that every session needs, set [`Config::login`](client::Config::login) instead.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the server does not offer the mechanism, if [`plaintext_auth`](client::Config::plaintext_auth)
    /// forbids it, or if the client is authenticated already. The session continues.
    ///
    /// [`Error::Closed`] if the session ends, for example because the mechanism cancels the exchange, or because the server
    /// fails mutual authentication (even after 235).
    pub async fn authenticate(
        &mut self,
        mechanism: Box<dyn ClientMechanism>,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        self.connection
            .machine_mut()
            .authenticate(mechanism)
            .map_err(|refused| refused.error)?;
        self.until(|event, machine| match event {
            // Only the reply that ends the exchange, unless it ended the session.
            Event::Reply {
                to: ReplyTo::Auth,
                reply,
            } if machine.is_ready() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Asks the server if a user or mailbox exists (VRFY), and returns its reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session ends, or if it does not allow the query.
    pub async fn verify(&mut self, query: Query<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.verify(query).map_err(|refused| refused.error)?;
        self.reply().await
    }

    /// Asks the server for the members of a mailing list (EXPN), and returns its reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session ends, or if it does not allow the query.
    pub async fn expand(&mut self, query: Query<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.expand(query).map_err(|refused| refused.error)?;
        self.reply().await
    }

    /// Asks the server for help (HELP), and returns its reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session ends.
    pub async fn help(
        &mut self,
        topic: Option<Argument<'static>>,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.help(topic).map_err(|refused| refused.error)?;
        self.reply().await
    }

    /// Asks the server to deliver messages that it holds (ETRN, RFC 1985), and returns the reply.
    /// [`EtrnAnswer::try_from`](smtp_proto::types::EtrnAnswer) converts the reply to its meaning. The server delivers over
    /// connections of its own.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session ends, or if the server does not offer ETRN.
    pub async fn etrn(&mut self, etrn: Etrn<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.etrn(etrn).map_err(|refused| refused.error)?;
        self.reply().await
    }

    /// Checks that the session is alive (NOOP).
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session has ended.
    pub async fn noop(&mut self) -> Result<Reply<'static>, Error<T::Error>> {
        self.connection.machine_mut().noop()?;
        self.reply().await
    }

    /// Sends a command that this crate does not know, and returns its one reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// If the session ends.
    pub async fn command(
        &mut self,
        command: UnknownCommand<'static>,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.command(command).map_err(|refused| refused.error)?;
        self.reply().await
    }

    /// Ends the session (QUIT) and closes the connection.
    ///
    /// Cancellation: dropping the future closes the connection at once. Accepted messages stay accepted.
    ///
    /// # Errors
    ///
    /// If the session ended without a reply to QUIT. Messages that the server accepted earlier stay accepted.
    pub async fn quit(mut self) -> Result<(), Error<T::Error>> {
        self.connection.machine_mut().quit()?;
        match self.until(|_, _| None::<()>).await {
            Err(Error::Closed {
                why: Closed::Quit, ..
            })
            | Ok(()) => {
                self.connection.shut_down().await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the reply to the command that the caller has just given.
    async fn reply(&mut self) -> Result<Reply<'static>, Error<T::Error>> {
        self.until(|event, machine| match event {
            // The error contains a reply that ended the session.
            Event::Reply { reply, .. } if machine.is_usable() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Drives the session until `found` returns a result. `found` receives each event and the machine.
    pub(crate) async fn until<R>(
        &mut self,
        mut found: impl FnMut(Event<'_>, &client::Client) -> Option<R>,
    ) -> Result<R, Error<T::Error>> {
        let mut now = self.connection.transport().now();
        loop {
            let (event, machine) = match self.connection.poll_at(now) {
                (Step::Event(event), machine) => (event, machine),
                (Step::Wait(wait), _) => {
                    self.connection.wait(wait).await;
                    now = self.connection.transport().now();
                    continue;
                }
            };
            self.refusal.note(&event);
            match event {
                Event::Closed { why, message } => {
                    debug!(%why, "session closed");
                    let refusal = mem::take(&mut self.refusal);
                    return Err(refusal.closed(why, message, self.connection.take_error()));
                }
                Event::StartTls(upgrade) => match &self.tls {
                    Some(tls) => self.connection.start_tls(upgrade, tls),
                    None => machine.abort(),
                },
                event => {
                    if let Some(found) = found(event, machine) {
                        return Ok(found);
                    }
                }
            }
        }
    }
}

/// Shows the machine.
impl<T: Transport> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(self.connection.machine()).finish()
    }
}
