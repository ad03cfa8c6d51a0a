//! The client and its settings.

use std::{io, sync::Arc};

use smtp_driver::{
    self as driver, Address, BodySource, Buf, IntoMessage, MailerError, Sent, TlsSettings, Transcript,
    Transport, Url,
    proto::{
        TlsInfo,
        client::{Config, Receipt},
        sasl::ClientMechanism,
        types::{Argument, Envelope, Mail, Query, Rcpt, Reply, UnknownCommand},
    },
};

use crate::{Blocking, Client, ClientBuilder, Error, Io, SendError, Stream, block_on};

/// Defines functions that run the async functions of the driver to their end.
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
        /// If the session ends, or if the server lacks an extension that the message needs.
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

        /// Sends a message while reading it from a source such as a [`Reader`](crate::Reader): [`driver::Client::send_from`].
        ///
        /// # Errors
        ///
        /// If the session ends, if the server lacks an extension that the envelope needs, or if the message cannot be read.
        send_from(envelope: Envelope, message: impl BodySource<io::Error>) -> Result<Receipt, SendError>;

        /// Authenticates with a given mechanism (AUTH, RFC 4954): [`driver::Client::authenticate`].
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session does not allow it, and goes on; [`Error::Closed`] if the session ends.
        authenticate(mechanism: Box<dyn ClientMechanism>) -> Result<Reply<'static>, Error>;

        /// Asks the server if a user or mailbox exists (VRFY), and returns its reply.
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        verify(query: Query<'static>) -> Result<Reply<'static>, Error>;

        /// Asks the server for the members of a mailing list (EXPN), and returns its reply.
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        expand(query: Query<'static>) -> Result<Reply<'static>, Error>;

        /// Asks the server for help (HELP), and returns its reply.
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

        /// Sends a command that this crate does not know, and returns its one reply.
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

        /// Completes the envelope (DATA; or BDAT, depending on [`Config::chunking`]). Returns `None` if the message can be
        /// sent, or the reply that refuses it.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        data() -> Result<Option<Reply<'static>>, Error>;

        /// Sends a piece of the message. Returns `None` if you can send more. Returns the reply if the server refuses a chunk
        /// (BDAT): then the transaction is over.
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if no message is being sent. [`Error::Closed`] if the session ends, for example because the
        /// content cannot be sent, or because the server refuses a message of DATA before its end.
        send_body(piece: &[u8]) -> Result<Option<Reply<'static>>, Error>;

        /// Ends the message, and returns the reply. In LMTP there is one reply for each accepted recipient, in the order of
        /// the RCPT commands. The refusal of a chunk (BDAT) is one reply, for all recipients.
        ///
        /// # Errors
        ///
        /// As [`send_body`](Self::send_body).
        end_of_data() -> Result<Vec<Reply<'static>>, Error>;

        /// Cancels the transaction (RSET), and returns the reply.
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
    /// If the session ended without a reply to QUIT. Messages that the server accepted earlier stay accepted.
    pub fn quit(self) -> Result<(), Error> {
        block_on(self.0.quit())
    }
}

impl Client {
    /// Returns a [`ClientBuilder`], which has the settings of a session and begins it.
    pub fn builder(config: impl Into<Arc<Config>>) -> ClientBuilder {
        Blocking(driver::Client::builder(config))
    }
}

impl ClientBuilder {
    /// Creates settings for the server of a URL: [`driver::ClientBuilder::from_url`].
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

    /// Uses STARTTLS with the policy of [`Config::tls`] (RFC 3207): for submission on port 587, and for relaying on port 25.
    pub fn starttls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.starttls(settings))
    }

    /// Does the TLS handshake before the greeting (implicit TLS, RFC 8314 section 3.3): for submission on port 465.
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.implicit_tls(settings))
    }

    /// Declares that the stream is already encrypted, with these parameters.
    pub fn encrypted(self, info: TlsInfo) -> Self {
        Self(self.0.encrypted(info))
    }

    /// Records the sessions, by [`driver::LogTranscript`] or by a transcript of your own.
    pub fn transcript(self, transcript: impl Transcript + 'static) -> Self {
        Self(self.0.transcript(transcript))
    }

    /// Connects, and begins the session: [`driver::ClientBuilder::connect`].
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if connecting fails, and the errors of [`on`](Self::on).
    pub fn connect(&self, address: impl Into<Address>) -> Result<Client, Error> {
        block_on(self.0.connect(address)).map(Blocking)
    }

    /// Begins the session on a connected transport: [`driver::ClientBuilder::on`].
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration requires TLS settings and there are none. [`Error::Handshake`] if the handshake
    /// of implicit TLS fails. [`Error::Closed`] if the session ends.
    pub fn on<T: Transport<Error = io::Error>>(&self, transport: T) -> Result<Client<T>, Error> {
        block_on(self.0.on(transport)).map(Blocking)
    }
}

impl Blocking<driver::Mailer<Io<Stream>>> {
    /// Creates a mailer for the server of a URL: [`driver::Mailer::from_url`].
    ///
    /// # Errors
    ///
    /// If the URL is invalid, or there are no TLS settings.
    pub fn from_url(url: &str) -> Result<Self, MailerError<io::Error>> {
        driver::Mailer::from_url(url).map(Self)
    }

    /// Sends a message. Succeeds if the server accepts it for every recipient: [`driver::Mailer::send`].
    ///
    /// # Errors
    ///
    /// If no envelope can be built from the message, the session fails, or the server refuses a recipient.
    pub fn send(&self, message: impl IntoMessage) -> Result<Sent, MailerError<io::Error>> {
        block_on(self.0.send(message))
    }

    /// Ends all sessions, after the messages that are being sent.
    pub fn close(&self) {
        block_on(self.0.close());
    }
}
