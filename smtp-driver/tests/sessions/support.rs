//! A server that keeps messages, and the peer of a client.

use std::{future::Future, io};

use smtp_driver::{
    BodySource, Client, Connection, Error, SendError, TlsSettings, Transport,
    proto::{
        Step, client,
        server::{self, Closed, Event, Server},
        types::{Envelope, Extension, ForwardPath, Host, Rejection, ReversePath},
    },
    testing::{Duplex, Network, ScriptedPeer, join},
};

/// A message that a server accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn server_config() -> server::Config {
    let mut config = server::Config::new(Host::parse("mx.example").unwrap().into_owned());
    config.set_max_message_size(64 << 20);
    config
}

/// A server that offers STARTTLS.
pub(crate) fn offering() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config
}

pub(crate) fn client_config() -> client::Config {
    let mut config = client::Config::new("client.example".parse().unwrap());
    config.tls = client::Tls::Disabled;
    config
}

/// A client that uses TLS like this.
pub(crate) fn wanting(tls: client::Tls) -> client::Config {
    let mut config = client_config();
    config.tls = tls;
    config
}

pub(crate) fn bob() -> Envelope {
    Envelope::new(ReversePath::parse("alice@client.example").unwrap())
        .recipient(ForwardPath::parse("bob@mx.example").unwrap().into_owned())
}

/// Lines of all lengths, some of which begin with dots, with octets beyond ASCII.
pub(crate) fn text(octets: usize) -> Vec<u8> {
    let mut text = b"Subject: x\r\n\r\n.\r\n..\r\n".to_vec();
    for number in 0_usize.. {
        if text.len() >= octets {
            break;
        }
        let dots = &b"..."[..[0, 0, 0, 1, 0, 2, 0, 0, 3][number % 9]];
        text.extend_from_slice(dots);
        text.extend(std::iter::repeat_n(b"abc\xe9"[number % 4], number % 97));
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// The application of a server that keeps messages. It refuses recipients whose address contains "no".
pub(crate) fn answer(event: Event<'_>, server: &mut Server, open: &mut Mail, taken: &mut Vec<Mail>) {
    match event {
        Event::Mail { mail, ticket } => {
            *open = Mail {
                from: mail.reverse_path().to_string(),
                ..Mail::default()
            };
            server.accept(ticket).unwrap();
        }
        Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().contains("no") => {
            server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
        }
        Event::Recipient { rcpt, ticket, .. } => {
            open.to.push(rcpt.forward_path().to_string());
            server.accept(ticket).unwrap();
        }
        Event::Body(octets) => open.body.extend_from_slice(octets),
        Event::EndOfData { ticket, .. } => {
            taken.push(std::mem::take(open));
            server.accept(ticket).unwrap();
        }
        other => {
            if let Some(ticket) = other.into_ticket() {
                server.accept(ticket).unwrap();
            }
        }
    }
}

/// The result of a session of a server.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) mails: Vec<Mail>,
    pub(crate) why: Closed,
    pub(crate) encrypted: bool,
    pub(crate) error: Option<io::Error>,
}

pub(crate) fn server(transport: Duplex, config: server::Config) -> Connection<Duplex, Server> {
    Connection::new(transport, Server::new(config.into()))
}

/// Runs a session of the server that keeps messages.
pub(crate) async fn converse<T: Transport<Error = io::Error>>(
    connection: &mut Connection<T, Server>,
    tls: Option<&dyn TlsSettings>,
) -> Received {
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = connection.poll();
        match step {
            Step::Wait(wait) => connection.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => connection.start_tls(upgrade, tls.unwrap()),
            Step::Event(event) => answer(event, server, &mut open, &mut mails),
        }
    };
    let encrypted = connection.machine().tls().is_some();
    let error = connection.take_error();
    connection.close().await;
    Received {
        mails,
        why,
        encrypted,
        error,
    }
}

/// A whole session of the server that keeps messages.
pub(crate) async fn receive(transport: Duplex, config: server::Config) -> Received {
    converse(&mut server(transport, config), None).await
}

/// A client in plaintext.
pub(crate) async fn connect<T: Transport>(
    transport: T,
    config: client::Config,
) -> Result<Client<T>, Error<T::Error>> {
    Client::<Duplex>::builder(config).on(transport).await
}

/// The greeting, and the beginning of a transaction up to the message.
pub(crate) const ENVELOPE: &str = "
    S: 220 mx
    C: EHLO client.example
    S: 250-mx
    S: 250-8BITMIME
    S: 250 PIPELINING
    C: MAIL FROM:<alice@client.example>*
    C: RCPT TO:<bob@mx.example>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 354 go on";

/// The greeting, and the beginning of a transaction with chunks.
pub(crate) const ENVELOPE_FOR_CHUNKS: &str = "
    S: 220 mx
    C: EHLO client.example
    S: 250-mx
    S: 250-8BITMIME
    S: 250-CHUNKING
    S: 250 PIPELINING
    C: MAIL FROM:<alice@client.example>*
    C: RCPT TO:<bob@mx.example>
    S: 250 ok
    S: 250 ok";

/// Sends a message to a server that plays something. Returns the error, and what playing returned.
pub(crate) fn fail<F: Future>(
    network: &Network,
    config: client::Config,
    message: &[u8],
    room: usize,
    play: impl FnOnce(ScriptedPeer<Duplex>) -> F,
) -> (SendError<io::Error>, F::Output) {
    let (near, far) = network.pair();
    far.control().set_capacity(room);
    near.control().set_capacity(room);
    let sending = async {
        let mut client = connect(near, config).await.unwrap();
        client.send(bob(), message).await.unwrap_err()
    };
    network.block_on(join(sending, play(ScriptedPeer::server(far))))
}

/// The end of a session.
pub(crate) fn ending(failed: &SendError<io::Error>) -> (client::Closed, client::MessageOutcome) {
    match &failed.error {
        Error::Closed { why, message, .. } => (*why, *message),
        other => panic!("{other}"),
    }
}

/// The reason of the end of a session, and the error of the stream.
pub(crate) fn closed<T: std::fmt::Debug>(
    result: Result<T, Error<io::Error>>,
) -> (client::Closed, Option<io::Error>) {
    match result {
        Err(Error::Closed { why, source, .. }) => (why, source),
        other => panic!("the session should have ended: {other:?}"),
    }
}

/// Minutes on the clock.
pub(crate) fn minutes(network: &Network) -> u64 {
    network.now().since_origin().as_secs() / 60
}

/// A source that has these pieces, with a pause before each.
pub(crate) struct Pieces {
    pub(crate) timer: Duplex,
    pub(crate) pieces: Vec<(u64, io::Result<Vec<u8>>)>,
    at: Option<smtp_driver::proto::Instant>,
}

impl Pieces {
    pub(crate) fn new(network: &Network, pieces: Vec<(u64, io::Result<Vec<u8>>)>) -> Self {
        Self {
            timer: network.pair().0,
            pieces,
            at: None,
        }
    }
}

impl BodySource<io::Error> for Pieces {
    fn poll_fill(
        &mut self,
        cx: &mut std::task::Context<'_>,
        room: &mut [u8],
    ) -> std::task::Poll<io::Result<usize>> {
        let Some((pause, piece)) = self.pieces.first_mut() else {
            return std::task::Poll::Ready(Ok(0));
        };
        let now = self.timer.now();
        let at = *self
            .at
            .get_or_insert_with(|| now + std::time::Duration::from_millis(*pause));
        std::task::ready!(self.timer.poll_deadline(cx, at));
        self.at = None;
        let filled = match piece {
            Ok(piece) => {
                let octets = piece.len().min(room.len());
                room[..octets].copy_from_slice(&piece[..octets]);
                piece.drain(..octets);
                *pause = 0;
                Ok(octets)
            }
            Err(error) => Err(error.kind().into()),
        };
        if !matches!(piece, Ok(piece) if !piece.is_empty()) {
            drop(self.pieces.remove(0));
        }
        std::task::Poll::Ready(filled)
    }
}
