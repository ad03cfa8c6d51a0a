//! TLS by rustls: the handshakes of both roles.

use std::{io, pin::Pin, sync::Arc};

use smtp_proto::{Machine, TlsInfo, TlsUpgrade, client, server::Server};
use smtp_rustls::{ClientTls, explain_handshake, rustls::ServerConfig, server_facts};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tracing::debug;

use crate::{Connection, Stream};

/// The handshake of a client.
pub(crate) async fn connect<S>(stream: S, tls: &ClientTls) -> io::Result<(Stream<S>, TlsInfo)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connector = TlsConnector::from(Arc::clone(tls.config()));
    let stream = connector
        .connect(tls.name().clone(), stream)
        .await
        .map_err(explain_handshake)?;
    let facts = tls.facts(stream.get_ref().1);
    Ok((Stream::tls(TlsStream::Client(stream)), facts))
}

/// The handshake of a server.
async fn accept<S>(stream: S, config: &Arc<ServerConfig>) -> io::Result<(Stream<S>, TlsInfo)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(Arc::clone(config));
    let stream = acceptor.accept(stream).await?;
    let facts = server_facts(stream.get_ref().1);
    Ok((Stream::tls(TlsStream::Server(stream)), facts))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<Stream<S>, client::Client> {
    /// Does the handshake that [`Event::StartTls`](client::Event::StartTls) asks for. When it fails, or is not done in
    /// its time, the session is over and says so in its next event: it never goes on in clear.
    /// [`take_error`](Self::take_error) has the cause.
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, tls: &ClientTls) {
        let limit = self.machine().config().timeouts.handshake;
        let clear = self.stream_mut().take_clear();
        let shaken = aside(time::timeout(limit, async { connect(clear?, tls).await })).await;
        match self.settle(shaken) {
            Shaken::Done(facts) => self.machine_mut().tls_established(upgrade, facts),
            Shaken::Failed => self.machine_mut().tls_failed(upgrade),
            Shaken::Late => {}
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<Stream<S>, Server> {
    /// Does the handshake that [`Event::StartTls`](smtp_proto::server::Event::StartTls) asks for. When it fails, or is
    /// not done in its time, the session is over and says so in its next event. [`take_error`](Self::take_error) has the
    /// cause.
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        let limit = self.machine().config().timeouts.handshake;
        let clear = self.stream_mut().take_clear();
        let shaken = aside(time::timeout(limit, async { accept(clear?, config).await })).await;
        match self.settle(shaken) {
            Shaken::Done(facts) => self.machine_mut().tls_established(upgrade, facts),
            Shaken::Failed => self.machine_mut().tls_failed(upgrade),
            Shaken::Late => {}
        }
    }

    /// Does the handshake of a connection on which TLS is spoken from the first octet (RFC 8314 section 3.3), before
    /// anything else was done with it. It ends as that of [`start_tls`](Self::start_tls) does.
    pub async fn start_implicit_tls(&mut self, config: &Arc<ServerConfig>) {
        match self.machine_mut().start_implicit_tls() {
            Some(upgrade) => self.start_tls(upgrade, config).await,
            // To go on in clear is not what the caller means.
            None => self.lose(io::Error::other("the session has begun without TLS")),
        }
    }
}

/// Keeps a handshake on the heap while it lasts: within the future of a session its place would be held all the time.
fn aside<F: Future>(handshake: F) -> Pin<Box<F>> {
    Box::pin(handshake)
}

/// How a handshake ended.
enum Shaken {
    Done(TlsInfo),
    Failed,
    /// Its time is over, as the machine will find.
    Late,
}

impl<S, M: Machine> Connection<Stream<S>, M>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Goes on with the stream of a handshake that was done, or notes why it was not. The stream in clear is gone
    /// either way.
    fn settle(&mut self, shaken: Result<io::Result<(Stream<S>, TlsInfo)>, time::error::Elapsed>) -> Shaken {
        match shaken {
            Ok(Ok((stream, facts))) => {
                debug!(protocol = ?facts.protocol, cipher = ?facts.cipher, "TLS handshake done");
                *self.stream_mut() = stream;
                Shaken::Done(facts)
            }
            Ok(Err(error)) => {
                debug!(%error, "TLS handshake failed");
                self.note(error);
                Shaken::Failed
            }
            Err(_) => {
                debug!("TLS handshake not done in its time");
                self.note(io::ErrorKind::TimedOut.into());
                Shaken::Late
            }
        }
    }
}
