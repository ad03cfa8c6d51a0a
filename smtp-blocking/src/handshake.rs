//! TLS by rustls: the handshakes of both roles.

use std::{io, os::fd::AsFd, sync::Arc, time::Duration};

use smtp_proto::{Machine, TlsInfo, TlsUpgrade, client, server::Server};
use smtp_rustls::{
    ClientTls, explain_handshake,
    rustls::{self, ClientConnection, ServerConfig, ServerConnection},
    server_facts,
};
use tracing::debug;

use crate::{
    Connection, Socket, Stream,
    alarm::Bell,
    socket::{due, is_over},
    stream::Shake,
};

/// How a handshake ended.
enum Shaken {
    Done(TlsInfo),
    Failed,
    /// Its time is over, as the machine will find; or the server stops.
    Late,
}

/// Why a handshake came to nothing.
pub(crate) enum Unshaken {
    Failed(io::Error),
    /// It was not done in its time.
    Late,
    /// The bell has rung.
    Stopped,
}

impl From<io::Error> for Unshaken {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unshaken> for io::Error {
    fn from(unshaken: Unshaken) -> Self {
        match unshaken {
            Unshaken::Failed(error) => error,
            Unshaken::Late => io::ErrorKind::TimedOut.into(),
            Unshaken::Stopped => io::ErrorKind::Interrupted.into(),
        }
    }
}

/// The handshake of a client.
pub(crate) fn connect<S>(
    stream: &mut Stream<S>,
    tls: &ClientTls,
    limit: Duration,
) -> Result<TlsInfo, Unshaken>
where
    S: Socket,
{
    let connection = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone());
    shake(stream, connection.map(Into::into), limit, None).map_err(|unshaken| match unshaken {
        Unshaken::Failed(error) => Unshaken::Failed(explain_handshake(error)),
        other => other,
    })?;
    match stream.tls() {
        Some(rustls::Connection::Client(connection)) => Ok(tls.facts(connection)),
        _ => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
    }
}

/// The handshake of a server.
fn accept<S>(
    stream: &mut Stream<S>,
    config: &Arc<ServerConfig>,
    limit: Duration,
    bell: Option<&Bell>,
) -> Result<TlsInfo, Unshaken>
where
    S: Socket,
{
    let connection = ServerConnection::new(Arc::clone(config));
    shake(stream, connection.map(Into::into), limit, bell)?;
    match stream.tls() {
        Some(rustls::Connection::Server(connection)) => Ok(server_facts(connection)),
        _ => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
    }
}

/// Does a handshake within its time, unless the bell rings before it is done, and gives the stream up when it comes to
/// nothing.
fn shake<S: Socket>(
    stream: &mut Stream<S>,
    connection: Result<rustls::Connection, rustls::Error>,
    limit: Duration,
    bell: Option<&Bell>,
) -> Result<(), Unshaken> {
    let due = due(limit);
    let shaken = (|| {
        stream.begin(connection.map_err(io::Error::other)?)?;
        loop {
            if bell.is_some_and(Bell::is_rung) {
                return Err(Unshaken::Stopped);
            }
            let blocked = match stream.shake()? {
                Shake::Done => return Ok(()),
                Shake::Blocked(blocked) => Some(blocked),
                Shake::Again => None,
            };
            if is_over(due) {
                return Err(Unshaken::Late);
            }
            if let Some(blocked) = blocked {
                blocked.wait(stream, bell.map(AsFd::as_fd), due)?;
            }
        }
    })();
    shaken.inspect_err(|_| stream.give_up())
}

impl<S: Socket> Connection<Stream<S>, client::Client> {
    /// Does the handshake that [`Event::StartTls`](client::Event::StartTls) asks for. When it fails, or is not done in
    /// its time, the session is over and says so in its next event: it never goes on in clear.
    /// [`take_error`](Self::take_error) has the cause.
    pub fn start_tls(&mut self, upgrade: TlsUpgrade, tls: &ClientTls) {
        let limit = self.machine().config().timeouts.handshake;
        let shaken = connect(self.stream_mut(), tls, limit);
        match self.settle(shaken) {
            Shaken::Done(facts) => self.machine_mut().tls_established(upgrade, facts),
            Shaken::Failed => self.machine_mut().tls_failed(upgrade),
            Shaken::Late => {}
        }
    }
}

impl<S: Socket> Connection<Stream<S>, Server> {
    /// Does the handshake that [`Event::StartTls`](smtp_proto::server::Event::StartTls) asks for. When it fails, or is
    /// not done in its time, the session is over and says so in its next event. [`take_error`](Self::take_error) has the
    /// cause.
    pub fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        self.start_tls_beside(upgrade, config, None);
    }

    /// As [`start_tls`](Self::start_tls), and gives up when this bell has rung.
    pub(crate) fn start_tls_beside(
        &mut self,
        upgrade: TlsUpgrade,
        config: &Arc<ServerConfig>,
        bell: Option<&Bell>,
    ) {
        let limit = self.machine().config().timeouts.handshake;
        let shaken = accept(self.stream_mut(), config, limit, bell);
        match self.settle(shaken) {
            Shaken::Done(facts) => self.machine_mut().tls_established(upgrade, facts),
            Shaken::Failed => self.machine_mut().tls_failed(upgrade),
            Shaken::Late => {}
        }
    }

    /// Does the handshake of a connection on which TLS is spoken from the first octet (RFC 8314 section 3.3), before
    /// anything else was done with it. It ends as that of [`start_tls`](Self::start_tls) does.
    pub fn start_implicit_tls(&mut self, config: &Arc<ServerConfig>) {
        self.begin_tls_beside(config, None);
    }

    /// As [`start_implicit_tls`](Self::start_implicit_tls), and gives up when this bell has rung.
    pub(crate) fn begin_tls_beside(&mut self, config: &Arc<ServerConfig>, bell: Option<&Bell>) {
        match self.machine_mut().start_implicit_tls() {
            Some(upgrade) => self.start_tls_beside(upgrade, config, bell),
            // To go on in clear is not what the caller means.
            None => self.lose(io::Error::other("the session has begun without TLS")),
        }
    }
}

impl<S: Socket, M: Machine> Connection<Stream<S>, M> {
    /// Says how a handshake ended, and notes why it came to nothing. The stream in clear is gone either way.
    fn settle(&mut self, shaken: Result<TlsInfo, Unshaken>) -> Shaken {
        match shaken {
            Ok(facts) => {
                debug!(protocol = ?facts.protocol, cipher = ?facts.cipher, "TLS handshake done");
                Shaken::Done(facts)
            }
            Err(Unshaken::Failed(error)) => {
                debug!(%error, "TLS handshake failed");
                self.note(error);
                Shaken::Failed
            }
            Err(Unshaken::Late) => {
                debug!("TLS handshake not done in its time");
                self.note(Unshaken::Late.into());
                Shaken::Late
            }
            Err(Unshaken::Stopped) => Shaken::Late,
        }
    }
}
