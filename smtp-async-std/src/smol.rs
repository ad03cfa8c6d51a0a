//! Servers on smol. The root of the crate has the same items.
//!
//! ```no_run
//! use smtp_async_std::{Listener, Service, proto::{server::Config, types::Host}, smol::serve};
//!
//! # fn run(service: impl Service + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(Host::parse("mx.example.org")?);
//! smol::block_on(serve(Listener::bind("127.0.0.1:2525")?, config, service))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Executors
//!
//! Sessions run on smol's global executor. It has one thread; the environment variable `SMOL_THREADS` sets another number.
//! For an executor of your own, implement [`driver::Runtime`](crate::driver::Runtime):
//!
//! ```no_run
//! use std::{future::{Future, pending}, io, sync::Arc, time::Duration};
//! use smtp_async_std::{Acceptor, Io, Listener, Peer, ServeOptions, Service, Stream, driver, proto::server::Config};
//!
//! static EXECUTOR: smol::Executor<'static> = smol::Executor::new();
//!
//! struct Mine;
//!
//! impl driver::Runtime for Mine {
//!     type Listener = Acceptor;
//!     type Transport = Io<Stream>;
//!
//!     async fn accept(acceptor: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
//!         acceptor.accept().await
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
//!
//! async fn run(listener: Listener, config: Config, service: impl Service + 'static) -> io::Result<()> {
//!     let (acceptor, options) = (Acceptor::try_from(listener)?, ServeOptions::default());
//!     let server = driver::serve::<Mine, _>(acceptor, config.into(), options, pending(), Arc::new(service));
//!     // More threads run the sessions, too, with `smol::block_on(EXECUTOR.run(pending::<()>()))`.
//!     EXECUTOR.run(server).await;
//!     Ok(())
//! }
//! ```

use crate::{Acceptor, Io, Stream};

smtp_driver::serve_on! {
    listener: Acceptor, transport: Io<Stream>,
    spawn: |task| ::smol::spawn(task).detach(), sleep: async_io::Timer::after
}
