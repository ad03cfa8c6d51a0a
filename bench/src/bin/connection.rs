//! A bare `Connection` of smtp-tokio for each client: it accepts everything and stores nothing. The difference to `floor` is
//! what machine, driver and tokio cost; that to the example `server` what a trace line, policy and store do.
//!
//! `connection ADDRESS [tls]`

use std::sync::Arc;

use smtp_proto::{
    Step,
    server::{Config, Event, Server},
    types::Host,
};
use smtp_rustls::{Identity, ServerSettings, ServerTls};
use smtp_tokio::{Connection, Io};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("usage: connection ADDRESS [tls]")?;
    let tls = match arguments.next() {
        Some(_) => Some(ServerSettings::new(Identity::self_signed(["localhost"])?).build()?),
        None => None,
    };
    let config = Arc::new(Config::new(Host::parse("bench.example")?));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, Arc::clone(&config), tls.clone()));
    }
}

async fn serve(stream: TcpStream, config: Arc<Config>, tls: Option<ServerTls>) {
    let mut connection = Connection::new(Io::new(stream), Server::new(config));
    if let Some(tls) = tls {
        connection.start_implicit_tls(&tls);
    }
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
