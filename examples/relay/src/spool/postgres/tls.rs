//! The address of the database, and TLS with it.
//!
//! `sslmode` in the URL is that of libpq. `prefer` (the default) uses TLS if the server offers it, and `require` always;
//! neither checks the certificate. `verify-full` does: roots are those of `sslrootcert`, or of this computer without it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use examples::exit::chain;
use percent_encoding::percent_decode_str;
use smtp_rustls::{ClientSettings, ClientTls, Error, Roots};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Config,
    config::SslMode,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::{TlsConnector, client};

/// The settings of TLS, for any server.
#[derive(Clone, Debug)]
pub(super) struct Tls(ClientTls);

/// The settings of TLS for one server, or the fault of its name.
pub(super) struct ToServer(Result<ClientTls, Error>);

/// A connection under TLS.
pub(super) struct Stream<S>(client::TlsStream<S>);

type Handshake<S> = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

/// Reads the URL of a database.
///
/// # Errors
///
/// A text without the URL, which may have a password.
pub(super) fn address(url: &str) -> Result<(Config, Tls), String> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut roots, mut rest) = ("prefer", None, Vec::new());
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("sslmode", value)) => mode = value,
            Some(("sslrootcert", value)) => roots = Some(percent_decode_str(value).decode_utf8_lossy()),
            _ => rest.push(part),
        }
    }
    let address = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    // The error of the driver may quote the password.
    let mut config: Config = address
        .parse()
        .map_err(|_| "malformed URL of the database".to_owned())?;
    // A mode in another form, such as an encoded name, must not be replaced.
    if config.get_ssl_mode() != SslMode::Prefer {
        return Err("malformed URL of the database: sslmode".into());
    }
    if roots.is_some() && mode != "verify-full" {
        return Err("sslrootcert: only sslmode=verify-full checks the certificate".into());
    }
    let (ssl_mode, settings) = match (mode, roots.as_deref()) {
        ("disable", _) => (SslMode::Disable, ClientSettings::encrypted_unverified()),
        ("prefer", _) => (SslMode::Prefer, ClientSettings::encrypted_unverified()),
        ("require", _) => (SslMode::Require, ClientSettings::encrypted_unverified()),
        ("verify-full", None | Some("system")) => (SslMode::Require, ClientSettings::platform()),
        ("verify-full", Some(file)) => {
            let roots = Roots::from_file(file).map_err(|error| format!("sslrootcert: {}", chain(&error)))?;
            (SslMode::Require, ClientSettings::trusting(roots))
        }
        _ => return Err("sslmode: expected disable, prefer, require or verify-full".into()),
    };
    config.ssl_mode(ssl_mode);
    let tls = settings.for_server("localhost").map_err(|error| chain(&error))?;
    Ok((config, Tls(tls)))
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type TlsConnect = ToServer;
    type Error = Error;

    fn make_tls_connect(&mut self, server: &str) -> Result<ToServer, Error> {
        // A Unix socket has no name, and its server offers no TLS.
        Ok(ToServer(self.0.to(server)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for ToServer {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Handshake<S>;

    fn connect(self, stream: S) -> Handshake<S> {
        Box::pin(async move {
            let tls = self
                .0
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let mut config = (**tls.config()).clone();
            config.alpn_protocols = vec![b"postgresql".to_vec()];
            let connector = TlsConnector::from(std::sync::Arc::new(config));
            connector.connect(tls.name().clone(), stream).await.map(Stream)
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(query: &str) -> Result<SslMode, String> {
        address(&format!("postgres://relay:secret@db.example/mail{query}"))
            .map(|(config, _)| config.get_ssl_mode())
    }

    #[test]
    fn the_modes_are_those_of_libpq() {
        for (query, expected) in [
            ("", SslMode::Prefer),
            ("?sslmode=prefer", SslMode::Prefer),
            ("?sslmode=disable&connect_timeout=3", SslMode::Disable),
            ("?connect_timeout=3&sslmode=require", SslMode::Require),
            ("?sslmode=verify-full&sslrootcert=system", SslMode::Require),
        ] {
            assert_eq!(mode(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn a_mode_that_would_not_be_kept_is_an_error() {
        for query in [
            "?sslmode=verify-ca",
            "?sslmode=",
            "?sslmode=require&sslrootcert=ca.pem",
            "?sslrootcert=ca.pem",
            "?sslmode=verify-full&sslrootcert=/there/is/none",
            "?sslmode=require&port=x",
            "?ssl%6Dode=require",
            "?connect_timeout=3?x&ssl%6Dode=disable",
        ] {
            let error = mode(query).unwrap_err();
            assert!(!error.contains("secret"), "{query}: {error}");
        }
    }

    /// Then the driver reads the parameters, and not this module.
    #[test]
    fn a_question_mark_in_a_password_does_not_hide_the_mode() {
        let hidden = address("postgres://relay:a?b@db.example/mail?sslmode=require");
        assert!(
            hidden.is_err(),
            "{:?}",
            hidden.map(|(config, _)| config.get_ssl_mode())
        );
    }

    #[test]
    fn other_parameters_reach_the_driver() {
        let (config, _) = address("postgres://db/mail?application_name=x&sslmode=require").unwrap();
        assert_eq!(config.get_application_name(), Some("x"));
    }
}
