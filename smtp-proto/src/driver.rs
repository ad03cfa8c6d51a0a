//! What every driver needs beside its stream, its clock and its runtime.
//!
//! A machine works on slices, and nothing here is needed to drive one: see the loop in the [crate's](crate)
//! documentation. It is what the drivers for tokio, futures-io and std have in common, for whoever writes another one.
//!
//! - [`Buffered`]: a machine with its input buffer, and with what waits to be written before its output.
//! - [`NextIo`]: what to read or write next while a machine waits.
//! - [`Content`]: a message in memory, or one that is read block by block.
//! - [`MessageWrite`]: pieces of a message for one vectored write, with the commands that stand around them.
//! - [`Outbox`]: messages that are sent one behind the other, and what became of each.
//! - [`ConnectionLimiter`]: how many connections there are, in all and by peer.
//! - [`Options`], [`Error`] and [`SendError`]: what users of those drivers see of them; [`LastRefusal`]: what an error tells.
//! - [`busy_reply`]: what is said to a connection for which there is no place.

mod buffered;
mod content;
mod duty;
mod error;
mod gathered;
mod options;
mod outbox;
mod places;

use alloc::{sync::Arc, vec::Vec};

pub use buffered::Buffered;
pub use content::Content;
pub use duty::{IoRound, NextIo};
pub use error::{Error, LastRefusal, SendError};
pub use gathered::{MessageWrite, SLICES};
pub use options::{FAREWELL, LINGER, LINGER_OCTETS, Options, PAUSE};
pub use outbox::Outbox;
pub use places::ConnectionLimiter;

use crate::{
    machine::{Machine, Step, Wait},
    server::{Config, Event, Server},
    time::Instant,
    types::Rejection,
};

/// What a server says to a connection for which there is no place: 421 in place of the greeting. A new socket has room
/// for it, so it can be written without waiting. Nothing can be said where TLS comes first.
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
            // A greeting that is held back for some time: it is not worth the wait.
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
