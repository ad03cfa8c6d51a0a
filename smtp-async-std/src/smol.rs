//! Servers and clients on smol.
//!
//! ```no_run
//! use smtp_async_std::{ServeOptions, proto::{server::Config, types::Host}};
//! use smtp_async_std::smol::{Listener, Session, serve_sessions};
//!
//! # async fn converse(session: Session) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! smol::block_on(async {
//!     let config = Config::new(Host::parse("mx.example.org")?);
//!     let listener = Listener::bind("127.0.0.1:2525").await?;
//!     serve_sessions(listener, config, ServeOptions::default(), std::future::pending(), converse).await;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # Executors
//!
//! Sessions run on smol's global executor. It has one thread unless the environment variable `SMOL_THREADS` says otherwise.
//! For an executor of your own, implement [`driver::Runtime`] with it:
//!
//! ```no_run
//! # use std::{future::Future, io, time::Duration};
//! use smtp_async_std::{Io, Listener, Peer, Stream, driver};
//!
//! static EXECUTOR: smol::Executor<'static> = smol::Executor::new();
//!
//! struct Mine;
//!
//! impl driver::Runtime for Mine {
//!     type Listener = Listener;
//!     type Transport = Io<Stream>;
//!
//!     async fn accept(listener: &Listener) -> io::Result<(Io<Stream>, Peer, Peer)> {
//!         listener.accept().await
//!     }
//!
//!     fn spawn(task: impl Future<Output = ()> + Send + 'static) {
//!         EXECUTOR.spawn(task).detach();
//!     }
//!
//!     async fn sleep(time: Duration) {
//!         smol::Timer::after(time).await;
//!     }
//! }
//! # async fn converse(session: smtp_async_std::Session) {}
//! # async fn run(listener: Listener, config: std::sync::Arc<smtp_async_std::proto::server::Config>) {
//! # let (options, stop) = (smtp_async_std::ServeOptions::default(), std::future::pending());
//!
//! let server = driver::serve_sessions::<Mine, _>(listener, config, options, stop, converse);
//! // And `EXECUTOR.run(std::future::pending::<()>())` in more threads.
//! EXECUTOR.run(server).await;
//! # }
//! ```

crate::runtime::runtime!(|task| ::smol::spawn(task).detach());
