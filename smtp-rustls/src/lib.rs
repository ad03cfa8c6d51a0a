//! [`rustls`] for SMTP, on any runtime: TLS settings for the usual cases, and TLS sessions for `smtp-driver`.
//!
//! # Settings
//!
//! The feature `ring` (default) has TLS settings for the usual cases, with TLS 1.2 and 1.3. They use the cryptography of ring
//! directly; you need not install a provider for the process.
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
//! For a relay, `smtp-relay` determines the TLS demand on each host. Only the first two demands permit plaintext:
//!
#![cfg_attr(
    feature = "ring",
    doc = r#"
```
use smtp_driver::proto::client::Tls;
use smtp_relay::route::{TlsDemand, TlsFault};
use smtp_rustls::{CertificateFault, ClientSettings, ClientTls, Dane, Error, Tlsa};

/// The use of STARTTLS, and the settings of TLS.
fn settings(host: &str, demand: &TlsDemand) -> Result<(Tls, Option<ClientTls>), Error> {
    let tls = match demand {
        TlsDemand::Plaintext => return Ok((Tls::Disabled, None)),
        TlsDemand::Opportunistic => ClientSettings::opportunistic_unverified().for_server(host)?,
        TlsDemand::Report { name } => ClientSettings::platform().only_observed().for_server(name.as_str())?,
        TlsDemand::Encrypted => ClientSettings::encrypted_unverified().for_server(host)?,
        TlsDemand::WebPki { name } => ClientSettings::platform().for_server(name.as_str())?,
        TlsDemand::Dane { associations, names } => {
            let records = associations.iter().map(|association| {
                let usage = match association.usage {
                    smtp_relay::tlsa::Usage::DaneTa => 2,
                    smtp_relay::tlsa::Usage::DaneEe => 3,
                };
                Tlsa::new(usage, association.selector as u8, association.matching as u8, &association.data[..])
            });
            let base = names.first().map_or(host, |name| name.as_str());
            let dane = Dane::new(records, base)?;
            let dane = names.iter().skip(1).try_fold(dane, |dane, name| dane.or_name(name.as_str()))?;
            ClientTls::dane(dane)?
        }
    };
    Ok((tls.policy(), Some(tls)))
}

/// The fault for the outcome of an attempt.
fn fault(error: &(dyn std::error::Error + 'static)) -> TlsFault {
    match CertificateFault::find(error) {
        None => TlsFault::Handshake,
        Some(CertificateFault::OtherName) => TlsFault::HostMismatch,
        Some(CertificateFault::Expired) => TlsFault::Expired,
        Some(CertificateFault::NotTrusted) => TlsFault::NotTrusted,
        Some(_) => TlsFault::Mismatch,
    }
}
# let (associations, names) = (
#     vec![smtp_relay::tlsa::Association::new(
#         smtp_relay::tlsa::Usage::DaneEe,
#         smtp_relay::tlsa::Selector::PublicKey,
#         smtp_relay::tlsa::Matching::Sha256,
#         vec![1; 32],
#     )],
#     vec![smtp_relay::Name::parse("mx.example")?],
# );
# let (tls, settings) = settings("mx.example.net", &TlsDemand::Dane { associations, names })?;
# assert_eq!(tls, Tls::Required);
# assert!(settings.is_some_and(|settings| settings.name().to_str() == "mx.example"));
# assert_eq!(fault(&std::io::Error::other("reset")), TlsFault::Handshake);
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
//!
//! For other settings, create a `ClientConfig` or `ServerConfig` of rustls with any provider, and pass it to
//! [`ClientTls::new`] or [`ServerTls::new`]. Without the feature `ring` this is the only way.
//!
//! # Parameters of a session
//!
//! [`client_tls_info`] and [`server_tls_info`] return the parameters of a finished handshake:
//! [`TlsInfo`](smtp_proto::TlsInfo). The driver reports them to the machine.
//!
//! # Features
//!
//! | feature | effect |
//! | --- | --- |
//! | `ring` (default) | Settings for the usual cases, with cryptography by ring. Without it, create settings of rustls with another provider |
//! | `self-signed` (enables `ring`) | `Identity::self_signed`, for experiments and tests |
#![cfg_attr(docsrs, feature(doc_cfg))]
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

/// Returns the cryptography provider of these settings (ring), for settings of your own.
#[cfg(feature = "ring")]
#[must_use]
pub fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::ring::default_provider())
}

/// The examples of the README, so that they run.
#[cfg(all(doctest, feature = "self-signed"))]
#[doc = include_str!("../README.md")]
mod readme {}
