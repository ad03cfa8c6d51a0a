//! A small mail server on smol or async-std: accepts mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-async-std --example server -- --help`

use std::{io, process::ExitCode};

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use smol::LocalExecutor;
use smtp_async_std::{Acceptor, Io, ShutdownHandle, Stream, driver};
use smtp_examples::{
    exit::{self, Exit},
    serve::{Bound, Flags},
    site::Disk,
};

use runtime::{Runtime, With};

mod runtime;

fn main() -> ExitCode {
    exit::run("server", |With { flags, runtime }| match runtime {
        Runtime::Smol => smol::block_on(run::<smtp_async_std::smol::Runtime, SmolPool>(flags)),
        Runtime::AsyncStd => {
            let server = run::<smtp_async_std::async_std::Runtime, AsyncStdPool>(flags);
            async_std::task::block_on(server)
        }
    })
}

async fn run<R, D>(flags: Flags) -> Result<Exit, String>
where
    R: driver::Runtime<Listener = Acceptor, Transport = Io<Stream>>,
    D: Disk,
{
    // Before the server announces itself, so that no signal is missed.
    let mut signals = Signals::new([Signal::Int, Signal::Term])
        .map_err(|error| format!("cannot listen for signals: {error}"))?;
    let (site, listeners) = flags.open::<D>()?;
    // Sessions run on the executor of the runtime.
    let (stop, executor, mut servers) = (ShutdownHandle::new(), LocalExecutor::new(), Vec::new());
    for Bound {
        listener,
        config,
        options,
    } in listeners
    {
        let (stop, site) = (stop.clone(), site.clone());
        servers.push(executor.spawn(async move {
            driver::serve::<R, _>(listener.try_into()?, config, options, stop, site).await
        }));
    }
    let until_stopped = async {
        signals.next().await;
        stop.shut_down();
        for server in servers {
            server.await?;
        }
        Ok(Exit::Success)
    };
    let served: io::Result<Exit> = executor.run(until_stopped).await;
    served.map_err(|error| format!("cannot serve: {error}"))
}

enum SmolPool {}

impl Disk for SmolPool {
    async fn run<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        smol::unblock(work).await
    }
}

enum AsyncStdPool {}

impl Disk for AsyncStdPool {
    async fn run<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        async_std::task::spawn_blocking(work).await
    }
}
