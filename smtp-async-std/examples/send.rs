//! Sends one message over SMTP or LMTP on smol or async-std, and prints the outcome for each recipient.
//!
//! `cargo run --release -p smtp-async-std --example send -- --help`

use std::{net::SocketAddr, process::ExitCode};

use smtp_async_std::{Io, Stream};
use smtp_examples::{exit, send};

use runtime::{Runtime, With};

mod runtime;

fn main() -> ExitCode {
    exit::run("send", |With { flags, runtime }| match runtime {
        Runtime::Smol => smol::block_on(send::run::<Io<Stream>>(flags, ends)),
        Runtime::AsyncStd => async_std::task::block_on(send::run::<Io<Stream>>(flags, ends)),
    })
}

/// The addresses of a connection.
fn ends(io: &Io<Stream>) -> Option<(SocketAddr, SocketAddr)> {
    send::ends(io.get_ref())
}
