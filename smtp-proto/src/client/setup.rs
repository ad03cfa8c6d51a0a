//! The beginning of a session: the greeting, EHLO, STARTTLS, and the login of the configuration.

use super::{
    Client, Closed, Tls,
    stage::{Handshake, Stage},
};
use crate::types::{Code, Extensions, Keyword, Protocol, Reply, Verb};

impl Client {
    /// Takes the greeting.
    pub(super) fn greeted(&mut self, reply: &Reply<'_>) {
        if reply.is_positive_completion() {
            self.introduce();
        } else {
            self.leave(Closed::Refused);
        }
    }

    /// Sends EHLO, or LHLO in LMTP.
    pub(super) fn introduce(&mut self) {
        self.send_hello(match self.config.protocol {
            Protocol::Smtp => Verb::Ehlo,
            Protocol::Lmtp => Verb::Lhlo,
        });
    }

    /// Takes the reply to EHLO, HELO or LHLO.
    pub(super) fn introduced(&mut self, verb: Verb, reply: &Reply<'_>) {
        if reply.is_positive_completion() {
            // An earlier reply is void (RFC 3207 section 4.2, RFC 9422 section 3.6).
            self.session.offered(match verb {
                Verb::Helo => Extensions::default(),
                _ => crate::syntax::parse_ehlo(reply).1,
            });
            self.secure(verb);
        } else if verb != Verb::Ehlo || !refuses_ehlo_only(reply) {
            self.leave(Closed::Refused);
        } else if self.must_encrypt() {
            self.leave(Closed::EhloRefused);
        } else {
            self.send_hello(Verb::Helo);
        }
    }

    /// Takes the reply to STARTTLS. RFC 3207 specifies 220, but any 2yz counts as acceptance (RFC 5321 section 4.2).
    /// Treating it as a refusal would send mail in plaintext to a server that expects a handshake.
    pub(super) fn start_tls_answered(&mut self, reply: &Reply<'_>) {
        if reply.is_positive_completion() {
            self.enter(Stage::Handshake(Handshake::Due));
        } else if self.must_encrypt() {
            self.leave(Closed::TlsRefused);
        } else {
            self.log_in();
        }
    }

    fn send_hello(&mut self, verb: Verb) {
        let config = self.config.clone();
        self.send(&[verb.as_str().as_bytes(), b" ", config.hello.as_str().as_bytes()]);
        self.enter(Stage::Hello(verb));
    }

    /// Sends STARTTLS if the policy uses it and the reply to this command may have offered it. Otherwise logs in.
    fn secure(&mut self, verb: Verb) {
        // The offer may be in the part of the reply that was beyond the limits.
        let offer_may_be_cut = verb != Verb::Helo && self.replies.was_cut();
        let offered = self.session.extensions.has(Keyword::StartTls) || offer_may_be_cut;
        match self.config.tls {
            _ if self.is_encrypted() => self.log_in(),
            Tls::Required | Tls::Opportunistic if offered => {
                self.send(&[b"STARTTLS"]);
                self.enter(Stage::StartTls);
            }
            Tls::Required => self.leave(Closed::TlsNotOffered),
            Tls::Opportunistic | Tls::Disabled => self.log_in(),
        }
    }

    /// Returns true if TLS is required and not established.
    fn must_encrypt(&self) -> bool {
        self.config.tls == Tls::Required && !self.is_encrypted()
    }
}

/// Returns true if the server may accept HELO after this refusal of EHLO (RFC 5321 section 3.2). Returns false if it
/// refused the client by policy (x.7.x, RFC 3463 section 3.8), or refuses any command (503).
fn refuses_ehlo_only(reply: &Reply<'_>) -> bool {
    let policy = reply.enhanced().is_some_and(|enhanced| enhanced.subject() == 7);
    reply.is_permanent() && reply.code() != Code::BAD_SEQUENCE && !policy
}
