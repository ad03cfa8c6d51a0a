//! A client that connects, sends messages, and says what became of them.

use std::mem;

use smtp_proto::{
    Step, TlsInfo, TlsUpgrade,
    client::{self, Closed, Event, Receipt, ReplyTo, RequestError},
    driver::{LastRefusal, Outbox},
    sasl::ClientMechanism,
    types::{Argument, Envelope, Extensions, Query, Reply, UnknownCommand},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tracing::debug;

#[cfg(feature = "rustls")]
use crate::ClientTls;
use crate::{Connection, Error, SendError, Stream, transfer::Source};

/// A session with a server.
///
/// ```no_run
/// use smtp_proto::{client::Config, types::{ClientName, Envelope, ForwardPath, ReversePath}};
/// use smtp_tokio::Client;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect("mx.example.org:25", Config::new("client.example".parse()?)).await?;
/// let envelope = Envelope::new(ReversePath::parse("alice@client.example")?)
///     .recipient(ForwardPath::parse("bob@example.org")?);
/// let receipt = client.send(envelope, b"Subject: hi\r\n\r\nHello\r\n").await?;
/// for (recipient, fate) in receipt.recipients() {
///     println!("{recipient}: {fate:?}");
/// }
/// client.quit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    pub(crate) connection: Connection<Stream<S>, client::Client>,
    pub(crate) refusal: LastRefusal,
    #[cfg(feature = "rustls")]
    pub(crate) tls: Option<ClientTls>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Whether the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.connection.machine().is_encrypted()
    }

    /// What is known of the TLS session; `None` in clear.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.connection.machine().tls()
    }

    /// Says who the client is, by a mechanism of the application's own choice (AUTH, RFC 4954), and gives the last
    /// reply: 235, or a refusal, after which the session goes on. A login that every session needs belongs into
    /// [`Config::login`](client::Config::login) instead.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when the server does not offer the mechanism, when
    /// [`plaintext_auth`](client::Config::plaintext_auth) forbids it, or when this client is authenticated already. The
    /// session goes on.
    ///
    /// [`Error::Closed`] when the session ends, as it does when the mechanism breaks the exchange off, or finds at its
    /// end that the server has not shown what it should: then 235 is no success.
    pub async fn authenticate(
        &mut self,
        mechanism: Box<dyn ClientMechanism>,
    ) -> Result<Reply<'static>, Error> {
        self.connection
            .machine_mut()
            .authenticate(mechanism)
            .map_err(|refused| refused.error)?;
        self.until(|event, machine| match event {
            // Not before the exchange is over, and not when it has ended the session.
            Event::Reply {
                to: ReplyTo::Auth,
                reply,
            } if machine.is_ready() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Whether the server knows who the client is.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.connection.machine().is_authenticated()
    }

    /// Sends a message that is in memory.
    ///
    /// What the message needs is found by looking at it: SIZE, and BODY=8BITMIME and SMTPUTF8 where the envelope
    /// does not say otherwise. When the server takes fewer recipients or domains at once (RFC 9422), it is sent in
    /// several transactions.
    ///
    /// The receipt says of every recipient whether the server took responsibility; a refusal is no error here.
    ///
    /// If the future is dropped before it is ready, the session is left in the middle of a transaction and good for
    /// nothing more: drop the client, too. Of the message nothing was accepted unless all of it had left.
    ///
    /// # Errors
    ///
    /// When the session ends, or the server does not offer what the message needs.
    pub async fn send(&mut self, envelope: Envelope, message: &[u8]) -> Result<Receipt, SendError> {
        let mut result = None;
        self.send_all([(envelope, message)], |known| result = Some(known))
            .await;
        // There is one for each message.
        result.unwrap_or_else(|| Err(SendError::new(RequestError::Over.into(), Receipt::default())))
    }

    /// Sends messages one behind the other, each as [`send`](Self::send) does it, and tells the result of each as soon as
    /// it is known, in their order.
    ///
    /// With PIPELINING and DATA a message leaves together with the envelope of the next one (RFC 2920 section 3.1): that
    /// is one round trip to a message instead of two. A message that is refused, or that needs what the server does
    /// not offer, does not stop those behind it.
    ///
    /// The next message is asked for while the one before it is sent, so the iterator must not wait for anything. When the
    /// session ends, or the server takes no more transactions in it (RFC 9422, MAILMAX), no more are taken: with
    /// [`by_ref`](Iterator::by_ref) they are left for another session. Of each that was taken the result is told.
    ///
    /// If the future is dropped, the session is good for nothing more, as with `send`; what was not told is not known.
    pub async fn send_all<'m>(
        &mut self,
        messages: impl IntoIterator<Item = (Envelope, &'m [u8])>,
        tell: impl FnMut(Result<Receipt, SendError>),
    ) {
        let mut outbox = Outbox::new(messages.into_iter(), tell);
        while let Some(content) = outbox.begin(self.connection.machine_mut()) {
            let mut source = Source::in_memory(content);
            let sent = self
                .transmit(&mut source, |event, machine| outbox.follow(event, machine))
                .await;
            if let Err(error) = sent {
                outbox.failed(error);
            }
        }
    }

    /// Sends a message that is read while it is sent. Nothing is known of it before, so say what it needs in the
    /// envelope's parameters: SIZE, BODY, SMTPUTF8. Since it can be read once only, it is sent in one transaction: an
    /// envelope beyond the server's limits (RFC 9422) is an error.
    ///
    /// The future must not be dropped before it is ready; see [`send`](Self::send).
    ///
    /// The end of the reader is the end of the message, also if it is a pipe whose writer was dropped in the middle: the part
    /// before is sent as a whole message. Let the reader return an error instead if its writer does not finish.
    ///
    /// # Errors
    ///
    /// When the session ends, the server does not offer what the envelope asks for, or the message cannot be read.
    pub async fn send_from(
        &mut self,
        envelope: Envelope,
        message: impl AsyncRead + Unpin,
    ) -> Result<Receipt, SendError> {
        let mut receipt = Receipt::new(&envelope);
        let mut source = Source::of(message);
        let sent = match self.connection.machine_mut().deliver(envelope) {
            Ok(()) => self.transmit(&mut source, |event, _| receipt.record(event)).await,
            Err(refused) => Err(refused.error.into()),
        };
        match sent {
            Ok(()) => Ok(receipt),
            Err(error) => Err(SendError::new(error, receipt)),
        }
    }

    /// Returns false if the session is known to be over. A server may have closed an idle session unnoticed:
    /// [`noop`](Self::noop) asks it.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.connection.machine().is_usable() && !self.connection.is_write_closed()
    }

    /// What the server offers.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        self.connection.machine().extensions()
    }

    /// Asks whether a user or mailbox exists (VRFY).
    ///
    /// # Errors
    ///
    /// When the session ends or does not fit the question.
    pub async fn verify(&mut self, query: Query<'static>) -> Result<Reply<'static>, Error> {
        self.connection
            .machine_mut()
            .verify(query)
            .map_err(|refused| refused.error)?;
        self.answer().await
    }

    /// Asks for the members of a mailing list (EXPN).
    ///
    /// # Errors
    ///
    /// When the session ends or does not fit the question.
    pub async fn expand(&mut self, query: Query<'static>) -> Result<Reply<'static>, Error> {
        self.connection
            .machine_mut()
            .expand(query)
            .map_err(|refused| refused.error)?;
        self.answer().await
    }

    /// Asks for help (HELP).
    ///
    /// # Errors
    ///
    /// When the session ends.
    pub async fn help(&mut self, topic: Option<Argument<'static>>) -> Result<Reply<'static>, Error> {
        self.connection
            .machine_mut()
            .help(topic)
            .map_err(|refused| refused.error)?;
        self.answer().await
    }

    /// Finds out whether the session is alive (NOOP).
    ///
    /// # Errors
    ///
    /// When the session has ended.
    pub async fn noop(&mut self) -> Result<Reply<'static>, Error> {
        self.connection.machine_mut().noop()?;
        self.answer().await
    }

    /// Sends a command that this crate does not know, with one reply.
    ///
    /// # Errors
    ///
    /// When the session ends.
    pub async fn command(&mut self, command: UnknownCommand<'static>) -> Result<Reply<'static>, Error> {
        self.connection
            .machine_mut()
            .command(command)
            .map_err(|refused| refused.error)?;
        self.answer().await
    }

    /// Ends the session (QUIT) and closes the connection.
    ///
    /// # Errors
    ///
    /// When the session ended otherwise. Nothing that was accepted is lost by that.
    pub async fn quit(mut self) -> Result<(), Error> {
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
    async fn answer(&mut self) -> Result<Reply<'static>, Error> {
        self.until(|event, machine| match event {
            // A reply that ended the session is in the error.
            Event::Reply { reply, .. } if machine.is_usable() => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Drives the session until `found` finds what it looks for. It is shown each event, and the machine behind it.
    pub(crate) async fn until<T>(
        &mut self,
        mut found: impl FnMut(Event<'_>, &client::Client) -> Option<T>,
    ) -> Result<T, Error> {
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
                Event::StartTls(upgrade) => {
                    self.start_tls(upgrade).await;
                    continue;
                }
                _ => {}
            }
            if let Some(found) = found(event, machine) {
                return Ok(found);
            }
        }
    }

    #[cfg(feature = "rustls")]
    async fn start_tls(&mut self, upgrade: TlsUpgrade) {
        match &self.tls {
            Some(tls) => self.connection.start_tls(upgrade, tls).await,
            None => self.connection.machine_mut().abort(),
        }
    }

    #[cfg(not(feature = "rustls"))]
    async fn start_tls(&mut self, _upgrade: TlsUpgrade) {
        self.connection.machine_mut().abort();
    }
}
