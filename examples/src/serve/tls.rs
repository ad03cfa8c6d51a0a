//! TLS of the example `server`.

use std::path::PathBuf;

use clap::Args;
use smtp_proto::{server::Config, types::Extension};
use smtp_rustls::ServerTls;

use crate::tls;

/// The identity of the server.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct TlsFlags {
    /// Certificate chain in PEM; with --key, the server offers STARTTLS
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Request certificates of clients, which must chain to one in this file (PEM); their subject's common name may
    /// authenticate with EXTERNAL
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
    /// Create a self-signed certificate, for tests
    #[arg(long)]
    pub self_signed: bool,
}

impl TlsFlags {
    pub(super) const fn is_given(&self) -> bool {
        self.self_signed || self.cert.is_some()
    }

    pub(super) const fn requests_certificates(&self) -> bool {
        self.client_ca.is_some()
    }

    /// The settings of a server with this name, if there is an identity.
    ///
    /// # Errors
    ///
    /// If the flags contradict each other, or a file cannot be used.
    pub fn settings(&self, hostname: &str) -> Result<Option<ServerTls>, String> {
        let identity = match (&self.cert, &self.key) {
            (Some(_), Some(_)) if self.self_signed => {
                return Err("--self-signed: there is a --cert already".into());
            }
            (Some(cert), Some(key)) => tls::identity(cert, key)?,
            (None, None) if self.self_signed => tls::self_signed(hostname)?,
            (None, None) if self.client_ca.is_some() => {
                return Err("--client-ca: give --cert and --key, or --self-signed".into());
            }
            (None, None) => return Ok(None),
            _ => return Err("--cert and --key: give both".into()),
        };
        tls::server(identity, self.client_ca.as_deref()).map(Some)
    }

    pub(super) fn apply(&self, config: &mut Config) {
        if self.is_given() {
            config.extensions.add(Extension::RequireTls);
        }
    }
}
