//! A client of an adapter, and a server that is played by the scenario.

use std::{io, net::TcpListener, thread};

use smtp_driver::{Error, SendError};
use smtp_proto::{
    client::{Closed, Config, ExtensionUse, MessageOutcome, Receipt, RecipientStatus, ReplyTo},
    types::{Envelope, ForwardPath, ReversePath},
};
use socket2::SockRef;

use super::{
    Adapter, Errand, Message, Way,
    peer::Peer,
    stage::{LITTLE, listen},
};

/// The orders for a client, except the address.
pub(super) struct Talk {
    pub(super) config: Config,
    pub(super) way: Way,
    pub(super) to: Vec<&'static str>,
    pub(super) message: Message,
    /// The server's socket has small buffers.
    pub(super) little_room: bool,
}

/// A short message to one recipient.
pub(super) fn talk() -> Talk {
    Talk {
        config: Config::new("client.example".parse().unwrap()),
        way: Way::Clear,
        to: vec!["bob@mx.example"],
        message: Message::Memory(b"Hello\r\n".to_vec()),
        little_room: false,
    }
}

impl Talk {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(super) fn in_chunks(self) -> Self {
        self.with(|config| config.chunking = ExtensionUse::IfOffered)
    }

    pub(super) fn message(mut self, message: Vec<u8>) -> Self {
        self.message = Message::Memory(message);
        self
    }

    pub(super) fn reader(mut self, message: Vec<u8>) -> Self {
        self.message = Message::Reader(message);
        self
    }

    pub(super) fn way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    pub(super) const fn little_room(mut self) -> Self {
        self.little_room = true;
        self
    }

    pub(super) fn to(mut self, to: &[&'static str]) -> Self {
        self.to = to.to_vec();
        self
    }

    /// Runs the client against this server. Keeps the result of the server until the client is done.
    pub(super) fn run<A: Adapter, R>(
        self,
        server: impl FnOnce(Peer) -> R,
    ) -> Result<Receipt, SendError<io::Error>> {
        self.run_on::<A, R>(|listener| server(Peer::accept(&listener)))
    }

    /// Has the client send, with this server, which need not accept.
    pub(super) fn run_on<A: Adapter, R>(
        self,
        server: impl FnOnce(TcpListener) -> R,
    ) -> Result<Receipt, SendError<io::Error>> {
        let listener = listen();
        if self.little_room {
            SockRef::from(&listener).set_recv_buffer_size(LITTLE).unwrap();
        }
        let from = Envelope::new(ReversePath::parse("ann@client.example").unwrap().into_owned());
        let to = |envelope: Envelope, to: &&'static str| envelope.recipient(ForwardPath::parse(to).unwrap());
        let errand = Errand {
            address: listener.local_addr().unwrap(),
            config: self.config,
            way: self.way,
            envelope: self.to.iter().fold(from, to),
            message: self.message,
        };
        thread::scope(|scope| {
            let sending = scope.spawn(|| A::send(errand));
            let kept = server(listener);
            let sent = sending.join().unwrap();
            drop(kept);
            sent
        })
    }

    /// Has it fail.
    #[track_caller]
    pub(super) fn fail<A: Adapter, R>(self, server: impl FnOnce(Peer) -> R) -> SendError<io::Error> {
        match self.run::<A, R>(server) {
            Err(failed) => failed,
            Ok(receipt) => panic!("it did not fail: {receipt:?}"),
        }
    }
}

/// The reason for the end of the session, and the outcome for the message.
#[track_caller]
pub(super) fn ending(failed: &SendError<io::Error>) -> (Closed, MessageOutcome) {
    match &failed.error {
        Error::Closed { why, message, .. } => (*why, *message),
        other => panic!("{other:?}"),
    }
}

/// The outcome for the first recipient.
pub(super) fn fate(receipt: &Receipt) -> RecipientStatus<'_> {
    receipt.recipients().next().unwrap().1
}

/// The reply for each recipient, and the command that it answers.
pub(super) fn codes(receipt: &Receipt) -> Vec<(Option<ReplyTo>, u16)> {
    let code = |fate| match fate {
        RecipientStatus::Accepted(reply) => (None, reply.code().get()),
        RecipientStatus::Refused { to: asked, reply, .. } => (Some(asked), reply.code().get()),
        other => panic!("{other:?}"),
    };
    receipt.recipients().map(|(_, fate)| code(fate)).collect()
}

/// Lines of all lengths, some of which begin with dots.
pub(super) fn text(octets: usize) -> Vec<u8> {
    let mut text = b"Subject: x\r\n\r\n.\r\n..\r\n".to_vec();
    for number in 0_usize.. {
        if text.len() >= octets {
            break;
        }
        let dots = [0, 0, 0, 1, 0, 2, 0, 0, 3][number % 9];
        text.extend(std::iter::repeat_n(b'.', dots));
        text.extend(std::iter::repeat_n(b"abcd"[number % 4], number % 97));
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// A server's part, as it should be.
impl Peer {
    /// Greets, and answers EHLO with these offers.
    pub(super) fn welcome(&mut self, offers: &[&str]) {
        self.say("220 mx.example ESMTP\r\n");
        self.hello(offers);
    }

    /// Answers EHLO with these offers.
    pub(super) fn hello(&mut self, offers: &[&str]) {
        let line = self.line();
        assert!(
            matches!(&*line, "EHLO client.example" | "LHLO client.example"),
            "{line}"
        );
        let mut reply = String::from("250-mx.example\r\n");
        for offer in offers {
            reply.push_str(&format!("250-{offer}\r\n"));
        }
        self.say(reply + "250 8BITMIME\r\n");
    }

    /// Accepts an envelope with one recipient, pipelined or not, up to 354 or the first chunk.
    pub(super) fn envelope(&mut self, data: bool) {
        self.command("MAIL FROM:<ann@client.example>");
        self.say("250 ok\r\n");
        self.command("RCPT TO:<bob@mx.example>");
        self.say("250 ok\r\n");
        if data {
            self.command("DATA");
            self.say("354 go on\r\n");
        }
    }

    /// Reads a message up to the final dot, and undoes the stuffing of dots.
    pub(super) fn content(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let line = self.octets_of_line();
            match line.strip_prefix(b".") {
                Some([]) => return content,
                Some(rest) => content.extend_from_slice(rest),
                None => content.extend_from_slice(&line),
            }
            content.extend_from_slice(b"\r\n");
        }
    }

    /// Reads `BDAT`. Returns the size of the chunk, and true if it is the last.
    pub(super) fn chunk(&mut self) -> (usize, bool) {
        let line = self.command("BDAT ");
        let mut words = line.split(' ').skip(1);
        (
            words.next().unwrap().parse().unwrap(),
            words.next() == Some("LAST"),
        )
    }

    /// Reads the chunks of a message and accepts each.
    pub(super) fn chunks(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let (octets, last) = self.chunk();
            content.extend(self.octets(octets));
            self.say("250 ok\r\n");
            if last {
                return content;
            }
        }
    }

    /// Accepts QUIT and closes.
    pub(super) fn farewell(&mut self) {
        self.command("QUIT");
        self.say("221 bye\r\n");
        assert_eq!(self.rest(), "");
    }
}
