//! The server machine: a whole SMTP or LMTP session without I/O.
//!
//! The machine parses commands, checks their order, queues replies and enforces limits and deadlines. The application
//! decides on its events:
//!
//! - A question has a ticket, such as [`Event::Recipient`]. Answer it with [`accept`](Server::accept),
//!   [`reject`](Server::reject), or a method for that question, at once or later. Until then the server sends no reply.
//! - [`Event::Body`] has the message, in pieces. [`Event::EndOfData`] asks to take responsibility for it: accept only
//!   after the message is stored.
//! - [`Event::Reset`] ends a transaction that was not accepted.
//! - [`proceed`](Server::proceed) gives an event its default answer. The defaults accept no message, no login and no
//!   proxy.
//!
//! In this example the client's lines are a list; a driver reads them from a stream:
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     server::{Config, Event, Server},
//!     types::{Host, Rejection},
//! };
//!
//! let config = Config::new(Host::parse("mx.example.org")?);
//! let mut server = Server::new(config.into());
//! let (mut message, mut stored, mut sent) = (Vec::new(), Vec::new(), Vec::new());
//! for lines in [
//!     "", // the client has connected
//!     "EHLO client.example\r\n",
//!     "MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<carl@example.org>\r\nDATA\r\n",
//!     "Subject: Hi\r\n\r\nHello\r\n.\r\nQUIT\r\n",
//! ] {
//!     let mut input = lines.as_bytes();
//!     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().starts_with("bob@") => {
//!                 server.reject(ticket, Rejection::NO_SUCH_USER)?;
//!             }
//!             Event::Body(octets) => message.extend_from_slice(octets),
//!             Event::EndOfData { ticket, .. } => {
//!                 stored.push(std::mem::take(&mut message)); // a real server writes it to disk first
//!                 server.accept(ticket)?;
//!             }
//!             Event::Reset(_) => message.clear(),
//!             other => server.proceed(other)?,
//!         }
//!     }
//!     sent.extend_from_slice(server.output());
//!     server.advance_output(server.output().len());
//! }
//! assert_eq!(stored, [b"Subject: Hi\r\n\r\nHello\r\n"]);
//! let sent = String::from_utf8(sent)?;
//! assert!(sent.contains("550 5.1.1 no such user here\r\n") && sent.contains("250 2.6.0 message accepted\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod abuse;
mod answer;
mod auth;
mod body;
mod clock;
mod collector;
mod command;
mod config;
mod content;

mod deadline;
mod event;
mod exchange;
mod hello;
mod info;
mod inquiry;
mod lines;
mod phase;
mod poll;
mod question;
mod refusal;
mod relay;
mod replies;
mod session;
pub mod ticket;
mod tls;
mod transaction;
mod verdicts;
mod xclient;

pub use collector::Collector;
pub use config::{Auth, Config, EarlyTalker, HeloParameters, Timeouts, Tls, UnknownPolicy};
pub use event::{AuthFailure, Closed, Event, Reset};
pub use inquiry::Member;
pub use session::{Server, Shutdown};
pub use ticket::{StaleTicket, Ticket};

#[cfg(test)]
mod tests;
