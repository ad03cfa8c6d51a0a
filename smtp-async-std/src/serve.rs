//! Servers: listening sockets, and the functions that serve on them.

use std::io;

use async_io::Async;
use futures_lite::future::yield_now;
use socket2::{SockAddr, SockRef};

use crate::{Io, Listener, Peer, Stream};

/// A [`Listener`] on `async-io`.
#[derive(Debug)]
pub struct Acceptor(Async<Listener>);

impl Acceptor {
    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        // Yield, because the executors do not preempt a task: a flood of connections must not starve the sessions.
        yield_now().await;
        let to_peer = |address: SockAddr| address.as_socket().map_or(Peer::Unix, Peer::Ip);
        let (socket, peer) = self.0.read_with(|own| SockRef::from(own).accept()).await?;
        let local = socket.local_addr().map(to_peer);
        // The system may not know the address if the connection is already broken.
        let local = local.or_else(|_| self.0.get_ref().local())?;
        Ok((Io::new(Stream::new(socket)?), to_peer(peer), local))
    }
}

impl TryFrom<Listener> for Acceptor {
    type Error = io::Error;

    fn try_from(listener: Listener) -> io::Result<Self> {
        Async::new(listener).map(Self)
    }
}

/// Defines the items of a runtime's module; `$spawn` spawns a task.
#[cfg(any(feature = "smol", feature = "async-std"))]
macro_rules! serve_on {
    ($spawn:expr) => {
        use std::{io, sync::Arc, time::Duration};

        use smtp_driver::{self as driver, Listener, Peer, ServeOptions, Service, proto::server::Config};

        use crate::{Acceptor, Io, Session, Stream};

        /// The [`driver::Runtime`] of this runtime: accepting, spawning and sleeping. Each adapter has a type of this name.
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
                $spawn(task);
            }

            async fn sleep(time: Duration) {
                async_io::Timer::after(time).await;
            }
        }

        /// Accepts connections and runs the service on each, with the default [`ServeOptions`], until the future is dropped.
        /// [`serve_until`] has options and a graceful shutdown.
        ///
        /// # Errors
        ///
        /// If the runtime does not accept the listener. Errors of connections are logged.
        pub async fn serve(
            listener: impl Into<Listener>,
            config: impl Into<Arc<Config>>,
            service: impl Service + 'static,
        ) -> io::Result<()> {
            let options = ServeOptions::default();
            serve_until(listener, config, options, std::future::pending(), service).await
        }

        /// Accepts connections and runs the service on each, until `stop` is ready. Then each session finishes its current
        /// transaction. [`driver::serve`] has the details.
        ///
        /// # Errors
        ///
        /// If the runtime does not accept the listener. Errors of connections are logged.
        pub async fn serve_until(
            listener: impl Into<Listener>,
            config: impl Into<Arc<Config>>,
            options: ServeOptions,
            stop: impl Future<Output = ()>,
            service: impl Service + 'static,
        ) -> io::Result<()> {
            let (acceptor, service) = (listener.into().try_into()?, Arc::new(service));
            driver::serve::<Runtime, _>(acceptor, config.into(), options, stop, service).await
        }

        /// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
        /// [`driver::serve_sessions`] has the details.
        ///
        /// `session` is a loop of your own: see [`Session`]. End the loop with [`close`](driver::Session::close).
        ///
        /// # Errors
        ///
        /// If the runtime does not accept the listener. Errors of connections are logged.
        pub async fn serve_sessions<F: Future<Output = ()> + Send + 'static>(
            listener: impl Into<Listener>,
            config: impl Into<Arc<Config>>,
            options: ServeOptions,
            stop: impl Future<Output = ()>,
            session: impl Fn(Session) -> F,
        ) -> io::Result<()> {
            let acceptor = listener.into().try_into()?;
            driver::serve_sessions::<Runtime, F>(acceptor, config.into(), options, stop, session).await;
            Ok(())
        }
    };
}
