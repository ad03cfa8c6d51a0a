//! TLS settings from flags.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

/// The settings of a client that trusts the certificates in `ca`, or without it those that this computer trusts.
///
/// # Errors
///
/// What is wrong with the file, or with this computer's certificates.
pub fn client(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match ca {
        None => builder
            .with_platform_verifier()
            .map_err(|error| error.to_string())?,
        Some(path) => {
            let wrong = |error: &dyn std::fmt::Display| format!("--ca {}: {error}", path.display());
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
                let certificate = certificate.map_err(|error| wrong(&error))?;
                roots.add(certificate).map_err(|error| wrong(&error))?;
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}

/// The name that a server's certificate has to have.
///
/// # Errors
///
/// When it is neither a domain nor an address.
pub fn server_name(name: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.to_owned()).map_err(|error| format!("--tls-name {name:?}: {error}"))
}

/// The settings of a server with the certificate and key in these files.
///
/// # Errors
///
/// What is wrong with the files.
pub fn server(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("--cert {}: {error}", certificate.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| format!("--key {}: {error}", key.display()))?;
    identity(chain, key)
}

/// The settings of a server of this name with a certificate that it makes up: for trying out, since nobody trusts
/// it.
///
/// # Errors
///
/// When the name cannot be certified.
pub fn self_signed(name: &str) -> Result<Arc<ServerConfig>, String> {
    let made =
        rcgen::generate_simple_self_signed(vec![name.to_owned()]).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(str::to_owned)?;
    identity(vec![made.cert.der().clone()], key)
}

fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, String> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("the certificate and its key: {error}"))?;
    Ok(Arc::new(config))
}

/// Named here, so that none has to be installed for the whole process.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
