//! A filter in front of a mail server: it passes on each command and each reply, streams the message data through, and
//! adds a header field.
//!
//! ```sh
//! cargo run -p smtp-tokio --example proxy -- 127.0.0.1:2525 127.0.0.1:25
//! ```

use std::error::Error;

use smtp_tokio::proto::{
    client::{Config, Tls},
    server,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_tokio::{About, Accept, Bytes, Client, ClientBuilder, Listener, Service, serve};
use tokio::sync::Mutex;

struct Proxy {
    next_hop: String,
    client: ClientBuilder,
}

/// The rejection for an error of the session with the next hop.
fn failed(error: smtp_tokio::Error) -> Rejection {
    match &error {
        smtp_tokio::Error::Closed {
            reply: Some((_, reply)),
            ..
        } => reply.try_into().unwrap_or(Rejection::LOCAL_ERROR),
        _ => Rejection::LOCAL_ERROR,
    }
}

impl Service for Proxy {
    /// The session with the next hop. It lasts as long as the transaction: a message that is given up ends it.
    type Mail = Mutex<Client>;

    async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Mutex<Client>, Rejection> {
        let mut next = self.client.connect(&self.next_hop).await.map_err(failed)?;
        let reply = next.mail(mail).await.map_err(failed)?;
        // A positive reply is no rejection.
        Rejection::try_from(&reply).map_or(Ok(Mutex::new(next)), Err)
    }

    async fn recipient(&self, next: &Mutex<Client>, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let reply = next.lock().await.rcpt(rcpt.clone()).await;
        reply.map(Accept::Relay).map_err(failed)
    }

    async fn begin(&self, next: &mut Mutex<Client>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        if let Some(refusal) = next.get_mut().data().await.map_err(failed)? {
            return Ok(Accept::Relay(refusal));
        }
        let field = next.get_mut().send_body(b"X-Filter: passed\r\n");
        field.await.map(|()| Accept::Yes).map_err(failed)
    }

    async fn body(&self, next: &mut Mutex<Client>, octets: Bytes) -> Result<(), Rejection> {
        next.get_mut().send_body(&octets).await.map_err(failed)
    }

    async fn message(&self, next: &mut Mutex<Client>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let mut replies = next.get_mut().end_of_data().await.map_err(failed)?;
        replies.pop().map(Accept::Relay).ok_or(Rejection::LOCAL_ERROR)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, next_hop] = &arguments[..] else {
        return Err("usage: proxy ADDRESS NEXT-HOP".into());
    };
    pass(Listener::bind(address)?, next_hop.clone()).await
}

pub(crate) async fn pass(listener: Listener, next_hop: String) -> Result<(), Box<dyn Error>> {
    let mut config = Config::new("proxy.example.org".parse()?);
    config.tls = Tls::Disabled;
    let client = Client::builder(config);
    let config = server::Config::new(Host::parse("proxy.example.org")?);
    Ok(serve(listener, config, Proxy { next_hop, client }).await?)
}
