//! SMTP, ESMTP and LMTP as pure state machines: client and server over one parser, no I/O, no clock.
//!
//! # The contract
//!
//! A [`Machine`] is one session, seen from one side: [`server::Server`] or [`client::Client`]. A *driver* owns the
//! stream, the input buffer and the clock, and moves octets and time; the *application* answers the server's
//! questions, or tells the client what to send. The machine decides all that the protocol decides: what a line
//! means, whether it is in order, what is replied and when, how long to wait, and when it is over.
//!
//! - [`poll`](Machine::poll) takes one step and never fails. A peer's fault becomes a reply or an event; a fatal one
//!   ends in a last event, `Closed`, that says why.
//! - An event borrows the input, never the machine: answer while it is in hand.
//! - In a server, a question carries a [`Ticket`](server::Ticket). Nothing is said to the client, and no state
//!   changes, before the ticket is given back with an answer. What is not answered in time is refused.
//! - A message is the server's responsibility from the moment its [`Verdict`](server::Event::EndOfData) is accepted,
//!   and not before; a client calls it accepted on a final 2yz reply to the whole of it, and not before.
//! - Whatever a peer sends is bounded by [`limits`], and however it is cut into pieces, the result is the same.
//!
//! # The loop
//!
//! It is the same for both machines and for every runtime. Here it drives a server on a blocking stream of the
//! standard library; with tokio, take the crate `smtp-tokio` instead.
//!
//! Three examples of this crate (`examples/*.rs`) are whole programs: `by_hand` is this loop with a listener,
//! `readiness` has many connections on one thread, and `replay` plays a recorded session to a server, without a stream.
//! What drivers have in common is in [`driver`].
//!
//! ```no_run
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     server::{Closed, Config, Event, Server},
//! };
//! use std::{
//!     io::{Read, Write},
//!     net::TcpStream,
//!     sync::Arc,
//!     time::Duration,
//! };
//!
//! fn converse(mut stream: TcpStream, config: Arc<Config>) -> std::io::Result<Closed> {
//!     let origin = std::time::Instant::now();
//!     let mut server = Server::new(config);
//!     let mut input = Vec::new();
//!     loop {
//!         let now = Instant::after_origin(origin.elapsed());
//!         let mut rest = input.as_slice();
//!         let step = server.poll(&mut rest, now);
//!         let used = input.len() - rest.len();
//!         let wait = match step {
//!             Step::Wait(wait) => Some(wait),
//!             Step::Event(Event::Closed(why)) => return Ok(why),
//!             Step::Event(Event::Body(octets)) => {
//!                 println!("{} octets of a message", octets.len());
//!                 None
//!             }
//!             Step::Event(other) => {
//!                 server.proceed(other).ok();
//!                 None
//!             }
//!         };
//!         input.drain(..used); // what was not used comes again, in front of what is read next
//!         let Some(wait) = wait else { continue };
//!         // A timeout of zero is an error to the standard library.
//!         let left = wait.deadline.map(|due| due.at.since(now).max(Duration::from_millis(1)));
//!         if wait.want_write {
//!             stream.set_write_timeout(left)?;
//!             match stream.write(server.output()) {
//!                 Ok(octets) => server.advance_output(octets),
//!                 Err(error) if is_timeout(&error) => {}
//!                 Err(_) => server.connection_lost(),
//!             }
//!         } else if wait.want_read {
//!             stream.set_read_timeout(left)?;
//!             let mut buffer = [0; 4096];
//!             match stream.read(&mut buffer) {
//!                 Ok(0) => server.end_of_input(),
//!                 Ok(octets) => input.extend_from_slice(&buffer[..octets]),
//!                 Err(error) if is_timeout(&error) => {} // the next poll acts on the deadline
//!                 Err(_) => server.connection_lost(),
//!             }
//!         } else if let Some(left) = left {
//!             std::thread::sleep(left);
//!         }
//!     }
//! }
//!
//! fn is_timeout(error: &std::io::Error) -> bool {
//!     matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
//! }
//! ```
//!
//! # What is where
//!
//! - [`types`]: values that cannot be wrong: addresses, parameters, commands, replies, envelopes, extensions.
//! - [`syntax`]: one complete line to a value; [`types::Command::to_line`] is the way back.
//! - [`data`]: message content: dot-stuffing, chunks, and what a message needs. Of use without a session.
//! - [`server`] and [`client`]: the machines, their events, settings and deadlines.
//! - [`sasl`]: mechanisms of authentication, for both roles. Of use without a session.
//! - [`State`]: where a session is, for both roles.
//! - [`limits`]: every bound, with its reason.
//! - [`driver`]: what drivers have in common, for whoever writes one.
//! - [`trace`]: `Received` and `Return-Path`.
//!
//! TLS itself is the driver's: the core knows its state only. A client asks for STARTTLS when [`client::Tls`] says so, a
//! server takes it when its configuration offers it, and either hands a [`TlsUpgrade`] out when the driver may do the
//! handshake, and takes [`TlsInfo`] back. Where TLS comes first, see
//! [`Client::new_over_tls`](client::Client::new_over_tls), [`Server::start_implicit_tls`](server::Server::start_implicit_tls) and
//! [`Server::set_implicit_tls`](server::Server::set_implicit_tls).
//!
//! A client logs in by itself when its configuration has a [`client::Login`]. A server asks with
//! [`server::Event::Auth`] whether what a client shows is right; there is no plain yes to that question.
//!
//! # Features
//!
//! - `std` (default): `memchr` chooses its vector instructions at run time. The core itself uses nothing of `std`
//!   either way; without it the crate needs `alloc` only.
//! - `simd` (default, brings `std`): the same for the scan of message content. It gives the same results without.
//! - `idna`: `types::Domain::to_ascii` and `to_unicode`, between A-labels and U-labels.
//! - `cram-md5`: the mechanism CRAM-MD5.
//! - `saslprep` (brings `std`): `sasl::prepare`, which makes names and passwords that look the same the same.
//! - `scram` (brings `saslprep`): the mechanisms SCRAM-SHA-1 and SCRAM-SHA-256, and those that bind them to TLS.
//!
//! # Examples
//!
//! ## Parse a command
//!
//! A line comes without its CRLF. What is parsed borrows it.
//!
//! ```
//! use smtp_proto::{
//!     syntax::{Leniency, parse_command},
//!     types::Command,
//! };
//!
//! let line = b"MAIL FROM:<ann@example.org> SIZE=1000 BODY=8BITMIME";
//! let Command::Mail(mail) = parse_command(line, &Leniency::default())? else {
//!     panic!("that is MAIL");
//! };
//! assert_eq!(mail.reverse_path().as_str(), "ann@example.org");
//! assert_eq!(mail.parameters().size(), Some(1000));
//! # Ok::<(), smtp_proto::syntax::CommandError>(())
//! ```
//!
//! ## Parse a reply
//!
//! ```
//! use smtp_proto::{syntax::parse_reply, types::Code};
//!
//! let reply = parse_reply(b"550-5.1.1 no such user\r\n550 5.1.1 see the directory\r\n")?;
//! assert_eq!(reply.code(), Code::UNAVAILABLE);
//! assert!(reply.is_permanent());
//! assert_eq!(reply.enhanced().map(|code| code.to_string()).as_deref(), Some("5.1.1"));
//! assert_eq!(reply.to_string(), "550 5.1.1 no such user / 5.1.1 see the directory");
//! # Ok::<(), smtp_proto::syntax::ReplyError>(())
//! ```
//!
//! ## Run a session in memory
//!
//! No stream is needed: the machine takes slices and shows what it wants to say. A server that is greeted and left:
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     server::{Config, Server},
//!     types::Host,
//! };
//!
//! let mut server = Server::new(Config::new(Host::parse("mx.example.org")?).into());
//! for said in ["", "HELO client.example.org\r\n", "QUIT\r\n"] {
//!     let mut input = said.as_bytes();
//!     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
//!         server.proceed(event)?;
//!     }
//!     print!("{}", String::from_utf8_lossy(server.output()));
//!     server.advance_output(server.output().len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There are longer ones at [`server`] and [`client`].
//!
//! ## Take the dots out of a message
//!
//! ```
//! use smtp_proto::data::{BareLineEndings, Unstuffed, DotUnstuffer};
//!
//! let mut input = b"..and so on\r\n.\r\nQUIT\r\n".as_slice();
//! let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
//! let mut message = Vec::new();
//! while let Unstuffed::Piece(piece) = unstuffer.next(&mut input) {
//!     message.extend_from_slice(piece);
//! }
//! assert_eq!(message, b".and so on\r\n");
//! assert_eq!(input, b"QUIT\r\n");
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod a_label;
pub mod client;
pub mod data;
pub mod driver;
pub mod limits;
mod line;
mod machine;
mod output;
pub mod sasl;
mod secret;
pub mod server;
mod state;
pub mod syntax;
mod time;
mod tls;
pub mod trace;
pub mod types;

pub use machine::{Machine, Step, Wait};
pub use state::{Move, State};
pub use time::{Deadline, Instant, Phase};
pub use tls::{TlsInfo, TlsUpgrade};
