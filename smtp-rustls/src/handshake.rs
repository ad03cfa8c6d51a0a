//! Explaining a failed handshake.

use std::{error, fmt, io};

use rustls::InvalidMessage;

/// Replaces the error of a client's handshake with a plaintext server by one that names this cause. Returns other errors
/// unchanged.
#[must_use]
pub fn explain_handshake(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            io::Error::new(error.kind(), PlaintextPeer(error))
        }
        _ => error,
    }
}

/// The server replied to the handshake in plaintext.
#[derive(Debug)]
struct PlaintextPeer(io::Error);

impl fmt::Display for PlaintextPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("server speaks plaintext on this port: use STARTTLS, or no TLS")
    }
}

impl error::Error for PlaintextPeer {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.0)
    }
}
