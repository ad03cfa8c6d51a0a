//! Services on threads.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use smtp_blocking::{
    About, Accept, Bytes, Client, Listener, Mailer, Peer, Pool, ServeOptions, Service, ShutdownHandle,
    driver::PoolOptions, serve_until,
};
use smtp_proto::types::{ForwardPath, Mail, MailParameters, Rcpt, RcptParameters, Rejection, ReversePath};

use crate::support::{PATIENCE, bob, client_config, server_config};

/// The use of a message.
#[derive(Clone)]
enum Use {
    Store(Sender<Vec<u8>>),
    /// Sends it to the next hop. The thread blocks meanwhile.
    Block(SocketAddr),
    /// Sends it to the next hop, and awaits that.
    Await(SocketAddr),
    /// Reports a message, and blocks the thread until the test continues.
    Hold(Sender<()>, Arc<Mutex<Receiver<()>>>),
}

impl Service for Use {
    type Mail = Vec<u8>;

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<Vec<u8>, Rejection> {
        Ok(Vec::new())
    }

    async fn body(&self, message: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
        message.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(&self, message: &mut Vec<u8>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        match self {
            Self::Store(store) => store.send(message.clone()).unwrap(),
            Self::Block(next_hop) => {
                let mut client = Client::builder(client_config()).connect(*next_hop).unwrap();
                assert!(client.send(bob(), message).unwrap().all_accepted());
                client.quit().unwrap();
            }
            Self::Await(next_hop) => {
                let builder = Client::builder(client_config()).0;
                let mut client = builder.connect(*next_hop).await.unwrap();
                assert!(client.send(bob(), message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            }
            Self::Hold(holding, done) => {
                holding.send(()).unwrap();
                let _ = done.lock().unwrap().recv();
            }
        }
        Ok(Accept::Yes)
    }
}

struct Running {
    address: SocketAddr,
    stop: ShutdownHandle,
    serving: JoinHandle<()>,
}

fn start(service: Use) -> Running {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        panic!("it is a TCP socket");
    };
    let stop = ShutdownHandle::new();
    let stopping = stop.clone();
    let serving = thread::spawn(move || {
        let mut options = ServeOptions::default();
        options.shutdown_grace = PATIENCE;
        serve_until(listener, server_config(), options, stopping, service).unwrap();
    });
    Running {
        address,
        stop,
        serving,
    }
}

impl Running {
    fn stop(self) {
        self.stop.shut_down();
        self.serving.join().unwrap();
    }
}

/// Starts a server that holds its messages. Returns its reports of messages, and the end of the wait.
fn hold() -> (Running, Receiver<()>, Sender<()>) {
    let ((holding, held), (done, wait)) = (mpsc::channel(), mpsc::channel());
    (start(Use::Hold(holding, Arc::new(Mutex::new(wait)))), held, done)
}

fn store() -> (Running, Receiver<Vec<u8>>) {
    let (store, stored) = mpsc::channel();
    (start(Use::Store(store)), stored)
}

#[test]
fn a_service_may_send_to_a_next_hop_blocking_or_not() {
    let (last, stored) = store();
    let next = start(Use::Block(last.address));
    let first = start(Use::Await(next.address));
    let mut client = Client::builder(client_config()).connect(first.address).unwrap();
    for message in ["one\r\n", "two\r\n"] {
        assert!(client.send(bob(), message).unwrap().all_accepted());
        assert_eq!(stored.recv().unwrap(), message.as_bytes());
    }
    client.quit().unwrap();
    for server in [first, next, last] {
        server.stop();
    }
}

#[test]
fn a_service_that_blocks_delays_no_other_session() {
    let (server, held, done) = hold();
    let address = server.address;
    let sending = thread::spawn(move || {
        let mut client = Client::builder(client_config()).connect(address).unwrap();
        client.send(bob(), "Hello\r\n").unwrap().all_accepted()
    });
    held.recv().unwrap();
    let mut client = Client::builder(client_config()).connect(address).unwrap();
    assert!(client.noop().unwrap().is_positive_completion());
    client.quit().unwrap();
    drop(done);
    assert!(sending.join().unwrap());
    server.stop();
}

#[test]
fn a_shutdown_waits_for_a_service_that_blocks() {
    let (server, held, done) = hold();
    let mut client = Client::builder(client_config()).connect(server.address).unwrap();
    let stop = server.stop.clone();
    let stopping = thread::spawn(move || {
        held.recv().unwrap();
        stop.shut_down();
        drop(done);
    });
    assert!(client.send(bob(), "Hello\r\n").unwrap().all_accepted());
    // The session ends once the shutdown has reached its thread.
    while client.noop().is_ok() {}
    drop(client);
    stopping.join().unwrap();
    server.serving.join().unwrap();
}

#[test]
fn threads_share_the_sessions_of_a_pool() {
    let (server, stored) = store();
    let mut options = PoolOptions::default();
    options.max_sessions = 2;
    let pool = Pool::new(Client::builder(client_config()), server.address, options);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let sent = pool.send(bob(), "Hello\r\n");
                    assert!(sent.unwrap().all_accepted());
                }
            });
        }
    });
    assert!(pool.idle() <= 2 && pool.in_use() == 0);
    pool.close();
    server.stop();
    assert_eq!(stored.iter().count(), 40);
}

#[test]
fn a_mailer_sends_by_a_url() {
    let (server, stored) = store();
    let mailer = Mailer::from_url(&format!("smtp://{}?tls=none", server.address)).unwrap();
    for _ in 0..2 {
        assert!(
            mailer
                .send((bob(), "Hello\r\n"))
                .unwrap()
                .receipt()
                .all_accepted()
        );
    }
    mailer.close();
    server.stop();
    assert_eq!(stored.iter().count(), 2);
}

#[test]
fn a_transaction_goes_command_by_command() {
    let (server, stored) = store();
    let mut client = Client::builder(client_config()).connect(server.address).unwrap();
    let (from, to) = ("ann@client.example", "bob@mx.example");
    let mail = Mail::new(ReversePath::parse(from).unwrap(), MailParameters::default());
    let rcpt = Rcpt::new(ForwardPath::parse(to).unwrap(), RcptParameters::default());
    assert!(client.mail(mail.clone()).unwrap().is_positive_completion());
    assert!(client.reset().unwrap().is_positive_completion());
    assert!(client.mail(mail).unwrap().is_positive_completion());
    assert!(client.rcpt(rcpt).unwrap().is_positive_completion());
    assert_eq!(client.data().unwrap(), None);
    assert_eq!(client.send_body(b"Hel").unwrap(), None);
    assert_eq!(client.send_body(b"lo\r\n").unwrap(), None);
    let replies = client.end_of_data().unwrap();
    assert!(replies.len() == 1 && replies[0].is_positive_completion());
    assert_eq!(stored.recv().unwrap(), b"Hello\r\n");
    client.quit().unwrap();
    server.stop();
}
