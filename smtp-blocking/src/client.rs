//! The client and its settings.

use std::{io, sync::Arc};

use smtp_driver::{
    self as driver, Address, BodySource, Buf, IntoMessage, MailerError, TlsSettings, Transcript, Transport,
    Url,
    proto::{
        TlsInfo,
        client::{Config, Receipt},
        sasl::ClientMechanism,
        types::{Argument, Envelope, Mail, Query, Rcpt, Reply, UnknownCommand},
    },
};

use crate::{Blocking, Client, ClientBuilder, Error, Io, SendError, Stream, block_on};

/// Functions that run those of the driver to their end.
macro_rules! blocking {
    ($($(#[$meta:meta])* $name:ident$(<$life:lifetime>)?($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$meta])*
        pub fn $name$(<$life>)?(&mut self, $($arg: $type),*) -> $result {
            block_on(self.0.$name($($arg),*))
        }
    )*};
}

impl<T: Transport<Error = io::Error>> Blocking<driver::Client<T>> {
    blocking! {
        /// Sends a message that is in memory: [`driver::Client::send`].
        ///
        /// # Errors
        ///
        /// If the session ends, or if the server does not offer what the message needs.
        send(envelope: Envelope, message: impl AsRef<[u8]>) -> Result<Receipt, SendError>;

        /// Sends a message that is in memory in several pieces, without a copy: [`driver::Client::send_buf`].
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        send_buf(envelope: Envelope, message: impl Buf) -> Result<Receipt, SendError>;

        /// Sends messages one after the other, and passes the result of each to `tell`: [`driver::Client::send_all`].
        send_all<'m>(messages: impl IntoIterator<Item = (Envelope, &'m [u8])>,
            tell: impl FnMut(Result<Receipt, SendError>)) -> ();

        /// Sends a message that is read while it is sent, for example by a [`Reader`](crate::Reader):
        /// [`driver::Client::send_from`].
        ///
        /// # Errors
        ///
        /// If the session ends, the server does not offer what the envelope needs, or the message cannot be read.
        send_from(envelope: Envelope, message: impl BodySource<io::Error>) -> Result<Receipt, SendError>;

        /// Authenticates with a mechanism of the application's choice (AUTH): [`driver::Client::authenticate`].
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

        /// Begins a transaction (MAIL), and returns the reply: [`driver::Client::mail`] has the steps of a transaction.
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session does not allow it, and goes on; [`Error::Closed`] if the session ends.
        mail(mail: Mail<'static>) -> Result<Reply<'static>, Error>;

        /// Adds a recipient (RCPT), and returns the reply.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        rcpt(rcpt: Rcpt<'static>) -> Result<Reply<'static>, Error>;

        /// Completes the envelope (DATA, or BDAT as [`Config::chunking`] says). Returns `None` if the message can be sent,
        /// or the reply that refuses it.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        data() -> Result<Option<Reply<'static>>, Error>;

        /// Sends a piece of the message. Returns `None` if the message goes on, or the reply that refuses a chunk of it (BDAT):
        /// then the transaction is over.
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if no message is being sent. [`Error::Closed`] if the session ends. It does if the content cannot
        /// be sent, or if the server refuses the message of DATA before its end.
        send_body(piece: &[u8]) -> Result<Option<Reply<'static>>, Error>;

        /// Ends the message, and returns the reply; in LMTP one for each accepted recipient, in their order. The refusal of a
        /// chunk (BDAT) is one reply, for all recipients.
        ///
        /// # Errors
        ///
        /// As [`send_body`](Self::send_body).
        end_of_data() -> Result<Vec<Reply<'static>>, Error>;

        /// Gives the transaction up (RSET), and returns the reply.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        reset() -> Result<Reply<'static>, Error>;
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

impl Client {
    /// Begins the settings of a session: [`ClientBuilder`].
    pub fn builder(config: impl Into<Arc<Config>>) -> ClientBuilder {
        Blocking(driver::Client::builder(config))
    }
}

impl ClientBuilder {
    /// Settings for the server of a URL: [`driver::ClientBuilder::from_url`].
    ///
    /// # Errors
    ///
    /// The error of `tls`.
    pub fn from_url<S: TlsSettings + 'static, E>(
        url: &Url,
        config: Config,
        tls: impl FnOnce(&str) -> Result<S, E>,
    ) -> Result<Self, E> {
        driver::ClientBuilder::from_url(url, config, tls).map(Self)
    }

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

    /// Records the sessions: [`driver::LogTranscript`], or your own.
    pub fn transcript(self, transcript: impl Transcript + 'static) -> Self {
        Self(self.0.transcript(transcript))
    }

    /// Connects, and begins the session: [`driver::ClientBuilder::connect`].
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if there is no connection, and the errors of [`on`](Self::on).
    pub fn connect(&self, address: impl Into<Address>) -> Result<Client, Error> {
        block_on(self.0.connect(address)).map(Blocking)
    }

    /// Begins the session on a connected transport: [`driver::ClientBuilder::on`].
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration wants TLS, and no settings for it were given; [`Error::Handshake`] if the
    /// handshake of implicit TLS fails; [`Error::Closed`] if the session ends.
    pub fn on<T: Transport<Error = io::Error>>(&self, transport: T) -> Result<Client<T>, Error> {
        block_on(self.0.on(transport)).map(Blocking)
    }
}

impl Blocking<driver::Mailer<Io<Stream>>> {
    /// A mailer for the server of a URL: [`driver::Mailer::from_url`].
    ///
    /// # Errors
    ///
    /// If the URL is invalid, or there are no TLS settings.
    pub fn from_url(url: &str) -> Result<Self, MailerError<io::Error>> {
        driver::Mailer::from_url(url).map(Self)
    }

    /// Sends a message, and returns if the server has accepted it for every recipient: [`driver::Mailer::send`].
    ///
    /// # Errors
    ///
    /// If the message has no envelope, the session fails, or the server refuses a recipient.
    pub fn send(&self, message: impl IntoMessage) -> Result<Receipt, MailerError<io::Error>> {
        block_on(self.0.send(message))
    }

    /// Ends all sessions, after the messages that are being sent.
    pub fn close(&self) {
        block_on(self.0.close());
    }
}
