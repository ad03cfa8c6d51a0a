//! Sends one message over SMTP or LMTP on blocking sockets, and says what became of it for each recipient.
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

/// Sends the message; the error says what is wrong with the flags.
fn run(flags: &Flags) -> Result<Exit, String> {
    let (config, envelope, message) = (flags.config()?, flags.envelope()?, flags.message()?);
    let connected = match flags.tls {
        Tls::None => Client::connect(&flags.server, config),
        Tls::Implicit => Client::connect_over_tls(&flags.server, config, &flags.client_tls()?),
        Tls::Opportunistic | Tls::Starttls => {
            Client::connect_with_tls(&flags.server, config, flags.client_tls()?)
        }
    };
    let mut client = match connected {
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
