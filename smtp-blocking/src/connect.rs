//! The ways to a session with a server.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Instant,
};

use smtp_proto::{
    TlsInfo,
    client::{self, Config, Event},
    driver::LastRefusal,
};
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
        Self::on_with_tls(stream, config, tls)
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
        Self::on_over_tls(stream, config, tls)
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
    /// What the stream takes has to be on its way, as with TCP and Unix sockets. One with a buffer of its own would gain
    /// nothing, for whole groups are written; and when it broke with half of a buffer sent, a message that had left would
    /// count as one that had not.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, and [`Error::NoTls`].
    pub fn on(stream: S, config: impl Into<Arc<Config>>) -> Result<Self, Error> {
        let config = config.into();
        if config.tls != client::Tls::Disabled {
            return Err(Error::NoTls);
        }
        Self::new(Stream::clear(stream), client::Client::new(config)).start()
    }

    /// Says hello on a stream that is connected already, and goes over to TLS as
    /// [`connect_with_tls`](Client::connect_with_tls) does.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session, or TLS is required and not to be had.
    #[cfg(feature = "rustls")]
    pub fn on_with_tls(stream: S, config: impl Into<Arc<Config>>, tls: ClientTls) -> Result<Self, Error> {
        let mut client = Self::new(Stream::clear(stream), client::Client::new(config.into()));
        client.tls = Some(tls);
        client.start()
    }

    /// Does the TLS handshake on a stream that is connected already, and says hello (implicit TLS, RFC 8314
    /// section 3.3). [`Config::tls`] is not looked at: that is about STARTTLS.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`], and [`Error::Closed`] when the server does not want the session.
    #[cfg(feature = "rustls")]
    pub fn on_over_tls(stream: S, config: impl Into<Arc<Config>>, tls: &ClientTls) -> Result<Self, Error> {
        let config = config.into();
        // With the limit of its time, it must not wait elsewhere.
        stream.set_nonblocking(true).map_err(Error::Handshake)?;
        let mut stream = Stream::clear(stream);
        let facts = handshake::connect(&mut stream, tls, config.timeouts.handshake)
            .map_err(|unshaken| Error::Handshake(unshaken.into()))?;
        Self::new(stream, client::Client::new_over_tls(config, facts)).start()
    }

    /// Says hello on a stream that somebody else encrypts already, who made sure that the server is the one that was
    /// meant: another library for TLS, or a tunnel. What is known of that is in `facts` ([`TlsInfo::default`] when
    /// that is nothing). For all that the session does, it is under TLS, so a login may show its secret.
    /// [`Config::tls`] is not looked at: that is about STARTTLS.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the server does not want the session.
    pub fn on_encrypted(stream: S, config: impl Into<Arc<Config>>, facts: TlsInfo) -> Result<Self, Error> {
        let machine = client::Client::new_over_tls(config.into(), facts);
        Self::new(Stream::clear(stream), machine).start()
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
    fn start(mut self) -> Result<Self, Error> {
        self.until(|event, _| matches!(event, Event::Ready).then_some(()))?;
        debug!("session ready");
        Ok(self)
    }
}
