//! SMTP, ESMTP and LMTP on threads and `std::net`: a thin layer that moves octets and time between a stream and the
//! machines of [`smtp_proto`]. No runtime is needed.
//!
//! Three layers, each made of the one before:
//!
//! - [`Connection`]: a machine, a stream and a buffer; [`poll`](Connection::poll) and [`wait`](Connection::wait).
//! - [`serve`]: accepts connections and runs a session on each, in a thread of a bounded pool, within limits, until it is
//!   told to [`Stop`].
//! - [`Client`]: connects, sends messages, and says what became of each recipient.
//!
//! Any [`Socket`] will do: TCP, a Unix socket, a proxy, one that is already encrypted.
//!
//! # Waiting
//!
//! A session blocks in [`wait`](Connection::wait), in a TLS handshake and shortly in [`close`](Connection::close); the
//! stream itself never does. [`Client`] blocks until it has an answer. Either waits with `poll(2)` for all at once that
//! may come next: octets to read, room to write, the machine's deadline, the shutdown of the server, a [`Waker`]. So a peer that takes nothing before it was heard is heard, and one that drips octets gains no
//! time. That is of Unix, and so is this crate.
//!
//! # TLS
//!
//! With the feature `rustls` (default), by rustls, on a [`Stream`] that begins in clear. A client is given a `ClientTls`,
//! such as `ClientTls::platform("mail.example.org")`: `Client::connect_with_tls` for STARTTLS as
//! [`client::Tls`](proto::client::Tls) says, `Client::connect_over_tls` for TLS from the first octet. A server offers
//! STARTTLS in [`Config::extensions`](proto::server::Config::extensions) and calls `start_tls` of its [`Session`] on
//! [`Event::StartTls`](proto::server::Event::StartTls), or `start_implicit_tls` before anything else.
//!
//! On a stream of its own a client begins with `Client::on_with_tls` and `Client::on_over_tls`, or with
//! [`Client::on_encrypted`] when somebody else encrypts it already.
//!
//! The settings are made with what is in `tls` (the crate `smtp-rustls`, feature `ring`, default), or they are any of
//! rustls. No provider of cryptography is installed for the whole process, and none needs to be.
//!
//! A handshake has the time that the `handshake` of the configuration's timeouts gives it, and one that fails ends the
//! session: it never goes on in clear. What came of it is [`TlsInfo`](proto::TlsInfo), in `tls` of either machine.
//!
//! # AUTH
//!
//! A client logs in by itself when its configuration says so ([`client::Login`](proto::client::Login)); the error of a
//! refused login holds the server's reply. With a mechanism of your own it does so in [`Client::authenticate`]. A
//! server offers mechanisms with [`Config::offer_auth`](proto::server::Config::offer_auth) and answers
//! [`Event::Auth`](proto::server::Event::Auth).
//!
//! # Features
//!
//! - `rustls` (default): TLS.
//! - `ring` (default, brings `rustls`): ready settings, with ring for the cryptography.
//! - `self-signed` (brings `ring`): `tls::Identity::self_signed`, for trying out and for tests.
//!
//! # Logs
//!
//! What happens is told through `tracing` at the levels `debug` and `warn`: commands and replies are not logged by
//! this crate, and neither are message content and secrets.
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!(
    "smtp-blocking waits with poll(2): on this system, take an adapter for an asynchronous runtime"
);

mod alarm;
mod client;
mod connect;
mod connection;
mod hall;
#[cfg(feature = "rustls")]
mod handshake;
mod serve;
mod socket;
mod stream;
mod transfer;

pub use alarm::{Stop, Waker};
pub use client::Client;
pub use connection::Connection;
pub use serve::{Session, serve};
pub use smtp_proto::{self as proto, driver::Options};
#[cfg(feature = "rustls")]
pub use smtp_rustls::{self as tls, ClientTls, rustls};
pub use socket::Socket;
pub use stream::Stream;

/// Why a client could not do something.
pub type Error = proto::driver::Error<std::io::Error>;

/// What the sending of a message came to when it did not come to its end, and what was learnt until then.
pub type SendError = proto::driver::SendError<std::io::Error>;

/// The examples of the README, so that they run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
