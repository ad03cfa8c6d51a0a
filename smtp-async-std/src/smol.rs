//! Servers and clients on smol.
//!
//! ```no_run
//! use smtp_async_std::{Options, proto::{server::Config, types::Host}, serve, smol::Session};
//!
//! # async fn converse(session: Session) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! smol::block_on(async {
//!     let config = Config::new(Host::parse("mx.example.org")?);
//!     let listener = smol::net::TcpListener::bind("127.0.0.1:2525").await?;
//!     Ok(serve(listener, config.into(), Options::default(), std::future::pending(), converse).await?)
//! })
//! # }
//! ```
//!
//! # Executors
//!
//! Sessions run on smol's global executor, which has one thread unless the environment variable `SMOL_THREADS` says
//! otherwise. To run them on an executor of your own, give [`serve`](crate::serve) both:
//!
//! ```no_run
//! # use smtp_async_std::{Options, proto::server::Config, serve, smol::Session};
//! # async fn converse(session: Session) {}
//! # async fn run(config: std::sync::Arc<Config>) -> std::io::Result<()> {
//! let executor = std::sync::Arc::new(smol::Executor::new());
//! let listener = smol::net::TcpListener::bind("127.0.0.1:2525").await?;
//! let server = serve((listener, executor.clone()), config, Options::default(), std::future::pending(), converse);
//! // And the same in as many threads as there are to be.
//! executor.run(server).await
//! # }
//! ```

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use ::smol::{
    Executor,
    net::{AsyncToSocketAddrs, TcpListener, TcpStream},
};
use tracing::debug;

use crate::{Listener, connect::connecting};

/// A client that is connected by smol.
pub type Client = crate::Client<TcpStream>;

/// A server's end of a connection that was accepted by smol.
pub type Session = crate::Session<TcpStream>;

connecting!(TcpStream, AsyncToSocketAddrs, dial);

/// Makes a TCP connection.
async fn dial(address: impl AsyncToSocketAddrs) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Without it the end of a message would wait for the acknowledgement of its beginning.
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.accept().await?;
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, %peer, "cannot set TCP_NODELAY");
        }
        Ok((stream, peer))
    }

    fn local_addr_of(&self, stream: &TcpStream) -> io::Result<SocketAddr> {
        stream.local_addr()
    }

    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        ::smol::spawn(session).detach();
    }
}

/// A listener whose sessions run on this executor.
impl Listener for (TcpListener, Arc<Executor<'static>>) {
    type Stream = TcpStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        Listener::accept(&self.0).await
    }

    fn local_addr_of(&self, stream: &TcpStream) -> io::Result<SocketAddr> {
        stream.local_addr()
    }

    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        self.1.spawn(session).detach();
    }
}
