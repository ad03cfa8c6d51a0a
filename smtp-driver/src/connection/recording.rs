//! The transcript of a connection.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use smtp_proto::{Machine, client::Client, server::Server};

use super::Connection;
use crate::{
    Peer, Transport,
    transcript::{Recorder, Side, Transcript},
};

impl<T: Transport> Connection<T, Client> {
    /// Records the session from now on. Call it before the first [`poll`](Self::poll).
    pub fn set_transcript(&mut self, transcript: impl Transcript + 'static) {
        self.share_transcript(Arc::new(transcript));
    }

    pub(crate) fn share_transcript(&mut self, transcript: Arc<dyn Transcript>) {
        self.transcript = Some(Box::new(Recorder::new(transcript, Side::Client, None)));
    }

    /// Records the TLS session that began before the SMTP session, and the input that arrived with its handshake.
    pub(crate) fn record_implicit_tls(&mut self) {
        if let (Some(transcript), Some(info)) = (&mut self.transcript, self.machine.tls()) {
            transcript.tls(self.wire.transport.now(), info);
        }
    }
}

impl<T: Transport> Connection<T, Server> {
    /// Records the session from now on. Call it before the first [`poll`](Self::poll).
    pub fn set_transcript(&mut self, transcript: impl Transcript + 'static) {
        self.set_transcript_of(Arc::new(transcript), None);
    }

    pub(crate) fn set_transcript_of(&mut self, transcript: Arc<dyn Transcript>, peer: Option<Peer>) {
        self.transcript = Some(Box::new(Recorder::new(transcript, Side::Server, peer)));
    }
}

impl<T: Transport, M: Machine> Connection<T, M> {
    /// Records the input from this offset.
    pub(crate) fn record_input(&mut self, before: usize) {
        if let (Some(transcript), Some(octets @ [_, ..])) =
            (&mut self.transcript, self.input.octets().get(before..))
        {
            transcript.received(self.wire.transport.now(), octets);
        }
    }

    /// Records an event in the transcript.
    pub(crate) fn record(&mut self, text: fmt::Arguments<'_>) {
        if let Some(transcript) = &mut self.transcript {
            transcript.note(self.wire.transport.now(), text);
        }
    }
}
