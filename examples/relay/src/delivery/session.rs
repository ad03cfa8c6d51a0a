//! A session with a next hop: the connection, TLS, EHLO, the login.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use examples::exit::chain;
use smtp_proto::{
    Phase,
    client::{Closed, Tls},
};
use smtp_relay::route::{Attempted, Family, Outcome, Target, TlsFault, TlsStart};
use smtp_rustls::CertificateFault;
use smtp_tokio::{Client, ClientBuilder, Error, Io, Stream};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    ConnectorSettings,
    tls::{Use, settings},
};

/// Time for the reply to QUIT, on which nothing depends.
const QUIT: Duration = Duration::from_secs(2);

/// Time between the beginnings of connections to the addresses of one host (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Makes sessions with next hops.
#[derive(Debug)]
pub(crate) struct Connector(ConnectorSettings);

/// A session with a next hop.
pub(crate) struct Hop {
    pub(crate) client: Client,
    /// The addresses to which a connection was begun.
    pub(crate) tried: usize,
    /// The messages before this one.
    pub(crate) messages: u32,
}

impl Connector {
    pub(crate) const fn new(settings: ConnectorSettings) -> Self {
        Self(settings)
    }

    /// Begins a session with the first address that accepts a connection.
    ///
    /// # Errors
    ///
    /// The outcome for the route.
    pub(crate) async fn connect(&self, target: &Target) -> Result<Hop, Attempted> {
        let builder = self.builder(target).map_err(Attempted::from)?;
        let (stream, tried) = self.dial(target).await;
        let Some(stream) = stream else {
            return Err(Outcome::Unreachable.into());
        };
        match builder.on(Io::new(Stream::Tcp(stream))).await {
            Ok(client) => Ok(Hop {
                client,
                tried,
                messages: 0,
            }),
            Err(error) => {
                debug!(host = %target.host, error = %chain(&error), "no session");
                Err(Attempted::new(outcome(error)).with_addresses(tried))
            }
        }
    }

    /// Connects to the addresses of one host, each some time after the one before (RFC 8305 section 5). The first
    /// connection wins; the others are closed before anything is said. Returns the number of those that were begun, too.
    async fn dial(&self, target: &Target) -> (Option<TcpStream>, usize) {
        let mut open = JoinSet::new();
        let mut rest = target.addresses.iter();
        let mut tried = 0;
        loop {
            if let Some(address) = rest.next() {
                let address = SocketAddr::new(*address, target.port);
                let limit = self.0.connect_timeout;
                let stream = stream(address, self.0.bind);
                open.spawn(async move { (address, timeout(limit, stream).await) });
                tried += 1;
            }
            let is_last = tried == target.addresses.len();
            tokio::select! {
                ended = open.join_next() => match ended {
                    Some(Ok((_, Ok(Ok(stream))))) => return (Some(stream), tried),
                    Some(failed) => debug!(?failed, "cannot connect"),
                    None => return (None, tried),
                },
                () = sleep(STAGGER), if !is_last => {}
            }
        }
    }

    fn builder(&self, target: &Target) -> Result<ClientBuilder, Outcome> {
        let host = target.host.to_string();
        let tls = settings(&target.tls, &host, self.0.roots.as_ref()).map_err(|error| {
            warn!(%host, error = %chain(&error), "no settings for the demand on TLS");
            Outcome::TlsFailed(TlsFault::Mismatch)
        })?;
        let mut config = self.0.client.clone();
        config.login.clone_from(&self.0.login);
        Ok(match (tls, target.start) {
            (Use::Plaintext, _) => {
                config.tls = Tls::Disabled;
                ClientBuilder::new(config)
            }
            (Use::Tls(tls), TlsStart::StartTls) => {
                config.tls = tls.policy();
                ClientBuilder::new(config).starttls(tls)
            }
            (Use::Tls(tls), TlsStart::Implicit) => ClientBuilder::new(config).implicit_tls(tls),
        })
    }
}

async fn stream(address: SocketAddr, bind: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(local) = bind
        && Family::of(local) == Family::of(address.ip())
    {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Hop {
    /// Ends the session. Waits a moment for the reply to QUIT.
    pub(crate) async fn quit(self) {
        let _ = timeout(QUIT, self.client.quit()).await;
    }
}

/// The outcome of a session that did not begin.
fn outcome(error: Error) -> Outcome {
    match error {
        Error::Handshake(error) => Outcome::TlsFailed(fault(&error)),
        Error::NoTls => Outcome::TlsFailed(TlsFault::NotOffered),
        Error::Closed {
            why: Closed::TimedOut(Phase::Handshake),
            ..
        } => Outcome::TlsFailed(TlsFault::Handshake),
        Error::Closed {
            why, reply, source, ..
        } => match (Outcome::of_closed(&why, reply.map(|(_, reply)| reply)), source) {
            (Outcome::TlsFailed(TlsFault::Handshake), Some(error)) => Outcome::TlsFailed(fault(&error)),
            (outcome, _) => outcome,
        },
        Error::Rejected(error) => Outcome::of_request_error(&error),
        _ => Outcome::Unreachable,
    }
}

/// The fault of a certificate that made a handshake fail.
fn fault(error: &io::Error) -> TlsFault {
    match CertificateFault::find(error) {
        Some(CertificateFault::OtherName) => TlsFault::HostMismatch,
        Some(CertificateFault::Expired) => TlsFault::Expired,
        Some(CertificateFault::NotTrusted) => TlsFault::NotTrusted,
        Some(_) => TlsFault::Mismatch,
        None => TlsFault::Handshake,
    }
}
