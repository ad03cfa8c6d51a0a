//! Delivers a message into a mail store by LMTP, which replies for each recipient (RFC 2033).
//!
//! ```sh
//! cargo run -p examples --example lmtp -- lmtp://127.0.0.1:2424 ann@example.net bob@example.org carl@example.org <message.eml
//! ```
//!
//! A store on the same computer usually has a Unix socket: `lmtp+unix:///run/dovecot/lmtp`. With `--listen-lmtp
//! 127.0.0.1:2424`, the example `server` is a store.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    env,
    error::Error,
    io::{self, Read},
    process::ExitCode,
};

use examples::exit::{Failure, chain};
use smtp_tokio::{
    Mailer,
    driver::MailerError,
    proto::{
        client::{Receipt, RecipientStatus, Retry},
        types::Envelope,
    },
};

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, from, to @ ..] = &arguments[..] else {
        return Err("usage: lmtp URL FROM TO... <MESSAGE".into());
    };
    let mut message = Vec::new();
    io::stdin().lock().read_to_end(&mut message)?;
    let receipt = deliver(url, Envelope::parse(from, to)?, &message).await?;
    for (recipient, status) in receipt.recipients() {
        match status {
            RecipientStatus::Accepted(reply) => println!("{recipient}: delivered, {reply}"),
            // Recipients with any advice except `Never` would stay in a queue.
            RecipientStatus::Refused {
                reply,
                retry: Retry::Never,
                ..
            } => println!("{recipient}: failed, {reply}"),
            other => println!("{recipient}: again later, {other:?}"),
        }
    }
    Ok(match receipt.all_accepted() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

pub(crate) async fn deliver(
    url: &str,
    envelope: Envelope,
    message: &[u8],
) -> Result<Receipt, Box<dyn Error>> {
    let store = Mailer::from_url(url)?;
    let receipt = match store.send((envelope, message)).await {
        Ok(sent) => sent.into(),
        Err(MailerError::Refused(receipt)) => receipt,
        Err(error) => return Err(chain(&error).into()),
    };
    store.close().await;
    Ok(receipt)
}
