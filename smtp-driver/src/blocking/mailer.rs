//! Sending messages from many threads: the mailer and its pool.

use smtp_proto::{
    client::{Config, Receipt},
    types::Envelope,
};

use super::{BlockOn, Blocking};
use crate::{
    Address, ClientBuilder, Connect, IntoMessage, Mailer, MailerError, Pool, PoolOptions, SendError, Sent,
    TlsSettings, Url,
};

impl<T: BlockOn> Blocking<Pool<T>> {
    /// Creates a pool for the server at this address. It connects when it sends the first message.
    pub fn new(
        builder: Blocking<ClientBuilder<T>>,
        address: impl Into<Address>,
        options: PoolOptions,
    ) -> Self {
        Self(Pool::new(builder.0, address, options))
    }

    /// Sends a message as [`Client::send`](crate::Client::send), in an idle session or in a new one. Waits if all sessions
    /// are in use.
    ///
    /// # Errors
    ///
    /// As [`Pool::send`].
    pub fn send(&self, envelope: Envelope, message: impl AsRef<[u8]>) -> Result<Receipt, SendError<T::Error>>
    where
        T: Connect,
    {
        T::block_on(self.0.send(envelope, message))
    }

    /// Closes the pool: ends all sessions, after the messages that are being sent. Messages that wait for a session are not
    /// sent.
    pub fn close(&self) {
        T::block_on(self.0.close());
    }
}

impl<T: BlockOn> Blocking<Mailer<T>> {
    /// Creates a mailer for the server of a URL: [`Mailer::from_url`].
    ///
    /// # Errors
    ///
    /// [`MailerError::Url`] if the URL is invalid, [`MailerError::Tls`] if there are no TLS settings.
    pub fn from_url(url: &str) -> Result<Self, MailerError<T::Error>>
    where
        T: Connect,
    {
        Mailer::from_url(url).map(Self)
    }

    /// Creates a mailer for the server of a URL, with this configuration and these TLS settings: [`Mailer::from_url_with`].
    ///
    /// # Errors
    ///
    /// The error of `tls`.
    pub fn from_url_with<S: TlsSettings + 'static, E>(
        url: &Url,
        config: Config,
        tls: impl FnOnce(&str) -> Result<S, E>,
    ) -> Result<Self, E> {
        Mailer::from_url_with(url, config, tls).map(Self)
    }

    /// Creates a mailer that uses the sessions of this pool.
    pub fn new(pool: Blocking<Pool<T>>) -> Self {
        Self(Mailer::new(pool.0))
    }

    /// Sends a message. Succeeds if the server accepts it for every recipient: [`Mailer::send`].
    ///
    /// # Errors
    ///
    /// If no envelope can be built from the message, the session fails, or the server refuses a recipient.
    pub fn send(&self, message: impl IntoMessage) -> Result<Sent, MailerError<T::Error>>
    where
        T: Connect,
    {
        T::block_on(self.0.send(message))
    }

    /// Ends all sessions, after the messages that are being sent.
    pub fn close(&self) {
        T::block_on(self.0.close());
    }
}
