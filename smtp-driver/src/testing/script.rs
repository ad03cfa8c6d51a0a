//! A peer that plays a script.

use std::{
    error,
    fmt::{self, Write as _},
    future::poll_fn,
    time::Duration,
};

use smtp_proto::Instant;

use crate::Transport;

/// Maximum lines before a difference that the report shows.
const CONTEXT: usize = 12;

/// A peer that plays a script, on any [`Transport`].
///
/// Each line of a script begins with `C: ` (the client sends) or `S: ` (the server sends). The peer sends the lines of its
/// own side, and expects the others:
///
/// - An expected line may end with `*`, which stands for the rest of the line.
/// - `C: <close>` or `S: <close>`: that side closes the connection.
/// - `-- 5s`: the peer waits for that many seconds.
/// - Lines that begin with `#`, and empty ones, are comments.
#[derive(Debug)]
pub struct ScriptedPeer<T> {
    transport: T,
    side: char,
    input: Vec<u8>,
    played: Vec<String>,
}

impl<T: Transport> ScriptedPeer<T> {
    /// Creates a peer that plays the server.
    pub const fn server(transport: T) -> Self {
        Self::new(transport, 'S')
    }

    /// Creates a peer that plays the client.
    pub const fn client(transport: T) -> Self {
        Self::new(transport, 'C')
    }

    const fn new(transport: T, side: char) -> Self {
        Self {
            transport,
            side,
            input: Vec::new(),
            played: Vec::new(),
        }
    }

    /// Plays a script to its end. Sends adjacent lines of its side together.
    ///
    /// # Errors
    ///
    /// If the other side sends something else.
    ///
    /// # Panics
    ///
    /// If a line of the script has none of these forms.
    #[expect(clippy::panic, reason = "the script is a part of the test")]
    pub async fn play(&mut self, script: &str) -> Result<(), ScriptError> {
        let mut ours = String::new();
        for line in script.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (side, text) = line.split_at_checked(2).unwrap_or((line, ""));
            let text = text.strip_prefix(' ').unwrap_or(text);
            if side.starts_with(self.side) && side.ends_with(':') && text != "<close>" {
                ours.push_str(text);
                ours.push_str("\r\n");
                self.played.push(line.to_owned());
                continue;
            }
            self.send(&std::mem::take(&mut ours)).await?;
            match (side, text) {
                ("--", seconds) => match seconds.trim_end_matches('s').parse() {
                    Ok(seconds) => self.sleep(Duration::from_secs_f64(seconds)).await,
                    Err(_) => panic!("not a time: {line}"),
                },
                ("S:" | "C:", "<close>") if side.starts_with(self.side) => self.close().await,
                ("S:" | "C:", "<close>") => self.expect_close().await?,
                ("S:" | "C:", text) => self.expect(text).await?,
                _ => panic!("not a line of a script: {line}"),
            }
        }
        self.send(&ours).await
    }

    /// Receives one line and compares it. A `*` at the end of `expected` stands for the rest of the line.
    ///
    /// # Errors
    ///
    /// If another line arrives, or the connection ends.
    pub async fn expect(&mut self, expected: &str) -> Result<(), ScriptError> {
        let received = self.line().await;
        let fits = match (&received, expected.strip_suffix('*')) {
            (Ok(line), Some(beginning)) => line.starts_with(beginning),
            (Ok(line), None) => line == expected,
            (Err(_), _) => false,
        };
        if fits {
            self.note(expected);
            return Ok(());
        }
        let (Ok(received) | Err(received)) = received;
        Err(self.differs(expected, &received))
    }

    /// Expects the other side to close the connection.
    ///
    /// # Errors
    ///
    /// If the other side sends more.
    pub async fn expect_close(&mut self) -> Result<(), ScriptError> {
        match self.line().await {
            // A socket closed with unread input resets the connection, which counts as closing, too.
            Err(end) if end != UNTERMINATED => {
                self.note("<close>");
                Ok(())
            }
            Ok(received) | Err(received) => Err(self.differs("<close>", &received)),
        }
    }

    /// Receives one line, without its line end.
    ///
    /// # Errors
    ///
    /// If the connection ends: a description of the end in angle brackets.
    pub async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).take(end).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.read().await?;
        }
    }

    /// Receives this number of octets.
    ///
    /// # Errors
    ///
    /// If the connection ends earlier.
    pub async fn octets(&mut self, octets: usize) -> Result<Vec<u8>, ScriptError> {
        while self.input.len() < octets {
            if let Err(end) = self.read().await {
                return Err(self.differs(&format!("<{octets} octets>"), &end));
            }
        }
        Ok(self.input.drain(..octets).collect())
    }

    /// Sends these octets unchanged.
    ///
    /// # Errors
    ///
    /// If the stream accepts no more.
    pub async fn send(&mut self, octets: impl AsRef<[u8]>) -> Result<(), ScriptError> {
        let mut rest = octets.as_ref();
        while !rest.is_empty() {
            let written = poll_fn(|cx| self.transport.poll_write(cx, &[rest])).await;
            match written {
                Ok(octets @ 1..) => rest = rest.get(octets..).unwrap_or_default(),
                Ok(_) => return Err(self.differs("<write>", "<accepts nothing>")),
                Err(error) => return Err(self.differs("<write>", &format!("<{error}>"))),
            }
        }
        Ok(())
    }

    /// Closes the sending side.
    pub async fn close(&mut self) {
        // Ignore a failure: a broken connection is closed, too.
        let _ = poll_fn(|cx| self.transport.poll_shutdown(cx)).await;
    }

    /// The transport.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// Returns the transport, and the octets that were received but not used.
    pub fn into_parts(self) -> (T, Vec<u8>) {
        (self.transport, self.input)
    }

    async fn sleep(&mut self, time: Duration) {
        let end = Instant::after_origin(self.transport.now().since_origin() + time);
        poll_fn(|cx| self.transport.poll_deadline(cx, end)).await;
    }

    async fn read(&mut self) -> Result<(), String> {
        let (input, mut end) = (&mut self.input, false);
        let transport = &mut self.transport;
        let read = poll_fn(|cx| {
            transport.poll_read(cx, &mut |octets| {
                end |= octets.is_empty();
                input.extend_from_slice(octets);
            })
        })
        .await;
        match read {
            Ok(()) if end && !self.input.is_empty() => Err(UNTERMINATED.to_owned()),
            Ok(()) if end => Err("<close>".to_owned()),
            Ok(()) => Ok(()),
            Err(error) => Err(format!("<{error}>")),
        }
    }

    fn other(&self) -> char {
        if self.side == 'S' { 'C' } else { 'S' }
    }

    fn note(&mut self, line: &str) {
        let line = format!("{}: {line}", self.other());
        self.played.push(line);
    }

    fn differs(&self, expected: &str, received: &str) -> ScriptError {
        let first = self.played.len().saturating_sub(CONTEXT);
        let mut report = "session differs from the script".to_owned();
        for line in self.played.get(first..).unwrap_or_default() {
            report.push_str("\n  ");
            report.push_str(line);
        }
        let side = self.other();
        // Writing to a string does not fail.
        let _ = write!(report, "\n- {side}: {expected}\n+ {side}: {received}");
        ScriptError(report)
    }
}

/// The end of the connection in the middle of a line.
const UNTERMINATED: &str = "<close in the middle of a line>";

/// A difference between a session and its script. `Display` and `Debug` show the lines before the difference, and both
/// versions.
#[derive(Clone, PartialEq, Eq)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As `Display`, so that `unwrap` in a test is readable.
impl fmt::Debug for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for ScriptError {}
