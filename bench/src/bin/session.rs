//! The loop of `connection` on a `Session` of smtp-tokio: it accepts everything and stores nothing. The difference to
//! `connection` is what the limits and the shutdown cost; that to `service` what the questions of a service cost.
//!
//! `session ADDRESS`

use smtp_proto::{
    Step,
    server::{Config, Event},
    types::Host,
};
use smtp_tokio::{Listener, ServeOptions, Session, serve_sessions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: session ADDRESS")?;
    let config = Config::new(Host::parse("bench.example")?);
    let listener = Listener::bind(address)?;
    println!("listening on {}", listener.local()?);
    let mut options = ServeOptions::default();
    (options.max_connections, options.max_connections_per_peer) = (10_000, 10_000);
    serve_sessions(listener, config, options, std::future::pending(), serve).await?;
    Ok(())
}

async fn serve(mut session: Session) {
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
            Step::Event(Event::Closed(_)) => return session.close().await,
            Step::Event(other) => drop(server.proceed(other)),
        }
    }
}
