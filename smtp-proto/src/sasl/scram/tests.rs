mod client;
mod keys;
mod message;
mod reference;
mod server;
mod vectors;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::{AuthOutcome, ClientMechanism, Context, Credentials, Mechanism, ServerMechanism};
use super::{ScramKeys, ScramServer, scram_user};

const MECHANISMS: [Mechanism; 6] = [
    Mechanism::SCRAM_SHA_1,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_512,
    Mechanism::SCRAM_SHA_512_PLUS,
];
const BINDING: [u8; 32] = [7; 32];
const SALT: &[u8] = b"0123456789abcdef";
/// Ways to garble an octet.
const GARBLES: [fn(u8) -> u8; 5] = [|octet| octet ^ 1, |_| b',', |_| b'=', |_| 0, |_| 0xFF];

/// The context of a session with channel binding, with a server that offers `-PLUS`.
fn bound() -> Context<'static> {
    Context {
        channel_binding: Some(&BINDING),
        plus_offered: true,
        ..Context::default()
    }
}

fn client(mechanism: Mechanism, password: &str) -> Box<dyn ClientMechanism> {
    let context = if mechanism.binds_channel() {
        bound()
    } else {
        Context::default()
    };
    Credentials::password("user", password)
        .start(mechanism, &context)
        .unwrap()
}

fn keys(mechanism: Mechanism) -> ScramKeys {
    ScramKeys::derive(mechanism, &"pencil".into(), SALT, 4096).unwrap()
}

fn server(mechanism: Mechanism) -> ScramServer {
    server_with(mechanism, keys(mechanism))
}

fn server_with(mechanism: Mechanism, keys: ScramKeys) -> ScramServer {
    let binding = mechanism.binds_channel().then_some(BINDING.as_slice());
    let context = Context {
        channel_binding: binding,
        plus_offered: mechanism.binds_channel(),
        ..Context::default()
    };
    ScramServer::new(mechanism, keys, &context).unwrap()
}

fn challenge(outcome: AuthOutcome) -> Vec<u8> {
    match outcome {
        AuthOutcome::Challenge(challenge) => challenge,
        other => panic!("{other:?}"),
    }
}

/// Runs an exchange to the end. Returns the outcome, and `true` if the client verified the server.
fn run(client: &mut dyn ClientMechanism, server: &mut dyn ServerMechanism) -> (AuthOutcome, bool) {
    let mut response = client.initial_response().unwrap();
    loop {
        match server.step(response.expose()) {
            AuthOutcome::Challenge(challenge) => response = client.respond(&challenge).unwrap(),
            last => return (last, client.verify_success().is_ok()),
        }
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn a_client_and_a_server_prove_themselves_to_each_other() {
    for mechanism in MECHANISMS {
        let mut server = server(mechanism);
        let ended = run(client(mechanism, "pencil").as_mut(), &mut server);
        assert_eq!(
            ended,
            (AuthOutcome::Accept("user".to_owned()), true),
            "{mechanism}"
        );
        assert_eq!(server.step(b""), AuthOutcome::Reject);
    }
}

#[test]
fn a_wrong_password_is_refused_and_proves_nothing_to_the_client() {
    for mechanism in MECHANISMS {
        let ended = run(client(mechanism, "pencils").as_mut(), &mut server(mechanism));
        assert_eq!(ended, (AuthOutcome::Reject, false), "{mechanism}");
    }
}

#[test]
fn names_and_passwords_are_prepared_on_both_sides() {
    let mechanism = Mechanism::SCRAM_SHA_256;
    let keys = ScramKeys::derive(mechanism, &"I\u{AD}X".into(), SALT, 4096).unwrap();
    let mut client = Credentials::password("a=\u{2168},b", "\u{2168}")
        .start(mechanism, &Context::default())
        .unwrap();
    let initial = client.initial_response().unwrap();
    assert!(initial.expose().starts_with(b"n,,n=a=3DIX=2Cb,r="));
    assert_eq!(scram_user(initial.expose()).as_deref(), Some("a=IX,b"));
    let mut server = server_with(mechanism, keys);
    let first = challenge(server.step(initial.expose()));
    let last = challenge(server.step(client.respond(&first).unwrap().expose()));
    assert!(client.respond(&last).unwrap().is_empty());
    assert_eq!(server.step(b""), AuthOutcome::Accept("a=IX,b".to_owned()));
    assert_eq!(scram_user("n,,n=\u{AD},r=x".as_bytes()), None);
    assert_eq!(scram_user("n,,n=a\u{E000},r=x".as_bytes()), None);
}

#[test]
fn debug_output_hides_secrets() {
    let mechanism = Mechanism::SCRAM_SHA_256_PLUS;
    let (client, server) = (client(mechanism, "pencil"), server(mechanism));
    assert_eq!(
        std::format!("{client:?} {server:?}"),
        "ScramClient { mechanism: SCRAM-SHA-256-PLUS, stage: First, .. } \
         ScramServer { mechanism: SCRAM-SHA-256-PLUS, plus_offered: true, .. }"
    );
    assert_eq!(
        std::format!("{:?}", keys(mechanism)),
        "ScramKeys { hash: Sha256, iterations: 4096, .. }"
    );
}
