//! A small mail server on tokio: accepts mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-tokio --example server -- --help`

use std::{io, process::ExitCode};

use smtp_examples::{
    exit::{self, Exit},
    serve::{Bound, Flags},
    site::Disk,
};
use smtp_tokio::{ShutdownHandle, serve_until};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    task::{JoinSet, spawn_blocking},
};

fn main() -> ExitCode {
    exit::run("server", |flags| {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(run(flags))
    })
}

async fn run(flags: Flags) -> Result<Exit, String> {
    // Before the server announces itself, so that no signal is missed.
    let cannot = |error: io::Error| format!("cannot listen for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let (site, listeners) = flags.open::<BlockingPool>()?;
    let (stop, mut servers) = (ShutdownHandle::new(), JoinSet::new());
    for Bound {
        listener,
        config,
        options,
    } in listeners
    {
        servers.spawn(serve_until(listener, config, options, stop.clone(), site.clone()));
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.shut_down();
    for served in servers.join_all().await {
        served.map_err(|error| format!("cannot serve: {error}"))?;
    }
    Ok(Exit::Success)
}

enum BlockingPool {}

impl Disk for BlockingPool {
    async fn run<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        spawn_blocking(work).await?
    }
}
