//! The two machines and the stream between them.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use smtp_proto::{
    Instant, Machine, Step, TlsInfo, TlsUpgrade,
    client::{self, BodyPermit, BodyStep, Client, Login, More, Outcome},
    sasl::{AuthOutcome, AuthRequest, CramMd5Server, Credentials, Mechanism, ServerMechanism},
    server::{self, Server},
    types::{ClientName, Domain, Envelope, Extension, ForwardPath, Host, Rejection, ReversePath},
};

const MESSAGE: &[u8] = b"Subject: hi\r\n\r\n.no standard library\r\n";

/// The fault; the number is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A name or address was not understood.
    Address = 1,
    /// A name was not converted to ASCII.
    Domain,
    /// The client did not send the message.
    Rejected,
    /// A question was closed.
    StaleTicket,
    /// Both machines wait, and nothing can continue.
    Stuck,
    /// The session did not end with QUIT on both sides, or not under TLS, or without a login.
    End,
    /// A recipient was refused, or the message did not arrive unchanged.
    Message,
}

/// The server and the messages that it received.
struct Receiver {
    server: Server,
    upgrade: Option<TlsUpgrade>,
    cram: Option<Box<dyn ServerMechanism>>,
    message: Vec<u8>,
    stored: Vec<Vec<u8>>,
    closed: Option<server::Closed>,
}

/// The client and its reports.
struct Sender {
    client: Client,
    upgrade: Option<TlsUpgrade>,
    envelope: Option<Envelope>,
    refused: usize,
    outcome: Option<Outcome>,
    closed: Option<client::Closed>,
}

/// Runs both machines until the session is over.
pub(crate) fn run() -> Result<(), Problem> {
    let domain = Domain::parse("bücher.example").map_err(|_| Problem::Address)?;
    match domain.to_ascii() {
        Ok(ascii) if ascii.to_string() == "xn--bcher-kva.example" => {}
        _ => return Err(Problem::Domain),
    }
    let mut receiver = Receiver::new()?;
    let mut sender = Sender::new()?;
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    // A turn carries something, or the session is over: there are fewer than this.
    for _ in 0..100 {
        let server_waits = receiver.go_on(&mut to_server)?;
        to_client.extend_from_slice(receiver.server.output());
        receiver.server.advance_output(receiver.server.output().len());
        let client_waits = sender.go_on(&mut to_client, &mut to_server)?;
        to_server.extend_from_slice(sender.client.output());
        sender.client.advance_output(sender.client.output().len());
        // The handshake begins when both sides are ready for it, and completes at once.
        match (receiver.upgrade.take(), sender.upgrade.take()) {
            (Some(servers), Some(clients)) => {
                receiver.server.tls_established(servers, TlsInfo::default());
                sender.client.tls_established(clients, TlsInfo::default());
            }
            (servers, clients) => (receiver.upgrade, sender.upgrade) = (servers, clients),
        }
        if !server_waits && !client_waits {
            return verdict(&receiver, &sender);
        }
    }
    Err(Problem::Stuck)
}

fn verdict(receiver: &Receiver, sender: &Sender) -> Result<(), Problem> {
    let accepted = sender.outcome == Some(Outcome::Accepted) && sender.refused == 1;
    if !accepted || receiver.stored != [MESSAGE] {
        return Err(Problem::Message);
    }
    let ended = (receiver.closed, sender.closed) == (Some(server::Closed::Quit), Some(client::Closed::Quit));
    let secure = receiver.server.is_encrypted() && sender.client.is_encrypted();
    let known = receiver.server.identity() == Some("ann");
    (ended && secure && known).then_some(()).ok_or(Problem::End)
}

impl Receiver {
    fn new() -> Result<Self, Problem> {
        let mut config = server::Config::new(Host::parse("mx.example.org").map_err(|_| Problem::Address)?);
        config.extensions.add(Extension::StartTls);
        config.tls = server::Tls::Required;
        config.auth = server::Auth::Required;
        config.offer_auth([Mechanism::CRAM_MD5]);
        Ok(Self {
            server: Server::new(config.into()),
            upgrade: None,
            cram: None,
            message: Vec::new(),
            stored: Vec::new(),
            closed: None,
        })
    }

    /// Processes this input. Returns true if the session is not over.
    fn go_on(&mut self, input: &mut Vec<u8>) -> Result<bool, Problem> {
        use server::Event;
        let server = &mut self.server;
        let mut rest = input.as_slice();
        while self.closed.is_none() {
            let answered = match server.poll(&mut rest, Instant::ORIGIN) {
                Step::Wait(_) => break,
                Step::Event(Event::StartTls(upgrade)) => {
                    self.upgrade = Some(upgrade);
                    Ok(())
                }
                Step::Event(Event::Auth {
                    request: AuthRequest::Begin { .. },
                    ticket,
                    ..
                }) => {
                    let cram = self.cram.insert(challenge());
                    server.answer_auth(ticket, cram.step(&[]))
                }
                Step::Event(Event::Auth {
                    request: AuthRequest::Step { response },
                    ticket,
                    ..
                }) => {
                    let progress = match &mut self.cram {
                        Some(cram) => cram.step(response.expose()),
                        None => AuthOutcome::Reject,
                    };
                    server.answer_auth(ticket, progress)
                }
                Step::Event(Event::Auth { ticket, .. }) => server.answer_auth(ticket, AuthOutcome::Reject),
                Step::Event(Event::Recipient { rcpt, ticket, .. })
                    if rcpt.forward_path().as_str().starts_with("nobody@") =>
                {
                    server.reject(ticket, Rejection::NO_SUCH_USER)
                }
                Step::Event(Event::Body(octets)) => {
                    self.message.extend_from_slice(octets);
                    Ok(())
                }
                Step::Event(Event::EndOfData { ticket, .. }) => {
                    self.stored.push(core::mem::take(&mut self.message));
                    server.accept(ticket)
                }
                Step::Event(Event::Closed(why)) => {
                    self.closed = Some(why);
                    Ok(())
                }
                Step::Event(other) => server.proceed(other),
            };
            answered.map_err(|_| Problem::StaleTicket)?;
        }
        let used = input.len() - rest.len();
        input.drain(..used);
        Ok(self.closed.is_none())
    }
}

/// A challenge must be new each time. This program has one session.
fn challenge() -> Box<dyn ServerMechanism> {
    let lookup = |user: &str| (user == "ann").then(|| ("ann".into(), "pencil".into()));
    match CramMd5Server::new("<1.1@mx.example.org>", lookup) {
        Some(mechanism) => Box::new(mechanism),
        None => Box::new(Closed),
    }
}

/// Rejects every login.
#[derive(Debug)]
struct Closed;

impl ServerMechanism for Closed {
    fn step(&mut self, _: &[u8]) -> AuthOutcome {
        AuthOutcome::Reject
    }
}

impl Sender {
    fn new() -> Result<Self, Problem> {
        let name = ClientName::parse("client.example").map_err(|_| Problem::Address)?;
        let mut config = client::Config::new(name);
        config.tls = client::Tls::Required;
        config.login = Some(Login::new(Credentials::password("ann", "pencil")));
        let mut envelope =
            Envelope::new(ReversePath::parse("ann@client.example").map_err(|_| Problem::Address)?);
        for recipient in ["bob@example.org", "nobody@example.org"] {
            envelope = envelope.recipient(ForwardPath::parse(recipient).map_err(|_| Problem::Address)?);
        }
        Ok(Self {
            client: Client::new(config.into()),
            upgrade: None,
            envelope: Some(envelope),
            refused: 0,
            outcome: None,
            closed: None,
        })
    }

    /// Processes this input. Returns true if the session is not over. The message goes directly to the server, after the
    /// earlier output of the client.
    fn go_on(&mut self, input: &mut Vec<u8>, to_server: &mut Vec<u8>) -> Result<bool, Problem> {
        use client::Event;
        let client = &mut self.client;
        let mut rest = input.as_slice();
        while self.closed.is_none() {
            match client.poll(&mut rest, Instant::ORIGIN) {
                Step::Wait(_) => break,
                Step::Event(Event::StartTls(upgrade)) => self.upgrade = Some(upgrade),
                Step::Event(Event::Ready) => {
                    if let Some(envelope) = self.envelope.take() {
                        client.deliver(envelope).map_err(|_| Problem::Rejected)?;
                    }
                }
                Step::Event(Event::Reply { reply, .. }) => self.refused += usize::from(reply.is_permanent()),
                Step::Event(Event::Body(permit)) => send(client, permit, to_server)?,
                Step::Event(Event::Finished(outcome)) => {
                    self.outcome = Some(outcome);
                    client.quit().map_err(|_| Problem::Rejected)?;
                }
                Step::Event(Event::Closed { why, .. }) => self.closed = Some(why),
                Step::Event(_) => {}
            }
        }
        let used = input.len() - rest.len();
        input.drain(..used);
        Ok(self.closed.is_none())
    }
}

/// Passes the message to the client, and the encoded message to the server.
fn send(client: &mut Client, permit: BodyPermit, to_server: &mut Vec<u8>) -> Result<(), Problem> {
    let mut message = MESSAGE;
    loop {
        let piece = client
            .body(&permit, &mut message, More::Last)
            .map_err(|_| Problem::Rejected)?;
        to_server.extend_from_slice(client.output());
        client.advance_output(client.output().len());
        let BodyStep::Write(piece) = piece else {
            break;
        };
        to_server.extend_from_slice(piece);
    }
    client.end_body(permit).map_err(|_| Problem::Rejected)
}
