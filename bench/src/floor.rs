//! The parts of SMTP that the servers `floor` and `floor-threads` know.

/// The greeting.
pub const GREETING: &[u8] = b"220 floor ESMTP\r\n";
const HELLO: &[u8] = b"250-floor\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n250 HELP\r\n";

/// Line ends and the first letters of commands, and a positive reply to each.
#[derive(Debug, Default)]
pub struct Replier {
    /// The first octet of the current line; `None` at its beginning.
    first: Option<u8>,
    /// The line has one octet so far, which may be the final dot.
    alone: bool,
    in_message: bool,
    over: bool,
}

impl Replier {
    /// Begins a session.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            first: None,
            alone: false,
            in_message: false,
            over: false,
        }
    }

    /// Returns true after QUIT.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Returns the replies to the lines that end in these octets.
    pub fn replies_to(&mut self, mut octets: &[u8]) -> Vec<u8> {
        let mut replies = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', octets) {
            let line = &octets[..end];
            octets = &octets[end + 1..];
            let short =
                line.len() + usize::from(self.first.is_some()) <= 2 && (self.alone || self.first.is_none());
            let first = self.first.take().or(line.first().copied());
            self.alone = false;
            if self.in_message {
                if first == Some(b'.') && short {
                    self.in_message = false;
                    replies.extend_from_slice(b"250 2.6.0 ok\r\n");
                }
                continue;
            }
            replies.extend_from_slice(match first {
                Some(b'E' | b'e') => HELLO,
                Some(b'D' | b'd') => {
                    self.in_message = true;
                    b"354 go on\r\n"
                }
                Some(b'Q' | b'q') => {
                    self.over = true;
                    b"221 2.0.0 bye\r\n"
                }
                _ => b"250 2.0.0 ok\r\n",
            });
        }
        if let (None, [first, rest @ ..]) = (self.first, octets) {
            (self.first, self.alone) = (Some(*first), rest.iter().all(|octet| *octet == b'\r'));
        } else if !octets.iter().all(|octet| *octet == b'\r') {
            self.alone = false;
        }
        replies
    }
}
