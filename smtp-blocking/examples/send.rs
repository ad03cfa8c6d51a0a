//! Sends one message over SMTP or LMTP without a runtime, and prints the outcome for each recipient.
//!
//! `cargo run --release -p smtp-blocking --example send -- --help`

use std::process::ExitCode;

use smtp_blocking::{Io, Stream, block_on};
use smtp_examples::{exit, send};

fn main() -> ExitCode {
    exit::run("send", |flags| block_on(send::run::<Io<Stream>>(flags)))
}
