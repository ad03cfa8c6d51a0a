//! SMTP, ESMTP and LMTP for smol and async-std: a thin layer that moves octets and time between a stream of
//! `futures-io` and the machines of [`smtp_proto`].
//!
//! Three layers, each made of the one before:
//!
//! - [`Connection`]: a machine, a stream and a buffer; [`poll`](Connection::poll) and [`wait`](Connection::wait).
//! - [`serve`]: accepts connections and runs a session on each, within limits, until it is told to stop.
//! - [`Client`]: connects, sends messages, and says what became of each recipient.
//!
//! Any `AsyncRead + AsyncWrite` stream of `futures-io` will do: TCP, a Unix socket, a proxy, one that is already
//! encrypted.
//!
//! # Runtimes
//!
//! What belongs to one runtime is in a module of its name, and both may be there at once:
//!
//! - `smtp_async_std::smol` (feature `smol`, default): its `Client` connects, and its `Session` is what [`serve`]
//!   makes of a connection to a `smol::net::TcpListener`.
//! - `smtp_async_std::async_std` (feature `async-std`): the same with `async_std::net::TcpListener`.
//!
//! **async-std is discontinued**, and its authors advise to use smol: so should new programs, and the feature is there
//! for those that have not moved yet. The name of this crate is about the family, of which smol is now the head.
//!
//! [`serve`] is the same for both, since its [`Listener`] says where sessions run: on the executor of its runtime, or
//! on one of your own (see the module `smol`). Time is told by `async-io`, as it is in both runtimes. It needs nothing
//! of an executor: a [`Connection`], and a [`Client`] [on](Client::on) a stream of yours, run on any.
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
//! - `smol` (default): servers and clients on smol.
//! - `async-std`: servers and clients on async-std.
//! - `rustls` (default): TLS.
//! - `ring` (default, brings `rustls`): ready settings, with ring for the cryptography.
//! - `self-signed` (brings `ring`): `tls::Identity::self_signed`, for trying out and for tests.
//!
//! With neither runtime there is all that works on streams and listeners of yours.
//!
//! # Logs
//!
//! What happens is told through `tracing` at the levels `debug` and `warn`: commands and replies are not logged by
//! this crate, and neither are message content and secrets.
#![forbid(unsafe_code)]

#[cfg(feature = "async-std")]
pub mod async_std;
mod client;
mod connect;
mod connection;
mod hall;
#[cfg(feature = "rustls")]
mod handshake;
mod listener;
mod serve;
#[cfg(feature = "smol")]
pub mod smol;
mod stop;
mod stream;
mod time;
mod transfer;

pub use client::Client;
pub use connection::Connection;
pub use listener::Listener;
pub use serve::{Session, serve};
pub use smtp_proto::{self as proto, driver::Options};
#[cfg(feature = "rustls")]
pub use smtp_rustls::{self as tls, ClientTls, rustls};
pub use stream::Stream;

/// Why a client could not do something.
pub type Error = proto::driver::Error<std::io::Error>;

/// What the sending of a message came to when it did not come to its end, and what was learnt until then.
pub type SendError = proto::driver::SendError<std::io::Error>;

/// The examples of the README, so that they compile.
#[cfg(all(doctest, feature = "smol", feature = "ring"))]
#[doc = include_str!("../README.md")]
mod readme {}
