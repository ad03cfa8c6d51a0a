//! STARTTLS.

use std::sync::Arc;

use smtp_proto::{
    TlsInfo,
    types::{Extension, Keyword},
};

use super::{
    harness::{Harness, Scripted, config},
    session::Knowing,
};
use crate::{StreamError, TlsSession, TlsSettings};

#[test]
fn starttls_is_offered_if_there_are_settings() {
    let service = Scripted::new();
    let mut config = config();
    config.extensions.add(Extension::StartTls);
    let mut client = Harness::new(config.clone(), &service);
    client.send("EHLO client.example\r\n");
    assert!(!client.take_output().contains("STARTTLS"));
    client.send("STARTTLS\r\n");
    assert!(client.take_output().starts_with("502 "));

    // Even if the configuration does not offer it.
    config.extensions.remove(Keyword::StartTls);
    let mut client = Harness::with_tls(config, &service, Some(Arc::new(Transparent)));
    client.send("EHLO client.example\r\n");
    assert!(client.take_output().contains("STARTTLS"));
}

#[test]
fn starttls_without_settings_ends_the_session() {
    let service = Arc::new(Knowing::default());
    let mut client = Harness::new(config(), &service);
    client.send("EHLO tls.example\r\n");
    client.send("STARTTLS\r\n");
    assert!(client.take_output().ends_with("220 2.0.0 ready for TLS\r\n"));
    client.send("handshake");
    client.hang_up();
    assert_eq!(client.take_output(), "", "nothing more is sent in plaintext");
    assert!(client.is_over());
}

/// TLS without encryption.
#[derive(Debug)]
pub(super) struct Transparent;

impl TlsSettings for Transparent {
    fn session(&self) -> Result<Box<dyn TlsSession>, StreamError> {
        Ok(Box::new(TransparentSession::default()))
    }
}

#[derive(Debug, Default)]
struct TransparentSession {
    is_done: bool,
    output: Vec<u8>,
}

impl TlsSession for TransparentSession {
    fn decrypt(&mut self, octets: &[u8], plaintext: &mut dyn FnMut(&[u8])) -> Result<bool, StreamError> {
        if self.is_done {
            plaintext(octets);
        }
        self.is_done = true;
        Ok(false)
    }

    fn encrypt(&mut self, plaintext: &[&[u8]]) -> Result<usize, StreamError> {
        self.output = plaintext.concat();
        Ok(self.output.len())
    }

    fn transmit(&mut self, write: &mut dyn FnMut(&[&[u8]]) -> usize) -> bool {
        if !self.output.is_empty() {
            let written = write(&[&self.output]);
            self.output.drain(..written);
        }
        self.output.is_empty()
    }

    fn close_notify(&mut self) {}

    fn info(&self) -> Option<TlsInfo> {
        self.is_done.then(TlsInfo::default)
    }
}

#[test]
fn the_facts_follow_the_handshake() {
    let service = Arc::new(Knowing::default());
    let mut client = Harness::with_tls(config(), &service, Some(Arc::new(Transparent)));
    client.send("EHLO client.example\r\n");
    client.send("STARTTLS\r\n");
    assert!(client.take_output().ends_with("220 2.0.0 ready for TLS\r\n"));
    client.send("handshake");
    client.send("EHLO other.example\r\n");
    client.take_output();
    client.send("MAIL FROM:<a@client.example>\r\n");
    assert!(
        client
            .take_output()
            .contains("ESMTPS Some(\"other.example\") None true")
    );
}
