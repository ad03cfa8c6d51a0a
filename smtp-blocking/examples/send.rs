//! Sends one message over SMTP or LMTP without a runtime, and prints the outcome for each recipient.
//!
//! `cargo run --release -p smtp-blocking --example send -- --help`

use std::{net::SocketAddr, process::ExitCode};

use smtp_blocking::{Io, Stream, block_on};
use smtp_examples::{exit, send};

fn main() -> ExitCode {
    exit::run("send", |flags| block_on(send::run::<Io<Stream>>(flags, ends)))
}

/// The addresses of a connection.
fn ends(io: &Io<Stream>) -> Option<(SocketAddr, SocketAddr)> {
    send::ends(io.get_ref())
}
