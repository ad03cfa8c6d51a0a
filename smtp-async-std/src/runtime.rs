//! The parts of a runtime's module that are the same for each.

/// Makes the items of a runtime's module; `$spawn` spawns a task.
macro_rules! runtime {
    ($spawn:expr) => {
        use std::{io, sync::Arc, time::Duration};

        pub use crate::{
            Client, ClientBuilder, Connection, Io, Listener, Reader, Session, Stream, driver::Connect,
        };
        use crate::{Peer, ServeOptions, driver, proto::server::Config};

        /// The functions of the runtime that a server needs.
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub struct Runtime;

        impl driver::Runtime for Runtime {
            type Listener = Listener;
            type Transport = Io<Stream>;

            async fn accept(listener: &Listener) -> io::Result<(Io<Stream>, Peer, Peer)> {
                listener.accept().await
            }

            fn spawn(task: impl Future<Output = ()> + Send + 'static) {
                $spawn(task);
            }

            async fn sleep(time: Duration) {
                async_io::Timer::after(time).await;
            }
        }

        /// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
        ///
        /// Then it accepts no more. Sessions finish the transaction in hand and send 421 (RFC 5321 section 3.8); they do so
        /// at once after [`shutdown_grace`](ServeOptions::shutdown_grace). Returns when all have ended. A session
        /// that panics ends alone. Dropping the future drops all sessions.
        ///
        /// The caller writes the loop of the session: see [`Session`]. It ends with
        /// [`close`](driver::Session::close).
        pub async fn serve_sessions<F: Future<Output = ()> + Send + 'static>(
            listener: impl Into<Listener>,
            config: impl Into<Arc<Config>>,
            options: ServeOptions,
            stop: impl Future<Output = ()>,
            session: impl Fn(Session) -> F,
        ) {
            driver::serve_sessions::<Runtime, F>(listener.into(), config.into(), options, stop, session)
                .await;
        }
    };
}

pub(crate) use runtime;
