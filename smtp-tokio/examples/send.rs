//! Sends one message over SMTP or LMTP on tokio, and says what became of it for each recipient.
//!
//! `cargo run --release -p smtp-tokio --example send -- --help`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::{io, process::ExitCode};

use smtp_examples::{
    exit::{self, Exit},
    send::{self, Flags, Tls},
};
use smtp_proto::client::Closed;
use smtp_tokio::{Client, Error};

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

/// Sends the message; the error says what is wrong with the flags.
async fn run(flags: &Flags) -> Result<Exit, String> {
    let (config, envelope) = (flags.config()?, flags.envelope()?);
    let message = flags
        .message()
        .map_err(|error| format!("cannot read the message: {error}"))?;
    let connected = if flags.tls == Tls::None {
        Client::connect(&flags.server, config).await
    } else {
        let tls = flags.client_tls()?;
        match flags.tls {
            Tls::Implicit => Client::connect_over_tls(&flags.server, config, &tls).await,
            _ => Client::connect_with_tls(&flags.server, config, tls).await,
        }
    };
    let mut client = match connected {
        Ok(client) => client,
        Err(error) => {
            eprintln!("send: {error}{}", hint(&error, flags));
            return Ok(exit_for(&error));
        }
    };
    if flags.progress {
        eprintln!("send: connected to {}", flags.server);
    }
    let (receipt, failure) = match client.send(envelope, &message).await {
        Ok(receipt) => (receipt, None),
        Err(failed) => (failed.receipt, Some(failed.error)),
    };
    let mut exit = send::report(&receipt, &mut io::stdout().lock(), &mut io::stderr().lock())
        .map_err(|error| format!("cannot print: {error}"))?;
    match failure {
        // What was accepted stays accepted, whatever becomes of the session afterwards.
        None => drop(client.quit().await),
        Some(error) => {
            eprintln!("send: {error}");
            if matches!(error, Error::NotSent(_)) {
                exit = exit_for(&error);
                drop(client.quit().await);
            } else if exit != Exit::Refused {
                exit = exit.max(exit_for(&error));
            }
        }
    }
    Ok(exit)
}

/// What may help.
const fn hint(error: &Error, flags: &Flags) -> &'static str {
    match error {
        Error::Closed {
            why: Closed::NoMechanism,
            ..
        } if matches!(flags.tls, Tls::Opportunistic) && !flags.insecure_auth => {
            "; without TLS, none without --insecure-auth"
        }
        _ => "",
    }
}

/// With what to exit after an error that kept the message from being sent.
fn exit_for(error: &Error) -> Exit {
    match error {
        Error::NotSent(_) => Exit::Refused,
        Error::Closed {
            reply: Some((_, reply)),
            ..
        } if reply.is_permanent() => Exit::Refused,
        // Another attempt would find the same server, settings and message.
        Error::Closed {
            why: Closed::NoMechanism | Closed::LoginCancelled(_) | Closed::Unsendable(_),
            ..
        } => Exit::Refused,
        _ => Exit::Temporary,
    }
}
