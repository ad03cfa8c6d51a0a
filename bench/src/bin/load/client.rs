//! The rate at which the client for tokio sends messages one after the other.

use std::{
    io, iter,
    net::SocketAddr,
    time::{Duration, Instant},
};

use smtp_proto::{
    client::{Config, Receipt},
    types::{ClientName, Envelope, ForwardPath, ReversePath},
};
use smtp_tokio::Client;
use tokio::runtime::{Builder, Runtime};

use crate::{process::own_cpu, traffic::message};

/// A runtime that the client can be on.
#[derive(Clone, Copy, Debug)]
pub enum Threads {
    /// The runtime of `#[tokio::main(flavor = "current_thread")]`.
    One,
    /// The runtime of `#[tokio::main]`.
    Many,
}

impl Threads {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Many => "many",
        }
    }

    fn runtime(self) -> io::Result<Runtime> {
        let mut builder = match self {
            Self::One => Builder::new_current_thread(),
            Self::Many => Builder::new_multi_thread(),
        };
        builder.enable_all().build()
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    messages: u32,
    time: Duration,
    cpu: Duration,
}

impl Run {
    /// Messages in a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.messages) / self.time.as_secs_f64()
    }

    /// Processor time of a message, in microseconds.
    pub fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.messages)
    }
}

/// Sends messages for this time.
///
/// # Errors
///
/// If one is not accepted.
pub fn run(threads: Threads, address: SocketAddr, duration: Duration) -> io::Result<Run> {
    threads
        .runtime()?
        .block_on(send(address, duration))
        .map_err(io::Error::other)
}

async fn send(
    address: SocketAddr,
    duration: Duration,
) -> Result<Run, Box<dyn std::error::Error + Send + Sync>> {
    let name: ClientName<'static> = "client.example".parse()?;
    let envelope = Envelope::new(ReversePath::parse("alice@client.example")?.into_owned())
        .recipient(ForwardPath::parse("bob@example.org")?.into_owned());
    let message = message(1024);
    let message = message.strip_suffix(".\r\n").unwrap_or_default().as_bytes();
    let mut client = Client::builder(Config::new(name)).connect(address).await?;
    let _ = client.send(envelope.clone(), message).await?;
    let (begun, cpu) = (Instant::now(), own_cpu()?);
    let one = || (begun.elapsed() < duration).then(|| (envelope.clone(), message));
    let (mut messages, mut accepted) = (0, 0);
    let count = |result: Result<Receipt, _>| {
        messages += 1;
        accepted += u32::from(result.is_ok_and(|receipt: Receipt| receipt.all_accepted()));
    };
    client.send_all(iter::from_fn(one), count).await;
    let time = begun.elapsed();
    if accepted < messages {
        return Err("a message was not accepted".into());
    }
    let run = Run {
        messages,
        time,
        cpu: own_cpu()?.since(cpu).total(),
    };
    client.quit().await?;
    Ok(run)
}
