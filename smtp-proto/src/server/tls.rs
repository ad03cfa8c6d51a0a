//! STARTTLS (RFC 3207) on the server.

use alloc::boxed::Box;
use core::mem;

use super::{
    event::{Closed, Event},
    phase::{Handshake, Phase, Step},
    replies::Reply,
    session::{Await, Next, Server},
};
use crate::{
    tls::{TlsInfo, TlsUpgrade},
    types::Keyword,
};

impl Server {
    /// Reports that the TLS handshake for this upgrade succeeded, with the negotiated parameters.
    ///
    /// The session forgets all facts from plaintext, and the client must send EHLO again (RFC 3207 section 4.2).
    /// Changes by [`extensions_mut`](Self::extensions_mut) stay. If the handshake fails, call
    /// [`tls_failed`](Self::tls_failed) instead.
    pub fn tls_established(&mut self, upgrade: TlsUpgrade, info: TlsInfo) {
        let _ = upgrade;
        // A deadline may have closed the session meanwhile.
        let Phase::Handshake(reason) = self.phase else {
            return;
        };
        self.session = mem::take(&mut self.session).under_tls(info);
        self.advance(Step::Secured);
        self.clock.input_came();
        if reason != Handshake::Implicit {
            self.abuse.tls_established();
            self.replies.enhanced = self.extensions().has(Keyword::EnhancedStatusCodes);
        }
    }

    /// Reports that the TLS handshake for this upgrade failed. The session ends with [`Closed::TlsFailed`], without a reply.
    pub fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if matches!(self.phase, Phase::Handshake(_)) {
            self.close(Closed::TlsFailed);
        }
    }

    /// Begins a session with TLS from the first octet (RFC 8314 section 3.3). Perform the handshake now, and continue
    /// as with [`Event::StartTls`].
    ///
    /// Call it before the first poll; later it returns `None`. The time for the handshake begins at
    /// [`Instant::ORIGIN`](crate::Instant::ORIGIN).
    #[must_use = "the session stands still until the handshake is done"]
    pub fn start_implicit_tls(&mut self) -> Option<TlsUpgrade> {
        if !self.is_untouched() {
            return None;
        }
        let upgrade = TlsUpgrade::try_new(&self.replies.output, &[])?;
        self.begin_handshake();
        Some(upgrade)
    }

    /// Reports that the stream is under TLS since its first octet, with the negotiated parameters (RFC 8314 section
    /// 3.3). Call it before the first poll; later it has no effect.
    pub fn set_implicit_tls(&mut self, info: TlsInfo) {
        if self.is_untouched() {
            self.session.tls = Some(Box::new(info));
        }
    }

    /// Returns `true` if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.session.tls.is_some()
    }

    /// The parameters of TLS. Returns `None` in plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.session.tls.as_deref()
    }

    /// Returns `true` before the first poll, which asks about the connection, waits for the greeting delay, or ends the phase.
    const fn is_untouched(&self) -> bool {
        matches!(self.phase, Phase::Connected)
            && self.session.tls.is_none()
            && self.replies.is_empty()
            && !self.clock.awaits_input()
    }

    /// Leaves the stream to the driver, and starts the time for the handshake.
    fn begin_handshake(&mut self) {
        self.advance(Step::BeginHandshake);
        let time = self.config.timeouts.handshake;
        self.clock.await_input(crate::time::Phase::Handshake, time);
    }

    /// Handles an in-sequence STARTTLS. Input after it is a command-injection attempt (CVE-2011-0411).
    pub(super) fn start_tls<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if input.is_empty() {
            self.replies.reply(&Reply::Fixed("220 2.0.0 ready for TLS"));
            self.advance(Step::StartTls);
        } else {
            self.close_plaintext_before_tls();
        }
        Next::Again
    }

    /// Returns the event with the permission to start TLS, once the reply is written.
    pub(super) fn next_upgrade<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if let Some(next) = self.check_upgrade(input) {
            return next;
        }
        match TlsUpgrade::try_new(&self.replies.output, input) {
            Some(upgrade) => {
                self.begin_handshake();
                Next::Event(Event::StartTls(upgrade))
            }
            None => Next::Wait(Await::Progress),
        }
    }

    /// Waits for the handshake.
    pub(super) fn next_handshake<'i>(&mut self, input: &[u8]) -> Next<'i> {
        self.check_upgrade(input).unwrap_or(Next::Wait(Await::Progress))
    }

    /// Ends a session in which plaintext, or the end of input, came in place of the handshake.
    fn check_upgrade<'i>(&mut self, input: &[u8]) -> Option<Next<'i>> {
        if !input.is_empty() {
            self.close_plaintext_before_tls();
        } else if self.end_of_input {
            self.close(Closed::ConnectionClosed);
        } else {
            return None;
        }
        Some(Next::Again)
    }

    fn close_plaintext_before_tls(&mut self) {
        self.close_with(
            "421 4.7.0 plaintext after STARTTLS, closing",
            Closed::PlaintextBeforeTls,
        );
    }
}
