//! A server of an adapter, with an application that stores messages.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use smtp_driver::ServeOptions;
use smtp_proto::{
    sasl::Mechanism,
    server::Config,
    types::{Extension, Host},
};
use smtp_rustls::{ClientTls, Identity, ServerSettings, ServerTls};
use socket2::{Domain, SockRef, Socket, Type};

use super::{
    Adapter, PATIENCE, Running, Site,
    keeper::{Keeper, Ledger, Mail},
    peer::Peer,
};

/// The capacity of a small socket buffer, in octets. With less the windows of TCP would open too slowly.
pub(super) const LITTLE: usize = 1 << 14;

/// The settings that may be changed before a server begins.
pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) options: ServeOptions,
    /// Both sockets have small buffers.
    pub(super) little_room: bool,
}

impl Plan {
    /// The sessions begin with TLS.
    pub(super) fn begin_with_tls(&mut self) {
        self.options = self.options.clone().implicit_tls(pair().server.clone());
    }
}

/// A server and the messages that it accepted.
pub(super) struct Stage {
    pub(super) address: SocketAddr,
    pub(super) ledger: Arc<Ledger>,
    pub(super) running: Running,
}

/// Both sides of TLS for `mx.example`.
pub(super) struct Pair {
    pub(super) server: ServerTls,
    pub(super) client: ClientTls,
}

/// Created once, because key generation is slow.
pub(super) fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let identity = Identity::self_signed(["mx.example"]).unwrap();
        Pair {
            client: ClientTls::trusting(&identity.to_roots().unwrap(), "mx.example").unwrap(),
            server: ServerSettings::new(identity).build().unwrap(),
        }
    })
}

/// A listener on a port of its own, with a queue for bursts of connections.
pub(super) fn listen() -> TcpListener {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    listener.listen(4096).unwrap();
    listener.into()
}

impl Stage {
    pub(super) fn open<A: Adapter>() -> Self {
        Self::with::<A>(|_| {})
    }

    /// A server that offers STARTTLS and AUTH PLAIN, with these changes.
    pub(super) fn with<A: Adapter>(change: impl FnOnce(&mut Plan)) -> Self {
        Self::on::<A>(listen(), change)
    }

    /// The same on this listener.
    pub(super) fn on<A: Adapter>(listener: TcpListener, change: impl FnOnce(&mut Plan)) -> Self {
        let mut config = Config::new(Host::parse("mx.example").unwrap().into_owned());
        config.extensions.add(Extension::StartTls);
        config.offer_auth([Mechanism::PLAIN]);
        config.timeouts.penalty = Duration::ZERO;
        let mut plan = Plan {
            config,
            options: ServeOptions::default(),
            little_room: false,
        };
        change(&mut plan);
        if plan.little_room {
            // Accepted sockets inherit the buffer sizes of the listener.
            let socket = SockRef::from(&listener);
            socket.set_send_buffer_size(LITTLE).unwrap();
            socket.set_recv_buffer_size(LITTLE).unwrap();
        }
        let address = listener.local_addr().unwrap();
        let ledger = Arc::new(Ledger::default());
        let shared = Arc::clone(&ledger);
        let site = Site {
            config: Arc::new(plan.config),
            options: plan.options,
            tls: Some(pair().server.clone()),
            applications: Box::new(move || Box::new(Keeper::new(Arc::clone(&shared)))),
        };
        Self {
            address,
            ledger,
            running: A::serve(listener, site),
        }
    }

    /// A client that was greeted.
    pub(super) fn greeted(&self) -> Peer {
        let mut peer = Peer::connect(self.address);
        peer.expect("220 mx.example ");
        peer
    }

    /// Returns a client after EHLO.
    pub(super) fn ready(&self) -> Peer {
        let mut peer = self.greeted();
        peer.ask("EHLO client.example", "250");
        peer
    }

    /// Returns a client after DATA, or just before BDAT.
    pub(super) fn in_transaction(&self, from: &str, data: bool) -> Peer {
        let mut peer = self.ready();
        peer.ask(&format!("MAIL FROM:<{from}@client.example>"), "250");
        peer.ask("RCPT TO:<bob@mx.example>", "250");
        if data {
            peer.ask("DATA", "354");
        }
        peer
    }

    /// Connects again and again until there is room.
    pub(super) fn greeted_at_last(&self) -> Peer {
        let begin = Instant::now();
        loop {
            let mut peer = Peer::connect(self.address);
            let greeting = peer.flight();
            if greeting.starts_with("220 ") {
                return peer;
            }
            assert!(begin.elapsed() < PATIENCE, "{greeting}");
        }
    }

    /// Checks that the server accepts a whole message.
    pub(super) fn serves(&self) {
        let mut peer = self.greeted_at_last();
        peer.ask("EHLO well.example", "250");
        deliver(&mut peer);
        peer.ask("QUIT", "221");
        assert_eq!(peer.rest(), "");
        let sent = |mail: &Mail| mail.from == "well@client.example";
        let taken = &mut self.ledger.state().taken;
        let found = taken.iter().position(sent).expect("the message was stored");
        assert_eq!(taken.remove(found).body, b"Hello\r\n");
    }

    /// The messages that were stored, once.
    pub(super) fn taken(&self) -> Vec<Mail> {
        std::mem::take(&mut self.ledger.state().taken)
    }

    /// Stops the server once these peers are gone, and shows that it ends and has stored nothing more.
    pub(super) fn close(self, peers: impl Sized) {
        drop(peers);
        assert_eq!(self.taken(), []);
        self.running.join();
        assert_eq!(self.ledger.state().taken, []);
    }
}

/// Sends a short message.
pub(super) fn deliver(peer: &mut Peer) {
    peer.ask("MAIL FROM:<well@client.example>", "250");
    peer.ask("RCPT TO:<bob@mx.example>", "250");
    peer.ask("DATA", "354");
    peer.ask("Hello\r\n.", "250 2.6.0");
}
