//! Sends one message over SMTP or LMTP on smol or async-std, and says what became of it for each recipient.
//!
//! `cargo run --release -p smtp-async-std --example send -- --help`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use futures_io::{AsyncRead, AsyncWrite};
use smtp_async_std::{Client, Error};
use smtp_examples::{
    exit::{self, Exit},
    send::{self, Flags, Tls},
};
use smtp_proto::types::Envelope;

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

/// Connects a client of one of the runtimes.
macro_rules! connect {
    ($client:ty, $flags:ident, $config:ident) => {
        match $flags.tls {
            Tls::None => <$client>::connect(&$flags.server, $config).await,
            Tls::Implicit => {
                <$client>::connect_over_tls(&$flags.server, $config, &$flags.client_tls()?).await
            }
            Tls::Opportunistic | Tls::Starttls => {
                <$client>::connect_with_tls(&$flags.server, $config, $flags.client_tls()?).await
            }
        }
    };
}

/// Sends the message; the error says what is wrong with the flags.
fn run(runtime: Runtime, flags: &Flags) -> Result<Exit, String> {
    let (config, envelope, message) = (flags.config()?, flags.envelope()?, flags.message()?);
    match runtime {
        Runtime::Smol => smol::block_on(async {
            let connected = connect!(smtp_async_std::smol::Client, flags, config);
            send(connected, flags, envelope, &message).await
        }),
        Runtime::AsyncStd => async_std::task::block_on(async {
            let connected = connect!(smtp_async_std::async_std::Client, flags, config);
            send(connected, flags, envelope, &message).await
        }),
    }
}

/// Sends the message by a client, if there is one.
async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    connected: Result<Client<S>, Error>,
    flags: &Flags,
    envelope: Envelope,
    message: &[u8],
) -> Result<Exit, String> {
    let mut client = match connected {
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
