//! A client that connects, sends messages, and says what became of them.

use std::{io, sync::Arc, time::Duration};

use bytes::{Buf, BytesMut};
use smtp_proto::{
    Machine, Step, TlsUpgrade, Wait,
    client::{self, Asked, BodyPermit, Closed, Coming, Config, Event, Fate, Piece, Receipt, WhyNot},
    data::Survey,
    types::{Argument, Envelope, Extensions, Query, Reply, UnknownCommand},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, Empty},
    net::{TcpStream, ToSocketAddrs},
    time,
};
use tracing::debug;

#[cfg(feature = "rustls")]
use crate::ClientTls;
use crate::{Connection, Stream, connection::PIECES};

/// How much of a message is handled at once, in octets. The server has to take that much within
/// [`Timeouts::data_block`](client::Timeouts::data_block); in the default of 3 minutes the slowest links do.
const BLOCK: usize = 64 * 1024;

/// How long a source that has something may take to fill a block, so that small pieces become few writes and chunks,
/// and the end of the message leaves with what is before it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A session with a server.
///
/// ```no_run
/// use smtp_proto::{client::Config, types::{ClientName, Envelope, ForwardPath, ReversePath}};
/// use smtp_tokio::Client;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect("mx.example.org:25", Config::new("client.example".parse()?)).await?;
/// let envelope = Envelope::new(ReversePath::parse("alice@client.example")?)
///     .to(ForwardPath::parse("bob@example.org")?);
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
    connection: Connection<Stream<S>, client::Client>,
    #[cfg(feature = "rustls")]
    tls: Option<ClientTls>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection could be made.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    /// The configuration wants TLS, and nothing was said about how to do it.
    #[error("give the settings for TLS, or disable it in the configuration")]
    NoTls,
    /// The TLS handshake failed, before anything was said.
    #[error("TLS handshake failed: {0}")]
    Handshake(#[source] io::Error),
    /// The session has ended.
    #[error("{why}{}", Told(.reply.as_ref(), .source.as_ref()))]
    Closed {
        /// Why.
        why: Closed,
        /// What became of the message that was being sent.
        message: Fate,
        /// The last reply that was not positive, and what it answered.
        reply: Option<(Asked, Reply<'static>)>,
        /// What broke the stream.
        source: Option<io::Error>,
    },
    /// Nothing was sent: the request does not fit the session, which goes on.
    #[error(transparent)]
    NotSent(#[from] WhyNot),
    /// The message could not be read. The session was given up, since what was sent of it cannot be taken back.
    #[error("cannot read the message: {0}")]
    Source(#[source] io::Error),
}

/// What a message's sending came to when it did not come to its end, and what was learnt until then.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct SendError {
    /// What stopped it.
    #[source]
    pub error: Error,
    /// What became of each recipient.
    pub receipt: Receipt,
}

/// The details of an error, as far as they are known.
struct Told<'e>(Option<&'e (Asked, Reply<'static>)>, Option<&'e io::Error>);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(Some((_, reply)), _) => write!(f, ": {reply}"),
            Self(None, Some(error)) => write!(f, ": {error}"),
            Self(None, None) => Ok(()),
        }
    }
}

impl Client {
    /// Connects to the first address that answers, and says hello. Connecting may take as long as the greeting may
    /// ([`Timeouts::greeting`](client::Timeouts::greeting)), all addresses together. MX records are not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], or [`Error::Closed`] when the server does not want the session. [`Error::NoTls`] when the
    /// configuration wants TLS: see [`connect_with_tls`](Self::connect_with_tls).
    pub async fn connect(address: impl ToSocketAddrs, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config).await?;
        Self::on(stream, config).await
    }

    /// Connects, says hello and goes over to TLS with STARTTLS, as the configuration's
    /// [`Tls`](client::Tls) policy says (RFC 3207; submission on port 587).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`Error::Closed`] when TLS is required and not to be had.
    #[cfg(feature = "rustls")]
    pub async fn connect_with_tls(
        address: impl ToSocketAddrs,
        config: impl Into<Arc<Config>>,
        tls: ClientTls,
    ) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config).await?;
        Self::start(Stream::clear(stream), client::Client::new(config), Some(tls)).await
    }

    /// Connects, does the TLS handshake, and says hello (implicit TLS, RFC 8314 section 3.3; submission on port 465).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`Error::Handshake`].
    #[cfg(feature = "rustls")]
    pub async fn connect_over_tls(
        address: impl ToSocketAddrs,
        config: impl Into<Arc<Config>>,
        tls: &ClientTls,
    ) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config).await?;
        let stream = match time::timeout(config.timeouts.greeting, tls.connect(stream)).await {
            Ok(shaken) => shaken.map_err(Error::Handshake)?,
            Err(_) => return Err(Error::Handshake(io::ErrorKind::TimedOut.into())),
        };
        Self::start(stream, client::Client::over_tls(config), None).await
    }
}

/// Makes a TCP connection.
async fn dial(address: impl ToSocketAddrs, config: &Config) -> Result<TcpStream, Error> {
    let stream = match time::timeout(config.timeouts.greeting, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(Error::Connect)?,
        Err(_) => return Err(Error::Connect(io::ErrorKind::TimedOut.into())),
    };
    // Without it the end of a message would wait for the acknowledgement of its beginning.
    stream.set_nodelay(true).map_err(Error::Connect)?;
    Ok(stream)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Says hello on a stream that is connected already. For TCP, set `TCP_NODELAY` first.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, and [`Error::NoTls`].
    pub async fn on(stream: S, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        if config.tls != client::Tls::Disabled {
            return Err(Error::NoTls);
        }
        let machine = client::Client::new(config);
        #[cfg(feature = "rustls")]
        let started = Self::start(Stream::clear(stream), machine, None);
        #[cfg(not(feature = "rustls"))]
        let started = Self::start(Stream::clear(stream), machine);
        started.await
    }

    /// Says hello on a stream that is connected already, and goes over to TLS as
    /// [`connect_with_tls`](Client::connect_with_tls) does.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, or TLS is required and not to be had.
    #[cfg(feature = "rustls")]
    pub async fn on_with_tls(
        stream: S,
        config: impl Into<Arc<Config>>,
        tls: ClientTls,
    ) -> Result<Self, Error> {
        Self::start(
            Stream::clear(stream),
            client::Client::new(config.into()),
            Some(tls),
        )
        .await
    }

    async fn start(
        stream: Stream<S>,
        machine: client::Client,
        #[cfg(feature = "rustls")] tls: Option<ClientTls>,
    ) -> Result<Self, Error> {
        let mut client = Self {
            connection: Connection::new(stream, machine),
            #[cfg(feature = "rustls")]
            tls,
        };
        client
            .until(|event| matches!(event, Event::Ready).then_some(()))
            .await?;
        debug!("session ready");
        Ok(client)
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.connection.machine().is_encrypted()
    }

    /// Sends a message that is in memory.
    ///
    /// What the message needs is found by looking at it: SIZE, and BODY=8BITMIME and SMTPUTF8 where the envelope
    /// does not say otherwise. When the server takes fewer recipients or domains at once (RFC 9422), it is sent in
    /// several transactions.
    ///
    /// The receipt says of every recipient whether the server took responsibility; a refusal is no error here.
    ///
    /// If the future is dropped before it is ready, the session cannot be used any more; of the message nothing was
    /// accepted unless all of it had left.
    ///
    /// When the future is dropped before it is ready, the session is left in the middle of a transaction and good for
    /// nothing more: drop the client, too.
    ///
    /// # Errors
    ///
    /// When the session ends, or the server does not offer what the message needs.
    pub async fn send(&mut self, envelope: Envelope, message: &[u8]) -> Result<Receipt, SendError> {
        let mut survey = Survey::new();
        survey.feed(message);
        let envelope = envelope.for_content(&survey.finish());
        let (mut receipt, mut failed) = (Receipt::default(), None);
        for part in envelope.split(self.extensions().limits()) {
            receipt.begin(&part);
            if failed.is_none() {
                let mut source = Source::<Empty>::Memory(message);
                failed = self.transmit(part, &mut source, &mut receipt).await.err();
            }
        }
        match failed {
            None => Ok(receipt),
            Some(error) => Err(SendError { error, receipt }),
        }
    }

    /// Sends a message that is read while it is sent. Nothing is known of it before, so say what it needs in the
    /// envelope's parameters: SIZE, BODY, SMTPUTF8. Since it can be read once only, it is sent in one transaction: an
    /// envelope beyond the server's limits (RFC 9422) is an error.
    ///
    /// The future must not be dropped before it is ready; see [`send`](Self::send).
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
        let mut source = Source::Reader {
            reader: message,
            buffer: BytesMut::new(),
            ended: false,
        };
        match self.transmit(envelope, &mut source, &mut receipt).await {
            Ok(()) => Ok(receipt),
            Err(error) => Err(SendError { error, receipt }),
        }
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
            .map_err(|refused| refused.why)?;
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
            .map_err(|refused| refused.why)?;
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
            .map_err(|refused| refused.why)?;
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
            .map_err(|refused| refused.why)?;
        self.answer().await
    }

    /// Ends the session (QUIT) and closes the connection.
    ///
    /// # Errors
    ///
    /// When the session ended otherwise. Nothing that was accepted is lost by that.
    pub async fn quit(mut self) -> Result<(), Error> {
        self.connection.machine_mut().quit()?;
        match self.until(|_| None::<()>).await {
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
        self.until(|event| match event {
            Event::Reply { reply, .. } => Some(reply.into_owned()),
            _ => None,
        })
        .await
    }

    /// Drives the session until `found` finds what it looks for.
    async fn until<T>(&mut self, mut found: impl FnMut(Event<'_>) -> Option<T>) -> Result<T, Error> {
        let mut refusal = None;
        loop {
            let event = match self.connection.poll().0 {
                Step::Event(event) => event,
                Step::Wait(wait) => {
                    self.connection.wait(wait).await;
                    continue;
                }
            };
            match event {
                Event::Closed { why, message } => {
                    debug!(%why, "session closed");
                    let source = self.connection.take_error();
                    return Err(Error::Closed {
                        why,
                        message,
                        reply: refusal,
                        source,
                    });
                }
                Event::StartTls(upgrade) => {
                    self.start_tls(upgrade).await;
                    continue;
                }
                Event::Reply { to, ref reply } if !reply.is_positive_completion() => {
                    refusal = Some((to, reply.clone().into_owned()));
                }
                _ => {}
            }
            if let Some(found) = found(event) {
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

    /// Carries a transaction through to its end, sending the message when the server is ready for it.
    async fn transmit<R: AsyncRead + Unpin>(
        &mut self,
        envelope: Envelope,
        source: &mut Source<'_, R>,
        receipt: &mut Receipt,
    ) -> Result<(), Error> {
        if let Err(refused) = self.connection.machine_mut().deliver(envelope) {
            return Err(refused.why.into());
        }
        let (mut permit, mut refusal, mut unreadable) = (None, None, None);
        loop {
            let event = match self.connection.poll().0 {
                Step::Event(event) => event,
                Step::Wait(wait) => {
                    match permit.take() {
                        None => self.connection.wait(wait).await,
                        Some(held) => match self.send_some(held, source, wait).await {
                            Ok(still_held) => permit = still_held,
                            Err(error) => {
                                // The message cannot be completed, so neither can the session.
                                self.connection.machine_mut().abort();
                                unreadable = Some(error);
                            }
                        },
                    }
                    continue;
                }
            };
            receipt.note(&event);
            match event {
                Event::Body(granted) => permit = Some(granted),
                Event::Finished(_) => return Ok(()),
                Event::Closed { why, message } => {
                    debug!(%why, "session closed");
                    let source = self.connection.take_error();
                    return Err(match unreadable {
                        Some(error) => Error::Source(error),
                        None => Error::Closed {
                            why,
                            message,
                            reply: refusal,
                            source,
                        },
                    });
                }
                Event::Reply { to, reply } if !reply.is_positive_completion() && !reply.is_intermediate() => {
                    refusal = Some((to, reply.into_owned()));
                }
                _ => {}
            }
        }
    }

    /// Writes the next part of the message, in one go with the final dot if it is the last. Gives the permit back
    /// while there is more to send.
    async fn send_some<R: AsyncRead + Unpin>(
        &mut self,
        permit: BodyPermit,
        source: &mut Source<'_, R>,
        wait: Wait,
    ) -> io::Result<Option<BodyPermit>> {
        if self.connection.is_writing() || self.connection.is_deaf() {
            // A server that takes nothing more may have said why.
            self.connection.wait(wait).await;
            return Ok(Some(permit));
        }
        tokio::select! {
            // What the server has said comes first: it may want no more.
            biased;
            () = self.connection.wait(wait) => return Ok(Some(permit)),
            filled = source.fill() => filled?,
        }
        let (block, coming) = source.block();
        let machine = self.connection.machine_mut();
        let mut pieces: [&[u8]; PIECES] = [&[]; PIECES];
        let mut slots = pieces.iter_mut().enumerate();
        let mut rest = block;
        // The first piece of a chunk that begins behind the end of another: its command stands between them.
        let mut next_chunk: &[u8] = &[];
        let mut head = machine.output().len();
        let last = loop {
            let Some((index, slot)) = slots.next() else {
                break None;
            };
            match machine.body(&permit, &mut rest, coming) {
                Ok(Piece::Send(piece)) if index > 0 && machine.output().len() > head => {
                    next_chunk = piece;
                    break None;
                }
                Ok(Piece::Send(piece)) => *slot = piece,
                Ok(other) => break Some(other),
                // What cannot be sent ends the session; the machine says so in its next event.
                Err(_) => return Ok(None),
            }
            head = machine.output().len();
        };
        let used = block.len() - rest.len();
        let mut permit = Some(permit);
        match last {
            Some(Piece::Empty) if rest.is_empty() && coming == Coming::Nothing => {
                if let Some(Err(_)) = permit.take().map(|permit| machine.end_body(permit)) {
                    return Ok(None);
                }
            }
            Some(Piece::Blocked) if used == 0 && head == 0 => {
                self.connection.wait(wait).await;
                return Ok(permit);
            }
            // A chunk that was open is completed all the same, to stay in step.
            Some(Piece::Stopped) => permit = None,
            _ => {}
        }
        self.connection.write_pieces(head, &pieces, next_chunk).await;
        source.consume(used);
        Ok(permit)
    }
}

/// Where a message comes from.
enum Source<'m, R> {
    Memory(&'m [u8]),
    Reader {
        reader: R,
        buffer: BytesMut,
        ended: bool,
    },
}

impl<R: AsyncRead + Unpin> Source<'_, R> {
    /// Reads what makes a block, if there is nothing left of the last one. It may be dropped without losing anything.
    async fn fill(&mut self) -> io::Result<()> {
        let Self::Reader {
            reader,
            buffer,
            ended,
        } = self
        else {
            return Ok(());
        };
        if !buffer.is_empty() || *ended {
            return Ok(());
        }
        buffer.reserve(BLOCK);
        *ended = reader.read_buf(buffer).await? == 0;
        let more = async {
            while !*ended && buffer.len() < BLOCK {
                *ended = reader.read_buf(buffer).await? == 0;
            }
            Ok(())
        };
        time::timeout(PATIENCE, more).await.unwrap_or(Ok(()))
    }

    /// The next octets of the message, and whether more come behind them.
    fn block(&self) -> (&[u8], Coming) {
        match self {
            Self::Memory(rest) => match rest.get(..BLOCK) {
                Some(block) if block.len() < rest.len() => (block, Coming::More),
                _ => (rest, Coming::Nothing),
            },
            Self::Reader { buffer, ended, .. } => {
                (buffer, if *ended { Coming::Nothing } else { Coming::More })
            }
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Self::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Self::Reader { buffer, .. } => buffer.advance(octets),
        }
    }
}
