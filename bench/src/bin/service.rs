//! A `Service` of smtp-tokio that accepts everything and stores nothing. The difference to `connection` is what the questions
//! of a service, the limits and the shutdown cost.
//!
//! `service ADDRESS`

use smtp_proto::{
    server::Config,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_tokio::{About, Accept, Bytes, Listener, ServeOptions, Service, serve_until};

/// Accepts everything.
struct Sink;

impl Service for Sink {
    type Mail = ();

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: service ADDRESS")?;
    let config = Config::new(Host::parse("bench.example")?);
    let listener = Listener::bind(address)?;
    println!("listening on {}", listener.local()?);
    let mut options = ServeOptions::default();
    (options.max_connections, options.max_connections_per_peer) = (10_000, 10_000);
    serve_until(listener, config, options, std::future::pending(), Sink).await?;
    Ok(())
}
