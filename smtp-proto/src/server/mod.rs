//! The server machine: a whole SMTP or LMTP session without I/O.
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
//! let mut sent = Vec::new();
//! for line in ["", "EHLO client.example\r\n", "MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\n"] {
//!     let mut input = line.as_bytes();
//!     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().starts_with("bob@") => {
//!                 server.reject(ticket, Rejection::NO_SUCH_USER)?;
//!             }
//!             other => server.proceed(other)?,
//!         }
//!     }
//!     sent.extend_from_slice(server.output());
//!     server.advance_output(server.output().len());
//! }
//! assert!(sent.ends_with(b"250 2.1.0 sender ok\r\n550 5.1.1 no such user here\r\n"));
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
