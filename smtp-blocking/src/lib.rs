//! SMTP, ESMTP and LMTP on threads: clients and servers without a runtime.
//!
//! The same as `smtp-tokio` and `smtp-async-std`, without `.await`. The work is done by [`driver`] and the machines of
//! [`proto`].
//!
//! - [`Client`] connects, sends messages, and reports the outcome for each recipient. [`Client::builder`] begins.
//! - [`serve_sessions`] accepts connections from a [`Listener`] and runs a [`Session`] on each, in a thread of a bounded pool,
//!   until a [`ShutdownHandle`] ends it.
//! - [`Connection`] is a machine on a transport, for everything else. Its functions are async: run them with [`block_on`].
//!
//! # Sending a message
//!
//! ```no_run
//! use smtp_blocking::{Client, proto::{client::Config, types::{Envelope, ForwardPath, ReversePath}}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::builder(Config::new("client.example".parse()?)).connect("mx.example.org:25")?;
//! let envelope = Envelope::new(ReversePath::parse("alice@client.example")?)
//!     .recipient(ForwardPath::parse("bob@example.org")?);
//! let receipt = client.send(envelope, "Subject: hi\r\n\r\nHello\r\n")?;
//! for (recipient, status) in receipt.recipients() {
//!     println!("{recipient}: {status:?}");
//! }
//! client.quit()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Receiving messages
//!
//! ```no_run
//! use smtp_blocking::{
//!     Listener, Session, ShutdownHandle, driver::ServeOptions,
//!     proto::{Step, server::{Config, Event}, types::Host}, serve_sessions,
//! };
//!
//! fn converse(mut session: Session) {
//!     loop {
//!         let (step, server) = session.poll();
//!         match step {
//!             Step::Wait(wait) => session.wait(wait),
//!             Step::Event(Event::Closed(_)) => break session.close(),
//!             Step::Event(Event::Body(octets)) => println!("{} octets", octets.len()),
//!             Step::Event(other) => drop(server.proceed(other)), // accepts everything, and stores nothing
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = Listener::bind("127.0.0.1:2525")?;
//! let config = Config::new(Host::parse("mx.example.org")?);
//! let stop = ShutdownHandle::new(); // keep a clone where the decision to stop is made
//! serve_sessions(listener, config, ServeOptions::default(), stop, converse);
//! # Ok(())
//! # }
//! ```
//!
//! # Waiting
//!
//! Every function that waits blocks its thread in `poll(2)`, for everything at once that may come next: octets to read,
//! room to write, the deadline, the shutdown of the server, a [waker](driver::Session::waker). A peer that sends its octets one by one
//! gains no time by that, and a peer that does not read cannot stop the session from reading.
//!
//! An idle session holds its socket, two descriptors to wake its thread, and some 16 KB of memory, most of it stack.
//!
//! This crate is for Unix. The crate `polling`, which knows Windows too, registers sockets by unsafe functions, and no crate
//! of this project has unsafe code.
//!
//! # TLS
//!
//! A client is given settings such as `tls::ClientTls::platform("mail.example.org")`: [`ClientBuilder::starttls`] for STARTTLS
//! as [`client::Tls`](proto::client::Tls) says, [`ClientBuilder::implicit_tls`] for TLS from the first octet. A server offers
//! STARTTLS in [`Config::extensions`](proto::server::Config::extensions) and calls
//! [`start_tls`](driver::Session::start_tls) on [`Event::StartTls`](proto::server::Event::StartTls), or
//! [`start_implicit_tls`](driver::Session::start_implicit_tls) before anything else.
//!
//! The crate `smtp-rustls` implements TLS (`tls`, feature `rustls`). No provider of cryptography is installed for the process.
//! A handshake must end within the `handshake` timeout of the configuration, and a failed one ends the session. Both machines
//! report the parameters of the session in `tls`.
//!
//! # Streams of your own
//!
//! [`Io`] makes a transport of any socket (`AsFd`). For other streams, implement [`Transport`](driver::Transport), for example
//! around an [`Io`].
//!
//! # Features
//!
//! - `rustls` (default): TLS.
//! - `ring` (default, implies `rustls`): ready settings, with ring for the cryptography.
//! - `self-signed` (implies `ring`): `tls::Identity::self_signed`, for trials and tests.
//! - `systemd`: `Listener::from_env`, for sockets passed by systemd.
//!
//! # Logs
//!
//! Events are logged with `tracing` at the levels `debug` and `warn`. Commands, replies, message content and secrets are
//! not logged.
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("smtp-blocking waits with poll(2): use the adapter of an asynchronous runtime on this system");

mod client;
mod io;
mod listener;
mod runtime;
mod server;

pub use client::{Client, ClientBuilder};
pub use io::{Io, Reader, Stream};
pub use listener::Listener;
pub use runtime::block_on;
pub use server::{Session, Threads, serve_sessions};
pub use smtp_driver::{self as driver, ShutdownHandle, proto};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A machine on a transport. Run its async functions with [`block_on`].
pub type Connection<S, M> = smtp_driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = smtp_driver::Error<std::io::Error>;

/// The error of a message that was not sent to its end, with the replies until then.
pub type SendError = smtp_driver::SendError<std::io::Error>;

/// The examples of the README, so that they run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
