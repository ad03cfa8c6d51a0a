//! The interface to a TLS library: octets in, octets out.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use smtp_proto::TlsInfo;

use crate::StreamError;

/// A TLS session of any library, without I/O.
pub trait TlsSession: Send + fmt::Debug {
    /// Decrypts all of this ciphertext and passes the result to `plaintext`. Returns true once the peer has sent
    /// close_notify.
    ///
    /// # Errors
    ///
    /// [`StreamError::Tls`] if the ciphertext is invalid. The output then contains the alert.
    fn decrypt(&mut self, ciphertext: &[u8], plaintext: &mut dyn FnMut(&[u8])) -> Result<bool, StreamError>;

    /// Encrypts octets from the start of these slices, in order, and returns their number. It accepts at least one octet if
    /// all output was [transmitted](Self::transmit).
    ///
    /// # Errors
    ///
    /// [`StreamError::Tls`] if the session cannot encrypt.
    fn encrypt(&mut self, plaintext: &[&[u8]]) -> Result<usize, StreamError>;

    /// Passes the output to `write`: content, handshake messages, alerts, key updates. `write` returns the number of octets
    /// written; zero means that the stream accepts no more now. Returns true if no output is left.
    fn transmit(&mut self, write: &mut dyn FnMut(&[&[u8]]) -> usize) -> bool;

    /// Adds close_notify to the output.
    fn close_notify(&mut self);

    /// The parameters of the session. Returns `None` until the handshake is done.
    fn info(&self) -> Option<TlsInfo>;
}

/// Settings for TLS sessions: of a client for one server, or of a server.
pub trait TlsSettings: Send + Sync + fmt::Debug {
    /// Begins a session.
    ///
    /// # Errors
    ///
    /// [`StreamError::Tls`] if the settings cannot be used.
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError>;
}

impl<S: TlsSettings + ?Sized> TlsSettings for Arc<S> {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        (**self).session()
    }
}
