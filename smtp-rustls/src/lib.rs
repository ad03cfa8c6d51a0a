//! [`rustls`] for SMTP, on any runtime: TLS settings for the usual cases, and TLS sessions for `smtp-driver`.
//!
//! # Settings
//!
//! With the feature `ring` (default). The settings name their cryptography, that of ring, so no provider is installed for
//! the process, and none is needed. TLS 1.2 and 1.3.
//!
#![cfg_attr(
    feature = "ring",
    doc = r#"
```no_run
use smtp_rustls::{ClientSettings, ClientTls, Dane, Identity, Roots, ServerSettings, Tlsa};

# fn main() -> Result<(), smtp_rustls::Error> {
// A client that trusts the platform's roots, or only those in a file.
let tls = ClientTls::platform("mail.example.org")?;
let tls = ClientTls::trusting(&Roots::from_file("ca.pem")?, "mail.example.org")?;
// One with a certificate of its own.
let tls = ClientSettings::platform()
    .with_identity(Identity::from_files("client.pem", "client.key")?)
    .for_server("mail.example.org")?;

// A mail server that relays to any host, and encrypts without verification.
let tls = ClientSettings::opportunistic_unverified().for_server("mx.example.net")?;

// The same for a server whose TLSA records were validated by DNSSEC: it must have this key (RFC 7672).
# let digest = [0; 32];
let dane = Dane::new([Tlsa::new(3, 1, 1, digest)], "mx.example.net")?;
let tls = ClientTls::dane(dane)?;

// A server with one certificate, or with several, which asks clients for certificates.
let config = ServerSettings::new(Identity::from_files("chain.pem", "key.pem")?).build()?;
let config = ServerSettings::new(Identity::from_files("chain.pem", "key.pem")?)
    .with_identity(Identity::from_files("other-chain.pem", "other-key.pem")?)
    .with_client_roots(Roots::from_file("clients-ca.pem")?)
    .build()?;
# Ok(())
# }
```
"#
)]
//!
//! The server of a URL gets settings for its host:
//!
#![cfg_attr(
    feature = "ring",
    doc = r#"
```
use smtp_driver::{ClientBuilder, TlsMode, Transport, Url, proto::client::Config};
use smtp_rustls::{ClientSettings, ClientTls, Error};

fn builder<T: Transport>(url: &Url, config: Config) -> Result<ClientBuilder<T>, Error> {
    ClientBuilder::from_url(url, config, |host| match url.tls() {
        TlsMode::Opportunistic => ClientSettings::opportunistic_unverified().for_server(host),
        _ => ClientTls::platform(host),
    })
}

fn verified<T: Transport>(url: &Url, config: Config) -> Result<ClientBuilder<T>, Error> {
    ClientBuilder::from_url(url, config, ClientTls::platform)
}
```
"#
)]
//!
//! For all else, make a `ClientConfig` or `ServerConfig` of rustls with any provider, and pass it to [`ClientTls::new`] or
//! [`ServerTls::new`]. Without the feature this is the only way.
//!
//! # Parameters of a session
//!
//! [`client_tls_info`] and [`server_tls_info`] return the parameters of a finished handshake:
//! [`TlsInfo`](smtp_proto::TlsInfo). The driver reports them to the machine.
//!
//! # Features
//!
//! - `ring` (default): the settings above.
//! - `self-signed` (implies `ring`): `Identity::self_signed`, for experiments and tests.
#![forbid(unsafe_code)]

mod client;
mod dane;
mod error;
mod fault;
mod handshake;
#[cfg(feature = "ring")]
mod identity;
mod info;
#[cfg(feature = "ring")]
mod observed;
#[cfg(feature = "ring")]
mod roots;
#[cfg(feature = "ring")]
mod server;
mod session;
#[cfg(feature = "ring")]
mod unverified;

#[cfg(feature = "ring")]
pub use client::ClientSettings;
pub use client::ClientTls;
pub use dane::{Dane, Tlsa};
pub use error::{Error, TlsaMismatch};
pub use fault::CertificateFault;
pub use handshake::explain_handshake;
#[cfg(feature = "ring")]
pub use identity::Identity;
pub use info::{client_tls_info, server_tls_info};
#[cfg(feature = "ring")]
pub use roots::Roots;
pub use rustls;
#[cfg(feature = "ring")]
pub use server::ServerSettings;
pub use session::ServerTls;
#[cfg(feature = "ring")]
pub use session::default_tls;

/// The provider of cryptography in these settings, that of ring, for other settings with the same.
#[cfg(feature = "ring")]
#[must_use]
pub fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::ring::default_provider())
}

/// The examples of the README, so that they run.
#[cfg(all(doctest, feature = "self-signed"))]
#[doc = include_str!("../README.md")]
mod readme {}
