//! Servers.

use std::{future::Future, io, sync::Arc, time::Duration};

use smtp_driver::{Peer, Runtime, ServeOptions, proto::server::Config};
use tokio::time;

use crate::{Io, Listener, Session, Stream};

/// The functions of tokio that a server needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tokio;

impl Runtime for Tokio {
    type Listener = Listener;
    type Transport = Io<Stream>;

    async fn accept(listener: &Listener) -> io::Result<(Io<Stream>, Peer, Peer)> {
        let (stream, peer, local) = listener.accept().await?;
        Ok((Io::new(stream), peer, local))
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    async fn sleep(time: Duration) {
        time::sleep(time).await;
    }
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Then it accepts no more. Sessions finish the transaction in hand and send 421 (RFC 5321 section 3.8); they do so at
/// once after [`ServeOptions::shutdown_grace`]. Returns when all have ended. A session that panics ends alone. Dropping
/// the future drops all sessions.
///
/// The caller writes the loop of the session: see [`Session`]. It ends with [`close`](crate::driver::Session::close).
pub async fn serve_sessions<F: Future<Output = ()> + Send + 'static>(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) -> F,
) {
    smtp_driver::serve_sessions::<Tokio, F>(listener.into(), config.into(), options, stop, session).await;
}
