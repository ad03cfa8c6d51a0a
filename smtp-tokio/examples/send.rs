//! Sends one message over SMTP or LMTP on tokio, and prints the outcome for each recipient.
//!
//! `cargo run --release -p smtp-tokio --example send -- --help`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use smtp_examples::{
    exit::{self, Exit},
    send::{self, Flags, Tls},
};
use smtp_tokio::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let flags = match exit::flags::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    match run(&flags).await {
        Ok(exit) => exit.into(),
        Err(problem) => {
            eprintln!("send: {problem}");
            Exit::Usage.into()
        }
    }
}

/// Sends the message. An error is about the flags.
async fn run(flags: &Flags) -> Result<Exit, String> {
    let (config, envelope, message) = (flags.config()?, flags.envelope()?, flags.message()?);
    let builder = Client::builder(config);
    let builder = match flags.tls {
        Tls::None => builder,
        Tls::Implicit => builder.implicit_tls(flags.client_tls()?),
        Tls::Opportunistic | Tls::Starttls => builder.starttls(flags.client_tls()?),
    };
    let connected = builder.connect(&flags.server).await;
    let mut client = match connected {
        Ok(client) => client,
        Err(error) => return Ok(send::not_connected(&error, flags)),
    };
    if flags.progress {
        eprintln!("send: connected to {}", flags.server);
    }
    let (exit, goes_on) = send::conclude(client.send(envelope, &message).await)?;
    if goes_on {
        // The outcome is known, so the end of the session does not matter.
        let _ = client.quit().await;
    }
    Ok(exit)
}
