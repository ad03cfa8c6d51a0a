//! TLS without cryptography.

use std::sync::Arc;

use smtp_proto::TlsInfo;

use crate::{StreamError, TlsSession, TlsSettings};

/// Maximum octets of a record.
const MAX_RECORD: usize = 200;

/// The mask of the octets in records.
const MASK: u8 = 0xaa;

/// Kinds of record.
const HELLO: u8 = 22;
const ALERT: u8 = 21;
const CONTENT: u8 = 23;

/// Settings of TLS without cryptography or certificates. In all else it behaves like TLS: a handshake begun by the client,
/// records, alerts, close_notify.
///
/// Octets that are not records cause [`StreamError::Tls`].
#[derive(Clone, Debug)]
pub struct PretendTls {
    info: Arc<TlsInfo>,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

impl PretendTls {
    /// The settings of a client.
    #[must_use]
    pub fn client() -> Self {
        Self {
            info: Arc::default(),
            role: Role::Client,
        }
    }

    /// The settings of a server.
    #[must_use]
    pub fn server() -> Self {
        Self {
            info: Arc::default(),
            role: Role::Server,
        }
    }

    /// Sets the parameters that each session reports.
    #[must_use]
    pub fn with_info(self, info: TlsInfo) -> Self {
        Self {
            info: Arc::new(info),
            ..self
        }
    }
}

impl TlsSettings for PretendTls {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        let mut session = Session {
            info: Arc::clone(&self.info),
            role: self.role,
            input: Vec::new(),
            output: Vec::new(),
            greeted: false,
            failed: false,
        };
        if self.role == Role::Client {
            session.record(HELLO, b"hello");
        }
        Ok(Box::new(session))
    }
}

#[derive(Debug)]
struct Session {
    info: Arc<TlsInfo>,
    role: Role,
    /// The beginning of an incomplete record.
    input: Vec<u8>,
    output: Vec<u8>,
    /// The peer's handshake message has arrived.
    greeted: bool,
    /// A fatal alert was sent.
    failed: bool,
}

impl Session {
    /// Adds a record to the output: its kind, its length, and the masked octets.
    fn record(&mut self, kind: u8, octets: &[u8]) {
        self.output.push(kind);
        self.output.push(u8::try_from(octets.len()).unwrap_or(u8::MAX));
        self.output.extend(octets.iter().map(|octet| octet ^ MASK));
    }

    fn failed(&mut self, why: &'static str) -> StreamError {
        self.record(ALERT, &[40]);
        self.failed = true;
        StreamError::Tls(why.into())
    }
}

impl TlsSession for Session {
    fn decrypt(&mut self, ciphertext: &[u8], plaintext: &mut dyn FnMut(&[u8])) -> Result<bool, StreamError> {
        self.input.extend_from_slice(ciphertext);
        while let Some((&kind, rest)) = self.input.split_first() {
            if !(kind == HELLO || self.greeted && matches!(kind, ALERT | CONTENT)) {
                return Err(self.failed("not a record"));
            }
            let Some((&length, rest)) = rest.split_first() else {
                break;
            };
            let Some(masked) = rest.get(..usize::from(length)) else {
                break;
            };
            let octets: Vec<u8> = masked.iter().map(|octet| octet ^ MASK).collect();
            self.input.drain(..octets.len() + 2);
            match (kind, &*octets) {
                (HELLO, _) => {
                    if self.role == Role::Server && !self.greeted {
                        self.record(HELLO, b"hello");
                    }
                    self.greeted = true;
                }
                (ALERT, [0]) => return Ok(true),
                (ALERT, _) => return Err(StreamError::Tls("peer sent an alert".into())),
                // A record may be empty.
                (_, []) => {}
                (_, octets) => plaintext(octets),
            }
        }
        Ok(false)
    }

    fn encrypt(&mut self, plaintext: &[&[u8]]) -> Result<usize, StreamError> {
        if !self.output.is_empty() {
            return Ok(0);
        }
        let octets = plaintext.concat();
        let octets = octets.get(..MAX_RECORD).unwrap_or(&octets);
        self.record(CONTENT, octets);
        Ok(octets.len())
    }

    fn transmit(&mut self, write: &mut dyn FnMut(&[&[u8]]) -> usize) -> bool {
        while !self.output.is_empty() {
            match write(&[&self.output]) {
                0 => return false,
                octets => drop(self.output.drain(..octets.min(self.output.len()))),
            }
        }
        true
    }

    fn close_notify(&mut self) {
        if !self.failed {
            self.record(ALERT, &[0]);
        }
    }

    fn info(&self) -> Option<TlsInfo> {
        self.greeted.then(|| TlsInfo::clone(&self.info))
    }
}
