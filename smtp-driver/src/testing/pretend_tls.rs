//! TLS without cryptography.

use std::sync::Arc;

use smtp_proto::TlsInfo;

use crate::{StreamError, TlsSession, TlsSettings};

/// Longest record.
const MAX_RECORD: usize = 200;

/// The key of records.
const MASK: u8 = 0xaa;

/// Kinds of record.
const HELLO: u8 = 22;
const ALERT: u8 = 21;
const CONTENT: u8 = 23;

/// Settings of TLS without cryptography, for both roles. It needs no certificate, and behaves as TLS does otherwise: a
/// handshake with a message from each side, records, alerts, close_notify.
///
/// Octets that are no records fail: [`StreamError::Tls`].
#[derive(Clone, Debug, Default)]
pub struct PretendTls {
    info: Arc<TlsInfo>,
}

impl PretendTls {
    /// Settings whose sessions have these parameters.
    #[must_use]
    pub fn new(info: TlsInfo) -> Self {
        Self { info: Arc::new(info) }
    }
}

impl TlsSettings for PretendTls {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        let mut session = Session {
            info: Arc::clone(&self.info),
            input: Vec::new(),
            output: Vec::new(),
            greeted: false,
        };
        session.record(HELLO, b"hello");
        Ok(Box::new(session))
    }
}

#[derive(Debug)]
struct Session {
    info: Arc<TlsInfo>,
    /// The beginning of a record.
    input: Vec<u8>,
    output: Vec<u8>,
    /// The message of the peer's handshake has arrived.
    greeted: bool,
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
                (HELLO, _) => self.greeted = true,
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
        self.record(ALERT, &[0]);
    }

    fn info(&self) -> Option<TlsInfo> {
        self.greeted.then(|| TlsInfo::clone(&self.info))
    }
}
