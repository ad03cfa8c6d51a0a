//! A runtime of your own, in 100 lines with only the standard library: [`runtime`]. The driver runs a server and a client
//! with STARTTLS on it, and prints the session of one message.
//!
//! `cargo run -p examples --example own_runtime`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod runtime;

use std::{error::Error, future::pending, net::TcpListener, sync::Arc, thread};

use runtime::{ByHand, Io, block_on};
use smtp_driver::{About, Accept, Bytes, Client, ServeOptions, Service, TranscriptLine, serve};
use smtp_proto::{
    client, server,
    types::{Envelope, Host, Mail, Rcpt, Rejection},
};
use smtp_rustls::{ClientTls, Identity, ServerSettings};

/// A service that accepts all mail and discards it.
struct Discard;

impl Service for Discard {
    type Mail = ();

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn body(&self, _: &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, _: &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let identity = Identity::self_signed(["mx.example.org"])?;
    let trust = identity.to_roots()?;
    let options = ServeOptions::default().starttls(ServerSettings::new(identity).build()?);
    let config = server::Config::new(Host::parse("mx.example.org")?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let service = Arc::new(Discard);
        block_on(serve::<ByHand, _>(
            listener,
            config.into(),
            options,
            pending(),
            service,
        ))
    });

    let config = client::Config::new("client.example.org".parse()?); // requires TLS
    let client = Client::<Io>::builder(config)
        .starttls(ClientTls::trusting(&trust, "mx.example.org")?)
        .transcript(|line: &TranscriptLine<'_>| println!("{line}"));
    let envelope = Envelope::parse("ann@example.org", ["bob@example.org"])?;
    block_on(async {
        let mut client = client.connect(address).await?;
        let receipt = client.send(envelope, "Subject: hi\r\n\r\nHello\r\n").await?;
        client.quit().await?;
        match receipt.all_accepted() {
            true => Ok(()),
            false => Err("the message was not accepted".into()),
        }
    })
}
