#![doc = include_str!("../README.md")]
//!
//! ## TLS
//!
//! Settings come from `tls` (the crate `smtp-rustls`, feature `rustls`), or implement
//! [`TlsSettings`](driver::TlsSettings). No provider of cryptography is installed for the process.
//!
//! - A client gets them from its builder: [`starttls`](driver::ClientBuilder::starttls) or
//!   [`implicit_tls`](driver::ClientBuilder::implicit_tls).
//! - A server offers STARTTLS in [`Config::extensions`](proto::server::Config::extensions). A [`Service`] gets the settings
//!   from [`ServeOptions::tls`]. A loop of your own calls [`start_tls`](driver::Session::start_tls) on
//!   [`Event::StartTls`](proto::server::Event::StartTls), or [`start_implicit_tls`](driver::Session::start_implicit_tls)
//!   before anything else.
//!
//! A handshake that fails, or exceeds the `handshake` timeout of the configuration, ends the session; it never goes on in
//! plaintext. Both machines report the parameters of the session as [`TlsInfo`](proto::TlsInfo).
//!
//! ## AUTH
//!
//! A client logs in if its configuration has a [`Login`](proto::client::Login). A server offers mechanisms with
//! [`Config::offer_auth`](proto::server::Config::offer_auth), and answers in [`Service::auth`].
//! CRAM-MD5 and SCRAM need the features of these names.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod io;
mod serve;

pub use io::{Io, Reader, Stream};
pub use serve::{Acceptor, Runtime, serve, serve_sessions, serve_until};
pub use smtp_driver::{
    self as driver, About, Accept, Address, AuthAttempt, Bytes, HelpAnswer, Listener, Peer, PoolOptions,
    ServeOptions, Service, SessionHandle, ShutdownHandle, Url, VrfyAnswer, proto,
};
#[cfg(feature = "rustls")]
pub use smtp_rustls as tls;

/// A session with a server.
pub type Client = driver::Client<Io<Stream>>;

/// The settings of a session with a server.
pub type ClientBuilder = driver::ClientBuilder<Io<Stream>>;

/// Sessions with one server, kept for further messages.
pub type Pool = driver::Pool<Io<Stream>>;

/// A client for sending messages to the server of a URL: `Mailer::from_url("smtps://user:password@mail.example.org")`.
pub type Mailer = driver::Mailer<Io<Stream>>;

/// A session of a server on an accepted connection.
pub type Session = driver::Session<Io<Stream>>;

/// A machine on a stream: `Connection::new(Io::new(stream), machine)`.
pub type Connection<S, M> = driver::Connection<Io<S>, M>;

/// An error of a client.
pub type Error = driver::Error<std::io::Error>;

/// An error of a [`Mailer`].
pub type MailerError = driver::MailerError<std::io::Error>;

/// The error of a message that was not sent to its end, with the replies until then.
pub type SendError = driver::SendError<std::io::Error>;

/// The examples of the project's README, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
