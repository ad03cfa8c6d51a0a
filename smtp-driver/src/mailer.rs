//! Sending messages to the server of a URL.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use smtp_proto::client::{Config, Receipt, RecipientStatus, Retry};

use crate::{
    ClientBuilder, Connect, IntoMessage, InvalidMessage, InvalidUrl, Pool, PoolOptions, SendError,
    StreamError, TlsSettings, Transport, Url,
};

/// A client that sends whole messages to one server, over the sessions of a [`Pool`].
///
/// To send from several tasks or threads, clone it: clones share the sessions.
///
#[cfg_attr(
    feature = "mail-builder",
    doc = r#"```
use mail_builder::MessageBuilder;
# use smtp_driver::{Connect, Mailer};

# async fn example<T: Connect>() -> Result<(), Box<dyn std::error::Error>> {
let mailer = Mailer::<T>::from_url("smtps://ann:secret@mail.example.org")?;
let message = MessageBuilder::new()
    .from("ann@example.org")
    .to("bob@example.net")
    .subject("Hi")
    .text_body("See you at nine.");
mailer.send(&message).await?;
mailer.close().await;
# Ok(())
# }
```"#
)]
pub struct Mailer<T: Transport>(Arc<Pool<T>>);

impl<T: Transport> Mailer<T> {
    /// Creates a mailer for the server of a [`Url`], with the [default TLS settings](Connect::default_tls). It connects when
    /// it sends the first message.
    ///
    /// Its name in EHLO is the path of the URL (`smtp://mail.example.org/client.example.org`), or `[127.0.0.1]`. Submission
    /// servers accept `[127.0.0.1]`; other servers may require the name of this host.
    ///
    /// # Errors
    ///
    /// [`MailerError::Url`] if the URL is invalid, [`MailerError::Tls`] if there are no TLS settings.
    pub fn from_url(url: &str) -> Result<Self, MailerError<T::Error>>
    where
        T: Connect,
    {
        let url = Url::parse(url)?;
        let config = Config::new(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
        Self::from_url_with(&url, config, |host| T::default_tls(host, url.tls())).map_err(MailerError::Tls)
    }

    /// Creates a mailer for the server of a URL, with this configuration and these TLS settings: see
    /// [`ClientBuilder::from_url`].
    ///
    /// # Errors
    ///
    /// The error of `tls`.
    pub fn from_url_with<S: TlsSettings + 'static, E>(
        url: &Url,
        config: Config,
        tls: impl FnOnce(&str) -> Result<S, E>,
    ) -> Result<Self, E> {
        let builder = ClientBuilder::from_url(url, config, tls)?;
        Ok(Self::new(Pool::new(builder, url, PoolOptions::default())))
    }

    /// Creates a mailer that uses the sessions of this pool.
    #[must_use]
    pub fn new(pool: Pool<T>) -> Self {
        Self(Arc::new(pool))
    }

    /// Sends a message. Succeeds if the server accepts it for every recipient, so that you need not look at the result.
    ///
    /// Cancellation: see [`Pool::send`].
    ///
    /// # Errors
    ///
    /// [`MailerError::Refused`] if the server refused the message for at least one recipient: its receipt has the outcome for
    /// each.
    pub async fn send(&self, message: impl IntoMessage) -> Result<Sent, MailerError<T::Error>>
    where
        T: Connect,
    {
        let (envelope, content) = message.into_message()?;
        let receipt = self.0.send(envelope, content).await?;
        if receipt.all_accepted() {
            Ok(Sent(receipt))
        } else {
            Err(MailerError::Refused(receipt))
        }
    }

    /// Ends all sessions, after the messages that are being sent: see [`Pool::close`]. Cancel-safe.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// The pool of sessions.
    #[must_use]
    pub fn pool(&self) -> &Pool<T> {
        &self.0
    }
}

impl<T: Transport> Clone for Mailer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Transport> fmt::Debug for Mailer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mailer").field(&self.0).finish()
    }
}

/// The receipt of a message that the server accepted for every recipient.
#[derive(Clone, Debug)]
pub struct Sent(Receipt);

impl Sent {
    /// The receipt, which has the replies of the server.
    pub const fn receipt(&self) -> &Receipt {
        &self.0
    }
}

impl From<Sent> for Receipt {
    fn from(sent: Sent) -> Self {
        sent.0
    }
}

/// An error of a [`Mailer`]. `E` is the error of the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailerError<E> {
    /// The URL is invalid.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// There are no TLS settings.
    #[error("no TLS settings")]
    Tls(#[source] StreamError),
    /// No envelope can be built from the message. Nothing was sent.
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// The message could not be sent completely.
    #[error(transparent)]
    Send(#[from] SendError<E>),
    /// The server refused the message for at least one recipient.
    #[error("{}", Refusals(.0))]
    Refused(Receipt),
}

impl<E> MailerError<E> {
    /// The advice on sending the message again; [`Retry`] has the rule. After [`Refused`](Self::Refused) it is the soonest
    /// advice for any recipient. Send the message again only to the recipients in
    /// [`Outcomes::pending`](smtp_proto::client::Outcomes::pending) of the receipt.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Url(_) | Self::Tls(_) | Self::Message(_) => Retry::Never,
            Self::Send(error) => error.retry(),
            Self::Refused(receipt) => {
                let advice = receipt.recipients().filter_map(|(_, status)| status.retry());
                advice.min().unwrap_or(Retry::Never)
            }
        }
    }
}

/// The first refusal, and the number of further refusals.
struct Refusals<'r>(&'r Receipt);

impl fmt::Display for Refusals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut refused = self
            .0
            .recipients()
            .filter(|(_, status)| !matches!(status, RecipientStatus::Accepted(_)));
        match refused.next() {
            Some((path, RecipientStatus::Refused { reply, .. })) => {
                write!(f, "server refused {}: {reply}", path.as_str())?;
            }
            Some((path, _)) => write!(f, "server has not accepted {}", path.as_str())?,
            None => f.write_str("server has not accepted the message")?,
        }
        match refused.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

#[cfg(test)]
mod tests;
