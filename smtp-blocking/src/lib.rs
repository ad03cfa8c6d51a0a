#![doc = include_str!("../README.md")]
//!
//! ## Waiting
//!
//! Every function that waits blocks its thread in `poll(2)`, until the first of these events: octets to read, room to write,
//! the deadline, the shutdown of the server, a [waker](driver::Session::waker). A client that sends its octets one by one
//! gains no time by that, and a peer that does not read cannot stop the session from reading.
//!
//! An idle session holds its socket, two descriptors to wake its thread, and some 16 KB of memory, most of it stack.
//!
//! This crate is for Unix. The crate `polling`, which supports Windows, registers sockets by unsafe functions, and no crate
//! of this project has unsafe code. On Windows, `smtp-async-std` with `block_on` serves clients on threads: its `async-io` is
//! safe to use.
//!
//! ## TLS
//!
//! Settings come from `tls` (the crate `smtp-rustls`, feature `rustls`), or implement
//! [`TlsSettings`](driver::TlsSettings). No provider of cryptography is installed for the process.
//!
//! - A client gets them from its builder: [`starttls`](ClientBuilder::starttls) or
//!   [`implicit_tls`](ClientBuilder::implicit_tls).
//! - A server offers STARTTLS in [`Config::extensions`](proto::server::Config::extensions). A service gets the settings in
//!   [`ServeOptions::tls`]. Other sessions call [`start_tls`](driver::Session::start_tls) on
//!   [`Event::StartTls`](proto::server::Event::StartTls), or
//!   [`start_implicit_tls`](driver::Session::start_implicit_tls) first of all.
//!
//! A handshake that fails, or exceeds the `handshake` timeout of the configuration, ends the session; it never goes on in
//! plaintext. Both machines report the parameters of the session as [`TlsInfo`](proto::TlsInfo).
//!
//! ## Logs
//!
//! Events are logged with `tracing` at the levels `debug` and `warn`. Commands, replies, message content and secrets are
//! not logged.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod blocking;
mod client;
mod io;
mod serve;

pub use blocking::Blocking;
pub use io::{Io, Reader};
pub use serve::{Acceptor, Runtime, serve, serve_sessions, serve_until};
pub use smtp_driver::{
    self as driver, About, Accept, Address, AuthAttempt, Bytes, HelpAnswer, Listener, Peer, PoolOptions,
    ServeOptions, Service, SessionHandle, ShutdownHandle, Url, VrfyAnswer, proto,
};
pub use smtp_reactor::{Stream, block_on};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A session with a server.
pub type Client<T = Io<Stream>> = Blocking<driver::Client<T>>;

/// The settings of a session with a server.
pub type ClientBuilder = Blocking<driver::ClientBuilder<Io<Stream>>>;

/// Sessions with one server, kept for further messages. Run its async functions with [`block_on`].
pub type Pool = driver::Pool<Io<Stream>>;

/// A client for sending messages to the server of a URL. Run its async functions with [`block_on`].
pub type Mailer = Blocking<driver::Mailer<Io<Stream>>>;

/// A session of a server on an accepted connection.
pub type Session = Blocking<driver::Session<Io<Stream>>>;

/// A machine on a socket: `Connection::new(Io::new(socket), machine)`. Run its async functions with [`block_on`].
pub type Connection<S, M> = driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = driver::Error<std::io::Error>;

/// An error of a [`Mailer`].
pub type MailerError = driver::MailerError<std::io::Error>;

/// The error of a message that was not sent to its end, with the replies until then.
pub type SendError = driver::SendError<std::io::Error>;
