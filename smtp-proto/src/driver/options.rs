//! What servers of every runtime can be told.

use core::time::Duration;

/// How long a driver waits for the peer to close its side, once it has said that nothing more will come.
pub const LINGER: Duration = Duration::from_secs(2);

/// How many octets a driver reads and drops meanwhile, at most.
pub const LINGER_OCTETS: usize = 1 << 20;

/// How long a server pauses after it could not accept a connection, for want of file descriptors, say.
pub const PAUSE: Duration = Duration::from_millis(100);

/// How long sessions may take to say 421 and close, once [`Options::grace`] is over: as long as to say that nothing more
/// will come, and to [linger](LINGER) for the peer, with some time to spare.
pub const FAREWELL: Duration = Duration::from_secs(5);

/// How many sessions a server runs, and how it stops.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Most connections at a time; one more is greeted with 421 (see
    /// [`implicit_tls`](Self::implicit_tls)). Default 1000.
    pub connections: usize,
    /// Most connections at a time from one peer: see [`ConnectionLimiter`](super::ConnectionLimiter). Default 100.
    pub per_peer: usize,
    /// How long sessions may finish their transactions after the stop signal; then they say 421 at once, and those that
    /// have not ended some seconds later ([`FAREWELL`]) are given up. Default 30 seconds.
    pub grace: Duration,
    /// TLS is spoken from the first octet here (RFC 8314 section 3.3): a connection over the limit is closed without a
    /// word, for the client would take 421 in clear for a part of the handshake. The session has to call `start_implicit_tls`
    /// either way. Default off.
    pub implicit_tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 1000,
            per_peer: 100,
            grace: Duration::from_secs(30),
            implicit_tls: false,
        }
    }
}
