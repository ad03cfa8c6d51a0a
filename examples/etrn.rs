//! Asks a server to deliver the messages that wait for a domain (ETRN, RFC 1985), for a host that is not always online.
//!
//! `cargo run -p examples --example etrn -- mx.example.net:25 client.example example.org`

#![expect(clippy::print_stdout, reason = "the reply is the result")]

use std::{env, process::ExitCode};

use examples::exit::Failure;
use smtp_tokio::{
    Client,
    proto::{
        client::Config,
        types::{ClientName, Etrn},
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut arguments = env::args().skip(1);
    let (Some(server), Some(name), Some(domain)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: etrn HOST:PORT OWN-NAME DOMAIN".into());
    };
    let etrn = Etrn::parse(&domain)?.into_owned();
    let config = Config::new(ClientName::parse(&name)?.into_owned());
    let mut client = Client::builder(config).connect(&server).await?;
    let reply = client.etrn(etrn).await?;
    println!("{reply}");
    client.quit().await?;
    Ok(if reply.is_positive_completion() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
