//! Many connections at the same time, each of which waits for its greeting.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::process::Server;

/// Time after which a connection without a greeting is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The greetings of a burst.
#[derive(Debug)]
pub struct Burst {
    /// Connections that were greeted.
    pub greeted: usize,
    /// Time from the first connection to the last greeting.
    pub time: Duration,
}

/// Connects that many times at once, and waits for the greetings.
///
/// # Errors
///
/// When a connection fails; the limit of open files may be too low.
pub fn measure(server: &Server, connections: usize) -> io::Result<Burst> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let begun = Instant::now();
    let mut burst = Burst {
        greeted: 0,
        time: Duration::ZERO,
    };
    let mut streams = Vec::with_capacity(connections);
    for token in 0..connections {
        let mut stream = TcpStream::connect(server.address)?;
        poll.registry()
            .register(&mut stream, Token(token), Interest::READABLE)?;
        streams.push(stream);
    }
    while burst.greeted < connections && begun.elapsed() < PATIENCE {
        poll.poll(&mut events, Some(PATIENCE))?;
        for event in &events {
            // Each writes its greeting at once, and nothing more.
            if streams[event.token().0]
                .read(&mut [0; 512])
                .is_ok_and(|octets| octets > 0)
            {
                burst.greeted += 1;
                burst.time = begun.elapsed();
            }
        }
    }
    Ok(burst)
}
