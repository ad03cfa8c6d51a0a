//! The client and its settings.

use std::sync::Arc;

use smtp_proto::{
    TlsInfo,
    client::{Config, Receipt},
    sasl::ClientMechanism,
    types::{Argument, ClientInfo, Envelope, Etrn, Mail, Query, Rcpt, Reply, UnknownCommand},
};

use super::{BlockOn, Blocking};
use crate::{
    Address, BodySource, Buf, Client, ClientBuilder, Connect, Error, ProxyHeader, SendError, TlsSettings,
    Transcript, Url,
};

/// Defines functions that run the async functions of the client to their end.
macro_rules! blocking {
    ($($(#[$meta:meta])* $name:ident$(<$life:lifetime>)?($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$meta])*
        pub fn $name$(<$life>)?(&mut self, $($arg: $type),*) -> $result {
            T::block_on(self.0.$name($($arg),*))
        }
    )*};
}

impl<T: BlockOn> Blocking<Client<T>> {
    /// Returns a [`ClientBuilder`], which has the settings of a session and begins it.
    pub fn builder(config: impl Into<Arc<Config>>) -> Blocking<ClientBuilder<T>> {
        Blocking(Client::builder(config))
    }

    blocking! {
        /// Sends a message that is in memory: [`Client::send`].
        ///
        /// # Errors
        ///
        /// If the session ends, or if the server lacks an extension that the message needs.
        send(envelope: Envelope, message: impl AsRef<[u8]>) -> Result<Receipt, SendError<T::Error>>;

        /// Sends a message that is in memory in several pieces, without a copy: [`Client::send_buf`].
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        send_buf(envelope: Envelope, message: impl Buf) -> Result<Receipt, SendError<T::Error>>;

        /// Sends messages one after the other, and passes the result of each to `tell`: [`Client::send_all`].
        send_all<'m>(messages: impl IntoIterator<Item = (Envelope, &'m [u8])>,
            tell: impl FnMut(Result<Receipt, SendError<T::Error>>)) -> ();

        /// Sends a message while reading it from a source: [`Client::send_from`].
        ///
        /// # Errors
        ///
        /// If the session ends, if the server lacks an extension that the envelope needs, or if the message cannot be read.
        send_from(envelope: Envelope, message: impl BodySource<T::Error>) -> Result<Receipt, SendError<T::Error>>;

        /// Authenticates with a given mechanism (AUTH, RFC 4954): [`Client::authenticate`].
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session does not allow it, and goes on; [`Error::Closed`] if the session ends.
        authenticate(mechanism: Box<dyn ClientMechanism>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Asks the server if a user or mailbox exists (VRFY), and returns its reply.
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        verify(query: Query<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Asks the server for the members of a mailing list (EXPN), and returns its reply.
        ///
        /// # Errors
        ///
        /// If the session ends, or if it does not allow the query.
        expand(query: Query<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Asks the server for help (HELP), and returns its reply.
        ///
        /// # Errors
        ///
        /// If the session ends.
        help(topic: Option<Argument<'static>>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Asks the server to deliver messages that it holds (ETRN, RFC 1985), and returns the reply:
        /// [`Client::etrn`].
        ///
        /// # Errors
        ///
        /// If the session ends, or if the server does not offer ETRN.
        etrn(etrn: Etrn<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Checks that the session is alive (NOOP).
        ///
        /// # Errors
        ///
        /// If the session has ended.
        noop() -> Result<Reply<'static>, Error<T::Error>>;

        /// Sends a command that this crate does not know, and returns its one reply.
        ///
        /// # Errors
        ///
        /// If the session ends.
        command(command: UnknownCommand<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Begins a transaction (MAIL), and returns the reply: [`Client::mail`] has the steps of a transaction.
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session does not allow it, and goes on; [`Error::Closed`] if the session ends.
        mail(mail: Mail<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Adds a recipient (RCPT), and returns the reply.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        rcpt(rcpt: Rcpt<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Completes the envelope (DATA; or BDAT, depending on [`Config::chunking`]). Returns `None` if the message can be
        /// sent, or the reply that refuses it.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        data() -> Result<Option<Reply<'static>>, Error<T::Error>>;

        /// Sends a piece of the message. Returns `None` if you can send more. Returns the reply if the server refuses a chunk
        /// (BDAT): then the transaction is over.
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if no message is being sent. [`Error::Closed`] if the session ends, for example because the
        /// content cannot be sent, or because the server refuses a message of DATA before its end.
        send_body(piece: &[u8]) -> Result<Option<Reply<'static>>, Error<T::Error>>;

        /// Ends the message, and returns the reply. In LMTP there is one reply for each accepted recipient, in the order of
        /// the RCPT commands. The refusal of a chunk (BDAT) is one reply, for all recipients.
        ///
        /// # Errors
        ///
        /// As [`send_body`](Self::send_body).
        end_of_data() -> Result<Vec<Reply<'static>>, Error<T::Error>>;

        /// Names the client on whose behalf the session continues (XCLIENT), and returns the last reply:
        /// [`Client::xclient`].
        ///
        /// # Errors
        ///
        /// [`Error::Rejected`] if the session is in a transaction, or the server offers none of the attributes.
        /// [`Error::Closed`] if the session ends.
        xclient(info: ClientInfo<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Names the origin of the next message (XFORWARD), and returns the last reply: [`Client::xforward`].
        ///
        /// # Errors
        ///
        /// As [`xclient`](Self::xclient).
        xforward(info: ClientInfo<'static>) -> Result<Reply<'static>, Error<T::Error>>;

        /// Cancels the transaction (RSET), and returns the reply.
        ///
        /// # Errors
        ///
        /// As [`mail`](Self::mail).
        reset() -> Result<Reply<'static>, Error<T::Error>>;
    }

    /// Ends the session (QUIT) and closes the connection.
    ///
    /// # Errors
    ///
    /// If the session ended without a reply to QUIT. Messages that the server accepted earlier stay accepted.
    pub fn quit(self) -> Result<(), Error<T::Error>> {
        T::block_on(self.0.quit())
    }
}

impl<T: BlockOn> Blocking<ClientBuilder<T>> {
    /// Creates settings for a session in plaintext.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self(ClientBuilder::new(config))
    }

    /// Creates settings for the server of a URL: [`ClientBuilder::from_url`].
    ///
    /// # Errors
    ///
    /// The error of `tls`.
    pub fn from_url<S: TlsSettings + 'static, E>(
        url: &Url,
        config: Config,
        tls: impl FnOnce(&str) -> Result<S, E>,
    ) -> Result<Self, E> {
        ClientBuilder::from_url(url, config, tls).map(Self)
    }

    /// Uses STARTTLS with the policy of [`Config::tls`] (RFC 3207): for submission on port 587, and for relaying on port 25.
    /// [`ClientBuilder::starttls`] has the details.
    pub fn starttls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.starttls(settings))
    }

    /// Does the TLS handshake before the greeting (implicit TLS, RFC 8314 section 3.3): for submission on port 465.
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        Self(self.0.implicit_tls(settings))
    }

    /// Declares that the stream is already encrypted, with these parameters: [`ClientBuilder::encrypted`].
    pub fn encrypted(self, info: TlsInfo) -> Self {
        Self(self.0.encrypted(info))
    }

    /// Sends this PROXY header first, before TLS: [`ClientBuilder::proxy_header`].
    pub fn proxy_header(self, header: ProxyHeader) -> Self {
        Self(self.0.proxy_header(header))
    }

    /// Records the sessions, by [`LogTranscript`](crate::LogTranscript) or by a transcript of your own.
    pub fn transcript(self, transcript: impl Transcript + 'static) -> Self {
        Self(self.0.transcript(transcript))
    }

    /// Connects, and begins the session: [`ClientBuilder::connect`].
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if connecting fails, and the errors of [`on`](Self::on).
    pub fn connect(&self, address: impl Into<Address>) -> Result<Blocking<Client<T>>, Error<T::Error>>
    where
        T: Connect,
    {
        T::block_on(self.0.connect(address)).map(Blocking)
    }

    /// Begins the session on a connected transport: [`ClientBuilder::on`].
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration requires TLS settings and there are none. [`Error::Handshake`] if the handshake
    /// of implicit TLS fails. [`Error::Closed`] if the session ends.
    pub fn on<U: BlockOn>(&self, transport: U) -> Result<Blocking<Client<U>>, Error<U::Error>> {
        U::block_on(self.0.on(transport)).map(Blocking)
    }
}
