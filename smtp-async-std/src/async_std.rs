//! Servers on async-std.
//!
//! async-std is discontinued, and its authors recommend smol: see [the crate](crate).
//!
//! ```no_run
//! use smtp_async_std::{Listener, Service, async_std::serve, proto::{server::Config, types::Host}};
//!
//! # fn run(service: impl Service + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(Host::parse("mx.example.org")?);
//! async_std::task::block_on(serve(Listener::bind("127.0.0.1:2525")?, config, service))?;
//! # Ok(())
//! # }
//! ```

use crate::{Acceptor, Io, Stream};

smtp_driver::serve_on! {
    listener: Acceptor, transport: Io<Stream>,
    spawn: |task| drop(::async_std::task::spawn(task)), sleep: async_io::Timer::after
}
