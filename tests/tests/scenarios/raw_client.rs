//! A client in a loop.

use std::{io, mem, net::TcpStream, sync::Arc};

use smtp_proto::{
    Step, TlsUpgrade,
    client::{self, BodyPermit, Client, Event, More, Receipt},
    data::ContentScanner,
    driver::{Error, LastRefusal},
};
use smtp_rustls::{
    ClientTls,
    rustls::{ClientConnection, Connection},
};
use smtp_tests::scenarios::{Errand, Message, Way};

use crate::wire::Wire;

/// How much of a message is given at once, in octets.
const BLOCK: usize = 64 * 1024;

/// A session: the ways to do TLS, and the last refusal.
struct Talk<'e> {
    wire: Wire<Client>,
    tls: Option<&'e ClientTls>,
    refusal: LastRefusal,
}

pub(crate) fn send(errand: Errand, receipt: &mut Receipt) -> Result<(), Error<io::Error>> {
    let config = Arc::new(errand.config);
    let socket = TcpStream::connect(errand.address).map_err(Error::Connect)?;
    let tls = match &errand.way {
        Way::Clear if config.tls != client::Tls::Disabled => return Err(Error::NoTls),
        Way::Clear => None,
        Way::StartTls(tls) | Way::Implicit(tls) => Some(tls),
    };
    let mut wire = Wire::new(socket, Client::new(Arc::clone(&config))).map_err(Error::Connect)?;
    if let (Way::Implicit(_), Some(tls)) = (&errand.way, tls) {
        let mut early = wire;
        begin(&mut early, tls);
        early
            .shake_hands(config.timeouts.handshake, || false)
            .map_err(Error::Handshake)?;
        let facts = tls.facts(early.client_tls().unwrap());
        wire = Wire::new(early.socket, Client::new_over_tls(config, facts)).map_err(Error::Connect)?;
        wire.tls = early.tls;
    }
    let mut talk = Talk {
        wire,
        tls,
        refusal: LastRefusal::default(),
    };
    talk.until(&[], receipt, |event| matches!(event, Event::Ready))?;
    let (message, envelope) = match &errand.message {
        Message::Memory(message) => {
            let mut scanner = ContentScanner::new();
            scanner.feed(message);
            (message, errand.envelope.for_content(&scanner.finish()))
        }
        Message::Reader(message) => (message, errand.envelope),
    };
    let machine = talk.wire.buffered.machine_mut();
    machine.deliver(envelope).map_err(|refused| refused.error)?;
    talk.until(message, receipt, |event| matches!(event, Event::Finished(_)))?;
    talk.wire.buffered.machine_mut().quit()?;
    let _ = talk.until(&[], &mut Receipt::default(), |_| false);
    talk.wire.close();
    Ok(())
}

fn begin(wire: &mut Wire<Client>, tls: &ClientTls) {
    let connection = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone()).unwrap();
    wire.tls = Some(Connection::Client(connection));
}

/// Puts the next part of the message where it will be written from. Gives the permit back while there is more.
fn give(wire: &mut Wire<Client>, permit: BodyPermit, message: &mut &[u8]) -> Option<BodyPermit> {
    let (block, coming) = match message.get(..BLOCK) {
        Some(block) if block.len() < message.len() => (block, More::Yes),
        _ => (*message, More::Last),
    };
    let mut gathered = wire.buffered.gather(permit, block, coming);
    wire.buffered.defer_rest(&gathered);
    *message = message.get(gathered.used()..).unwrap_or_default();
    gathered.take_permit()
}

impl Talk<'_> {
    /// Drives the session until there is such an event, sending the message when it is wanted.
    fn until(
        &mut self,
        mut message: &[u8],
        receipt: &mut Receipt,
        found: impl Fn(&Event<'_>) -> bool,
    ) -> Result<(), Error<io::Error>> {
        let mut permit = None;
        loop {
            let event = match self.wire.poll().0 {
                Step::Event(event) => event,
                Step::Wait(wait) => {
                    if !self.wire.buffered.is_writing() && !self.wire.buffered.is_write_closed() {
                        permit = permit.and_then(|permit| give(&mut self.wire, permit, &mut message));
                    }
                    self.wire.wait(wait);
                    continue;
                }
            };
            receipt.record(&event);
            self.refusal.note(&event);
            if found(&event) {
                return Ok(());
            }
            match event {
                Event::Body(granted) => permit = Some(granted),
                Event::StartTls(upgrade) => self.start_tls(upgrade),
                Event::Closed { why, message } => {
                    let refusal = mem::take(&mut self.refusal);
                    return Err(refusal.closed(why, message, self.wire.error.take()));
                }
                _ => {}
            }
        }
    }

    fn start_tls(&mut self, upgrade: TlsUpgrade) {
        let tls = self.tls.unwrap();
        begin(&mut self.wire, tls);
        let limit = self.wire.buffered.machine().config().timeouts.handshake;
        match self.wire.shake_hands(limit, || false) {
            Ok(_) => {
                let facts = tls.facts(self.wire.client_tls().unwrap());
                self.wire.buffered.machine_mut().tls_established(upgrade, facts);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => self.wire.error = Some(error),
            Err(error) => {
                self.wire.error = Some(error);
                self.wire.buffered.machine_mut().tls_failed(upgrade);
            }
        }
    }
}
