//! Sends one message over SMTP or LMTP on tokio, and prints the outcome for each recipient.
//!
//! `cargo run --release -p smtp-tokio --example send -- --help`

use std::{net::SocketAddr, process::ExitCode};

use smtp_examples::{exit, send};
use smtp_tokio::{Io, Stream};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    exit::run("send", |flags| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(send::run::<Io<Stream>>(flags, ends))
    })
}

/// The addresses of a connection.
fn ends(io: &Io<Stream>) -> Option<(SocketAddr, SocketAddr)> {
    match io.get_ref() {
        Stream::Tcp(stream) => send::ends(stream),
        _ => None,
    }
}
