//! The ways to a session with a server.

use std::sync::Arc;

use futures_io::{AsyncRead, AsyncWrite};
use smtp_proto::client::{self, Config, Event};
use tracing::debug;

#[cfg(feature = "rustls")]
use crate::ClientTls;
use crate::{Client, Connection, Error, Stream};

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
                Self::over_tls(stream, config, tls).await
            }
        }
    };
}

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) use connecting;

/// Waits for a connection to be made, as long as it may take.
#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) async fn in_time<S>(
    dial: impl Future<Output = std::io::Result<S>>,
    config: &Config,
) -> Result<S, Error> {
    match crate::time::timeout(config.timeouts.greeting, dial).await {
        Some(connected) => connected.map_err(Error::Connect),
        None => Err(Error::Connect(std::io::ErrorKind::TimedOut.into())),
    }
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
        Self::start(
            Stream::clear(stream),
            client::Client::new(config.into()),
            Some(tls),
        )
        .await
    }

    /// Does the TLS handshake on a stream that is connected already, and says hello.
    #[cfg(all(feature = "rustls", any(feature = "smol", feature = "async-std")))]
    pub(crate) async fn over_tls(stream: S, config: Arc<Config>, tls: &ClientTls) -> Result<Self, Error> {
        let handshake = crate::handshake::connect(stream, tls);
        let (stream, facts) = match crate::time::timeout(config.timeouts.handshake, handshake).await {
            Some(shaken) => shaken.map_err(Error::Handshake)?,
            None => return Err(Error::Handshake(std::io::ErrorKind::TimedOut.into())),
        };
        Self::start(stream, client::Client::over_tls(config, facts), None).await
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
}
