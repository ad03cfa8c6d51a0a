//! Options of servers, for every runtime.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{ExpectProxy, TlsSettings, Transcript};

/// Time that a driver waits for the peer to close the connection, after shutting down its own sending side: 2 seconds.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum octets that a driver reads and discards during [`LINGER_TIMEOUT`]: 1 MiB.
pub const LINGER_OCTETS: usize = 1 << 20;

/// Time allowed for sending 421 and closing after [`ServeOptions::shutdown_grace`] expires: 5 seconds. Must exceed
/// [`LINGER_TIMEOUT`].
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The options of a server: connection limits, shutdown, TLS, proxies, transcripts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// Maximum simultaneous connections. Each further connection gets 421, or with [`implicit_tls`](Self::implicit_tls) is
    /// closed. Default: 1000.
    pub max_connections: usize,
    /// Maximum simultaneous connections of one peer: see [`ConnectionLimiter`](crate::ConnectionLimiter). Default: 100.
    pub max_connections_per_peer: usize,
    /// Time for sessions to finish their transactions after the stop signal. After it they send 421 at once. Sessions that
    /// are still open [`CLOSE_TIMEOUT`] later are dropped. Default: 30 seconds.
    pub shutdown_grace: Duration,
    /// The port uses implicit TLS (RFC 8314 section 3.3): sessions begin with TLS if [`tls`](Self::tls) has settings;
    /// otherwise each must call `start_implicit_tls` itself. A connection over the limit is closed without a reply, because
    /// the client would read a plaintext 421 as part of the handshake. Default: `false`.
    pub implicit_tls: bool,
    /// The TLS settings of a `Service`: for STARTTLS if the configuration offers it, and for implicit TLS. `serve_sessions`
    /// uses them only for implicit TLS. Default: `None`.
    pub tls: Option<Arc<dyn TlsSettings>>,
    /// The listener is behind a proxy: each connection begins with a [`ProxyHeader`](crate::ProxyHeader). The address in it
    /// is the client's, also for [`max_connections_per_peer`](Self::max_connections_per_peer). Default: `None`.
    pub expect_proxy: Option<ExpectProxy>,
    /// The transcript of the sessions: [`LogTranscript`](crate::LogTranscript), or your own. Default: `None`.
    pub transcript: Option<Arc<dyn Transcript>>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_connections: 1000,
            max_connections_per_peer: 100,
            shutdown_grace: Duration::from_secs(30),
            implicit_tls: false,
            tls: None,
            expect_proxy: None,
            transcript: None,
        }
    }
}
