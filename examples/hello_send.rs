//! Sends one message.
//!
//! `cargo run -p examples --example hello_send` sends it to the example `hello_server`. To another server:
//! `... hello_send -- smtps://ann:password@mail.example.org ann@example.org bob@example.net`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{env, error::Error, process::ExitCode};

use smtp_tokio::{Mailer, proto::types::Envelope};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or(default.into());
    let url = next("smtp://127.0.0.1:2525?tls=none"); // without `tls`, TLS is required
    match send(&url, &next("ann@example.org"), &next("bob@example.org")).await {
        Ok(()) => {
            println!("the server has accepted the message");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let mut cause = Some(&*error as &dyn Error);
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

pub(crate) async fn send(url: &str, from: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let mailer = Mailer::from_url(url)?;
    let envelope = Envelope::parse(from, [to])?;
    let message = format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: Hello\r\n\r\nHello!\r\n");
    mailer.send((envelope, message)).await?; // an error if a recipient was refused
    mailer.close().await;
    Ok(())
}
