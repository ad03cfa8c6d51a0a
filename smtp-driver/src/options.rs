//! Options of servers, for every runtime.

use std::{sync::Arc, time::Duration};

use smtp_proto::{
    server::Config,
    types::{Extension, Keyword},
};

use crate::{ExpectProxy, TlsSettings, Transcript};

/// Time allowed for sending 421 and closing after [`ServeOptions::shutdown_grace`] expires: 5 seconds. Must exceed
/// [`LINGER_TIMEOUT`](crate::LINGER_TIMEOUT).
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The options of a server: connection limits, shutdown, TLS, proxies, transcripts. Change the fields, and call the functions:
///
/// ```
/// use smtp_driver::{LogTranscript, ServeOptions, TlsSettings};
///
/// fn options(tls: impl TlsSettings + 'static) -> ServeOptions {
///     let mut options = ServeOptions::default().starttls(tls).transcript(LogTranscript::new());
///     options.max_connections = 500;
///     options
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// Maximum simultaneous connections. Each further connection gets 421; with [`implicit_tls`](Self::implicit_tls) it
    /// is closed without a reply, because the client would read plaintext as part of the handshake. Default: 1000.
    pub max_connections: usize,
    /// Maximum simultaneous connections of one peer: see [`ConnectionLimiter`](crate::ConnectionLimiter). Default: 100.
    pub max_connections_per_peer: usize,
    /// Time for sessions to finish their transactions after the stop signal. After it they send 421 at once. Sessions that
    /// are still open [`CLOSE_TIMEOUT`] later are dropped. Default: 30 seconds.
    pub shutdown_grace: Duration,
    /// The listener is behind a proxy: each connection begins with a [`ProxyHeader`](crate::ProxyHeader). The address in it
    /// is the client's, also for [`max_connections_per_peer`](Self::max_connections_per_peer). Default: `None`.
    pub expect_proxy: Option<ExpectProxy>,
    /// The TLS of all sessions. Default: plaintext.
    pub(crate) tls: ServeTls,
    /// The transcript of the sessions. Default: none.
    pub(crate) transcript: Option<Arc<dyn Transcript>>,
}

/// The beginning of TLS in the sessions of a server.
#[derive(Clone, Debug)]
pub(crate) enum ServeTls {
    Plaintext,
    StartTls(Arc<dyn TlsSettings>),
    Implicit(Arc<dyn TlsSettings>),
}

impl ServeOptions {
    /// Offers STARTTLS with these settings (RFC 3207), even if the extensions of the configuration lack it. Replaces
    /// [`implicit_tls`](Self::implicit_tls).
    ///
    /// A `Service` needs nothing else. A loop of your own, in `serve_sessions`, passes the settings to `Session::start_tls` on
    /// [`Event::StartTls`](smtp_proto::server::Event::StartTls).
    #[must_use]
    pub fn starttls(self, settings: impl TlsSettings + 'static) -> Self {
        let tls = ServeTls::StartTls(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Begins each session with TLS (implicit TLS, RFC 8314 section 3.3), as on port 465. Replaces
    /// [`starttls`](Self::starttls).
    #[must_use]
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        let tls = ServeTls::Implicit(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Records the sessions, by [`LogTranscript`](crate::LogTranscript) or by a transcript of your own.
    #[must_use]
    pub fn transcript(self, transcript: impl Transcript + 'static) -> Self {
        let transcript: Arc<dyn Transcript> = Arc::new(transcript);
        Self {
            transcript: Some(transcript),
            ..self
        }
    }

    /// Returns the configuration with STARTTLS if the options offer it, and without it under implicit TLS.
    pub(crate) fn apply(&self, mut config: Arc<Config>) -> Arc<Config> {
        let has_starttls = config.extensions.has(Keyword::StartTls);
        match self.tls {
            ServeTls::StartTls(_) if !has_starttls => {
                Arc::make_mut(&mut config).extensions.add(Extension::StartTls);
            }
            ServeTls::Implicit(_) if has_starttls => {
                Arc::make_mut(&mut config).extensions.remove(Keyword::StartTls);
            }
            _ => {}
        }
        config
    }
}

impl ServeTls {
    pub(crate) const fn starttls(&self) -> Option<&Arc<dyn TlsSettings>> {
        match self {
            Self::StartTls(settings) => Some(settings),
            _ => None,
        }
    }

    pub(crate) const fn is_implicit(&self) -> bool {
        matches!(self, Self::Implicit(_))
    }
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_connections: 1000,
            max_connections_per_peer: 100,
            shutdown_grace: Duration::from_secs(30),
            expect_proxy: None,
            tls: ServeTls::Plaintext,
            transcript: None,
        }
    }
}
