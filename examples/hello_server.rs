//! A mail server: accepts mail for every recipient, and stores each message in a file.
//!
//! `cargo run -p examples --example hello_server`; in another terminal `cargo run -p examples --example hello_send`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{env, error::Error, io, path::PathBuf, time::SystemTime};

use smtp_tokio::proto::server::Config;
use smtp_tokio::proto::types::{Host, Mail, Rcpt, Rejection};
use smtp_tokio::{About, Accept, Bytes, Listener, Service, serve};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};

/// The directory for the messages.
pub(crate) struct Hello(pub(crate) PathBuf);

impl Service for Hello {
    type Mail = Vec<u8>; // the state of one transaction: here the message

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<Vec<u8>, Rejection> {
        Ok(Vec::new())
    }

    async fn body(&self, message: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
        message.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(&self, message: &mut Vec<u8>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let stored = self.store(message).await; // the client keeps the message until it is accepted
        stored.map(|()| Accept::Yes).map_err(|_| Rejection::NO_STORAGE)
    }
}

impl Hello {
    async fn store(&self, message: &[u8]) -> io::Result<()> {
        let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let path = self.0.join(format!("{time}.eml"));
        let stored = write(File::create_new(&path).await?, message).await;
        if stored.is_err() {
            let _ = fs::remove_file(path).await; // no half of a message stays
        }
        stored
    }
}

/// Writes and syncs the file. On Unix, a mail server must sync the directory, too: a power failure can undo the name of the
/// file.
async fn write(mut file: File, message: &[u8]) -> io::Result<()> {
    file.write_all(message).await?;
    file.flush().await?;
    file.sync_all().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).unwrap_or(".".into());
    println!("listening on 127.0.0.1:2525, storing in {folder}");
    let config = Config::new(Host::parse("mx.example.org")?);
    Ok(serve(Listener::bind("127.0.0.1:2525")?, config, Hello(folder.into())).await?)
}
