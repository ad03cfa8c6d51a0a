//! TLS of the `server` examples.

use std::path::PathBuf;

use clap::Args;
use smtp_proto::{server::Config, types::Extension};
use smtp_rustls::ServerTls;

use crate::tls;

/// The identity of the server.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct TlsFlags {
    /// Certificate chain in PEM; with --key, STARTTLS is offered
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Make a self-signed certificate, which nobody trusts
    #[arg(long)]
    pub self_signed: bool,
}

impl TlsFlags {
    pub(super) const fn is_given(&self) -> bool {
        self.self_signed || self.cert.is_some()
    }

    pub(super) fn settings(&self, hostname: &str) -> Result<Option<ServerTls>, String> {
        match (&self.cert, &self.key) {
            (Some(_), Some(_)) if self.self_signed => Err("--self-signed: there is a --cert already".into()),
            (Some(cert), Some(key)) => tls::server(cert, key).map(Some),
            (None, None) if self.self_signed => tls::self_signed(hostname).map(Some),
            (None, None) => Ok(None),
            _ => Err("--cert and --key: give both".into()),
        }
    }

    pub(super) fn apply(&self, config: &mut Config) {
        if self.is_given() {
            config.extensions.add(Extension::StartTls);
            config.extensions.add(Extension::RequireTls);
        }
    }
}
