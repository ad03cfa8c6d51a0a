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

/// A session with a server. [`ClientBuilder`] begins one.
///
/// A request is an async function. After an error with [`Error::Closed`] the session is over:
/// [`is_usable`](Self::is_usable) returns false then.
pub struct Client<T: Transport> {
    pub(crate) connection: Connection<T, client::Client>,
    pub(crate) refusal: LastRefusal,
    pub(crate) tls: Option<Arc<dyn TlsSettings>>,
    /// The transaction that goes command by command.
    pub(crate) steps: Option<Steps>,
}

impl<T: Transport> Client<T> {
    /// Begins the settings of a session: [`ClientBuilder`].
    pub fn builder(config: impl Into<Arc<client::Config>>) -> ClientBuilder<T> {
        ClientBuilder::new(config)
    }

    /// Returns true if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.connection.machine().is_encrypted()
    }

    /// The parameters of the TLS session; `None` in plaintext.
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

    /// Returns false if the session is known to be over. A server may have closed an idle session unnoticed:
    /// [`noop`](Self::noop) checks that.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.connection.machine().is_usable() && !self.connection.is_write_closed()
    }

    /// The machine and its transport.
    #[must_use]
    pub const fn connection(&self) -> &Connection<T, client::Client> {
        &self.connection
    }

    /// The machine and its transport, for what these functions do not offer: a message sent step by step, for example.
    pub const fn connection_mut(&mut self) -> &mut Connection<T, client::Client> {
        &mut self.connection
    }

    /// Sends a message that is in memory.
    ///
    /// The content determines the parameters that it needs: SIZE, and BODY=8BITMIME and SMTPUTF8 unless the envelope says
    /// otherwise. If the server accepts fewer recipients at once (RFC 9422), the message is sent in several transactions.
    /// Recipients beyond the transactions (MAILMAX) or domains (RCPTDOMAINMAX) of a session are
    /// [not accepted](smtp_proto::client::RecipientStatus::NotAccepted), with an error: they need another session, which
    /// `Pool` opens.
    ///
    /// The receipt has the outcome for each recipient. A refused recipient is no error.
    ///
    /// Not cancel-safe: if the future is dropped, the session stays in the middle of a transaction; drop the client, too.
    /// The server can have accepted the message only if all of it was sent.
    ///
    /// # Errors
    ///
    /// If the session ends, or if the server does not offer what the message needs.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        message: impl AsRef<[u8]>,
    ) -> Result<Receipt, SendError<T::Error>> {
        let mut result = None;
        self.send_all([(envelope, message.as_ref())], |known| result = Some(known))
            .await;
        // There is one for each message.
        result.unwrap_or_else(|| Err(SendError::new(RequestError::Over.into(), Receipt::default())))
    }

    /// Sends a message that is in memory in several pieces: a [chain](Buf::chain) of [`Bytes`](bytes::Bytes), for example,
    /// which are not copied. Otherwise it is [`send`](Self::send).
    ///
    /// A piece is a write of its own, and with BDAT a chunk, so join small ones.
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

    /// Sends messages one after the other, each as [`send`](Self::send) does, and passes the result of each to `tell` as
    /// soon as it is known, in their order.
    ///
    /// With PIPELINING and DATA a message leaves together with the envelope of the next one (RFC 2920 section 3.1): one
    /// round trip per message instead of two. A message that is refused, or that needs what the server does not offer,
    /// does not stop those after it.
    ///
    /// The next message is taken from the iterator while the one before it is sent, so the iterator must not block. If the
    /// session ends, or if the server accepts no more transactions in it (RFC 9422, MAILMAX), no more are taken: with
    /// [`by_ref`](Iterator::by_ref) they are left for another session. Each message that was taken has a result.
    ///
    /// Not cancel-safe, as [`send`](Self::send): the outcome of a message without a result is not known.
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

    /// Sends a message that is read while it is sent. Its content is not known before, so state its needs in the
    /// parameters of the envelope: SIZE, BODY, SMTPUTF8. It can be read only once, so it is sent in one transaction: an
    /// envelope beyond the server's limits (RFC 9422) is an error.
    ///
    /// The message ends when the [source](BodySource) has no more octets.
    ///
    /// Not cancel-safe, as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the session ends, the server does not offer what the envelope needs, or the message cannot be read.
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

    /// Authenticates with a mechanism of the application's choice (AUTH, RFC 4954), and returns the last reply: 235, or a
    /// refusal, after which the session goes on. A login that every session needs belongs into
    /// [`Config::login`](client::Config::login) instead.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the server does not offer the mechanism, if
    /// [`plaintext_auth`](client::Config::plaintext_auth) forbids it, or if the client is authenticated already. The
    /// session goes on.
    ///
    /// [`Error::Closed`] if the session ends. It does if the mechanism cancels the exchange, or if the server fails
    /// the mutual authentication that the mechanism demands, also after 235.
    pub async fn authenticate(
        &mut self,
        mechanism: Box<dyn ClientMechanism>,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        self.connection
            .machine_mut()
            .authenticate(mechanism)
            .map_err(|refused| refused.error)?;
        self.until(|event, machine| match event {
            // Not before the exchange is over, and not if it has ended the session.
            Event::Reply {
                to: ReplyTo::Auth,
                reply,
            } if machine.is_ready() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Asks if a user or mailbox exists (VRFY).
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

    /// Asks for the members of a mailing list (EXPN).
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

    /// Asks for help (HELP).
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

    /// Asks for the delivery of messages that wait at the server (ETRN, RFC 1985), and returns the reply;
    /// [`EtrnAnswer::try_from`](smtp_proto::types::EtrnAnswer) tells its meaning. The server delivers over
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

    /// Sends a command that this crate does not know, with one reply.
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
    /// # Errors
    ///
    /// If the session ended without a reply to QUIT. Messages that were accepted before stay accepted.
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

    /// The reply to the one command that was given.
    async fn reply(&mut self) -> Result<Reply<'static>, Error<T::Error>> {
        self.until(|event, machine| match event {
            // A reply that ended the session is in the error.
            Event::Reply { reply, .. } if machine.is_usable() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Drives the session until `found` returns something. It is passed each event, and the machine.
    pub(crate) async fn until<R>(
        &mut self,
        mut found: impl FnMut(Event<'_>, &client::Client) -> Option<R>,
    ) -> Result<R, Error<T::Error>> {
        loop {
            let (event, machine) = match self.connection.poll() {
                (Step::Event(event), machine) => (event, machine),
                (Step::Wait(wait), _) => {
                    self.connection.wait(wait).await;
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
