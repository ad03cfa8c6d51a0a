//! An AUTH exchange that waits for a response.

use core::mem;

use crate::{
    sasl::{Mechanism, Secret},
    types::Rejection,
};

/// An exchange in which the client has its turn.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) mechanism: Mechanism,
    pub(super) awaits: Awaits,
}

impl Exchange {
    /// Takes the exchange, after its response has come.
    pub(super) fn take(&mut self) -> Self {
        Self {
            mechanism: self.mechanism,
            awaits: mem::take(&mut self.awaits),
        }
    }
}

/// The meaning of the next response of the client.
#[derive(Debug, Default)]
pub(super) enum Awaits {
    /// The only response, as in PLAIN.
    Everything,
    /// LOGIN: the user name.
    User,
    /// LOGIN: the password.
    Password { user: Secret },
    /// The first of several steps.
    #[default]
    Begin,
    /// The answer to a challenge of the application.
    Step,
    /// An empty response: a refused bearer token takes two rounds (RFC 7628 section 3.2.3).
    Refusal(Rejection),
    /// The same, after a response without a token.
    Discovery,
}
