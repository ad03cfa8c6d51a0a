//! SMTP, ESMTP and LMTP for smol and async-std.
//!
//! This crate connects the machines of [`smtp_proto`](proto) to the runtimes that use `async-io` and `futures-io`.
//! [`smtp_driver`] drives them, and this crate has what it needs of a runtime: streams, listeners, time. Read there
//! about the functions of [`Client`] and [`Session`].
//!
//! # Runtimes
//!
//! Sockets and timers of `async-io` work on smol, on async-std and on any other executor. So [`Client`], [`Listener`]
//! and [`Session`] are the same for all. A module for each runtime has `serve_sessions`, which spawns the sessions:
//!
//! - `smol` (feature `smol`, default),
//! - `async_std` (feature `async-std`).
//!
//! The modules have the same names in them, and both may be enabled.
//!
//! **async-std is discontinued**, and its authors advise to use smol. New programs should do so. The feature is for programs
//! that have not moved yet.
//!
//! # Sending
//!
//! ```no_run
//! use smtp_async_std::{Client, proto::{client::Config, types::{Envelope, ForwardPath, ReversePath}}};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("client.example".parse()?);
//! let mut client = Client::builder(config).connect("mx.example.org:25").await?;
//! let envelope = Envelope::new(ReversePath::parse("alice@client.example")?)
//!     .recipient(ForwardPath::parse("bob@example.org")?);
//! let receipt = client.send(envelope, b"Subject: hi\r\n\r\nHello\r\n").await?;
//! for (recipient, outcome) in receipt.recipients() {
//!     println!("{recipient}: {outcome:?}");
//! }
//! client.quit().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`ClientBuilder::on`](driver::ClientBuilder::on) begins a session on any other stream of `futures-io`:
//! `.on(Io::new(stream))`. A message can be read while it is sent: `client.send_from(envelope, Reader::new(file))`.
//!
//! # Serving
//!
//! `serve_sessions` accepts connections and runs a session on each, within limits, until it is stopped:
//!
#![cfg_attr(feature = "smol", doc = "```no_run")]
#![cfg_attr(not(feature = "smol"), doc = "```ignore")]
//! use smtp_async_std::{ServeOptions, smol::{Listener, Session, serve_sessions}};
//! use smtp_async_std::proto::{Step, server::{Config, Event}, types::Host};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(Host::parse("mx.example.org")?);
//! let listener = Listener::bind("127.0.0.1:2525").await?;
//! serve_sessions(listener, config, ServeOptions::default(), std::future::pending(), converse).await;
//! # Ok(())
//! # }
//!
//! async fn converse(mut session: Session) {
//!     let mut message = Vec::new();
//!     loop {
//!         let (step, server) = session.poll();
//!         let answered = match step {
//!             Step::Wait(wait) => {
//!                 session.wait(wait).await;
//!                 continue;
//!             }
//!             Step::Event(Event::Data { ticket }) => {
//!                 message.clear();
//!                 server.accept(ticket)
//!             }
//!             Step::Event(Event::Body(octets)) => Ok(message.extend_from_slice(octets)),
//!             Step::Event(Event::EndOfData { ticket, .. }) => {
//!                 println!("a message of {} octets", message.len());
//!                 server.accept(ticket)
//!             }
//!             Step::Event(Event::Closed(_)) => break session.close().await,
//!             // The default answers.
//!             Step::Event(other) => server.proceed(other),
//!         };
//!         if let Err(stale) = answered {
//!             eprintln!("{stale}");
//!         }
//!     }
//! }
//! ```
//!
//! # TLS
//!
//! Settings come from `tls` (the crate `smtp-rustls`, feature `rustls`), or implement
//! [`TlsSettings`](driver::TlsSettings). No provider of cryptography is installed for the process.
//!
//! - A client gets them from its builder: [`starttls`](driver::ClientBuilder::starttls) or
//!   [`implicit_tls`](driver::ClientBuilder::implicit_tls).
//! - A server offers STARTTLS in [`Config::extensions`](proto::server::Config::extensions). Its session calls
//!   [`start_tls`](driver::Session::start_tls) on [`Event::StartTls`](proto::server::Event::StartTls), or
//!   [`start_implicit_tls`](driver::Session::start_implicit_tls) first of all.
//!
//! A handshake that fails, or exceeds the `handshake` timeout of the configuration, ends the session; it never goes on in
//! plaintext. Both machines report the parameters of the session as [`TlsInfo`](proto::TlsInfo).
//!
//! # AUTH
//!
//! A client logs in if its configuration has a [`Login`](proto::client::Login). A server offers mechanisms with
//! [`Config::offer_auth`](proto::server::Config::offer_auth) and answers [`Event::Auth`](proto::server::Event::Auth).
//! CRAM-MD5 and SCRAM are features of `smtp-proto`.
//!
//! # Features
//!
//! - `smol` (default): servers on smol.
//! - `async-std`: servers on async-std.
//! - `rustls` (default): TLS.
//! - `ring` (default, enables `rustls`): ready settings, with cryptography by ring.
//! - `self-signed` (enables `ring`): `tls::Identity::self_signed`, for trying out and for tests.
//! - `systemd`: `Listener::from_env`, for listeners passed by the service manager.
#![forbid(unsafe_code)]

#[cfg(feature = "async-std")]
pub mod async_std;
mod io;
mod listener;
#[cfg(any(feature = "smol", feature = "async-std"))]
mod runtime;
#[cfg(feature = "smol")]
pub mod smol;

pub use io::{Io, Reader, Stream};
pub use listener::Listener;
pub use smtp_driver::{self as driver, Address, Peer, ServeOptions, proto};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A session with a server.
pub type Client = driver::Client<Io<Stream>>;

/// The settings of a session with a server.
pub type ClientBuilder = driver::ClientBuilder<Io<Stream>>;

/// A session of a server on an accepted connection.
pub type Session = driver::Session<Io<Stream>>;

/// A machine on a stream: `Connection::new(Io::new(stream), machine)`.
pub type Connection<S, M> = driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = driver::Error<std::io::Error>;

/// The error of a message that was not sent to its end, with the replies until then.
pub type SendError = driver::SendError<std::io::Error>;

/// The examples of the README, so that they compile.
#[cfg(all(doctest, feature = "smol", feature = "ring"))]
#[doc = include_str!("../README.md")]
mod readme {}
