//! TLS sessions of rustls for the driver: octets in, octets out.

use std::{
    error,
    io::{self, BufRead, IoSlice, Read, Write},
    sync::Arc,
};

use rustls::{ClientConnection, Connection, ServerConfig, ServerConnection};
#[cfg(feature = "ring")]
use smtp_driver::TlsMode;
use smtp_driver::{StreamError, TlsSession, TlsSettings};
use smtp_proto::TlsInfo;

#[cfg(feature = "ring")]
use crate::ClientSettings;
use crate::{ClientTls, explain_handshake, server_tls_info};

/// Maximum slices of one write of records.
const MAX_RECORDS: usize = 64;

/// Maximum octets that rustls reads at once. After a longer read it would keep the memory until the next read.
const RUSTLS_READ: usize = 4096;

/// The TLS settings of a server. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Wraps settings of rustls. Create them with `ServerConfig::builder_with_provider`, so that you need not install a
    /// provider for the process.
    #[must_use]
    pub const fn new(config: Arc<ServerConfig>) -> Self {
        Self { config }
    }

    /// The settings of rustls.
    #[must_use]
    pub const fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }
}

impl TlsSettings for ServerTls {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).map_err(failed)?;
        Ok(Box::new(Session {
            connection: connection.into(),
            client: None,
        }))
    }
}

impl TlsSettings for ClientTls {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        let connection =
            ClientConnection::new(Arc::clone(self.config()), self.name().clone()).map_err(failed)?;
        Ok(Box::new(Session {
            connection: connection.into(),
            client: Some(self.clone()),
        }))
    }
}

/// Returns TLS settings for the server with this name, for the adapters: [`ClientTls::platform`], or for
/// [`TlsMode::Opportunistic`] [`ClientSettings::opportunistic_unverified`].
///
/// # Errors
///
/// If the name is not a host name, or the trusted certificates cannot be read.
#[cfg(feature = "ring")]
pub fn default_tls(host: &str, mode: TlsMode) -> Result<Arc<dyn TlsSettings>, StreamError> {
    let settings = match mode {
        TlsMode::Opportunistic => ClientSettings::opportunistic_unverified(),
        _ => ClientSettings::platform(),
    };
    match settings.for_server(host) {
        Ok(settings) => Ok(Arc::new(settings)),
        Err(error) => Err(StreamError::Tls(error.into())),
    }
}

/// A session of rustls.
#[derive(Debug)]
struct Session {
    connection: Connection,
    /// The settings of a client.
    client: Option<ClientTls>,
}

impl TlsSession for Session {
    fn decrypt(
        &mut self,
        mut ciphertext: &[u8],
        plaintext: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, StreamError> {
        let long = ciphertext.len() > RUSTLS_READ;
        let mut closed = false;
        while !ciphertext.is_empty() && !closed {
            self.connection.read_tls(&mut ciphertext).map_err(failed)?;
            let state = self.connection.process_new_packets();
            // Read also before returning an error: octets before a bad record or an alert are content.
            let mut reader = self.connection.reader();
            while let Ok(octets @ [_, ..]) = reader.fill_buf() {
                plaintext(octets);
                let read = octets.len();
                reader.consume(read);
            }
            closed = state.map_err(failed)?.peer_has_closed();
        }
        if long && !closed {
            // Frees the memory of long records.
            let _ = self.connection.read_tls(&mut WouldBlock);
        }
        Ok(closed)
    }

    fn encrypt(&mut self, plaintext: &[&[u8]]) -> Result<usize, StreamError> {
        let mut writer = self.connection.writer();
        let accepted = match plaintext {
            [one] => writer.write(one),
            many => {
                let slices: Vec<_> = many.iter().map(|octets| IoSlice::new(octets)).collect();
                writer.write_vectored(&slices)
            }
        };
        accepted.map_err(failed)
    }

    fn transmit(&mut self, write: &mut dyn FnMut(&[&[u8]]) -> usize) -> bool {
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut Transmit(write)).is_err() {
                return false;
            }
        }
        true
    }

    fn close_notify(&mut self) {
        self.connection.send_close_notify();
    }

    fn info(&self) -> Option<TlsInfo> {
        if self.connection.is_handshaking() {
            return None;
        }
        Some(match (&self.connection, &self.client) {
            (Connection::Client(connection), Some(settings)) => settings.info(connection),
            (Connection::Client(connection), None) => crate::client_tls_info(connection),
            (Connection::Server(connection), _) => server_tls_info(connection),
        })
    }
}

fn failed(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> StreamError {
    // `explain_handshake` takes I/O errors, which can contain any error.
    let explained = explain_handshake(io::Error::new(io::ErrorKind::InvalidData, error));
    StreamError::Tls(explained.into_inner().unwrap_or_else(|| "TLS failed".into()))
}

/// The stream to which rustls writes records.
struct Transmit<'w>(&'w mut dyn FnMut(&[&[u8]]) -> usize);

impl Write for Transmit<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(octets)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut slots: [&[u8]; MAX_RECORDS] = [&[]; MAX_RECORDS];
        let mut used = 0;
        for (slot, octets) in slots.iter_mut().zip(slices) {
            *slot = octets;
            used += 1;
        }
        match (self.0)(slots.get(..used).unwrap_or_default()) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            octets => Ok(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream without readable octets.
struct WouldBlock;

impl Read for WouldBlock {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
