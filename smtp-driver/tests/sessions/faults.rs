//! Connections that break at each octet, and streams of random sizes.

use smtp_driver::{
    Client, Error,
    proto::client::{Config, ExtensionUse, MessageOutcome, Tls},
    testing::{Control, Duplex, Network, PretendTls, join},
};

use crate::support::{
    Received, bob, client_config, converse, offering, receive, server, server_config, text, wanting,
};

/// The end of a connection that breaks.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// Both ends fail.
    Reset,
    /// The client's octets end.
    Cut,
    /// The client cannot write; the server's replies arrive.
    Write,
}

/// The outcome of a message in the client; `None` if the session did not begin.
type Outcome = Option<Result<(), MessageOutcome>>;

async fn send(near: Duplex, config: Config) -> Outcome {
    let encrypted = config.tls != Tls::Disabled;
    let builder = Client::<Duplex>::builder(config);
    let builder = if encrypted {
        builder.starttls(PretendTls::client())
    } else {
        builder
    };
    let mut client = builder.on(near).await.ok()?;
    let sent = client.send(bob(), text(300)).await;
    let _ = client.quit().await;
    match sent {
        Ok(receipt) => receipt
            .all_accepted()
            .then_some(Ok(()))
            .or(Some(Err(MessageOutcome::NotAccepted))),
        Err(failed) => match failed.error {
            Error::Closed { message, .. } => Some(Err(message)),
            other => panic!("{other}"),
        },
    }
}

/// Runs a session whose client (or server) writes `octets`, before the connection breaks. Returns true if it broke.
fn broken_after(octets: usize, of_client: bool, how: Break, config: Config) -> bool {
    let network = Network::new();
    let (near, far) = network.pair();
    let (client, server_end): (Control, Control) = (near.control(), far.control());
    if of_client { &client } else { &server_end }.allow(octets);
    let receiving = async {
        let mut connection = server(far, offering());
        converse(&mut connection, Some(&PretendTls::server())).await
    };
    let mut both = Box::pin(join(send(near, config), receiving));
    let settled = network.settle(&mut both);
    let broken = settled.is_pending();
    let (outcome, received): (Outcome, Received) = match settled {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => {
            match how {
                Break::Reset => client.reset(),
                Break::Cut => client.cut(),
                Break::Write => client.fail_writes(std::io::ErrorKind::BrokenPipe),
            }
            server_end.allow_all();
            network.block_on(both)
        }
    };
    let context = format!("{octets} octets, of the client: {of_client}, {how:?}");
    match outcome {
        Some(Ok(())) => assert_eq!(received.mails.len(), 1, "{context}"),
        Some(Err(MessageOutcome::Unknown)) => {}
        None | Some(Err(_)) => assert!(received.mails.is_empty(), "{context}"),
    }
    for mail in &received.mails {
        assert!(mail.body == text(300), "{context}");
    }
    broken
}

#[test]
fn after_a_break_at_any_position_the_client_reports_the_outcome_or_unknown() {
    let mut chunking = client_config();
    chunking.chunking = ExtensionUse::IfOffered;
    for config in [client_config(), chunking, wanting(Tls::Required)] {
        for how in [Break::Reset, Break::Cut, Break::Write] {
            for of_client in [true, false] {
                // All positions in turn, but under TLS every third.
                let step = if config.tls == Tls::Disabled { 1 } else { 3 };
                let broken = step
                    * (0..5000)
                        .step_by(step)
                        .take_while(|octets| broken_after(*octets, of_client, how, config.clone()))
                        .count();
                assert!((100..4000).contains(&broken), "{broken}");
            }
        }
    }
}

/// A sequence of numbers that looks random (xorshift).
struct Random(u64);

impl Random {
    /// The next number below a limit that is itself random: small numbers are frequent.
    fn size(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = 1_u64 << (self.0 >> 60);
        usize::try_from((self.0 >> 8) % limit).unwrap() + 1
    }
}

#[test]
fn messages_arrive_on_streams_of_random_sizes() {
    for seed in 1..60 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let network = Network::new();
        let (near, far) = network.pair();
        let ends = [near.control(), far.control()];
        let messages: Vec<Vec<u8>> = (0..4).map(|_| text(random.size() * 3)).collect();
        let mut config = client_config();
        if seed % 2 == 0 {
            config.chunking = ExtensionUse::IfOffered;
            config.limits.max_chunk_octets = 1000 + random.size();
        }
        let sending = async {
            let mut client = Client::<Duplex>::builder(config).on(near).await.unwrap();
            let mut accepted = 0;
            let all = messages.iter().map(|message| (bob(), &**message));
            client
                .send_all(all, |sent| {
                    accepted += usize::from(sent.unwrap().all_accepted());
                    for end in &ends {
                        end.limit_reads(random.size());
                        end.limit_writes(random.size());
                        end.set_capacity(random.size());
                    }
                })
                .await;
            client.quit().await.unwrap();
            accepted
        };
        let (accepted, received) = network.block_on(join(sending, receive(far, server_config())));
        assert_eq!(accepted, 4, "seed {seed}");
        let bodies: Vec<_> = received.mails.into_iter().map(|mail| mail.body).collect();
        assert!(bodies == messages, "seed {seed}");
    }
}
