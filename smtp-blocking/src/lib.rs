#![doc = include_str!("../README.md")]
//!
//! ## Waiting
//!
//! Every function that waits blocks its thread in `poll(2)`, until the first of these events: octets to read, room to write,
//! the deadline, the shutdown of the server, a [waker](driver::Session::waker). So deadlines hold even if the peer sends its
//! octets one by one or does not read.
//!
//! An idle session holds its socket, two descriptors that wake its thread, and about 16 KB of memory, most of it stack.
//!
//! This crate is for Unix: to wait on Windows it would need unsafe functions, and no crate of this project has unsafe code.
//! On Windows, use `smtp-async-std` with `block_on`. No crate of this project has been compiled for Windows yet.
//!
//! ## TLS
//!
//! The module `tls` has settings (the crate `smtp-rustls`, feature `rustls`); for another TLS library, implement
//! [`TlsSettings`]. This crate installs no cryptography provider for the process.
//!
//! - Client: pass the settings to its builder, with [`starttls`](ClientBuilder::starttls) or
//!   [`implicit_tls`](ClientBuilder::implicit_tls).
//! - Server: pass the settings to its options, with [`starttls`](ServeOptions::starttls) or
//!   [`implicit_tls`](ServeOptions::implicit_tls). A loop of your own calls [`start_tls`](driver::Session::start_tls) on
//!   [`Event::StartTls`](proto::server::Event::StartTls).
//!
//! If a handshake fails, or exceeds the `handshake` timeout of the configuration, the session ends; it never continues in
//! plaintext. Both machines report the parameters of TLS as [`TlsInfo`](proto::TlsInfo).
//!
//! ## Logs
//!
//! The crate logs events with `tracing` at the levels `debug` and `warn`. It does not log commands, replies, message content
//! and secrets.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod io;
mod serve;

pub use io::{Io, Reader};
pub use serve::{Acceptor, Runtime, serve, serve_sessions, serve_until};
pub use smtp_driver::{
    self as driver, About, Accept, Address, AuthAttempt, Blocking, Bytes, ExactLength, ExpectProxy,
    HelpAnswer, IntoMessage, InvalidUrl, Listener, LogTranscript, Peer, PoolOptions, Sent, ServeOptions,
    Service, SessionHandle, ShutdownHandle, TlsMode, TlsSettings, Transcript, TranscriptLine, Url,
    VrfyAnswer, proto,
};
pub use smtp_reactor::{Stream, block_on};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A session with a server.
pub type Client = Blocking<driver::Client<Io<Stream>>>;

/// The settings of a session with a server.
pub type ClientBuilder = Blocking<driver::ClientBuilder<Io<Stream>>>;

/// A pool of sessions with one server, for many messages.
pub type Pool = Blocking<driver::Pool<Io<Stream>>>;

/// A client that sends messages to the server of a URL: `Mailer::from_url("smtps://user:password@mail.example.org")`.
pub type Mailer = Blocking<driver::Mailer<Io<Stream>>>;

/// A session of a server on an accepted connection.
pub type Session = Blocking<driver::Session<Io<Stream>>>;

/// A machine on a socket: `Connection::new(Io::new(socket), machine)`. Run its async functions with [`block_on`].
pub type Connection<S, M> = driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = driver::Error<std::io::Error>;

/// An error of a [`Mailer`].
pub type MailerError = driver::MailerError<std::io::Error>;

/// The error of a message that could not be sent completely, with the replies until then.
pub type SendError = driver::SendError<std::io::Error>;
