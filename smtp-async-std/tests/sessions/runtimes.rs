//! The runtimes, as the tests need them.

#[cfg(feature = "smol")]
use std::{io, sync::LazyLock, thread, time::Duration};

use smtp_async_std::{Acceptor, Io, Stream, driver};
#[cfg(feature = "smol")]
use smtp_async_std::{Peer, smol::Runtime as Smol};

/// The functions that the tests need of a runtime.
pub(crate) trait Runtime: driver::Runtime<Listener = Acceptor, Transport = Io<Stream>> {
    fn block_on<T>(future: impl Future<Output = T>) -> T;
}

#[cfg(feature = "smol")]
impl Runtime for Smol {
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }
}

#[cfg(feature = "async-std")]
impl Runtime for smtp_async_std::async_std::Runtime {
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }
}

/// smol, with an executor on one thread, which a panic would end.
#[cfg(feature = "smol")]
pub(crate) struct Executor;

#[cfg(feature = "smol")]
static EXECUTOR: LazyLock<&'static smol::Executor<'static>> = LazyLock::new(|| {
    let executor: &_ = Box::leak(Box::new(smol::Executor::new()));
    thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
    executor
});

#[cfg(feature = "smol")]
impl driver::Runtime for Executor {
    type Listener = Acceptor;
    type Transport = Io<Stream>;

    async fn accept(acceptor: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
        acceptor.accept().await
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.spawn(task).detach();
    }

    async fn sleep(time: Duration) {
        smol::Timer::after(time).await;
    }
}

#[cfg(feature = "smol")]
impl Runtime for Executor {
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }
}
