//! A mail server on blocking sockets, without a runtime or adapter. It serves one client at a time, and writes accepted
//! messages unchanged to standard output.
//!
//! `cargo run -p examples --example by_hand -- 127.0.0.1:2525 >mail`
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

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
    server::{Closed, Config, Event, Server},
    types::{Host, Rejection},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:2525".into());
    let config = Arc::new(Config::new(Host::parse("mx.example.org")?));
    let listener = TcpListener::bind(address)?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        // An error of one connection does not stop the server.
        match listener
            .accept()
            .and_then(|(stream, _)| run_session(stream, config.clone(), &mut io::stdout()))
        {
            Ok(why) => eprintln!("{why}"),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Drives one session to its end. Writes accepted messages to `store`.
pub(crate) fn run_session(
    mut stream: TcpStream,
    config: Arc<Config>,
    store: &mut impl Write,
) -> io::Result<Closed> {
    let origin = std::time::Instant::now();
    let mut server = Server::new(config);
    let mut input = Vec::new(); // at most the longest line and one read
    let mut message = Vec::new(); // bounded by `limits.max_message_octets`
    loop {
        let now = Instant::after_origin(origin.elapsed());
        let mut rest = &input[..];
        let step = server.poll(&mut rest, now);
        let used = input.len() - rest.len();
        match step {
            Step::Wait(wait) => {
                input.drain(..used);
                exchange(&mut stream, &mut server, &mut input, wait, now)?;
                continue;
            }
            Step::Event(Event::Body(octets)) => message.extend_from_slice(octets),
            Step::Event(Event::EndOfData { ticket, .. }) => {
                let stored = store
                    .write_all(&mem::take(&mut message))
                    .and_then(|()| store.flush());
                // Ignore a late answer: the server has sent 451, and the client will send the message again.
                let _ = match stored {
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
        input.drain(..used);
    }
}

/// Writes, reads, or sleeps, as the machine requests. The socket timeout is the deadline; the next poll handles a passed
/// deadline.
fn exchange(
    stream: &mut TcpStream,
    server: &mut Server,
    input: &mut Vec<u8>,
    wait: Wait,
    now: Instant,
) -> io::Result<()> {
    // The standard library rejects a timeout of zero.
    let left = wait
        .deadline
        .map(|due| due.at.since(now).max(Duration::from_millis(1)));
    stream.set_write_timeout(left)?;
    stream.set_read_timeout(left)?;
    let mut buffer = [0; 4096];
    let done = if wait.want_write {
        stream
            .write(server.output())
            .map(|octets| server.advance_output(octets))
    } else if wait.want_read {
        stream.read(&mut buffer).map(|octets| match buffer.get(..octets) {
            None | Some([]) => server.end_of_input(),
            Some(octets) => input.extend_from_slice(octets),
        })
    } else {
        thread::sleep(left.unwrap_or_default()); // a reply is delayed after too many errors
        Ok(())
    };
    match done.map_err(|error| error.kind()) {
        Ok(()) | Err(ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
        Err(_) => server.connection_lost(),
    }
    Ok(())
}

/// Closes the connection after reading the rest of the input, because unread input may make the client lose the last reply.
fn close(stream: &TcpStream) {
    let _ = stream
        .shutdown(Shutdown::Write)
        .and_then(|()| stream.set_nonblocking(true))
        .and_then(|()| io::copy(&mut stream.take(1 << 20), &mut io::sink()));
}
