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

// The handle of a task is only a way to wait for it.
serve_on!(|task| drop(::async_std::task::spawn(task)));
