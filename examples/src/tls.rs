//! TLS settings from flags.

use std::path::Path;

use smtp_rustls::{ClientSettings, ClientTls, Identity, Roots, ServerSettings, ServerTls};

use crate::exit::chain;

/// The settings of a client. The server's certificate must have this name, and be issued by one in `ca`, or without it by
/// one that this computer trusts.
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

/// The settings of a server with the certificate and key in these files.
///
/// # Errors
///
/// If the files cannot be used.
pub fn server(certificate: &Path, key: &Path) -> Result<ServerTls, String> {
    Identity::from_files(certificate, key)
        .and_then(|identity| ServerSettings::new(identity).build())
        .map_err(shown)
}

/// The settings of a server with a self-signed certificate for this name, for tests.
///
/// # Errors
///
/// If a certificate cannot have this name.
pub fn self_signed(name: &str) -> Result<ServerTls, String> {
    Identity::self_signed([name])
        .and_then(|identity| ServerSettings::new(identity).build())
        .map_err(shown)
}

fn shown(error: smtp_rustls::Error) -> String {
    chain(&error)
}
