//! A server of threads as cheap as one can be: one for each connection, which knows as little of SMTP as `floor`.
//!
//! `floor-threads ADDRESS [WAIT]`
//!
//! WAIT is how a thread waits: `poll` for its socket and a pipe, with a deadline, as a thread must that can be woken
//! (default), or `read` in the blocking read alone.

use std::{
    io::{self, PipeReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smtp_bench::floor::{GREETING, Replier};

/// Time that a server waits for a command (RFC 5321 section 4.5.3.2.7).
const DEADLINE: Timespec = Timespec {
    tv_sec: 300,
    tv_nsec: 0,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments
        .next()
        .ok_or("usage: floor-threads ADDRESS [WAIT]")?
        .parse()?;
    let blocking = arguments.next().as_deref() == Some("read");
    let listener = TcpListener::bind(address)?;
    // As many connections as the servers may have waiting.
    rustix::net::listen(&listener, 4096)?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::spawn(move || {
            if blocking {
                return serve(stream, None);
            }
            let (bell, _rope) = io::pipe()?;
            serve(stream, Some(&bell))
        });
    }
}

fn serve(mut stream: TcpStream, bell: Option<&PipeReader>) -> io::Result<()> {
    let (mut replier, mut buffer) = (Replier::new(), [0; 4096]);
    stream.write_all(GREETING)?;
    while !replier.is_over() {
        if let Some(bell) = bell {
            poll(
                &mut [
                    PollFd::new(&stream, PollFlags::IN),
                    PollFd::new(bell, PollFlags::IN),
                ],
                Some(&DEADLINE),
            )?;
        }
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        stream.write_all(&replier.replies_to(&buffer[..read]))?;
    }
    Ok(())
}
