//! The driver of the machines of [`smtp_proto`], written once for every runtime.
//!
//! A runtime implements [`Transport`]: five functions that read, write, shut down, return the time and wait for a deadline.
//! Clients, servers, TLS and deadlines then work on it. The adapters `smtp-tokio`, `smtp-async-std` and `smtp-blocking`
//! implement it.
//!
//! The layers, each built on the one before:
//!
//! - [`Connection`]: a machine on a transport, in plaintext or under TLS.
//! - [`Client`]: connects, sends messages, and reports the outcome for each recipient. [`ClientBuilder`] creates a client.
#![cfg_attr(
    feature = "std",
    doc = "- [`Session`] and [`serve_sessions`]: accept connections and run a session on each.
- [`Service`]: one async function for each question of a session; `converse` asks them.
- [`Pool`] and [`Mailer`]: keep sessions with one server, and send messages from many tasks or threads.
- [`Blocking`]: these types with functions that block, for threads without a runtime."
)]
//!
//! TLS is a layer between machine and transport: [`TlsSession`] takes and returns octets, and does no I/O. `smtp-rustls`
//! implements it.
//!
//! # Features
//!
//! | feature | effect |
//! | --- | --- |
//! | `std` (default) | Servers, `Pool` and `Mailer`. Without it the crate is `no_std` with `alloc` |
//! | `systemd` (enables `std`) | `Listener::from_env`, for listeners passed by the service manager |
//! | `testing` (enables `std`) | Test doubles: a network in memory with a clock, and scripted peers |
//! | `mail-builder` (enables `std`) | `Mailer` sends the messages of the crate `mail-builder`. Needs Rust 1.89 |
//! | `lettre` (enables `std`) | `Mailer` sends the messages of the crate `lettre` |
//! | `simd` (default, enables `std`) | Vector instructions for the scan of message data |
//! | `scram` | The mechanisms SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512, with and without channel binding |
//! | `cram-md5` | The mechanism CRAM-MD5 |
//! | `saslprep` | Preparation of user names and passwords: `sasl::prepare` |
//! | `idna` | Conversion between A-labels and U-labels: `Domain::to_ascii` and `Domain::to_unicode` |
//! | `serde` | Serialisation of the types that a queue stores: envelopes, addresses, parameters, replies and outcomes |
//!
//! # Logs
//!
//! The driver logs events with `tracing` at the levels `debug` and `warn`. To log commands and replies, set a [`Transcript`].
//! The driver never logs message content and secrets.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod body_buffer;
mod body_source;
mod builder;
mod client;
mod connection;
mod connection_limiter;
mod error;
mod message_write;
mod network;
mod outbox;
mod proxied;
mod proxy_header;
mod steps;
mod tls;
mod transcript;
mod transfer;
mod transport;
mod url;
mod wire;

#[cfg(feature = "std")]
mod blocking;
#[cfg(feature = "std")]
mod listener;
#[cfg(feature = "std")]
mod mailer;
#[cfg(feature = "std")]
mod message;
#[cfg(feature = "std")]
mod options;
#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "std")]
mod serve;
#[cfg(feature = "std")]
mod serve_on;
#[cfg(feature = "std")]
mod service;
#[cfg(feature = "std")]
mod session;
#[cfg(feature = "std")]
mod shutdown;
#[cfg(feature = "std")]
mod signal;
#[cfg(any(feature = "testing", all(test, feature = "std")))]
pub mod testing;
#[cfg(feature = "std")]
mod turn;

pub use address::{Address, Peer};
#[cfg(feature = "std")]
pub use blocking::{BlockOn, Blocking};
pub use body_source::{BodySource, ExactLength};
pub use builder::{ClientBuilder, Connect};
pub use bytes::{Buf, Bytes};
pub use client::Client;
pub use connection::{Connection, LINGER_OCTETS, LINGER_TIMEOUT};
pub use connection_limiter::ConnectionLimiter;
pub use error::{Error, SendError};
#[cfg(feature = "std")]
pub use listener::Listener;
#[cfg(feature = "std")]
pub use mailer::{Mailer, MailerError, Sent};
#[cfg(feature = "std")]
pub use message::{IntoMessage, InvalidMessage};
pub use message_write::MAX_IO_SLICES;
pub use network::{InvalidIpNetwork, IpNetwork};
#[cfg(feature = "std")]
pub use options::{CLOSE_TIMEOUT, ServeOptions};
#[cfg(feature = "std")]
pub use pool::{Pool, PoolOptions};
pub use proxied::{ExpectProxy, Proxied, ProxyHeaderError};
pub use proxy_header::{InvalidProxyHeader, ProxyAddresses, ProxyHeader, ProxyVersion};
#[cfg(feature = "std")]
pub use serve::{Runtime, busy_reply, serve_sessions};
#[cfg(feature = "std")]
pub use service::{
    About, Accept, AuthAttempt, HelpAnswer, Service, SessionHandle, VrfyAnswer, converse, serve,
};
#[cfg(feature = "std")]
pub use session::Session;
#[cfg(feature = "std")]
pub use signal::ShutdownHandle;
pub use smtp_proto as proto;
pub use tls::{TlsSession, TlsSettings};
pub use transcript::{LogTranscript, Side, Transcript, TranscriptLine};
pub use transport::{StreamError, Transport};
pub use url::{InvalidUrl, TlsMode, Url};

/// The examples of the README, so that they run.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
mod readme {}
