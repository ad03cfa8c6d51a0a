//! The ways to a session with a server.

#[cfg(any(feature = "rustls", feature = "smol", feature = "async-std"))]
use std::io;
use std::sync::Arc;

use futures_io::{AsyncRead, AsyncWrite};
use smtp_proto::{
    TlsInfo,
    client::{self, Config, Event},
    driver::LastRefusal,
};
use tracing::debug;

#[cfg(any(feature = "rustls", feature = "smol", feature = "async-std"))]
use crate::time;
use crate::{Client, Connection, Error, Stream};
#[cfg(feature = "rustls")]
use crate::{ClientTls, handshake};

/// The ways that begin with an address: what `$dial` makes of some `$addresses` is a `$stream`.
#[cfg(any(feature = "smol", feature = "async-std"))]
macro_rules! connecting {
    ($stream:ty, $addresses:path, $dial:path) => {
        impl crate::Client<$stream> {
            /// Connects to the first address that answers, and says hello. Connecting may take as long as the greeting
            /// may ([`Timeouts::greeting`](crate::proto::client::Timeouts::greeting)), all addresses together. MX
            /// records are not looked up.
            ///
            /// # Errors
            ///
            /// [`Error::Connect`](crate::Error::Connect), or [`Error::Closed`](crate::Error::Closed) when the server
            /// does not want the session. [`Error::NoTls`](crate::Error::NoTls) when the configuration wants TLS: see
            /// `connect_with_tls`.
            pub async fn connect(
                address: impl $addresses,
                config: impl Into<std::sync::Arc<crate::proto::client::Config>>,
            ) -> Result<Self, crate::Error> {
                let config = config.into();
                let stream = crate::connect::in_time($dial(address), &config).await?;
                Self::on(stream, config).await
            }

            /// Connects, says hello and goes over to TLS with STARTTLS, as the configuration's
            /// [`Tls`](crate::proto::client::Tls) policy says (RFC 3207; submission on port 587).
            ///
            /// # Errors
            ///
            /// As [`connect`](Self::connect), and [`Error::Closed`](crate::Error::Closed) when TLS is required and not
            /// to be had.
            #[cfg(feature = "rustls")]
            pub async fn connect_with_tls(
                address: impl $addresses,
                config: impl Into<std::sync::Arc<crate::proto::client::Config>>,
                tls: crate::ClientTls,
            ) -> Result<Self, crate::Error> {
                let config = config.into();
                let stream = crate::connect::in_time($dial(address), &config).await?;
                Self::on_with_tls(stream, config, tls).await
            }

            /// Connects, does the TLS handshake, and says hello (implicit TLS, RFC 8314 section 3.3; submission on
            /// port 465).
            ///
            /// # Errors
            ///
            /// As [`connect`](Self::connect), and [`Error::Handshake`](crate::Error::Handshake).
            #[cfg(feature = "rustls")]
            pub async fn connect_over_tls(
                address: impl $addresses,
                config: impl Into<std::sync::Arc<crate::proto::client::Config>>,
                tls: &crate::ClientTls,
            ) -> Result<Self, crate::Error> {
                let config = config.into();
                let stream = crate::connect::in_time($dial(address), &config).await?;
                Self::on_over_tls(stream, config, tls).await
            }
        }
    };
}

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) use connecting;

/// Waits for a connection to be made, as long as it may take.
#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) async fn in_time<S>(
    dial: impl Future<Output = io::Result<S>>,
    config: &Config,
) -> Result<S, Error> {
    match time::timeout(config.timeouts.greeting, dial).await {
        Some(connected) => connected.map_err(Error::Connect),
        None => Err(Error::Connect(io::ErrorKind::TimedOut.into())),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Says hello on a stream that is connected already. For TCP, set `TCP_NODELAY` first.
    ///
    /// What the stream takes has to be on its way, as with TCP and Unix sockets. One with a buffer of its own would gain
    /// nothing, for whole groups are written; and when it broke with half of a buffer sent, a message that had left would
    /// count as one that had not.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, and [`Error::NoTls`].
    pub async fn on(stream: S, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        if config.tls != client::Tls::Disabled {
            return Err(Error::NoTls);
        }
        Self::new(Stream::clear(stream), client::Client::new(config))
            .start()
            .await
    }

    /// Says hello on a stream that is connected already, and goes over to TLS with STARTTLS, as the configuration's
    /// [`Tls`](client::Tls) policy says.
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
        let mut client = Self::new(Stream::clear(stream), client::Client::new(config.into()));
        client.tls = Some(tls);
        client.start().await
    }

    /// Does the TLS handshake on a stream that is connected already, and says hello (implicit TLS, RFC 8314
    /// section 3.3). [`Config::tls`] is not looked at: that is about STARTTLS.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`], and [`Error::Closed`] when the server does not want the session.
    #[cfg(feature = "rustls")]
    pub async fn on_over_tls(
        stream: S,
        config: impl Into<Arc<Config>>,
        tls: &ClientTls,
    ) -> Result<Self, Error> {
        let config = config.into();
        let handshake = handshake::connect(stream, tls);
        let (stream, facts) = match time::timeout(config.timeouts.handshake, handshake).await {
            Some(shaken) => shaken.map_err(Error::Handshake)?,
            None => return Err(Error::Handshake(io::ErrorKind::TimedOut.into())),
        };
        Self::new(stream, client::Client::new_over_tls(config, facts))
            .start()
            .await
    }

    /// Says hello on a stream that somebody else encrypts already, who made sure that the server is the one that was
    /// meant: another library for TLS, or a tunnel. What is known of that is in `facts` ([`TlsInfo::default`] when
    /// that is nothing). For all that the session does, it is under TLS, so a login may show its secret.
    /// [`Config::tls`] is not looked at: that is about STARTTLS.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session.
    pub async fn on_encrypted(
        stream: S,
        config: impl Into<Arc<Config>>,
        facts: TlsInfo,
    ) -> Result<Self, Error> {
        let machine = client::Client::new_over_tls(config.into(), facts);
        Self::new(Stream::clear(stream), machine).start().await
    }

    /// A client that has not said anything yet.
    fn new(stream: Stream<S>, machine: client::Client) -> Self {
        Self {
            connection: Connection::new(stream, machine),
            refusal: LastRefusal::default(),
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }

    /// Says hello, and whatever else comes before the session is ready.
    async fn start(mut self) -> Result<Self, Error> {
        self.until(|event, _| matches!(event, Event::Ready).then_some(()))
            .await?;
        debug!("session ready");
        Ok(self)
    }
}
