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
    mem,
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step, Wait,
    driver::Buffered,
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
        match listener
            .accept()
            .and_then(|(stream, _)| converse(stream, config.clone(), &mut io::stdout()))
        {
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
    let mut session = Buffered::new(Server::new(config));
    let mut message = Vec::new(); // no longer than `limits.max_message_octets`
    loop {
        let now = Instant::after_origin(origin.elapsed());
        let (step, server) = session.poll(now);
        match step {
            Step::Wait(wait) => exchange(&mut stream, &mut session, wait, now)?,
            Step::Event(Event::Body(octets)) => message.extend_from_slice(octets),
            Step::Event(Event::EndOfData { ticket, .. }) => {
                let kept = store
                    .write_all(&mem::take(&mut message))
                    .and_then(|()| store.flush());
                // An answer comes too late when the client was told 451 already: it will send the message again.
                let _ = match kept {
                    Ok(()) => server.accept(ticket),
                    Err(_) => server.reject(ticket, Rejection::NO_STORAGE),
                };
            }
            Step::Event(Event::Reset(_)) => message.clear(),
            Step::Event(Event::Closed(why)) => {
                close(&stream);
                return Ok(why);
            }
            Step::Event(other) => drop(server.proceed(other)),
        }
    }
}

/// Does one of the things that the machine waits for. A socket's timeout is the deadline: when it runs out, the machine
/// finds out by the time of its next poll.
fn exchange(
    stream: &mut TcpStream,
    session: &mut Buffered<Server>,
    wait: Wait,
    now: Instant,
) -> io::Result<()> {
    // Zero would be an error to the standard library.
    let left = wait
        .deadline
        .map(|due| due.at.since(now).max(Duration::from_millis(1)));
    stream.set_write_timeout(left)?;
    stream.set_read_timeout(left)?;
    let mut buffer = [0; 4096];
    let done = if wait.want_write {
        stream
            .write(session.unwritten(true))
            .map(|octets| session.wrote(octets))
    } else if wait.want_read {
        stream.read(&mut buffer).map(|octets| match buffer.get(..octets) {
            None | Some([]) => session.machine_mut().end_of_input(),
            Some(octets) => session.received(octets),
        })
    } else {
        thread::sleep(left.unwrap_or_default()); // a reply is held back: the client made too many errors
        Ok(())
    };
    match done.map_err(|error| error.kind()) {
        Ok(()) | Err(ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
        Err(_) => session.machine_mut().connection_lost(),
    }
    Ok(())
}

/// Closes a stream, after taking what came and was not read: else the client might lose the last reply.
fn close(stream: &TcpStream) {
    let _ = stream
        .shutdown(Shutdown::Write)
        .and_then(|()| stream.set_nonblocking(true))
        .and_then(|()| io::copy(&mut stream.take(1 << 20), &mut io::sink()));
}
