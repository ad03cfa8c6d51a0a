#![doc = include_str!("../README.md")]
//!
//! ## Waiting for several things
//!
//! With the functions that begin with `poll`, a future of your own can wait for the first of several events. Here these are
//! an octet and a deadline:
//!
//! ```
//! use std::{future::poll_fn, io::Read, os::unix::net::UnixStream, task::Poll, time::{Duration, Instant}};
//!
//! use smtp_reactor::{Socket, block_on, poll_deadline};
//!
//! let (_silent, stream) = UnixStream::pair()?;
//! let stream = Socket::new(stream);
//! let deadline = Instant::now().checked_add(Duration::from_millis(10));
//! let octet = block_on(poll_fn(|cx| {
//!     let mut octet = [0];
//!     match stream.poll_read_with(cx, |mut stream| stream.read_exact(&mut octet)) {
//!         Poll::Pending => poll_deadline(cx, deadline).map(|()| Ok(None)),
//!         read => read.map_ok(|()| Some(octet)),
//!     }
//! }))?;
//! assert_eq!(octet, None);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! ## Costs
//!
//! A thread that has waited holds the two descriptors of a pipe, by which wakers wake it. Each wait passes all its sockets to
//! `poll(2)`, so let a future wait for few sockets at once.
//!
//! ## Logs
//!
//! The crate logs threads that cannot start, and tasks that panic, with `tracing` at the level `warn`.
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("smtp-reactor waits with poll(2): use an asynchronous runtime on this system");

mod pool;
mod reactor;
mod socket;

pub use pool::spawn;
pub use reactor::{block_on, poll_deadline, sleep};
pub use socket::{Socket, Stream, connect, connect_unix};
