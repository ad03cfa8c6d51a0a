//! Parts shared by drivers, independent of stream, clock and runtime.
//!
//! They are optional: a machine works on slices, as the loop in the [crate documentation](crate) shows. The drivers for
//! tokio, futures-io and std use them; so can other drivers.
//!
//! - [`Buffered`]: a machine with its input buffer and deferred output.
//! - [`NextIo`]: the next read or write while a machine waits.
//! - [`Content`]: a message in memory, or one that is read block by block.
//! - [`MessageWrite`]: pieces of a message for one vectored write, with the commands before and after them.
//! - [`Outbox`]: a sequence of messages to send, with the result of each.
//! - [`ConnectionLimiter`]: the number of connections, in total and per peer.
//! - [`Options`], [`Error`] and [`SendError`]: public types of the drivers; [`LastRefusal`] collects the details of an
//!   error.
//! - [`busy_reply`]: the reply to a connection over the limit.

mod buffered;
mod connection_limiter;
mod content;
mod error;
mod message_write;
mod next_io;
mod options;
mod outbox;

use alloc::{sync::Arc, vec::Vec};

pub use buffered::Buffered;
pub use connection_limiter::ConnectionLimiter;
pub use content::Content;
pub use error::{Error, LastRefusal, SendError};
pub use message_write::{MAX_IO_SLICES, MessageWrite};
pub use next_io::{IoRound, NextIo};
pub use options::{FAREWELL, LINGER, LINGER_OCTETS, Options, PAUSE};
pub use outbox::Outbox;

use crate::{
    machine::{Machine, Step, Wait},
    server::{Config, Event, Server},
    time::Instant,
    types::Rejection,
};

/// The reply of a server to a connection over the limit: 421 instead of the greeting.
///
/// The buffer of a new socket has room for it, so it can be written without waiting. Do not send it on a port with
/// implicit TLS.
#[must_use]
pub fn busy_reply(config: Arc<Config>) -> Vec<u8> {
    let mut server = Server::new(config);
    let mut now = Instant::ORIGIN;
    loop {
        match server.poll(&mut &[][..], now) {
            Step::Event(Event::Connect { ticket }) => {
                return match server.reject(ticket, Rejection::TOO_BUSY) {
                    Ok(()) => server.output().into(),
                    Err(_) => Vec::new(),
                };
            }
            // Skip the greeting delay.
            Step::Wait(Wait {
                deadline: Some(deadline),
                ..
            }) if deadline.at > now => now = deadline.at,
            _ => return Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
