//! Transcripts of sessions for people, without secrets.

mod recorder;

use alloc::sync::Arc;
use core::fmt;

use smtp_proto::Instant;
use tracing::debug;

pub(crate) use recorder::Recorder;

use crate::Peer;

/// A receiver of the lines of sessions, for a log or a test. Any function of a [`TranscriptLine`] implements it.
///
/// The lines are those that were read and written; under TLS, the decrypted ones. They contain addresses, but no secrets and
/// no message content: the recorder replaces the arguments, challenges and responses of AUTH, and shows only the number of
/// octets of message content and unknown commands.
///
/// ```
/// use smtp_driver::{Transcript, TranscriptLine};
///
/// fn print(line: &TranscriptLine<'_>) {
///     eprintln!("{line}");
/// }
///
/// fn is_transcript(_: impl Transcript) {}
/// is_transcript(print);
/// ```
pub trait Transcript: Send + Sync {
    /// Receives a line. Several sessions may call this at the same time.
    fn line(&self, line: &TranscriptLine<'_>);
}

impl<F: Fn(&TranscriptLine<'_>) + Send + Sync> Transcript for F {
    fn line(&self, line: &TranscriptLine<'_>) {
        self(line);
    }
}

/// A transcript that several users share: each gets a clone.
impl<T: Transcript + ?Sized> Transcript for Arc<T> {
    fn line(&self, line: &TranscriptLine<'_>) {
        (**self).line(line);
    }
}

impl fmt::Debug for dyn Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transcript")
    }
}

/// A transcript that writes to the log: `tracing` events of the target `smtp_driver::transcript`, at the level `debug`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LogTranscript;

impl LogTranscript {
    /// Creates the transcript.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Transcript for LogTranscript {
    fn line(&self, line: &TranscriptLine<'_>) {
        debug!(target: "smtp_driver::transcript", "{line}");
    }
}

/// A line of a transcript. `Display` shows the client, the time in seconds, the side and the text:
/// `192.0.2.1:49152 0.012 C: QUIT`. Without a [`peer`](Self::peer) it begins with the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TranscriptLine<'l> {
    /// The time, on the clock of the transport.
    pub at: Instant,
    /// The address of the client. `None` outside of sessions of `serve_sessions` and `serve`.
    pub peer: Option<Peer>,
    /// The side that sent the line.
    pub side: Side,
    /// The text, without line end and control characters. Angle brackets describe parts that are not shown.
    pub text: &'l str,
}

/// The side that sent a line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a session has two sides")]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Neither side: the driver notes an event, such as the end of the connection.
    Driver,
}

impl fmt::Display for TranscriptLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lines of several sessions mix.
        if let Some(peer) = self.peer {
            write!(f, "{peer} ")?;
        }
        let at = self.at.since_origin();
        write!(f, "{}.{:03} ", at.as_secs(), at.subsec_millis())?;
        f.write_str(match self.side {
            Side::Client => "C: ",
            Side::Server => "S: ",
            Side::Driver => "-- ",
        })?;
        f.write_str(self.text)
    }
}

#[cfg(all(test, feature = "std"))]
mod tests;
