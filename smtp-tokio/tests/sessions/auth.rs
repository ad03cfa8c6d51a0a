//! AUTH over TLS, with the policy of the examples: each mechanism accepts the right secret and refuses others.

use std::sync::LazyLock;

use examples::users::{Attempt, Users};
use smtp_proto::{
    Step,
    client::{self, Login},
    sasl::{AuthOutcome, Credentials, Mechanism, MechanismError, PlaintextAuth},
    server::{self, AuthFailure, Event, Server},
    types::{Code, Extension},
};
use smtp_tokio::{
    Connection, Error, Io,
    tls::{ClientTls, Identity, ServerSettings, ServerTls},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

use crate::support::{Fake, Mailbox, bob, client_config, on, on_with_starttls, server_config};

/// Ann has a password and a token.
static USERS: LazyLock<Users> = LazyLock::new(|| {
    let password = ("ann".to_owned(), "ann's pencil".into());
    let token = ("ann".to_owned(), "token.of.ann".into());
    Users::new([password], [token]).unwrap()
});

struct Pair {
    server: ServerTls,
    client: ClientTls,
}

impl Pair {
    fn new() -> Self {
        let identity = Identity::self_signed(["mx.example"]).unwrap();
        Self {
            client: ClientTls::trusting(&identity.to_roots().unwrap(), "mx.example").unwrap(),
            server: ServerSettings::new(identity).build().unwrap(),
        }
    }
}

/// The configuration of a server that accepts mail from users only, who log in under TLS.
fn submission() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config.auth = server::Auth::Required;
    config.offer_auth(USERS.mechanisms());
    config
}

fn logging_in(credentials: &Credentials, mechanism: Option<Mechanism>) -> client::Config {
    let mut login = Login::new(credentials.clone());
    login.mechanism = mechanism;
    let mut config = client_config();
    config.tls = client::Tls::Required;
    config.login = Some(login);
    config
}

/// The result of a server's session.
#[derive(Debug, Default)]
struct Taken {
    mailbox: Mailbox,
    identity: Option<String>,
    mechanism: Option<Mechanism>,
    protocol: &'static str,
    refused: usize,
    faults: Vec<AuthFailure>,
}

async fn receive<S>(stream: S, config: server::Config, tls: &ServerTls) -> Taken
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Io::new(stream), Server::new(config.into()));
    let mut taken = Taken::default();
    let mut attempt = Attempt::default();
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(_)) => break,
            Step::Event(Event::StartTls(upgrade)) => conn.start_tls(upgrade, tls),
            Step::Event(Event::Auth {
                mechanism,
                request,
                ticket,
            }) => {
                let progress = USERS.judge(mechanism, &request, &server.sasl_context(), &mut attempt);
                taken.refused += usize::from(progress == AuthOutcome::Reject);
                server.answer_auth(ticket, progress).unwrap();
            }
            Step::Event(Event::AuthFailed(fault)) => {
                attempt = Attempt::default();
                taken.faults.push(fault);
            }
            Step::Event(event) => taken.mailbox.see(event, server),
        }
    }
    let server = conn.machine();
    taken.identity = server.identity().map(str::to_owned);
    taken.mechanism = server.mechanism();
    taken.protocol = server.protocol_name();
    conn.close().await;
    taken
}

/// Logs in and sends a message.
async fn submit(pair: &Pair, config: client::Config) -> (Result<(), Error>, Taken) {
    let (near, far) = duplex(4096);
    let sending = async {
        let mut client = on_with_starttls(near, config, pair.client.clone()).await?;
        let receipt = client.send(bob(), b"Subject: x\r\n\r\nx\r\n").await.unwrap();
        assert!(receipt.all_accepted());
        client.quit().await
    };
    tokio::join!(sending, receive(far, submission(), &pair.server))
}

/// All offered mechanisms, with the right credentials and with wrong ones.
fn mechanisms() -> impl Iterator<Item = (Mechanism, Credentials, [Credentials; 2])> {
    USERS.mechanisms().map(|mechanism| {
        let has_token = [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2].contains(&mechanism);
        let (make, right): (fn(&str, &str) -> Credentials, _) = if has_token {
            (|user, token| Credentials::token(user, token), "token.of.ann")
        } else {
            (
                |user, password| Credentials::password(user, password),
                "ann's pencil",
            )
        };
        (
            mechanism,
            make("ann", right),
            [make("ann", "wrong"), make("dan", right)],
        )
    })
}

#[tokio::test]
async fn each_mechanism_accepts_the_right_credentials() {
    let pair = Pair::new();
    let mut met = 0;
    for (mechanism, right, _) in mechanisms() {
        let (sent, taken) = submit(&pair, logging_in(&right, Some(mechanism))).await;
        sent.unwrap_or_else(|error| panic!("{mechanism}: {error}"));
        assert_eq!(taken.identity.as_deref(), Some("ann"), "{mechanism}");
        assert_eq!(taken.mechanism, Some(mechanism));
        assert_eq!(taken.protocol, "ESMTPSA");
        assert_eq!((taken.mailbox.mails.len(), taken.refused), (1, 0), "{mechanism}");
        met += 1;
    }
    assert_eq!(met, 11);
}

#[tokio::test]
async fn each_mechanism_refuses_a_wrong_secret_and_an_unknown_user_alike() {
    let pair = Pair::new();
    for (mechanism, _, wrong) in mechanisms() {
        for credentials in wrong {
            let (sent, taken) = submit(&pair, logging_in(&credentials, Some(mechanism))).await;
            match sent {
                Err(Error::Closed {
                    why: client::Closed::LoginRefused,
                    reply: Some((client::ReplyTo::Auth, reply)),
                    ..
                }) => assert_eq!(
                    (reply.code(), reply.to_string().as_str()),
                    (Code::CREDENTIALS, "535 5.7.8 authentication failed"),
                    "{mechanism}"
                ),
                other => panic!("{mechanism}: {other:?}"),
            }
            assert_eq!(taken.identity, None, "{mechanism}");
            assert_eq!((taken.mailbox.mails.len(), taken.refused), (0, 1), "{mechanism}");
        }
    }
}

#[tokio::test]
async fn the_strongest_mechanism_is_chosen() {
    let pair = Pair::new();
    for (credentials, strongest) in [
        (
            Credentials::password("ann", "ann's pencil"),
            Mechanism::SCRAM_SHA_512_PLUS,
        ),
        (Credentials::token("ann", "token.of.ann"), Mechanism::OAUTHBEARER),
    ] {
        let (sent, taken) = submit(&pair, logging_in(&credentials, None)).await;
        sent.unwrap();
        assert_eq!(taken.mechanism, Some(strongest));
    }
}

#[tokio::test]
async fn without_tls_nothing_is_offered_and_a_client_shows_nothing() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let mut config = logging_in(&Credentials::password("ann", "ann's pencil"), None);
    config.tls = client::Tls::Disabled;
    let (client, taken) = tokio::join!(
        async { on(near, config).await.map(drop) },
        receive(far, submission(), &pair.server)
    );
    let Err(Error::Closed {
        why: client::Closed::NoMechanism,
        reply: None,
        ..
    }) = client
    else {
        panic!("{client:?}");
    };
    assert_eq!((taken.refused, taken.faults.len()), (0, 0));
}

/// A fake server that offers AUTH in plaintext, after the client has sent the command.
async fn asked_to_log_in(far: DuplexStream, mechanism: &str) -> Fake<DuplexStream> {
    let mut fake = Fake::new(far);
    fake.say("220 mx\r\n").await;
    fake.line().await;
    fake.say(&format!("250-mx\r\n250 AUTH {mechanism}\r\n")).await;
    let line = fake.line().await;
    assert!(line.starts_with(&format!("AUTH {mechanism}")), "{line}");
    fake
}

#[tokio::test]
async fn the_error_names_the_refusal_and_not_the_challenge() {
    for refusal in ["454 4.7.0 not now\r\n", "535 5.7.8 no\r\n", ""] {
        let (near, far) = duplex(4096);
        let serving = async {
            let mut fake = asked_to_log_in(far, "LOGIN").await;
            fake.say("334 VXNlcm5hbWU6\r\n").await;
            fake.line().await;
            fake.say(refusal).await;
            if !refusal.is_empty() {
                assert_eq!(fake.line().await, "QUIT");
                fake.say("221 bye\r\n").await;
            }
            fake.stream.shutdown().await.unwrap();
        };
        let mut config = logging_in(&Credentials::password("ann", "ann's pencil"), None);
        config.tls = client::Tls::Disabled;
        config.plaintext_auth = PlaintextAuth::Insecure;
        let (client, ()) = tokio::join!(on(near, config), serving);
        let Err(Error::Closed { why, reply, .. }) = client else {
            panic!("{client:?}");
        };
        let said = reply.map(|(_, reply)| format!("{reply}\r\n"));
        if refusal.is_empty() {
            assert_eq!((why, said), (client::Closed::ConnectionClosed, None));
        } else {
            assert_eq!(why, client::Closed::LoginRefused);
            assert_eq!(said.as_deref(), Some(refusal));
        }
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_identity_receives_no_mail() {
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_to_log_in(far, "SCRAM-SHA-256").await;
        fake.say("235 2.7.0 whoever you are\r\n").await;
        assert_eq!(fake.line().await, "QUIT");
        fake.say("221 bye\r\n").await;
    };
    let mut config = logging_in(&Credentials::password("ann", "ann's pencil"), None);
    config.tls = client::Tls::Disabled;
    config.plaintext_auth = PlaintextAuth::NonPlaintextMechanisms;
    let (client, ()) = tokio::join!(on(near, config), serving);
    let Err(Error::Closed {
        why: client::Closed::LoginCancelled(MechanismError::ServerNotVerified),
        ..
    }) = client
    else {
        panic!("{client:?}");
    };
}
