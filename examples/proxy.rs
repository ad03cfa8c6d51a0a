//! A filter in front of a mail server: it forwards each command, each reply and the message data, and adds a header field.
//!
//! ```sh
//! cargo run -p examples --example proxy -- 127.0.0.1:2525 127.0.0.1:25
//! ```

use std::error::Error;

use examples::exit::Failure;
use smtp_tokio::proto::{
    client::{Config, RequestError, Retry, Tls},
    server,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_tokio::{About, Accept, Bytes, Client, ClientBuilder, Listener, Service, serve};
use tokio::sync::Mutex;

struct Proxy {
    next_hop: String,
    client: ClientBuilder,
}

/// Returns the rejection for an error of the session with the next hop. It is permanent if another attempt cannot help.
pub(crate) fn failed(error: smtp_tokio::Error) -> Rejection {
    match &error {
        smtp_tokio::Error::Closed {
            reply: Some((_, reply)),
            ..
        } => reply.try_into().unwrap_or(Rejection::LOCAL_ERROR),
        // The client can send the message to the remaining recipients in another transaction.
        smtp_tokio::Error::Rejected(RequestError::TooManyRecipients(_) | RequestError::TooManyDomains(_)) => {
            Rejection::TOO_MANY_RECIPIENTS
        }
        _ if error.retry() == Retry::Never => Rejection::TRANSACTION_FAILED,
        _ => Rejection::LOCAL_ERROR,
    }
}

/// The session with the next hop.
fn session(next: &mut Mutex<Option<Client>>) -> Result<&mut Client, Rejection> {
    next.get_mut().as_mut().ok_or(Rejection::LOCAL_ERROR)
}

impl Service for Proxy {
    /// The session with the next hop. It lasts as long as the transaction, so an abandoned message ends the session.
    type Mail = Mutex<Option<Client>>;

    async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Self::Mail, Rejection> {
        let mut next = self.client.connect(&self.next_hop).await.map_err(failed)?;
        let reply = next.mail(mail).await.map_err(failed)?;
        // A positive reply cannot be converted to a rejection.
        Rejection::try_from(&reply).map_or(Ok(Mutex::new(Some(next))), Err)
    }

    async fn recipient(&self, next: &Self::Mail, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let mut next = next.lock().await;
        // Take the session, so that it is dropped with this future: the next hop must not deliver to a recipient that got a
        // refusal here.
        let mut session = next.take().ok_or(Rejection::LOCAL_ERROR)?;
        let reply = session.rcpt(rcpt.clone()).await;
        *next = Some(session);
        reply.map(Accept::Relay).map_err(failed)
    }

    async fn begin(&self, next: &mut Self::Mail, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let next = session(next)?;
        if let Some(refusal) = next.data().await.map_err(failed)? {
            return Ok(Accept::Relay(refusal));
        }
        let refusal = next.send_body(b"X-Filter: passed\r\n").await.map_err(failed)?;
        Ok(refusal.map_or(Accept::Yes, Accept::Relay))
    }

    async fn body(&self, next: &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        match session(next)?.send_body(&octets).await.map_err(failed)? {
            Some(refusal) => Err((&refusal).try_into().unwrap_or(Rejection::LOCAL_ERROR)),
            None => Ok(()),
        }
    }

    async fn message(&self, next: &mut Self::Mail, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let mut replies = session(next)?.end_of_data().await.map_err(failed)?;
        replies.pop().map(Accept::Relay).ok_or(Rejection::LOCAL_ERROR)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, next_hop] = &arguments[..] else {
        return Err("usage: proxy ADDRESS NEXT-HOP".into());
    };
    Ok(pass(Listener::bind(address)?, next_hop.clone()).await?)
}

pub(crate) async fn pass(listener: Listener, next_hop: String) -> Result<(), Box<dyn Error>> {
    let mut config = Config::new("proxy.example.org".parse()?);
    config.tls = Tls::Disabled;
    let client = Client::builder(config);
    let mut config = server::Config::new(Host::parse("proxy.example.org")?);
    // The session with the next hop handles one recipient after the other.
    config.limits.max_open_rcpts = 1;
    Ok(serve(listener, config, Proxy { next_hop, client }).await?)
}
