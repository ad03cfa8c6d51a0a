//! The types of the driver with functions that block.

mod client;
mod mailer;

use std::{
    future::Future,
    ops::{Deref, DerefMut},
};

use smtp_proto::{TlsInfo, Wait, server::Server};

use crate::{Connection, Peer, Session, Transport};

/// A transport that works on any thread, without a runtime.
pub trait BlockOn: Transport {
    /// Runs a future that uses the transport to its end, and blocks the thread while the future waits.
    fn block_on<F: Future>(future: F) -> F::Output;
}

/// A wrapper of a type of the driver, with functions that block in place of the async ones. It dereferences to the type of
/// the driver, and so has its other functions, too.
///
/// The field is the type of the driver, with async functions: run them with [`BlockOn::block_on`].
#[derive(Clone, Debug)]
#[must_use = "dropping it closes the connection, or does nothing"]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Blocking<T>(pub T);

impl<T> Deref for Blocking<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Blocking<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: BlockOn> Blocking<Session<T>> {
    /// Creates a session on one stream, without a listener: [`Session::new`].
    pub fn new(connection: Connection<T, Server>, peer: Peer, local: Peer) -> Self {
        Self(Session::new(connection, peer, local))
    }

    /// Declares that the stream is already encrypted, with these parameters. Call it before the first poll.
    pub fn encrypted(self, info: TlsInfo) -> Self {
        Self(self.0.encrypted(info))
    }

    /// Waits for the first event that the machine waits for: [`Session::wait`]. A shutdown of the server ends the wait, and so
    /// does a [`waker`](Session::waker) from another thread.
    pub fn wait(&mut self, wait: Wait) {
        T::block_on(self.0.wait(wait));
    }

    /// Closes the connection so that the client can read all output: [`Session::close`].
    pub fn close(self) {
        T::block_on(self.0.close());
    }
}

#[cfg(test)]
mod tests;
