//! The whole way of a message in one program: a server on a free port, a MIME message, a client that goes over to TLS,
//! logs in and delivers it, the session as it went over the wire, and the stored message read back.
//!
//! `cargo run --release -p smtp-blocking --example roundtrip`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    io::{self, IoSlice, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    process::ExitCode,
    sync::Arc,
    thread,
};

use smtp_blocking::{Client, Options, Session, Socket, Stop, serve};
use smtp_examples::{
    desk::{Desk, Site, Todo},
    exit::chain,
    listen::listen,
    roundtrip::{Knowledge, Setting, Side, Transcript},
};
use smtp_proto::Step;

fn main() -> ExitCode {
    let mut report = String::new();
    let done = run(&mut report);
    print!("{report}");
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("roundtrip: {}", chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Goes the whole way, and says how it was.
fn run(report: &mut String) -> Result<(), Box<dyn Error>> {
    let setting = Setting::new()?;
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = listener.local_addr()?;
    let (stop, server_knows) = (Stop::new(), Knowledge::default());
    let (config, site) = (Arc::clone(&setting.server), Arc::clone(&setting.site));
    let (stopped, knowledge) = (stop.clone(), server_knows.clone());
    let serving = thread::spawn(move || {
        let session = move |session| receive(session, &site, &knowledge);
        serve(listener, config, Options::default(), &stopped, session)
    });

    let transcript = Transcript::default();
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let recorded = Recorded {
        stream,
        transcript: transcript.clone(),
    };
    let (config, tls) = (Arc::clone(&setting.client), setting.client_tls.clone());
    let mut client = Client::on_with_tls(recorded, config, tls)?;
    let client_knows = client.tls().cloned();
    let receipt = client.send(setting.envelope.clone(), &setting.message)?;
    client.quit()?;
    stop.stop();
    serving.join().map_err(|_| "the server panicked")??;
    setting.report(
        &transcript,
        client_knows.as_ref(),
        &server_knows,
        &receipt,
        report,
    )
}

/// One session of the server: every message of a user is stored.
fn receive(mut session: Session, site: &Arc<Site>, knowledge: &Knowledge) {
    let mut desk = Desk::new(Arc::clone(site), session.peer().ip());
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => desk.handle(event, server),
            Step::Wait(wait) => {
                session.wait(wait);
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Keep(keeping), _) => {
                knowledge.note(session.machine());
                desk.kept(keeping.run(), session.machine_mut());
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close();
}

/// A stream that writes down what goes over it: any stream will do for a client.
struct Recorded {
    stream: TcpStream,
    transcript: Transcript,
}

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.stream.read(buffer)?;
        self.transcript
            .note(Side::Server, buffer.get(..octets).unwrap_or_default());
        Ok(octets)
    }
}

impl Write for Recorded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(octets)?;
        self.transcript
            .note(Side::Client, octets.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.stream.write_vectored(slices)?;
        let mut left = written;
        for slice in slices {
            let part = slice.get(..left).unwrap_or(slice);
            self.transcript.note(Side::Client, part);
            left -= part.len();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl AsFd for Recorded {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Socket for Recorded {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.stream.shut_down()
    }
}

#[cfg(test)]
#[path = "roundtrip/tests.rs"]
mod tests;
