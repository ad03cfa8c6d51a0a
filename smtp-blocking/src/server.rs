//! Sessions of a server, each in a thread that it has for itself.

use std::{
    future::poll_fn,
    io,
    ops::{Deref, DerefMut},
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use smtp_driver::{Peer, Runtime, ServeOptions};
use smtp_proto::{Wait, server::Config};

use crate::{
    Io, Listener, Stream, block_on,
    runtime::{poll_time, run},
};

/// A server's session on one accepted connection: [`smtp_driver::Session`] with functions that block.
#[derive(Debug)]
pub struct Session(smtp_driver::Session<Io<Stream>>);

impl Session {
    /// Waits for one of the things that the machine waits for: [`smtp_driver::Session::wait`]. A shutdown of the server ends
    /// the wait, and so does a [`waker`](smtp_driver::Session::waker) from another thread.
    pub fn wait(&mut self, wait: Wait) {
        block_on(self.0.wait(wait));
    }

    /// Closes the connection so that the client receives all that was written: [`smtp_driver::Session::close`].
    pub fn close(self) {
        block_on(self.0.close());
    }
}

/// The functions that do not wait.
impl Deref for Session {
    type Target = smtp_driver::Session<Io<Stream>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Accepts connections and runs `session` on each, in a thread that it has for itself meanwhile, until `stop` is ready: a
/// [`ShutdownHandle`](crate::ShutdownHandle) for example.
///
/// Then it accepts no more. Sessions finish the transaction in hand and send 421 (RFC 5321 section 3.8); they do so at
/// once after [`ServeOptions::shutdown_grace`]. Returns when all have ended. A session that panics ends alone.
///
/// There are never more threads than [`ServeOptions::max_connections`] of all servers, beside the one that calls this. They
/// run one session after the other, and end if none comes for some seconds. If no thread can be made for a connection, the
/// connection is dropped. Each thread takes two descriptors more, by which it is woken.
///
/// A thread cannot be ended from outside. Sessions that do not wait when all of the time is over are left behind, with their
/// connections, and this returns without them.
///
/// Errors of accepting are logged, and the server goes on.
pub fn serve_sessions(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) + Send + Sync + 'static,
) {
    let session = Arc::new(session);
    let start = |accepted| {
        let session = Arc::clone(&session);
        async move { session(Session(accepted)) }
    };
    block_on(smtp_driver::serve_sessions::<Threads, _>(
        listener.into(),
        config.into(),
        options,
        stop,
        start,
    ));
}

/// Threads as the runtime of [`smtp_driver::serve_sessions`], which is to be run by [`block_on`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Threads;

impl Runtime for Threads {
    type Listener = Listener;
    type Transport = Io<Stream>;

    async fn accept(listener: &Listener) -> io::Result<(Io<Stream>, Peer, Peer)> {
        poll_fn(|cx| listener.poll_accept(cx)).await
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        run(Box::pin(task));
    }

    fn spawn_brief(task: impl Future<Output = ()> + Send + 'static) {
        // Not worth a thread: one look, and it is dropped.
        let _ = pin!(task).poll(&mut Context::from_waker(Waker::noop()));
    }

    async fn sleep(time: Duration) {
        let until = Instant::now().checked_add(time);
        poll_fn(|cx| poll_time(cx, until)).await;
    }
}
