//! TLS of the example `send`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use smtp_proto::client::{self, Config};
use smtp_rustls::ClientTls;

use examples::tls;

/// TLS, and the certificates that are trusted.
#[derive(Clone, Debug, Args)]
pub(crate) struct TlsFlags {
    /// TLS policy
    #[arg(long, value_name = "POLICY", default_value = "starttls")]
    pub(crate) tls: Tls,
    /// Trusted certificates in PEM [default: the trust store of this computer]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Name that the server's certificate must have [default: the host of --server]
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_name: Option<String>,
}

/// The TLS policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tls {
    None,
    Opportunistic,
    Starttls,
    Implicit,
}

impl TlsFlags {
    pub(super) fn apply(&self, config: &mut Config) {
        config.tls = match self.tls {
            Tls::Starttls => client::Tls::Required,
            Tls::Opportunistic => client::Tls::Opportunistic,
            Tls::None | Tls::Implicit => client::Tls::Disabled,
        };
    }

    /// Returns the settings for a session with this server.
    pub(super) fn settings(&self, server: &str) -> Result<ClientTls, String> {
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = literal.unwrap_or(host);
        tls::client(self.ca.as_deref(), self.tls_name.as_deref().unwrap_or(host))
    }
}
