//! STARTTLS (RFC 3207): the handshake between machine and driver.

use super::{
    Client, Closed, Event,
    session::Session,
    stage::{Handshake, Stage},
};
use crate::{
    time::Phase,
    tls::{TlsInfo, TlsUpgrade},
};

impl Client {
    /// Reports that the handshake for this upgrade succeeded and the server is the intended one. The session forgets
    /// all facts from plaintext and sends EHLO again (RFC 3207 section 4.2). If the handshake fails, call
    /// [`tls_failed`](Self::tls_failed) instead.
    pub fn tls_established(&mut self, upgrade: TlsUpgrade, info: TlsInfo) {
        let _ = upgrade;
        if matches!(self.stage, Stage::Handshake(Handshake::UnderWay)) {
            self.session = Session::encrypted(info);
            self.introduce();
        }
    }

    /// Reports that the handshake for this upgrade failed, or that the server is not the intended one. The session ends
    /// ([`Closed::TlsFailed`]), also with [`Tls::Opportunistic`](super::Tls::Opportunistic): the stream is no longer in plaintext.
    pub fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if matches!(self.stage, Stage::Handshake(Handshake::UnderWay)) {
            self.close(Closed::TlsFailed);
        }
    }

    /// Returns true if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.session.tls.is_some()
    }

    /// The parameters of TLS; `None` in plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.session.tls.as_deref()
    }

    /// Returns the event with the permission to start TLS. Input after the reply to STARTTLS was injected by an
    /// attacker and ends the session (CVE-2011-0411).
    pub(super) fn upgrade<'i>(&mut self, handshake: Handshake, input: &[u8]) -> Option<Event<'i>> {
        let proof = TlsUpgrade::try_new(&self.output, input);
        match (proof, handshake) {
            (None, _) => self.close(Closed::PlaintextBeforeTls),
            (Some(_), Handshake::UnderWay) => {}
            (Some(upgrade), Handshake::Due) => {
                self.enter(Stage::Handshake(Handshake::UnderWay));
                // The driver performs the handshake without polling, so its time begins now.
                let time = self.config.timeouts.handshake;
                self.timers.waiting.run(Phase::Handshake, time, self.timers.now);
                return Some(Event::StartTls(upgrade));
            }
        }
        None
    }
}
