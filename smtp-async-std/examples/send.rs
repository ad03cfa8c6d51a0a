//! Sends one message over SMTP or LMTP on smol or async-std, and reports the outcome for each recipient.
//!
//! `cargo run --release -p smtp-async-std --example send -- --help`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use smtp_async_std::Client;
use smtp_examples::{
    exit::{self, Exit},
    send::{self, Flags, Tls},
};

use runtime::{Runtime, With};

mod runtime;

fn main() -> ExitCode {
    let With { flags, runtime } = match exit::flags::<With<Flags>>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    match run(runtime, &flags) {
        Ok(exit) => exit.into(),
        Err(problem) => {
            eprintln!("send: {problem}");
            Exit::Usage.into()
        }
    }
}

/// Sends the message. An error says what is wrong with the flags.
fn run(runtime: Runtime, flags: &Flags) -> Result<Exit, String> {
    match runtime {
        Runtime::Smol => smol::block_on(send(flags)),
        Runtime::AsyncStd => async_std::task::block_on(send(flags)),
    }
}

async fn send(flags: &Flags) -> Result<Exit, String> {
    let (config, envelope, message) = (flags.config()?, flags.envelope()?, flags.message()?);
    let builder = Client::builder(config);
    let builder = match flags.tls {
        Tls::None => builder,
        Tls::Implicit => builder.implicit_tls(flags.client_tls()?),
        Tls::Opportunistic | Tls::Starttls => builder.starttls(flags.client_tls()?),
    };
    let mut client = match builder.connect(&flags.server).await {
        Ok(client) => client,
        Err(error) => return Ok(send::not_connected(&error, flags)),
    };
    if flags.progress {
        eprintln!("send: connected to {}", flags.server);
    }
    let (exit, goes_on) = send::conclude(client.send(envelope, message).await)?;
    if goes_on {
        // Nothing depends on how the session ends.
        let _ = client.quit().await;
    }
    Ok(exit)
}
