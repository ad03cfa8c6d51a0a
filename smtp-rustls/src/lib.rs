//! What SMTP needs of [`rustls`], on any runtime: settings for the usual cases, and what came of a handshake as the
//! machines of [`smtp_proto`] are told it.
//!
//! # Settings
//!
//! With the feature `ring` (default). The cryptography is ring's and is named in the settings: no provider is installed
//! for the whole process, and none needs to be. TLS 1.2 and 1.3.
//!
#![cfg_attr(
    feature = "ring",
    doc = r#"
```no_run
use smtp_rustls::{ClientSettings, ClientTls, Identity, Roots, ServerSettings};

# fn main() -> Result<(), smtp_rustls::Error> {
// A client that trusts whom this computer trusts, or nobody but the issuers in a file.
let tls = ClientTls::platform("mail.example.org")?;
let tls = ClientTls::trusting(&Roots::from_file("ca.pem")?, "mail.example.org")?;
// One that can show who it is.
let tls = ClientSettings::platform()
    .with_identity(Identity::from_files("client.pem", "client.key")?)
    .for_server("mail.example.org")?;

// A server with one certificate, or with several, and client certificates if there are any.
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
//! Everything else is rustls's own: make a `ClientConfig` or `ServerConfig` with any provider and give it to
//! [`ClientTls::new`] or to the adapter. Without the feature that is the only way.
//!
//! # Facts
//!
//! [`client_tls_info`] and [`server_facts`] say what a finished handshake came to, for `tls_established` and its like: see
//! [`TlsInfo`](smtp_proto::TlsInfo).
//!
//! # Features
//!
//! - `ring` (default): the settings above.
//! - `self-signed` (brings `ring`): `Identity::self_signed`, for trying out and for tests.
#![forbid(unsafe_code)]

mod client;
mod error;
mod facts;
mod handshake;
#[cfg(feature = "ring")]
mod identity;
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
pub use error::Error;
pub use facts::{client_tls_info, server_facts};
pub use handshake::explain_handshake;
#[cfg(feature = "ring")]
pub use identity::Identity;
#[cfg(feature = "ring")]
pub use roots::Roots;
pub use rustls;
#[cfg(feature = "ring")]
pub use server::ServerSettings;
pub use session::ServerTls;

/// The provider of cryptography in these settings: ring's. For settings of your own that are to have the same.
#[cfg(feature = "ring")]
#[must_use]
pub fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::ring::default_provider())
}
