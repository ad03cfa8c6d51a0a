//! TLS settings from flags.

use std::path::Path;

use smtp_rustls::{ClientSettings, ClientTls, Identity, Roots, ServerSettings, ServerTls};

use crate::exit::chain;

/// Returns the settings of a client. The server's certificate must have this name, and chain to a certificate in `ca`, or
/// without `ca` to one that this computer trusts.
///
/// # Errors
///
/// If the name is invalid, or the certificates cannot be loaded.
pub fn client(ca: Option<&Path>, name: &str) -> Result<ClientTls, String> {
    let settings = match ca {
        Some(path) => ClientSettings::trusting(Roots::from_file(path).map_err(shown)?),
        None => ClientSettings::platform(),
    };
    settings.for_server(name).map_err(shown)
}

/// Reads the certificate and key of a server from these files.
///
/// # Errors
///
/// If the files cannot be used.
pub fn identity(certificate: &Path, key: &Path) -> Result<Identity, String> {
    Identity::from_files(certificate, key).map_err(shown)
}

/// Creates a self-signed certificate for this name, for tests.
///
/// # Errors
///
/// If a certificate cannot have this name.
pub fn self_signed(name: &str) -> Result<Identity, String> {
    Identity::self_signed([name]).map_err(shown)
}

/// Returns the settings of a server. With `client_ca`, it requests certificates of clients, which must chain to one in this
/// file.
///
/// # Errors
///
/// If the file cannot be used.
pub fn server(identity: Identity, client_ca: Option<&Path>) -> Result<ServerTls, String> {
    let settings = ServerSettings::new(identity);
    let settings = match client_ca {
        Some(path) => settings.with_client_roots(Roots::from_file(path).map_err(shown)?),
        None => settings,
    };
    settings.build().map_err(shown)
}

fn shown(error: smtp_rustls::Error) -> String {
    chain(&error)
}
