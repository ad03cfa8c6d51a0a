//! The ways to a session with a server.

use std::{io, sync::Arc};

use smtp_proto::client::{self, Config, Event};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, ToSocketAddrs},
    time,
};
use tracing::debug;

use crate::{Client, Connection, Error, Stream};
#[cfg(feature = "rustls")]
use crate::{ClientTls, handshake};

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
        let handshake = handshake::connect(stream, tls);
        let (stream, facts) = match time::timeout(config.timeouts.handshake, handshake).await {
            Ok(shaken) => shaken.map_err(Error::Handshake)?,
            Err(_) => return Err(Error::Handshake(io::ErrorKind::TimedOut.into())),
        };
        Self::start(stream, client::Client::over_tls(config, facts), None).await
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
}
