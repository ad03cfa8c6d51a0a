//! TLS settings from flags.

use std::path::Path;

use smtp_rustls::{ClientSettings, ClientTls, Identity, Roots, ServerSettings, ServerTls};

use crate::exit::chain;

/// TLS to a server of this name, whose certificate was issued by one in `ca`, or without it by one that this computer
/// trusts.
///
/// # Errors
///
/// What is wrong with the name, the file, or this computer's certificates.
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
/// What is wrong with the files.
pub fn server(certificate: &Path, key: &Path) -> Result<ServerTls, String> {
    Identity::from_files(certificate, key)
        .and_then(|identity| ServerSettings::new(identity).build())
        .map_err(shown)
}

/// The settings of a server of this name with a certificate that it makes up: for trying out, since nobody trusts
/// it.
///
/// # Errors
///
/// When the name cannot be certified.
pub fn self_signed(name: &str) -> Result<ServerTls, String> {
    Identity::self_signed([name])
        .and_then(|identity| ServerSettings::new(identity).build())
        .map_err(shown)
}

fn shown(error: smtp_rustls::Error) -> String {
    chain(&error)
}
