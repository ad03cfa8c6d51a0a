//! A bare `Connection` of smtp-tokio for each client: it accepts everything and stores nothing. The difference to `floor` is
//! what machine, driver and tokio cost; that to the example `server` what a trace line, policy and store do.
//!
//! `connection ADDRESS`

use std::sync::Arc;

use smtp_proto::{
    Step,
    server::{Config, Event, Server},
    types::Host,
};
use smtp_tokio::{Connection, Io};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: connection ADDRESS")?;
    let config = Arc::new(Config::new(Host::parse("bench.example")?));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, Arc::clone(&config)));
    }
}

async fn serve(stream: TcpStream, config: Arc<Config>) {
    let mut connection = Connection::new(Io::new(stream), Server::new(config));
    loop {
        let (step, server) = connection.poll();
        match step {
            Step::Wait(wait) => connection.wait(wait).await,
            Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
            Step::Event(Event::Closed(_)) => return connection.close().await,
            Step::Event(other) => drop(server.proceed(other)),
        }
    }
}
