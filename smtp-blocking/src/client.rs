//! A client that blocks.

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use smtp_driver::{Address, BodySource, TlsSettings, Transport};
use smtp_proto::{
    TlsInfo,
    client::{Config, Receipt},
    sasl::ClientMechanism,
    types::{Argument, Envelope, Query, Reply, UnknownCommand},
};

use crate::{Error, Io, SendError, Stream, block_on};

/// A session with a server: [`smtp_driver::Client`] with functions that block.
#[derive(Debug)]
pub struct Client<T: Transport<Error = io::Error> = Io<Stream>>(smtp_driver::Client<T>);

impl Client {
    /// Begins the settings of a session: [`ClientBuilder`].
    pub fn builder(config: impl Into<Arc<Config>>) -> ClientBuilder {
        ClientBuilder(smtp_driver::Client::builder(config))
    }
}

/// Functions that run those of the driver to their end.
macro_rules! blocking {
    ($($(#[$meta:meta])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$meta])*
        pub fn $name(&mut self, $($arg: $type),*) -> $result {
            block_on(self.0.$name($($arg),*))
        }
    )*};
}

impl<T: Transport<Error = io::Error>> Client<T> {
    blocking! {
        /// Sends a message that is in memory: [`smtp_driver::Client::send`].
        ///
        /// # Errors
        ///
        /// If the session ends, or if the server does not offer what the message needs.
        send(envelope: Envelope, message: impl AsRef<[u8]>) -> Result<Receipt, SendError>;

        /// Sends a message that is read while it is sent, for example by a [`Reader`](crate::Reader):
        /// [`smtp_driver::Client::send_from`].
        ///
        /// # Errors
        ///
        /// If the session ends, the server does not offer what the envelope needs, or the message cannot be read.
        send_from(envelope: Envelope,
            message: impl BodySource<io::Error>) -> Result<Receipt, SendError>;

        /// Authenticates with a mechanism of the application's choice (AUTH): [`smtp_driver::Client::authenticate`].
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session does not allow it, and goes on; [`Error::Closed`] if the session ends.
        authenticate(mechanism: Box<dyn ClientMechanism>) -> Result<Reply<'static>, Error>;

        /// Asks if a user or mailbox exists (VRFY).
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        verify(query: Query<'static>) -> Result<Reply<'static>, Error>;

        /// Asks for the members of a mailing list (EXPN).
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        expand(query: Query<'static>) -> Result<Reply<'static>, Error>;

        /// Asks for help (HELP).
        ///
        /// # Errors
        ///
        /// If the session ends.
        help(topic: Option<Argument<'static>>) -> Result<Reply<'static>, Error>;

        /// Checks that the session is alive (NOOP).
        ///
        /// # Errors
        ///
        /// If the session has ended.
        noop() -> Result<Reply<'static>, Error>;

        /// Sends a command that this crate does not know, with one reply.
        ///
        /// # Errors
        ///
        /// If the session ends.
        command(command: UnknownCommand<'static>) -> Result<Reply<'static>, Error>;
    }

    /// Sends messages one after the other, and passes the result of each to `tell`: [`smtp_driver::Client::send_all`].
    pub fn send_all<'m>(
        &mut self,
        messages: impl IntoIterator<Item = (Envelope, &'m [u8])>,
        tell: impl FnMut(Result<Receipt, SendError>),
    ) {
        block_on(self.0.send_all(messages, tell));
    }

    /// Ends the session (QUIT) and closes the connection.
    ///
    /// # Errors
    ///
    /// If the session ended otherwise. Nothing that was accepted is lost by that.
    pub fn quit(self) -> Result<(), Error> {
        block_on(self.0.quit())
    }
}

/// The functions that do not wait.
impl<T: Transport<Error = io::Error>> Deref for Client<T> {
    type Target = smtp_driver::Client<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: Transport<Error = io::Error>> DerefMut for Client<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// The settings of a session with a server: [`smtp_driver::ClientBuilder`] with functions that block.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it connects"]
pub struct ClientBuilder(smtp_driver::ClientBuilder<Io<Stream>>);

impl ClientBuilder {
    /// Uses STARTTLS as [`Config::tls`] says (RFC 3207): submission on port 587, relaying on port 25.
    pub fn starttls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.starttls(settings))
    }

    /// Does the TLS handshake before the greeting (implicit TLS, RFC 8314 section 3.3): submission on port 465.
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.implicit_tls(settings))
    }

    /// Declares that the stream is encrypted already, with these parameters.
    pub fn encrypted(self, info: TlsInfo) -> Self {
        Self(self.0.encrypted(info))
    }

    /// Connects, and begins the session: [`smtp_driver::ClientBuilder::connect`].
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if there is no connection, and the errors of [`on`](Self::on).
    pub fn connect(&self, address: impl Into<Address>) -> Result<Client, Error> {
        block_on(self.0.connect(address)).map(Client)
    }

    /// Begins the session on a connected transport: [`smtp_driver::ClientBuilder::on`].
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration wants TLS, and no settings for it were given; [`Error::Handshake`] if the
    /// handshake of implicit TLS fails; [`Error::Closed`] if the session ends.
    pub fn on<T: Transport<Error = io::Error>>(&self, transport: T) -> Result<Client<T>, Error> {
        block_on(self.0.on(transport)).map(Client)
    }
}
