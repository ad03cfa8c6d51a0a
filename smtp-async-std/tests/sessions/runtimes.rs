//! The runtimes, as the tests need them.

use std::{fmt::Debug, net::SocketAddr};
#[cfg(feature = "smol")]
use std::{sync::Arc, thread};

use futures_io::{AsyncRead, AsyncWrite};
#[cfg(feature = "rustls")]
use smtp_async_std::ClientTls;
use smtp_async_std::{Client, Error, Listener};
use smtp_proto::client;

/// What the tests need of a runtime.
pub(crate) trait Runtime: 'static {
    type Stream: AsyncRead + AsyncWrite + Debug + Unpin + Send + 'static;
    type Listener: Listener<Stream = Self::Stream> + Send + Sync + 'static;

    fn block_on<T>(future: impl Future<Output = T>) -> T;
    fn listen() -> Self::Listener;
    fn nodelay(stream: &Self::Stream) -> bool;
    fn connect(address: SocketAddr, config: client::Config) -> Result<Client<Self::Stream>, Error>;
    #[cfg(feature = "rustls")]
    fn connect_with_tls(
        address: SocketAddr,
        config: client::Config,
        tls: ClientTls,
    ) -> Result<Client<Self::Stream>, Error>;
    #[cfg(feature = "rustls")]
    fn connect_over_tls(
        address: SocketAddr,
        config: client::Config,
        tls: &ClientTls,
    ) -> Result<Client<Self::Stream>, Error>;
}

/// All but the listener.
macro_rules! runtime {
    ($module:ident, $stream:ty, $block_on:path) => {
        type Stream = $stream;

        fn block_on<T>(future: impl Future<Output = T>) -> T {
            $block_on(future)
        }

        fn connect(address: SocketAddr, config: client::Config) -> Result<Client<Self::Stream>, Error> {
            $block_on(smtp_async_std::$module::Client::connect(address, config))
        }

        #[cfg(feature = "rustls")]
        fn connect_with_tls(
            address: SocketAddr,
            config: client::Config,
            tls: ClientTls,
        ) -> Result<Client<Self::Stream>, Error> {
            $block_on(smtp_async_std::$module::Client::connect_with_tls(
                address, config, tls,
            ))
        }

        #[cfg(feature = "rustls")]
        fn connect_over_tls(
            address: SocketAddr,
            config: client::Config,
            tls: &ClientTls,
        ) -> Result<Client<Self::Stream>, Error> {
            $block_on(smtp_async_std::$module::Client::connect_over_tls(
                address, config, tls,
            ))
        }
    };
}

/// smol, with its global executor.
#[cfg(feature = "smol")]
pub(crate) struct Smol;

#[cfg(feature = "smol")]
impl Runtime for Smol {
    type Listener = smol::net::TcpListener;

    runtime!(smol, smol::net::TcpStream, smol::block_on);

    fn nodelay(stream: &Self::Stream) -> bool {
        stream.nodelay().unwrap()
    }

    fn listen() -> Self::Listener {
        smol::block_on(smol::net::TcpListener::bind("127.0.0.1:0")).unwrap()
    }
}

/// smol, with an executor on one thread, which a panic would end.
#[cfg(feature = "smol")]
pub(crate) struct Executor;

#[cfg(feature = "smol")]
impl Runtime for Executor {
    type Listener = (smol::net::TcpListener, Arc<smol::Executor<'static>>);

    runtime!(smol, smol::net::TcpStream, smol::block_on);

    fn nodelay(stream: &Self::Stream) -> bool {
        Smol::nodelay(stream)
    }

    fn listen() -> Self::Listener {
        let executor = Arc::new(smol::Executor::new());
        let running = Arc::clone(&executor);
        thread::spawn(move || smol::block_on(running.run(std::future::pending::<()>())));
        (Smol::listen(), executor)
    }
}

#[cfg(feature = "async-std")]
pub(crate) struct AsyncStd;

#[cfg(feature = "async-std")]
impl Runtime for AsyncStd {
    type Listener = async_std::net::TcpListener;

    runtime!(
        async_std,
        smtp_async_std::async_std::Tcp,
        async_std::task::block_on
    );

    fn nodelay(stream: &Self::Stream) -> bool {
        stream.stream().nodelay().unwrap()
    }

    fn listen() -> Self::Listener {
        async_std::task::block_on(async_std::net::TcpListener::bind("127.0.0.1:0")).unwrap()
    }
}
