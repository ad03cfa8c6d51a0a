//! Servers and clients on async-std.
//!
//! async-std is discontinued, and its authors advise to use smol: see [the crate](crate).
//!
//! ```no_run
//! use smtp_async_std::{ServeOptions, proto::{server::Config, types::Host}};
//! use smtp_async_std::async_std::{Listener, Session, serve_sessions};
//!
//! # async fn converse(session: Session) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! async_std::task::block_on(async {
//!     let config = Config::new(Host::parse("mx.example.org")?);
//!     let listener = Listener::bind("127.0.0.1:2525").await?;
//!     serve_sessions(listener, config, ServeOptions::default(), std::future::pending(), converse).await;
//!     Ok(())
//! })
//! # }
//! ```

// The handle of a task is only a way to wait for it.
crate::runtime::runtime!(|task| drop(::async_std::task::spawn(task)));
