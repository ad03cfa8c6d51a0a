//! SMTP, ESMTP and LMTP clients and servers as state machines without I/O (sans-I/O).
//!
//! Both roles share one parser and one table of states. The crate is `no_std` with `alloc`; it reads no socket and no
//! clock.
//!
//! For a server or client on tokio, smol, async-std or blocking sockets, use `smtp-tokio`, `smtp-async-std` or
//! `smtp-blocking` instead: they drive the machines of this crate. For your own driver, begin with [the
//! loop](#the-loop). For the parser and the types alone, begin with the [examples](#examples).
//!
//! # The contract
//!
//! A [`Machine`] is one side of one session: a [`server::Server`] or a [`client::Client`]. A *driver* owns the stream,
//! the input buffer and the clock, and passes octets and time to the machine. The *application* answers the questions of a
//! server, or tells a client what to send. The machine makes all decisions of the protocol: it parses lines, checks their
//! sequence, queues replies or commands, sets deadlines, and ends the session.
//!
//! - [`poll`](Machine::poll) takes one step and never fails. A protocol error by the peer becomes a reply or an event. The
//!   last event is always `Closed`, with the reason.
//! - An event borrows the input, never the machine, so the application can answer while it holds the event.
//! - A question of a server carries a [`Ticket`](server::Ticket). Until the application gives the ticket back with its
//!   answer, the server sends no reply to the command and does not change its state. A question that is not answered in
//!   time is refused.
//! - A server is responsible for a message once the application accepts [`EndOfData`](server::Event::EndOfData), and not
//!   earlier. A client reports a message as accepted after a final 2yz reply to the whole message, and not earlier.
//! - The [`limits`] bound the memory and the work that a peer can cause. The result does not depend on the boundaries
//!   between pieces of input.
//!
//! # The loop
//!
//! The loop is the same for both machines and for every runtime: poll until the machine waits, handling each event; then
//! write, read, or wait until the deadline. Here it drives a server on a blocking stream of the standard library:
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
//! fn run_session(mut stream: TcpStream, config: Arc<Config>) -> std::io::Result<Closed> {
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
//!                 println!("{} octets of message data", octets.len());
//!                 None
//!             }
//!             Step::Event(other) => {
//!                 server.proceed(other).ok();
//!                 None
//!             }
//!         };
//!         input.drain(..used); // unused input is passed again, before later octets
//!         let Some(wait) = wait else { continue };
//!         // The standard library rejects a timeout of zero.
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
//! **Do not wait inside an event arm for longer than a moment.** A machine learns the time only from `poll`. While the
//! application blocks, or awaits a database or another server, no deadline of the machine runs, no reply is sent, and
//! neither a shutdown nor a closed connection is noticed. Keep the ticket instead, continue to poll, and answer when the
//! result is there: meanwhile the machine keeps its deadlines, and refuses the question after
//! [`Timeouts::application`](server::Timeouts::application).
//!
//! Two examples of the project are complete programs: `by_hand` is this loop with a listener, and `replay` passes a
//! recorded session to a server without a stream. The crate `smtp-driver` is a driver for every runtime, with TLS.
//!
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`types`] | values that are valid by construction: addresses, parameters, commands, replies, envelopes, extensions |
//! | [`syntax`] | parsers for one complete line; [`types::Command::to_line`] is the reverse |
//! | [`data`] | message data: dot-stuffing, chunks, properties of a message. Usable without a session |
//! | [`server`], [`client`] | the machines, their events, settings and deadlines |
//! | [`sasl`] | authentication mechanisms for both roles. Usable without a session |
//! | [`limits`] | all limits, each with its reason |
//! | [`trace`] | the header fields `Received` and `Return-Path` |
//!
//! # TLS and authentication
//!
//! The driver performs TLS; the machines only know its state. A client requests STARTTLS according to [`client::Tls`]; a
//! server accepts it if its configuration offers it. Either machine issues a [`TlsUpgrade`] when the driver may start the
//! handshake, and receives [`TlsInfo`] after it. For implicit TLS, see
//! [`Client::new_over_tls`](client::Client::new_over_tls),
//! [`Server::start_implicit_tls`](server::Server::start_implicit_tls) and
//! [`Server::set_implicit_tls`](server::Server::set_implicit_tls).
//!
//! A client authenticates automatically if its configuration contains a [`client::Login`]. A server passes the client's
//! authentication data to the application in [`server::Event::Auth`], which needs an explicit answer.
//!
//! # Features
//!
//! | feature | effect |
//! | --- | --- |
//! | `std` (default) | `memchr` selects its vector instructions at run time. Without it the crate needs `alloc` only |
//! | `simd` (default, enables `std`) | Vector instructions for the scan of message data: less than half the instructions, with the same results |
//! | `idna` | Conversion between A-labels and U-labels: `Domain::to_ascii` and `Domain::to_unicode` |
//! | `serde` | Serialisation of the types that a queue stores: envelopes, addresses, parameters, replies and outcomes |
//! | `cram-md5` | The mechanism CRAM-MD5 |
//! | `saslprep` (enables `std`) | Preparation of user names and passwords: `sasl::prepare` |
//! | `scram` (enables `saslprep`) | The mechanisms SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512, with and without channel binding |
//!
//! # Glossary
//!
#![doc = include_str!("glossary.md")]
//!
//! # Examples
//!
//! ## Parse a command
//!
//! The line is passed without its CRLF. The result borrows it.
//!
//! ```
//! use smtp_proto::{
//!     syntax::{Leniency, parse_command},
//!     types::Command,
//! };
//!
//! let line = b"MAIL FROM:<ann@example.org> SIZE=1000 BODY=8BITMIME";
//! let Command::Mail(mail) = parse_command(line, &Leniency::default())? else {
//!     panic!("expected MAIL");
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
//! ## Connect a client and a server in memory
//!
//! A machine needs no stream: it consumes slices, and its output is a slice. Here a client sends a message to a server:
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     client::{self, BodyStep, Client, More},
//!     server::{self, Server},
//!     types::{ClientName, Envelope, Host},
//! };
//!
//! let mut server = Server::new(server::Config::new(Host::parse("mx.example.org")?).into());
//! let mut client = Client::new(client::Config::new(ClientName::parse("client.example")?).into());
//! let envelope = Envelope::parse("ann@client.example", ["bob@example.org"])?;
//! let (mut to_server, mut to_client, mut received) = (Vec::new(), Vec::new(), Vec::new());
//! let mut is_open = true;
//! while is_open {
//!     let mut input = to_server.as_slice();
//!     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             server::Event::Body(octets) => received.extend_from_slice(octets),
//!             server::Event::EndOfData { ticket, .. } => server.accept(ticket)?,
//!             other => server.proceed(other)?,
//!         }
//!     }
//!     to_server = input.to_vec(); // unused input is passed again
//!     to_client.extend_from_slice(server.output());
//!     server.advance_output(server.output().len());
//!
//!     let mut input = to_client.as_slice();
//!     while let Step::Event(event) = client.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             client::Event::Ready => client.deliver(envelope.clone())?,
//!             client::Event::Body(permit) => {
//!                 let mut message: &[u8] = b"Subject: Hi\r\n\r\nHello\r\n";
//!                 while let BodyStep::Write(piece) = client.body(&permit, &mut message, More::Last)? {
//!                     to_server.extend_from_slice(piece);
//!                 }
//!                 client.end_body(permit)?;
//!             }
//!             client::Event::Finished(outcome) => {
//!                 assert_eq!(outcome, client::Outcome::Accepted);
//!                 client.quit()?;
//!             }
//!             client::Event::Closed { .. } => {
//!                 is_open = false;
//!                 break;
//!             }
//!             _ => {}
//!         }
//!     }
//!     to_client = input.to_vec();
//!     to_server.extend_from_slice(client.output());
//!     client.advance_output(client.output().len());
//! }
//! assert_eq!(received, b"Subject: Hi\r\n\r\nHello\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`server`] and [`client`] have an example of each role.
//!
//! ## Remove dot-stuffing from a message
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
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod a_label;
mod calendar;
pub mod client;
pub mod data;
#[cfg(test)]
mod diagrams;
pub mod limits;
mod line;
mod machine;
mod output;
pub mod sasl;
mod secret;
#[cfg(feature = "serde")]
mod serde;
pub mod server;
mod state;
pub mod syntax;
mod time;
mod tls;
pub mod trace;
pub mod types;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use machine::{Machine, Step, Wait};
pub use state::{Move, State};
pub use time::{Deadline, Instant, Phase};
pub use tls::{TlsInfo, TlsUpgrade};
