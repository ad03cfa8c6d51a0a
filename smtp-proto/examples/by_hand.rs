//! A mail server on blocking sockets, by hand: no runtime and no adapter, one client at a time. What it accepts goes to
//! the standard output, as it came.
//!
//! `cargo run -p smtp-proto --example by_hand -- 127.0.0.1:2525 >mail`
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a driver is what has the stream and the clock"
)]

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step, Wait,
    server::{Closed, Config, Event, Server},
    types::{Host, Rejection},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:2525".into());
    let config = Arc::new(Config::new(Host::parse("mx.example.org")?));
    let listener = TcpListener::bind(address)?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        // That a client went away before it was accepted, or broke its connection, concerns nobody else.
        let outcome = listener
            .accept()
            .and_then(|(stream, _)| converse(stream, config.clone(), &mut io::stdout().lock()));
        match outcome {
            Ok(why) => eprintln!("{why}"),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Drives one session to its end. Messages are kept in `store`.
pub(crate) fn converse(
    mut stream: TcpStream,
    config: Arc<Config>,
    store: &mut impl Write,
) -> io::Result<Closed> {
    let origin = std::time::Instant::now();
    let mut server = Server::new(config);
    let mut input = Vec::new();
    let mut message = Vec::new(); // no longer than `limits.message`
    loop {
        let now = Instant::after_origin(origin.elapsed());
        let mut rest = input.as_slice();
        let mut pause = None;
        match server.poll(&mut rest, now) {
            Step::Wait(wait) => pause = Some(wait),
            Step::Event(Event::Closed(why)) => {
                close(&mut stream);
                return Ok(why);
            }
            Step::Event(Event::Reset(_)) => message.clear(),
            Step::Event(Event::Body(octets)) => message.extend_from_slice(octets),
            Step::Event(Event::Verdict { ticket, .. }) => {
                let kept = store.write_all(&message).and_then(|()| store.flush());
                message.clear();
                // An answer comes too late when the client was told 451 already: it will send the message again.
                let _ = match kept {
                    Ok(()) => server.accept(ticket),
                    Err(_) => server.reject(ticket, Rejection::NO_STORAGE),
                };
            }
            // All other questions get a yes; news has no ticket.
            Step::Event(other) => {
                let _ = other.into_ticket().map(|ticket| server.accept(ticket));
            }
        }
        let used = input.len() - rest.len();
        input.drain(..used); // what was not used comes again, in front of what is read next
        if let Some(wait) = pause {
            exchange(&mut stream, &mut server, &mut input, wait, now)?;
        }
    }
}

/// Does one of the things that the machine waits for. A socket's timeout is the deadline: when it runs out, the machine
/// finds out by the time of its next poll.
fn exchange(
    stream: &mut TcpStream,
    server: &mut Server,
    input: &mut Vec<u8>,
    wait: Wait,
    now: Instant,
) -> io::Result<()> {
    // Zero would be an error to the standard library.
    let left = wait
        .deadline
        .map(|due| due.at.since(now).max(Duration::from_millis(1)));
    let mut buffer = [0; 4096];
    let done = if wait.write {
        stream.set_write_timeout(left)?;
        stream.write(server.output()).map(|octets| server.wrote(octets))
    } else if wait.read {
        stream.set_read_timeout(left)?;
        stream.read(&mut buffer).map(|octets| match buffer.get(..octets) {
            None | Some([]) => server.end_input(),
            Some(octets) => input.extend_from_slice(octets),
        })
    } else {
        // A reply is held back: the client made too many errors.
        std::thread::sleep(left.unwrap_or_default());
        Ok(())
    };
    if let Err(error) = done
        && !matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
        )
    {
        server.lost();
    }
    Ok(())
}

/// Closes a stream, after taking what came and was not read: else the client might lose the last reply.
fn close(stream: &mut TcpStream) {
    let _ = stream
        .shutdown(Shutdown::Write)
        .and_then(|()| stream.set_nonblocking(true))
        .and_then(|()| io::copy(&mut stream.take(1 << 20), &mut io::sink()));
}
