//! The load: messages over some connections at a time, as cheap as it can be, so that the server is what is measured.
//!
//! One thread serves the connections in turns: it reads what it waits for, and writes what comes next. All that is
//! written is made before, and of the replies only the ends and the first digits are looked at.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use smtp_rustls::{
    ClientSettings,
    rustls::{ClientConnection, StreamOwned},
};

/// One kind of load.
#[derive(Debug)]
pub struct Case {
    size: usize,
    /// Connections are kept open; else there is one for each message.
    pub kept: bool,
    /// With PIPELINING (RFC 2920): a group of commands is one write.
    pub pipelined: bool,
}

/// The cases under TLS, in the order of the table.
pub const TLS_CASES: &[Case] = &[Case::new(1, true, true), Case::new(1024, true, true)];

/// The cases in plaintext, in the order of the table.
pub const CASES: &[Case] = &[
    Case::new(1, true, true),
    Case::new(1, true, false),
    Case::new(1, false, true),
    Case::new(1, false, false),
    Case::new(64, true, true),
    Case::new(64, true, false),
    Case::new(64, false, true),
    Case::new(64, false, false),
];

/// Time after which a server that is silent has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Octets that are written at once, and how many replies are waited for then.
#[derive(Clone, Debug)]
pub struct Step(pub Vec<u8>, pub u32);

impl Case {
    const fn new(kilobytes: usize, kept: bool, pipelined: bool) -> Self {
        Self {
            size: kilobytes * 1024,
            kept,
            pipelined,
        }
    }

    /// The name on connections of this kind.
    pub fn name<S: Stream>(&self) -> String {
        let size = match self.size / 1024 {
            kilobytes @ ..1024 => format!("{kilobytes}K"),
            kilobytes => format!("{}M", kilobytes / 1024),
        };
        let connections = if self.kept { "kept" } else { "new" };
        let groups = if self.pipelined { "pipelined" } else { "one-by-one" };
        format!("{size}/{}{connections}/{groups}", S::LAYER)
    }

    /// The beginning of a connection, and the steps of each message.
    fn script(&self) -> (Vec<Step>, Vec<Step>) {
        let step = |octets: &str, replies| Step(octets.into(), replies);
        let (mail, rcpt) = (
            "MAIL FROM:<alice@client.example>\r\n",
            "RCPT TO:<bob@example.org>\r\n",
        );
        let group = format!("{mail}{rcpt}DATA\r\n");
        let message = message(self.size);
        let hello = vec![step("", 1), step("EHLO client.example\r\n", 1)];
        let transaction = vec![
            step(mail, 1),
            step(rcpt, 1),
            step("DATA\r\n", 1),
            step(&message, 1),
        ];
        match (self.kept, self.pipelined) {
            // The next transaction goes with the end of the message: RFC 2920 section 3.1.
            (true, true) => (
                [hello, vec![step(&group, 3)]].concat(),
                vec![step(&format!("{message}{group}"), 4)],
            ),
            (true, false) => (hello, transaction),
            (false, true) => (
                Vec::new(),
                [
                    hello,
                    vec![step(&group, 3), step(&format!("{message}QUIT\r\n"), 2)],
                ]
                .concat(),
            ),
            (false, false) => (
                Vec::new(),
                [hello, transaction, vec![step("QUIT\r\n", 1)]].concat(),
            ),
        }
    }
}

/// A message of about this size, with its final dot.
pub fn message(size: usize) -> String {
    let mut message =
        String::from("From: alice@client.example\r\nTo: bob@example.org\r\nSubject: load\r\n\r\n");
    while message.len() < size {
        let left = (size - message.len()).saturating_sub(2).clamp(1, 72);
        message.extend(('a'..='z').cycle().take(left));
        message.push_str("\r\n");
    }
    message + ".\r\n"
}

/// Connections that carry messages.
#[derive(Debug)]
pub struct Traffic<S> {
    address: SocketAddr,
    wait: Wait,
    each: Vec<Step>,
    kept: bool,
    connections: Vec<(Connection<S>, usize)>,
}

impl<S: Stream> Traffic<S> {
    /// Makes the connections and begins with the first message on each.
    ///
    /// # Errors
    ///
    /// When a connection fails, or the server refuses something.
    pub fn begin(case: &Case, address: SocketAddr, connections: usize, wait: Wait) -> io::Result<Self> {
        let (open, each) = case.script();
        let begin = |_| {
            let mut connection = Connection::open(address, wait)?;
            open.iter().try_for_each(|step| connection.carry_out(step))?;
            connection.write(&each[0])?;
            Ok((connection, 0))
        };
        Ok(Self {
            address,
            wait,
            kept: case.kept,
            connections: (0..connections).map(begin).collect::<io::Result<_>>()?,
            each,
        })
    }

    /// Goes on for that long, and says how many messages were accepted in which time.
    ///
    /// # Errors
    ///
    /// When a connection fails, or the server refuses something.
    pub fn run(&mut self, duration: Duration) -> io::Result<(u64, Duration)> {
        let (begun, mut messages) = (Instant::now(), 0);
        loop {
            for (connection, at) in &mut self.connections {
                connection.read(&self.each[*at])?;
                *at += 1;
                if *at == self.each.len() {
                    messages += 1;
                    *at = 0;
                    if !self.kept {
                        *connection = Connection::open(self.address, self.wait)?;
                    }
                }
                connection.write(&self.each[*at])?;
            }
            let time = begun.elapsed();
            if time >= duration {
                return Ok((messages, time));
            }
        }
    }
}

/// A connected stream.
pub trait Stream: Read + Write + Sized {
    /// The part of the name of a case.
    const LAYER: &'static str;

    /// Begins on a socket.
    ///
    /// # Errors
    ///
    /// If the settings of TLS cannot be used.
    fn new(socket: Socket) -> io::Result<Self>;
}

/// The way to wait for the server.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// In the system. Each reply wakes this process, and the system counts that as time of the server.
    Sleep,
    /// On a processor of its own.
    Spin,
}

/// A connected socket.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Socket {
    fn open(address: SocketAddr, wait: Wait) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nonblocking(matches!(wait, Wait::Spin))?;
        Ok(Self(socket))
    }

    /// Tries until the socket is ready.
    fn wait<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut begun = None;
        loop {
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if begun.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                        return Err(error);
                    }
                    std::hint::spin_loop();
                }
                done => return done,
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::wait(|| self.0.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Self::wait(|| self.0.write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Socket {
    const LAYER: &'static str = "";

    fn new(socket: Socket) -> io::Result<Self> {
        Ok(socket)
    }
}

/// Implicit TLS, which trusts each server.
pub type Tls = StreamOwned<ClientConnection, Socket>;

impl Stream for Tls {
    const LAYER: &'static str = "tls/";

    fn new(socket: Socket) -> io::Result<Self> {
        // Sessions are not resumed, because each has settings of its own.
        let tls = ClientSettings::encrypted_unverified().for_server("localhost");
        let tls = tls.map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone());
        Ok(StreamOwned::new(session.map_err(io::Error::other)?, socket))
    }
}

/// A connection to a server that is expected to agree with everything.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    /// Octets of the line so far.
    column: u32,
    /// The line is the last one of its reply.
    last: bool,
}

impl<S: Stream> Connection<S> {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub fn open(address: SocketAddr, wait: Wait) -> io::Result<Self> {
        Ok(Self {
            stream: S::new(Socket::open(address, wait)?)?,
            column: 0,
            last: false,
        })
    }

    /// Writes what the step has to say, and waits for the replies.
    ///
    /// # Errors
    ///
    /// When the connection fails, or the server refuses something.
    pub fn carry_out(&mut self, step: &Step) -> io::Result<()> {
        self.write(step)?;
        self.read(step)
    }

    fn write(&mut self, step: &Step) -> io::Result<()> {
        if step.0.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&step.0)
    }

    fn read(&mut self, step: &Step) -> io::Result<()> {
        let mut left = step.1;
        let mut buffer = [0; 2048];
        while left > 0 {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            for octet in &buffer[..read] {
                match (octet, self.column) {
                    (b'\n', _) => {
                        left = left.saturating_sub(u32::from(self.last));
                        (self.column, self.last) = (0, false);
                        continue;
                    }
                    (b'2' | b'3', 0) => {}
                    (_, 0) => {
                        let reply = String::from_utf8_lossy(&buffer[..read]);
                        return Err(io::Error::other(format!("refused: {}", reply.trim_end())));
                    }
                    (_, 3) => self.last = *octet != b'-',
                    _ => {}
                }
                self.column += 1;
            }
        }
        Ok(())
    }
}
