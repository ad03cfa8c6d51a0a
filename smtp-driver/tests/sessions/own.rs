//! Streams that the application encrypts itself, and mechanisms of its own.

use smtp_driver::proto::{
    Step, TlsInfo,
    client::{self, Login, RequestError},
    sasl::{
        AuthOutcome, AuthRequest, ClientMechanism, Context, Credentials, Mechanism, MechanismError,
        PlaintextAuth, Secret,
    },
    server::{self, Event, Server},
    types::Code,
};
use smtp_driver::{
    Client, Connection, Error,
    testing::{Duplex, Network, join},
};

use crate::support::{Mail, answer, bob, client_config, server_config};

/// The result of a session of a server.
struct Taken {
    mails: Vec<Mail>,
    identity: Option<String>,
    protocol: &'static str,
}

/// A session of a server that accepts Ann by PLAIN and LOGIN, also in plaintext.
async fn receive(stream: Duplex, encrypted: bool) -> Taken {
    let mut config: server::Config = server_config();
    config.auth = server::Auth::Required;
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN, Mechanism::LOGIN]);
    let mut server = Server::new(config.into());
    if encrypted {
        server.set_implicit_tls(TlsInfo::default());
    }
    let mut conn = Connection::new(stream, server);
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(_)) => break,
            Step::Event(Event::Auth { request, ticket, .. }) => {
                let progress = match request {
                    AuthRequest::Password { user, password, .. } if password == "pencil".into() => {
                        AuthOutcome::Accept(user)
                    }
                    _ => AuthOutcome::Reject,
                };
                server.answer_auth(ticket, progress).unwrap();
            }
            Step::Event(event) => answer(event, server, &mut open, &mut mails),
        }
    }
    let identity = conn.machine().identity().map(str::to_owned);
    let protocol = conn.machine().protocol_name();
    conn.close().await;
    Taken {
        mails,
        identity,
        protocol,
    }
}

/// Runs both sides of a session.
fn between<C, F>(encrypted: bool, client: C) -> Taken
where
    C: FnOnce(Duplex) -> F,
    F: Future<Output = ()>,
{
    let network = Network::new();
    let (near, far) = network.pair();
    let ((), taken) = network.block_on(join(client(near), receive(far, encrypted)));
    taken
}

/// LOGIN, with two challenges.
fn login(password: &str) -> Box<dyn ClientMechanism> {
    Credentials::password("ann", password)
        .start(Mechanism::LOGIN, &Context::default())
        .unwrap()
}

/// A mechanism that nothing satisfies.
#[derive(Debug)]
struct Suspicious(Mechanism);

impl ClientMechanism for Suspicious {
    fn mechanism(&self) -> Mechanism {
        self.0
    }

    fn initial_response(&mut self) -> Option<Secret> {
        (self.0 == Mechanism::PLAIN).then(|| "\0ann\0pencil".into())
    }

    fn respond(&mut self, _: &[u8]) -> Result<Secret, MechanismError> {
        Err(MechanismError::MalformedChallenge)
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        Err(MechanismError::ServerNotVerified)
    }
}

fn not_sent<T>(result: Result<T, Error<std::io::Error>>) -> RequestError {
    match result {
        Err(Error::Rejected(why)) => why,
        Err(error) => panic!("the session should go on: {error}"),
        Ok(_) => panic!("it should not have been sent"),
    }
}

#[test]
fn a_login_on_a_stream_that_is_encrypted_already_may_show_its_secret() {
    let taken = between(true, |near| async move {
        let mut info = TlsInfo::default();
        info.protocol = Some("TLSv1.3".into());
        let mut config = client_config();
        // The policy is about STARTTLS.
        config.tls = client::Tls::Required;
        config.login = Some(Login::new(Credentials::password("ann", "pencil")));
        let mut client = Client::<Duplex>::builder(config)
            .encrypted(info.clone())
            .on(near)
            .await
            .unwrap();
        assert!(client.is_encrypted() && client.is_authenticated());
        assert_eq!(client.tls(), Some(&info));
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    });
    assert_eq!(taken.mails[0].body, b"Hello\r\n");
    assert_eq!(
        (taken.identity.as_deref(), taken.protocol),
        (Some("ann"), "ESMTPSA")
    );
}

#[test]
fn a_refused_mechanism_leaves_the_session_for_another_try() {
    let taken = between(true, |near| async move {
        let mut client = Client::<Duplex>::builder(client_config())
            .encrypted(TlsInfo::default())
            .on(near)
            .await
            .unwrap();
        let refusal = client.authenticate(login("guess")).await.unwrap();
        assert_eq!(refusal.code(), Code::CREDENTIALS);
        assert!(!client.is_authenticated());
        let reply = client.authenticate(login("pencil")).await.unwrap();
        assert_eq!(reply.code(), Code::AUTHENTICATED);
        assert!(client.is_authenticated());
        let again = client.authenticate(login("pencil")).await;
        assert_eq!(not_sent(again), RequestError::Authenticated);
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    });
    assert_eq!(taken.mails.len(), 1);
    assert_eq!(taken.identity.as_deref(), Some("ann"));
}

#[test]
fn a_mechanism_sends_nothing_in_plaintext_without_permission() {
    let taken = between(false, |near| async move {
        let mut client = Client::<Duplex>::builder(client_config()).on(near).await.unwrap();
        let forbidden = client.authenticate(login("pencil")).await;
        assert_eq!(not_sent(forbidden), RequestError::NeedsTls);
        assert!(client.noop().await.unwrap().is_positive_completion());
        assert!(!client.is_authenticated());
        client.quit().await.unwrap();
    });
    assert_eq!(taken.identity, None);

    let taken = between(false, |near| async move {
        let mut config = client_config();
        config.plaintext_auth = PlaintextAuth::Insecure;
        let mut client = Client::<Duplex>::builder(config).on(near).await.unwrap();
        let reply = client.authenticate(login("pencil")).await.unwrap();
        assert_eq!(reply.code(), Code::AUTHENTICATED);
        client.quit().await.unwrap();
    });
    assert_eq!(taken.identity.as_deref(), Some("ann"));
}

#[test]
fn a_failed_mechanism_ends_the_session_for_any_reply() {
    for (mechanism, cancel) in [
        (Mechanism::PLAIN, MechanismError::ServerNotVerified),
        (Mechanism::LOGIN, MechanismError::MalformedChallenge),
    ] {
        let taken = between(true, |near| async move {
            let mut client = Client::<Duplex>::builder(client_config())
                .encrypted(TlsInfo::default())
                .on(near)
                .await
                .unwrap();
            let ended = client.authenticate(Box::new(Suspicious(mechanism))).await;
            match ended {
                Err(Error::Closed { why, .. }) => {
                    assert_eq!(why, client::Closed::LoginCancelled(cancel));
                }
                other => panic!("{other:?}"),
            }
            assert!(!client.is_authenticated());
        });
        assert!(taken.mails.is_empty());
    }
}
