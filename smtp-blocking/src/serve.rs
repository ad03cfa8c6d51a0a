//! Servers: sessions on what a listener accepts, each on a thread that it has for itself.

use std::{future, io, pin::pin, sync::Arc, task, time::Duration};

use smtp_driver::{
    self as driver, Listener, Peer, Runtime, ServeOptions, Service, Transport,
    proto::{Wait, server::Config},
};

use crate::{Blocking, Io, Session, Stream, block_on};

/// A listening socket that a thread waits for.
pub type Acceptor = smtp_reactor::Socket<Listener>;

/// The functions of threads that a server needs. Run what uses them with [`block_on`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Threads;

impl Runtime for Threads {
    type Listener = Acceptor;
    type Transport = Io<Stream>;

    async fn accept(listener: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
        let accept = |listener: &Listener| match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // It fails if the connection is broken already, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Io::new(Stream::Tcp(stream)), peer.into(), local.into()))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((Io::new(Stream::Unix(stream)), Peer::Unix, Peer::Unix))
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        };
        listener.read_with(accept).await
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
    let (acceptor, service) = (Acceptor::new(listener.into()), Arc::new(service));
    let served = driver::serve::<Threads, _>(acceptor, config.into(), options, stop, service);
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
    let (acceptor, session) = (Acceptor::new(listener.into()), Arc::new(session));
    let start = |accepted| {
        let session = Arc::clone(&session);
        async move { session(Blocking(accepted)) }
    };
    let served = driver::serve_sessions::<Threads, _>(acceptor, config.into(), options, stop, start);
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
