//! Sends one message over SMTP or LMTP on threads, and reports the outcome for each recipient.
//!
//! `cargo run --release -p smtp-blocking --example send -- --help`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use smtp_blocking::Client;
use smtp_examples::{
    exit::{self, Exit},
    send::{self, Flags, Tls},
};

fn main() -> ExitCode {
    let flags = match exit::flags::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    match run(&flags) {
        Ok(exit) => exit.into(),
        Err(problem) => {
            eprintln!("send: {problem}");
            Exit::Usage.into()
        }
    }
}

/// Sends the message. The error reports a fault in the flags.
fn run(flags: &Flags) -> Result<Exit, String> {
    let (config, envelope, message) = (flags.config()?, flags.envelope()?, flags.message()?);
    let builder = Client::builder(config);
    let builder = match flags.tls {
        Tls::None => builder,
        Tls::Implicit => builder.implicit_tls(flags.client_tls()?),
        Tls::Opportunistic | Tls::Starttls => builder.starttls(flags.client_tls()?),
    };
    let mut client = match builder.connect(&flags.server) {
        Ok(client) => client,
        Err(error) => return Ok(send::not_connected(&error, flags)),
    };
    if flags.progress {
        eprintln!("send: connected to {}", flags.server);
    }
    let (exit, goes_on) = send::conclude(client.send(envelope, &message))?;
    if goes_on {
        // Nothing depends on how the session ends.
        let _ = client.quit();
    }
    Ok(exit)
}
