#![doc = include_str!("../README.md")]
//!
//! ## TLS
//!
//! The module `tls` has settings (the crate `smtp-rustls`, feature `rustls`); for another TLS library, implement
//! [`TlsSettings`]. This crate installs no cryptography provider for the process.
//!
//! - Client: pass the settings to its builder, with [`starttls`](driver::ClientBuilder::starttls) or
//!   [`implicit_tls`](driver::ClientBuilder::implicit_tls).
//! - Server: pass the settings to its options, with [`starttls`](ServeOptions::starttls) or
//!   [`implicit_tls`](ServeOptions::implicit_tls). A loop of your own calls [`start_tls`](driver::Session::start_tls) on
//!   [`Event::StartTls`](proto::server::Event::StartTls).
//!
//! If a handshake fails, or exceeds the `handshake` timeout of the configuration, the session ends; it never continues in
//! plaintext. Both machines report the parameters of TLS as [`TlsInfo`](proto::TlsInfo).
//!
//! ## AUTH
//!
//! A client logs in if its configuration has a [`Login`](proto::client::Login). A server offers mechanisms with
//! [`Config::offer_auth`](proto::server::Config::offer_auth), and verifies credentials in [`Service::auth`]. For CRAM-MD5 and
//! SCRAM, enable the features `cram-md5` and `scram`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(feature = "async-std")]
pub mod async_std;
mod io;
mod serve;
#[cfg(feature = "smol")]
pub mod smol;

#[cfg(feature = "smol")]
pub use self::smol::{Runtime, serve, serve_sessions, serve_until};
pub use io::{Io, Reader, Stream};
pub use serve::Acceptor;
pub use smtp_driver::{
    self as driver, About, Accept, Address, AuthAttempt, Bytes, ExactLength, ExpectProxy, HelpAnswer,
    IntoMessage, InvalidUrl, Listener, LogTranscript, Peer, PoolOptions, Sent, ServeOptions, Service,
    SessionHandle, ShutdownHandle, TlsMode, TlsSettings, Transcript, TranscriptLine, Url, VrfyAnswer, proto,
};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A session with a server.
pub type Client = driver::Client<Io<Stream>>;

/// The settings of a session with a server.
pub type ClientBuilder = driver::ClientBuilder<Io<Stream>>;

/// A pool of sessions with one server, for many messages.
pub type Pool = driver::Pool<Io<Stream>>;

/// A client that sends messages to the server of a URL: `Mailer::from_url("smtps://user:password@mail.example.org")`.
pub type Mailer = driver::Mailer<Io<Stream>>;

/// A session of a server on an accepted connection.
pub type Session = driver::Session<Io<Stream>>;

/// A machine on a stream: `Connection::new(Io::new(stream), machine)`.
pub type Connection<S, M> = driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = driver::Error<std::io::Error>;

/// An error of a [`Mailer`].
pub type MailerError = driver::MailerError<std::io::Error>;

/// The error of a message that could not be sent completely, with the replies until then.
pub type SendError = driver::SendError<std::io::Error>;
