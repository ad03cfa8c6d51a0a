//! Questions about the session: TLS, AUTH, VRFY, requests of the service.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use smtp_proto::{
    sasl::{AuthOutcome, AuthRequest, Mechanism, PlaintextAuth, ServerMechanism},
    server::{AuthFailure, Member, Shutdown, UnknownPolicy},
    types::{
        Argument, ClientName, Etrn, EtrnAnswer, Extension, ForwardPath, Keyword, Mail, Mailbox, Query, Rcpt,
        Rejection, Text, UnknownCommand,
    },
};

use super::harness::{Harness, config};
use crate::{About, Accept, AuthAttempt, HelpAnswer, Service, SessionHandle, VrfyAnswer};

/// Has an answer for everything, and shows what it knows of the session in a reply.
#[derive(Default)]
pub(super) struct Knowing {
    handle: Mutex<Option<SessionHandle>>,
    failures: Mutex<Vec<AuthFailure>>,
}

impl Service for Knowing {
    type Mail = ();

    async fn connect(&self, about: &About) -> Result<Accept, Rejection> {
        *self.handle.lock().unwrap() = Some(about.handle().clone());
        Ok(Accept::text("hi there"))
    }

    async fn hello(&self, about: &About, name: &ClientName<'static>) -> Result<Accept, Rejection> {
        if name.as_str() == "tls.example" {
            about.handle().offer(Extension::StartTls);
        }
        if name.as_str() == "big.example" {
            about.handle().offer(Extension::Size(Some(1)));
            about.handle().withdraw(Keyword::Chunking);
            about.handle().trust_originators();
        }
        Ok(Accept::Yes)
    }

    async fn auth(&self, _: &About, attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
        match &attempt.request {
            AuthRequest::Password { user, .. } if user == "later" => Err(Rejection::AUTH_FAILURE),
            AuthRequest::Password { user, password, .. } if password.matches(b"secret") => {
                Ok(AuthOutcome::Accept(user.clone()))
            }
            AuthRequest::Begin { .. } => {
                attempt.exchange = Some(Box::new(Counter(0)));
                Ok(attempt.step())
            }
            AuthRequest::Step { .. } => Ok(attempt.step()),
            _ => Ok(AuthOutcome::Reject),
        }
    }

    fn auth_failed(&self, _: &About, why: AuthFailure) {
        self.failures.lock().unwrap().push(why);
    }

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<(), Rejection> {
        let auth = mail.parameters().auth().map(|auth| auth.as_str().to_owned());
        let text = format!(
            "{} {:?} {:?} {} {} {auth:?}",
            about.protocol_name(),
            about.hello().map(ClientName::as_str),
            about.identity(),
            about.tls().is_some(),
            about.peer(),
        );
        Err(Rejection::POLICY.with_text(Text::from_str_lossy(text)))
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }

    async fn verify(&self, _: &About, query: &Query<'static>) -> Result<VrfyAnswer, Rejection> {
        Ok(match query.as_str() {
            "bob" => VrfyAnswer::Mailbox(member("bob")),
            "tim" => VrfyAnswer::Forward(ForwardPath::parse("tim@example.net").unwrap()),
            "eve" => return Err(Rejection::NO_SUCH_USER),
            _ => VrfyAnswer::Unverified,
        })
    }

    async fn expand(&self, _: &About, query: &Query<'static>) -> Result<Vec<Member<'static>>, Rejection> {
        Ok(match query.as_str() {
            "all" => vec![member("bob"), member("tim")],
            _ => Vec::new(),
        })
    }

    async fn help(&self, _: &About, topic: Option<&Argument<'static>>) -> Result<HelpAnswer, Rejection> {
        Ok(match topic.map(Argument::as_str) {
            Some("state") => HelpAnswer::Status(Text::from_static("fine")),
            Some(_) => HelpAnswer::Text(Text::from_static("no help")),
            None => HelpAnswer::Commands,
        })
    }

    async fn etrn(&self, _: &About, etrn: &Etrn<'static>) -> Result<EtrnAnswer, Rejection> {
        match etrn.name() {
            "example.org" => Ok(EtrnAnswer::CountStarted(2)),
            _ => Err(Rejection::QUEUE_NOT_STARTED),
        }
    }

    async fn command(&self, _: &About, command: &UnknownCommand<'static>) -> Result<Accept, Rejection> {
        Ok(Accept::text(command.verb()))
    }
}

fn member(name: &str) -> Member<'static> {
    Mailbox::parse(&format!("{name}@example.org"))
        .unwrap()
        .into_owned()
        .into()
}

/// A mechanism of two steps.
#[derive(Debug)]
struct Counter(u8);

impl ServerMechanism for Counter {
    fn step(&mut self, response: &[u8]) -> AuthOutcome {
        self.0 += 1;
        match (self.0, response) {
            (1, _) => AuthOutcome::Challenge(b"1".to_vec()),
            (2, b"2") => AuthOutcome::Accept("counter".into()),
            _ => AuthOutcome::Reject,
        }
    }
}

#[test]
fn every_question_has_its_answers() {
    let service = Arc::new(Knowing::default());
    let mut config = config();
    config.unknown_commands = UnknownPolicy::AskApplication;
    config.extensions.add(Extension::Etrn);
    let mut client = Harness::new(config, &service);
    assert_eq!(client.take_output(), "220 mx.example.org hi there\r\n");
    client.send("EHLO client.example\r\n");
    client.take_output();
    for (command, reply) in [
        ("VRFY bob", "250 2.1.5 <bob@example.org>\r\n"),
        (
            "VRFY tim",
            "251 2.1.5 not local, will forward to <tim@example.net>\r\n",
        ),
        ("VRFY eve", "550 5.1.1 no such user here\r\n"),
        ("VRFY sue", "252 2.1.5 cannot verify, will try to deliver\r\n"),
        (
            "EXPN all",
            "250-2.1.5 <bob@example.org>\r\n250 2.1.5 <tim@example.org>\r\n",
        ),
        ("EXPN few", "252 2.1.5 cannot expand, will try to deliver\r\n"),
        ("HELP state", "211 2.0.0 fine\r\n"),
        ("HELP me", "214 2.0.0 no help\r\n"),
        ("ETRN example.org", "253 2.0.0 2 pending messages started\r\n"),
        ("ETRN #x", "458 4.3.0 unable to queue messages for the node\r\n"),
        ("XYZ", "250 2.5.0 XYZ\r\n"),
        (
            "MAIL FROM:<a@client.example>",
            "550 5.7.1 ESMTP Some(\"client.example\") None false unix socket None\r\n",
        ),
        (
            "MAIL FROM:<a@client.example> SMTPUTF8",
            "550 5.7.1 UTF8SMTP Some(\"client.example\") None false unix socket None\r\n",
        ),
    ] {
        client.send(&format!("{command}\r\n"));
        assert_eq!(client.take_output(), reply, "{command}");
    }
    client.send("HELP\r\n");
    assert!(client.take_output().starts_with("214 2.0.0 commands: EHLO"));
}

#[test]
fn clients_authenticate() {
    let service = Arc::new(Knowing::default());
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN, Mechanism::SCRAM_SHA_256]);
    let mut client = Harness::new(config.clone(), &service);
    client.send("EHLO client.example\r\n");
    client.take_output();
    client.send("AUTH PLAIN AGxhdGVyAHNlY3JldA==\r\n");
    assert!(client.take_output().starts_with("454 4.7.0"));
    client.send("AUTH PLAIN AGJvYgB3cm9uZw==\r\n");
    assert!(client.take_output().starts_with("535 5.7.8"));
    client.send("AUTH PLAIN\r\n*\r\n");
    assert!(client.take_output().contains("501 5.7.0"));
    assert_eq!(*service.failures.lock().unwrap(), [AuthFailure::Cancelled]);
    client.send("AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n");
    assert_eq!(client.take_output(), "235 2.7.0 authenticated\r\n");
    client.send("MAIL FROM:<a@client.example>\r\n");
    assert!(
        client
            .take_output()
            .contains("ESMTPA Some(\"client.example\") Some(\"bob\")")
    );

    let mut client = Harness::new(config, &service);
    client.send("EHLO client.example\r\n");
    client.take_output();
    client.send("AUTH SCRAM-SHA-256 eA==\r\n");
    assert_eq!(client.take_output(), "334 MQ==\r\n");
    client.send("Mg==\r\n");
    assert_eq!(client.take_output(), "235 2.7.0 authenticated\r\n");
    client.send("MAIL FROM:<a@client.example>\r\n");
    assert!(client.take_output().contains("Some(\"counter\")"));
}

#[test]
fn auth_without_an_answer_in_time_is_refused_with_454() {
    struct Silent;
    impl Service for Silent {
        type Mail = ();
        async fn auth(&self, _: &About, _: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
            std::future::pending().await
        }
        async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
            Ok(())
        }
        async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
            Ok(())
        }
        async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
            Ok(Accept::Yes)
        }
    }
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN]);
    let mut client = Harness::greeted(config, &Arc::new(Silent));
    client.send("AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n");
    client.advance(Duration::from_secs(60));
    assert!(client.take_output().starts_with("454 4.7.0"));
}

#[test]
fn the_service_changes_the_offer() {
    let service = Arc::new(Knowing::default());
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN]);
    let mut client = Harness::new(config, &service);
    client.send("EHLO big.example\r\n");
    let reply = client.take_output();
    assert!(
        reply.contains("SIZE 1\r\n") && !reply.contains("CHUNKING"),
        "{reply}"
    );
    client.send("MAIL FROM:<a@client.example> AUTH=b@client.example\r\n");
    assert!(client.take_output().contains("Some(\"b@client.example\")"));
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_request_from_elsewhere_wakes_the_session() {
    let service = Arc::new(Knowing::default());
    let mut client = Harness::new(config(), &service);
    client.take_output();
    let wakes = Arc::new(Wakes::default());
    client.poll_with(&Waker::from(Arc::clone(&wakes)));
    let handle = service.handle.lock().unwrap().clone().unwrap();
    handle.shutdown(Shutdown::Gracefully);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    client.poll();
    assert!(client.take_output().starts_with("421 "));
}
