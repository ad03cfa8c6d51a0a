//! TLS by rustls: the handshakes of both roles.

use std::{future::Future, io, sync::Arc, time::Duration};

use smtp_proto::{Machine, TlsFacts, TlsUpgrade, client, server::Server};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, TlsStream,
    rustls::{ClientConfig, ServerConfig, pki_types::ServerName},
};
use tracing::debug;

use crate::{Connection, Stream};

/// How a client does TLS: with which settings, and whom it expects to meet.
///
/// The settings are the caller's own and say which certificates are trusted. No provider of cryptography is
/// installed: make them with `ClientConfig::builder_with_provider`.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl ClientTls {
    /// TLS with these settings to a server whose certificate has this name.
    #[must_use]
    pub const fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self { config, name }
    }

    /// The handshake on a stream from whose first octet on TLS is spoken.
    pub(crate) async fn connect<S>(&self, stream: S) -> io::Result<Stream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(self.name.clone(), stream).await?;
        Ok(Stream::tls(TlsStream::Client(stream)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<Stream<S>, client::Client> {
    /// Does the handshake that [`Event::StartTls`](client::Event::StartTls) asks for. When it fails, the session
    /// is over and says so in its next event: it never goes on in clear.
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, tls: &ClientTls) {
        let limit = self.machine().config().timeouts.handshake;
        let clear = self.stream_mut().take_clear();
        let shaken = in_time(limit, async { tls.connect(clear?).await }).await;
        if let Some(stream) = self.settle_handshake(shaken) {
            *self.stream_mut() = stream;
            self.machine_mut().tls_started(upgrade, TlsFacts::default());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<Stream<S>, Server> {
    /// Does the handshake that [`Event::StartTls`](smtp_proto::server::Event::StartTls) asks for. When it fails, the
    /// session is over and says so in its next event.
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        if self.accept_tls(config).await {
            self.machine_mut().tls_started(upgrade, TlsFacts::default());
        }
    }

    /// Does the handshake of a connection on which TLS is spoken from the first octet (RFC 8314 section 3.3), before
    /// anything else was done with it. When it fails, the session is over and says so in its next event.
    pub async fn begin_tls(&mut self, config: &Arc<ServerConfig>) {
        if self.accept_tls(config).await {
            self.machine_mut().begin_over_tls(TlsFacts::default());
        }
    }

    async fn accept_tls(&mut self, config: &Arc<ServerConfig>) -> bool {
        let limit = self.machine().config().timeouts.handshake;
        let clear = self.stream_mut().take_clear();
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        let shaken = in_time(limit, async {
            let stream = acceptor.accept(clear?).await?;
            Ok(Stream::tls(TlsStream::Server(stream)))
        })
        .await;
        match self.settle_handshake(shaken) {
            Some(stream) => {
                *self.stream_mut() = stream;
                true
            }
            None => false,
        }
    }
}

impl<S, M: Machine> Connection<Stream<S>, M>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// The stream of a handshake that was done; otherwise the session is lost.
    fn settle_handshake(&mut self, shaken: io::Result<Stream<S>>) -> Option<Stream<S>> {
        match shaken {
            Ok(stream) => {
                debug!("TLS handshake done");
                Some(stream)
            }
            Err(error) => {
                debug!(%error, "TLS handshake failed");
                self.lose(error);
                None
            }
        }
    }
}

async fn in_time<T>(limit: Duration, handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match time::timeout(limit, handshake).await {
        Ok(done) => done,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
