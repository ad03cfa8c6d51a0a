//! Servers: sessions on what a listener accepts, each on a thread that it has for itself.

use std::{future, io, pin::pin, sync::Arc, task, time::Duration};

use smtp_driver::{
    self as driver, Listener, Peer, ServeOptions, Service, Transport,
    proto::{Wait, server::Config},
};
use smtp_reactor::Socket;

use crate::{Blocking, Io, Session, Stream, block_on};

/// A listening socket that a thread waits for, made of a [`Listener`].
#[derive(Debug)]
pub struct Acceptor(Socket<Listener>);

impl Acceptor {
    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe. Run it with
    /// [`block_on`].
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        let (stream, peer, local) = self.0.accept().await?;
        // The system may not know it if the connection is broken already.
        let local = local.map_or_else(|| self.0.get_ref().local(), |address| Ok(address.into()))?;
        Ok((Io::new(stream), peer.map_or(Peer::Unix, Peer::Ip), local))
    }
}

impl From<Listener> for Acceptor {
    fn from(listener: Listener) -> Self {
        Self(Socket::new(listener))
    }
}

/// The functions of threads that a server needs: their [`driver::Runtime`]. Each adapter has a type of this name. Run what
/// uses it with [`block_on`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Runtime;

impl driver::Runtime for Runtime {
    type Listener = Acceptor;
    type Transport = Io<Stream>;

    async fn accept(acceptor: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
        acceptor.accept().await
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        smtp_reactor::spawn(task);
    }

    fn spawn_brief(task: impl Future<Output = ()> + Send + 'static) {
        // Not worth a thread: it is polled once, and dropped.
        let _ = pin!(task).poll(&mut task::Context::from_waker(task::Waker::noop()));
    }

    async fn sleep(time: Duration) {
        smtp_reactor::sleep(time).await;
    }
}

/// Accepts connections and serves each by the service, with the default [`ServeOptions`]. Does not return:
/// [`serve_until`] has options and shuts down gracefully.
///
/// # Errors
///
/// None on threads; on other runtimes, if the listener is not accepted. Errors of connections are logged.
pub fn serve(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let options = ServeOptions::default();
    serve_until(listener, config, options, future::pending(), service)
}

/// Accepts connections and serves each by the service, on a thread that it has for itself meanwhile, until `stop` is ready:
/// a [`ShutdownHandle`](crate::ShutdownHandle) for example. [`driver::serve`] has the details, and [`serve_sessions`] those
/// of the threads.
///
/// A function of the service may block its thread, to read a file for example. Meanwhile its session alone waits.
///
/// # Errors
///
/// None on threads; on other runtimes, if the listener is not accepted. Errors of connections are logged.
pub fn serve_until(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let (acceptor, service) = (listener.into().into(), Arc::new(service));
    let served = driver::serve::<Runtime, _>(acceptor, config.into(), options, stop, service);
    block_on(served)
}

/// Accepts connections and runs `session` on each, on a thread that it has for itself meanwhile, until `stop` is ready: a
/// [`ShutdownHandle`](crate::ShutdownHandle) for example.
///
/// Then it accepts no more. Sessions finish the transaction in hand and send 421 (RFC 5321 section 3.8); they do so at
/// once after [`ServeOptions::shutdown_grace`]. Returns when all have ended. A session that panics ends alone.
///
/// There are never more threads than [`ServeOptions::max_connections`] of all servers, beside the one that calls this. They
/// run one session after the other, and end if none comes for some seconds. If no thread can be started for a connection,
/// the connection is closed. Each thread holds two further descriptors, by which it is woken.
///
/// A thread cannot be ended from outside. A session that still blocks its thread after
/// [`CLOSE_TIMEOUT`](smtp_driver::CLOSE_TIMEOUT) is abandoned, with its connection, and this returns without it.
///
/// The caller writes the loop of the session: see [`Session`]. It ends with [`close`](Session::close).
///
/// # Errors
///
/// None on threads; on other runtimes, if the listener is not accepted. Errors of connections are logged.
pub fn serve_sessions(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) + Send + Sync + 'static,
) -> io::Result<()> {
    let (acceptor, session) = (listener.into().into(), Arc::new(session));
    let start = |accepted| {
        let session = Arc::clone(&session);
        async move { session(Blocking(accepted)) }
    };
    let served = driver::serve_sessions::<Runtime, _>(acceptor, config.into(), options, stop, start);
    block_on(served);
    Ok(())
}

impl<T: Transport<Error = io::Error>> Blocking<driver::Session<T>> {
    /// Waits for one of the things that the machine waits for: [`driver::Session::wait`]. A shutdown of the server ends the
    /// wait, and so does a [`waker`](driver::Session::waker) from another thread.
    pub fn wait(&mut self, wait: Wait) {
        block_on(self.0.wait(wait));
    }

    /// Closes the connection so that the client receives all that was written: [`driver::Session::close`].
    pub fn close(self) {
        block_on(self.0.close());
    }
}
