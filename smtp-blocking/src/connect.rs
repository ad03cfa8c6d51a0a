//! The ways to a session with a server.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Instant,
};

use smtp_proto::client::{self, Config, Event};
use tracing::debug;

use crate::{Client, Connection, Error, Socket, Stream};
#[cfg(feature = "rustls")]
use crate::{ClientTls, handshake};

impl Client {
    /// Connects to the first address that answers, and says hello. Connecting may take as long as the greeting may
    /// ([`Timeouts::greeting`](client::Timeouts::greeting)), all addresses together; to look
    /// them up takes what the system takes. MX records are not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], or [`Error::Closed`] when the server does not want the session. [`Error::NoTls`] when the
    /// configuration wants TLS: see `connect_with_tls`.
    pub fn connect(address: impl ToSocketAddrs, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config)?;
        Self::on(stream, config)
    }

    /// Connects, says hello and goes over to TLS with STARTTLS, as the configuration's
    /// [`Tls`](client::Tls) policy says (RFC 3207; submission on port 587).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`Error::Closed`] when TLS is required and not to be had.
    #[cfg(feature = "rustls")]
    pub fn connect_with_tls(
        address: impl ToSocketAddrs,
        config: impl Into<Arc<Config>>,
        tls: ClientTls,
    ) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config)?;
        Self::start(Stream::clear(stream), client::Client::new(config), Some(tls))
    }

    /// Connects, does the TLS handshake, and says hello (implicit TLS, RFC 8314 section 3.3; submission on port 465).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`Error::Handshake`].
    #[cfg(feature = "rustls")]
    pub fn connect_over_tls(
        address: impl ToSocketAddrs,
        config: impl Into<Arc<Config>>,
        tls: &ClientTls,
    ) -> Result<Self, Error> {
        let config = config.into();
        let stream = dial(address, &config)?;
        // With the limit of its time, it must not wait elsewhere.
        stream.set_nonblocking(true).map_err(Error::Connect)?;
        let mut stream = Stream::clear(stream);
        let facts =
            handshake::connect(&mut stream, tls, config.timeouts.handshake).map_err(Error::Handshake)?;
        Self::start(stream, client::Client::over_tls(config, facts), None)
    }
}

/// Makes a TCP connection.
fn dial(address: impl ToSocketAddrs, config: &Config) -> Result<TcpStream, Error> {
    let begin = Instant::now();
    let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for address in address.to_socket_addrs().map_err(Error::Connect)? {
        let left = config.timeouts.greeting.saturating_sub(begin.elapsed());
        if left.is_zero() {
            failed = io::ErrorKind::TimedOut.into();
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                // Without it the end of a message would wait for the acknowledgement of its beginning.
                stream.set_nodelay(true).map_err(Error::Connect)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(Error::Connect(failed))
}

impl<S: Socket> Client<S> {
    /// Says hello on a stream that is connected already. For TCP, set `TCP_NODELAY` first.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, and [`Error::NoTls`].
    pub fn on(stream: S, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        if config.tls != client::Tls::Disabled {
            return Err(Error::NoTls);
        }
        let machine = client::Client::new(config);
        #[cfg(feature = "rustls")]
        let started = Self::start(Stream::clear(stream), machine, None);
        #[cfg(not(feature = "rustls"))]
        let started = Self::start(Stream::clear(stream), machine);
        started
    }

    /// Says hello on a stream that is connected already, and goes over to TLS as
    /// [`connect_with_tls`](Client::connect_with_tls) does.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, or TLS is required and not to be had.
    #[cfg(feature = "rustls")]
    pub fn on_with_tls(stream: S, config: impl Into<Arc<Config>>, tls: ClientTls) -> Result<Self, Error> {
        Self::start(
            Stream::clear(stream),
            client::Client::new(config.into()),
            Some(tls),
        )
    }

    fn start(
        stream: Stream<S>,
        machine: client::Client,
        #[cfg(feature = "rustls")] tls: Option<ClientTls>,
    ) -> Result<Self, Error> {
        let mut client = Self {
            connection: Connection::new(stream, machine),
            #[cfg(feature = "rustls")]
            tls,
        };
        client.until(|event| matches!(event, Event::Ready).then_some(()))?;
        debug!("session ready");
        Ok(client)
    }
}
