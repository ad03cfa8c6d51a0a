//! Parts of the application's own: a stream that it encrypts itself, and mechanisms.

use std::{os::unix::net::UnixStream, thread};

use smtp_blocking::{Client, Connection, Error, Io, block_on};
use smtp_proto::{
    Step, TlsInfo,
    client::{self, Login, RequestError},
    sasl::{
        AuthOutcome, AuthRequest, ClientMechanism, Context, Credentials, Mechanism, MechanismError,
        PlaintextAuth, Secret,
    },
    server::{self, Event, Server},
    types::Code,
};

use crate::support::{Mail, answer, bob, client_config, on, server_config};

/// What a session of a server came to.
struct Taken {
    mails: Vec<Mail>,
    identity: Option<String>,
    protocol: &'static str,
}

/// A session of a server that lets Ann in by PLAIN and LOGIN, and does so in clear, too.
fn receive(stream: UnixStream, encrypted: bool) -> Taken {
    let mut config: server::Config = server_config();
    config.auth = server::Auth::Required;
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN, Mechanism::LOGIN]);
    let mut server = Server::new(config.into());
    if encrypted {
        server.set_implicit_tls(TlsInfo::default());
    }
    let mut conn = Connection::new(Io::new(stream), server);
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => block_on(conn.wait(wait)),
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
    block_on(conn.close());
    Taken {
        mails,
        identity,
        protocol,
    }
}

/// Does both sides of a session.
fn between(encrypted: bool, client: impl FnOnce(UnixStream)) -> Taken {
    let (near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(far, encrypted));
        client(near);
        receiving.join().unwrap()
    })
}

/// A client on a stream that is encrypted already.
fn encrypted(stream: UnixStream) -> Result<Client<Io<UnixStream>>, Error> {
    let builder = Client::builder(client_config()).encrypted(TlsInfo::default());
    builder.on(Io::new(stream))
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

fn not_sent<T>(result: Result<T, Error>) -> RequestError {
    match result {
        Err(Error::Rejected(why)) => why,
        Err(error) => panic!("the session should go on: {error}"),
        Ok(_) => panic!("it should not have been sent"),
    }
}

#[test]
fn a_login_on_a_stream_that_is_encrypted_already_may_show_its_secret() {
    let taken = between(true, |near| {
        let mut facts = TlsInfo::default();
        facts.protocol = Some("TLSv1.3".into());
        let mut config = client_config();
        // That is about STARTTLS.
        config.tls = client::Tls::Required;
        config.login = Some(Login::new(Credentials::password("ann", "pencil")));
        let mut client = Client::builder(config)
            .encrypted(facts.clone())
            .on(Io::new(near))
            .unwrap();
        assert!(client.is_encrypted() && client.is_authenticated());
        assert_eq!(client.tls(), Some(&facts));
        assert!(client.send(bob(), b"Hello\r\n").unwrap().all_accepted());
        client.quit().unwrap();
    });
    assert_eq!(taken.mails[0].body, b"Hello\r\n");
    assert_eq!(
        (taken.identity.as_deref(), taken.protocol),
        (Some("ann"), "ESMTPSA")
    );
}

#[test]
fn a_refused_mechanism_leaves_the_session_for_another_try() {
    let taken = between(true, |near| {
        let mut client = encrypted(near).unwrap();
        let refusal = client.authenticate(login("guess")).unwrap();
        assert_eq!(refusal.code(), Code::CREDENTIALS);
        assert!(!client.is_authenticated());
        let reply = client.authenticate(login("pencil")).unwrap();
        assert_eq!(reply.code(), Code::AUTHENTICATED);
        assert!(client.is_authenticated());
        let again = client.authenticate(login("pencil"));
        assert_eq!(not_sent(again), RequestError::Authenticated);
        assert!(client.send(bob(), b"Hello\r\n").unwrap().all_accepted());
        client.quit().unwrap();
    });
    assert_eq!(taken.mails.len(), 1);
    assert_eq!(taken.identity.as_deref(), Some("ann"));
}

#[test]
fn a_mechanism_shows_nothing_in_clear_without_permission() {
    let taken = between(false, |near| {
        let mut client = on(near, client_config()).unwrap();
        let forbidden = client.authenticate(login("pencil"));
        assert_eq!(not_sent(forbidden), RequestError::NeedsTls);
        assert!(client.noop().unwrap().is_positive_completion());
        assert!(!client.is_authenticated());
        client.quit().unwrap();
    });
    assert_eq!(taken.identity, None);

    let taken = between(false, |near| {
        let mut config = client_config();
        config.plaintext_auth = PlaintextAuth::Insecure;
        let mut client = on(near, config).unwrap();
        let reply = client.authenticate(login("pencil")).unwrap();
        assert_eq!(reply.code(), Code::AUTHENTICATED);
        client.quit().unwrap();
    });
    assert_eq!(taken.identity.as_deref(), Some("ann"));
}

#[test]
fn a_mechanism_that_is_not_satisfied_ends_the_session_whatever_the_server_says() {
    for (mechanism, cancel) in [
        (Mechanism::PLAIN, MechanismError::ServerNotVerified),
        (Mechanism::LOGIN, MechanismError::MalformedChallenge),
    ] {
        let taken = between(true, |near| {
            let mut client = encrypted(near).unwrap();
            let ended = client.authenticate(Box::new(Suspicious(mechanism)));
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
